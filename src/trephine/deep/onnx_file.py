"""ONNX networks through onnxruntime, readable at any inner layer.

`trephine.deep.confined` opens them in a process of its own: what their operators use up is not
known beforehand.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from trephine.deep.asked import AXES, Asked
from trephine.deep.checkpoint import NetworkFile, first_line
from trephine.deep.runtime import require_onnxruntime
from trephine.errors import InputError
from trephine.types import Float32Array

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OnnxReader:
    """An ONNX file.

    Parameters
    ----------
    settings
        Layer (an output's or an inner value's name), threads and device.
    file
        The file, read, hashed and looked through by `trephine.deep.onnx_check`.

    Raises
    ------
    InputError
        If the file is no ONNX network of one image input, or the layer is unknown.
    """

    def __init__(self, settings: Asked, file: NetworkFile) -> None:
        self._name = file.name
        runtime = require_onnxruntime()
        self.runtime = f"onnxruntime {runtime.__version__}"
        provider = provider_for(settings.device)
        self.place = provider.removesuffix("ExecutionProvider").lower()
        options = runtime.SessionOptions()
        options.use_deterministic_compute = True
        options.log_severity_level = 4  # what fails is said once, by the error
        options.add_session_config_entry("session.load_model_format", "ONNX")
        if settings.threads is not None:
            options.intra_op_num_threads = settings.threads
        open_session = partial(_open, runtime, name=file.name, options=options, provider=provider)
        session = open_session(file.content)
        _check_names(session, file.name)
        names = [output.name for output in session.get_outputs()]
        self._output = _choose_output(names, settings.layer, file.name)
        if self._output not in names:
            session = open_session(with_output(file.content, self._output), at_layer=True)
        self._session = session
        self._input, self.fixed_batch = _image_input(session, file.name, settings.dimensions)

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        given = {self._input: np.ascontiguousarray(crops)}
        try:
            (output,) = self._session.run([self._output], given)
        # onnxruntime's exceptions share no base class but this one.
        except Exception as error:
            raise InputError(
                f"deep.backbone: {self._name} cannot be run: {first_line(error)[:300]}; check"
                " input_size, mean and std (one value per channel), and whether it needs more"
                " memory than memory_bytes under [limits.network] allows"
            ) from None
        return np.asarray(output, dtype=np.float32)


def provider_for(device: str) -> str:
    """Return onnxruntime's name for a device.

    Raises
    ------
    InputError
        If the device that is asked for by name is not there.
    MissingExtraError
        If onnxruntime is not installed.
    """
    usable = require_onnxruntime().get_available_providers()
    if device == "auto":
        return PROVIDERS["cuda"] if PROVIDERS["cuda"] in usable else PROVIDERS["cpu"]
    if PROVIDERS.get(device) not in usable:
        raise InputError(
            f"deep.device: expected {device!r} to be usable by onnxruntime, found"
            f" {', '.join(usable)}; choose 'cpu' or 'auto'"
        )
    return PROVIDERS[device]


def _open(
    runtime: Any, source: bytes, *, name: str, options: Any, provider: str, at_layer: bool = False
) -> Any:
    try:
        return runtime.InferenceSession(source, sess_options=options, providers=[provider])
    # onnxruntime's exceptions share no base class but this one.
    except Exception as error:
        if at_layer:
            raise InputError(
                f"deep.layer: {name} cannot be read at this layer ({first_line(error)}); name an"
                " output or an inner value of the graph"
            ) from None
        raise InputError(
            f"deep.backbone: {name} is damaged or no ONNX network, or needs more memory than"
            f" memory_bytes under [limits.network] allows ({first_line(error)[:300]})"
        ) from None


def _check_names(session: Any, file: str) -> None:
    """Refuse names of inputs, outputs or axes that are no text, on which each later use fails."""
    try:
        for value in (*session.get_inputs(), *session.get_outputs()):
            _ = value.name, value.type, value.shape
    except UnicodeDecodeError:
        raise InputError(
            f"deep.backbone: expected names in UTF-8 in {file}, found other bytes; it is damaged:"
            " export it again"
        ) from None


def _choose_output(names: list[str], layer: str | None, file: str) -> str:
    if layer is not None:
        return layer
    if not names:
        raise InputError(
            f"deep.layer: expected the layer to read, as {file} has no output of its own"
        )
    if len(names) > 1:
        raise InputError(
            f"deep.layer: expected the layer to read, as {file} has the outputs {', '.join(names)}"
        )
    return names[0]


def _image_input(session: Any, file: str, dimensions: int) -> tuple[str, int | None]:
    inputs, axes = session.get_inputs(), dimensions + 2
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != axes:
        found = ", ".join(f"{i.name}: {i.type} {i.shape}" for i in inputs)
        raise InputError(
            f"deep.backbone: expected {file} to take one float32 image batch with axes"
            f" {AXES[dimensions]}, found {found}"
        )
    batch = inputs[0].shape[0]
    return inputs[0].name, batch if isinstance(batch, int) else None


def with_output(model: bytes, name: str) -> bytes:
    """Return a serialised ONNX model with one more output.

    In protobuf's encoding, messages that follow one another merge. So a ModelProto that holds
    only ``graph { output { name } }`` (field 7, in it field 12, in it field 1; all
    length-delimited, wire type 2) can be put behind the model, and onnxruntime infers the type.
    """
    output = _field(1, name.encode())
    return model + _field(7, _field(12, output))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
