"""Networks that come as files: one interface, and the proof that they give one vector a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from trephine.deep.checkpoint import NetworkFile, first_line, read_network_file
from trephine.deep.confined import ConfinedReader
from trephine.deep.network import Network
from trephine.deep.network_limits import NetworkLimits
from trephine.deep.onnx_check import check_onnx
from trephine.deep.onnx_file import PROVIDERS, OnnxReader, provider_for
from trephine.deep.runtime import require_torch
from trephine.deep.settings import DeepSettings
from trephine.deep.weights import WeightsRecord
from trephine.errors import InputError, Problem
from trephine.streams import generator
from trephine.types import Float32Array

# Kernels may differ with the batch in float32's last digits; what mixes cases differs by far more.
SAME_FEATURE = 1e-3


class Reader(Protocol):
    """A network file opened by its own library.

    Attributes
    ----------
    fixed_batch
        Cases that the network takes at once; None where any number will do.
    runtime, place
        The library with its version, and the device.
    """

    fixed_batch: int | None
    runtime: str
    place: str

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        ...


class ExternalNetwork:
    """A network from a file.

    Parameters
    ----------
    reader
        The opened file.
    record
        Its name and hash.
    input_shape
        Channels and lengths of what it takes of one case.

    Raises
    ------
    InputError
        If its output is not one vector a case, or a case's vector depends on what else is in
        the batch or on chance (a network left in training mode).
    """

    def __init__(self, reader: Reader, record: WeightsRecord, input_shape: tuple[int, ...]) -> None:
        self.reader = reader
        self.record = record
        self.runtime, self.place = reader.runtime, reader.place
        self.dimension = self._probe(input_shape)

    def features(self, crops: Float32Array) -> Float32Array:
        """Return one vector a case, (n, dimension)."""
        run = in_fixed_batches(self.reader, self.reader.fixed_batch)
        return one_vector_a_case(run(crops), len(crops))

    def _probe(self, input_shape: tuple[int, ...]) -> int:
        # Whether a file is refused does not hang on a study's seed.
        rng = generator(0, "network probe")
        # Three cases: one vector a case can then not be mistaken for one a channel or a pair.
        probe = rng.normal(size=(3, *input_shape)).astype(np.float32)
        try:
            # Alone before together: what takes too long has taken it by then.
            alone = in_fixed_batches(self.reader, self.reader.fixed_batch)(probe[:1])
            together = self.features(probe)
            others = [self.features(probe[i : i + 1]) for i in (1, 2)]
            apart = np.concatenate([one_vector_a_case(alone, 1), *others])
        except (RuntimeError, ValueError, AssertionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"deep.backbone: the network does not take batches of {input_shape} as float32:"
                f" {first_line(error)}; check input_size, mean and std (one value per channel)"
            ) from None
        # Of the features' whole size, so that one which is near zero is not held to its digits.
        scale = float(np.abs(apart).max()) or 1.0
        if not np.abs(together - apart).max() <= SAME_FEATURE * scale:
            raise InputError(
                "deep.backbone: a case's features change with the other cases of its batch or"
                " from call to call; export the network in evaluation mode (model.eval())"
            )
        return int(together.shape[1])


def in_fixed_batches(
    run: Callable[[Float32Array], Float32Array], size: int | None
) -> Callable[[Float32Array], Float32Array]:
    """Return ``run`` for any number of cases, where it takes exactly ``size`` at once.

    The last batch is filled up with copies of its last case, whose output is dropped.
    """
    if size is None:
        return run
    if size < 1:
        raise InputError(
            "deep.backbone: expected a network that takes cases, found one of 0 per batch"
        )

    def run_any(crops: Float32Array) -> Float32Array:
        filled = -(-len(crops) // size) * size
        index = np.minimum(np.arange(filled), len(crops) - 1)
        parts = [run(crops[index[i : i + size]]) for i in range(0, filled, size)]
        out = np.concatenate([part if part.shape[:1] == (size,) else part[None] for part in parts])
        return np.asarray(out[: len(crops)], dtype=np.float32)

    return run_any


def one_vector_a_case(output: Float32Array, n_cases: int) -> Float32Array:
    """Return (n, d) for an output of n cases; axes of length 1 behind it are dropped.

    Raises
    ------
    InputError
        For any other shape.
    """
    shape = output.shape
    if len(shape) < 2 or shape[0] != n_cases or not shape[1] or any(k != 1 for k in shape[2:]):
        raise InputError(
            f"deep.layer: expected one vector a case, ({n_cases}, d), found {shape} for"
            f" {n_cases} cases; name a layer behind the network's pooling"
        )
    return np.ascontiguousarray(output.reshape(shape[:2]), dtype=np.float32)


def open_external(settings: DeepSettings) -> Network:
    """Return the network of a file, by the file's ending.

    The file is read once and its hash compared before anything of it is opened, in a confined
    process (`trephine.deep.confined`). ``.pt2`` and TorchScript are programs, opened only where
    ``trust`` names their hash.

    Raises
    ------
    MissingExtraError
        If the library that reads it is not installed.
    InputError
        If the file has the wrong hash or is not trusted, cannot be read, or its layer gives no
        vector a case.
    """
    file = read_network_file(Path(settings.backbone), settings.sha256)
    if not settings.is_program:
        return _open_onnx(settings, file)
    _require_trust(settings, file)
    require_torch()
    return _proven(ConfinedReader(settings, file), settings, file)


def _open_onnx(settings: DeepSettings, file: NetworkFile) -> Network:
    provider = provider_for(settings.device)
    check_onnx(file.content, file.name)
    on_cpu = settings.model_copy(update={"device": "cpu"})
    network = _proven(ConfinedReader(on_cpu, file, NetworkLimits.in_force()), settings, file)
    if provider == PROVIDERS["cpu"]:
        return network
    # The confined process has no device. What the network uses up on the way is proven by now.
    return _proven(OnnxReader(settings, file), settings, file)


def _proven(reader: Reader, settings: DeepSettings, file: NetworkFile) -> Network:
    record = WeightsRecord(file.name, "file", file.name, file.sha256)
    return ExternalNetwork(reader, record, settings.input_shape)


def check_network_file(settings: DeepSettings) -> Problem | None:
    """Look at the file of a network or of weights before anything is computed; nothing is opened.

    Returns
    -------
    Problem or None
        Where the file is a program and not trusted by its hash.

    Raises
    ------
    InputError
        If the file cannot be read, or has another hash than is pinned.
    """
    path = Path(settings.backbone) if settings.is_network_file else settings.weights_file
    if path is None:
        return None
    file = read_network_file(path, settings.sha256)
    return _distrusted(settings, file) if settings.is_program else None


def _require_trust(settings: DeepSettings, file: NetworkFile) -> None:
    problem = _distrusted(settings, file)
    if problem is not None:
        raise InputError(str(problem))


def _distrusted(settings: DeepSettings, file: NetworkFile) -> Problem | None:
    if settings.trust == file.sha256:
        return None
    found = "none" if settings.trust is None else f"{settings.trust}, another file's hash"
    advice = (
        "A file of this kind is a program that runs on this computer. Export the network as ONNX,"
        f" which is not; or, if you know who made this file, state deep.trust = "
        f'"{file.sha256}" (--trust to predict). It then runs in a process of its own, without'
        " network"
    )
    return Problem("deep.trust", f"the sha256 of {file.name}", found, advice)
