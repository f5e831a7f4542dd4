"""Networks saved by torch.export (``.pt2``) and by TorchScript, readable at a named layer.

They are programs: `trephine.deep.confined` opens them in a process of its own.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch.export.passes import move_to_device_pass

from trephine.deep.archive_check import clean_archive
from trephine.deep.asked import AXES, Asked
from trephine.deep.checkpoint import NetworkFile, first_line
from trephine.deep.runtime import exact_float32
from trephine.deep.script_check import check_graphs, clean_script
from trephine.errors import InputError
from trephine.types import Float32Array


class ExportedReader:
    """A ``torch.export`` archive, read at its output or behind the named module.

    Raises
    ------
    InputError
        If the archive is damaged, holds code besides its graph, or has no such layer.
    """

    fixed_batch: int | None

    def __init__(self, settings: Asked, file: NetworkFile) -> None:
        self.threads = settings.threads
        self.device = torch.device("cpu")
        self.runtime, self.place = f"torch {torch.__version__}", str(self.device)
        content = clean_archive(file.content, file.name)
        try:
            program = torch.export.load(io.BytesIO(content))
            module = move_to_device_pass(program, self.device).module(check_guards=False)
        # torch.export has no error of its own for an archive that it cannot read.
        except Exception as error:
            raise InputError(
                f"deep.backbone: {file.name} is damaged or no torch.export archive"
                f" ({first_line(error)})"
            ) from None
        self.fixed_batch = _fixed_batch(module, file.name, settings.dimensions)
        if settings.layer is not None:
            _read_behind(module, settings.layer, file.name)
        self._module = module

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        with exact_float32(self.threads), torch.no_grad():
            return _one_array(self._module(torch.from_numpy(crops).to(self.device)), None)


class ScriptReader:
    """A TorchScript file, read at its output (or one of them), or behind the named module.

    Raises
    ------
    InputError
        If the file is damaged or has no such layer.
    """

    def __init__(self, settings: Asked, file: NetworkFile) -> None:
        self.threads = settings.threads
        self.fixed_batch: int | None = None
        self.device = torch.device("cpu")
        self.runtime, self.place = f"torch {torch.__version__}", str(self.device)
        self.layer = settings.layer
        content = clean_script(file.content, file.name)
        try:
            with warnings.catch_warnings():
                # TorchScript is deprecated, but the files are there.
                warnings.simplefilter("ignore", DeprecationWarning)
                module = cast("Any", torch.jit.load)(io.BytesIO(content), map_location=self.device)
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"deep.backbone: {file.name} is damaged or no TorchScript file"
                f" ({first_line(error)}); a state dict goes into deep.weights"
            ) from None
        check_graphs(module, file.name)
        self._module = module.eval()
        self._modules = [name for name, _ in self._module.named_modules() if name]

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        with exact_float32(self.threads), torch.no_grad():
            batch = torch.from_numpy(crops).to(self.device)
            if self.layer is not None and self.layer in self._modules:
                return _one_array(_run_until(self._module, self.layer, [batch]), None)
            return _one_array(self._module(batch), self.layer, self._modules)


def _fixed_batch(module: Any, file: str, dimensions: int) -> int | None:
    inputs = [node for node in module.graph.nodes if node.op == "placeholder"]
    shape = tuple(getattr(inputs[0].meta.get("val"), "shape", ()) if inputs else ())
    if len(inputs) != 1 or len(shape) != dimensions + 2:
        raise InputError(
            f"deep.backbone: expected {file} to take one image batch with axes"
            f" {AXES[dimensions]}, found {len(inputs)} inputs, the first with {len(shape)} axes"
        )
    return shape[0] if isinstance(shape[0], int) else None


def _read_behind(module: Any, layer: str, file: str) -> None:
    """Make the graph end behind the last operation of a module."""
    last = None
    seen: dict[str, None] = {}
    *_, output = module.graph.nodes
    for node in module.graph.nodes:
        if node.op == "call_function":
            paths = [path for path, _ in (node.meta.get("nn_module_stack") or {}).values() if path]
            seen.update(dict.fromkeys(paths))
            last = node if layer in paths else last
    if last is None:
        raise _no_such_layer(layer, seen, file)
    output.args = ((last,),)
    module.graph.eliminate_dead_code()
    # The output is now a tuple of one, whatever structure it had.
    module.graph._codegen.pytree_info = module.graph._codegen.pytree_info._replace(
        out_spec=torch.utils._pytree.tree_structure((0,))
    )
    module.recompile()


def _run_until(module: Any, layer: str, args: list[Any]) -> Any:
    """Return what a TorchScript module's inner layer gives.

    The graph of ``forward`` is cut behind the call of the submodule (or in front of it, to go on
    inside), which works for traced and scripted modules alike.
    """
    head, _, rest = layer.partition(".")
    graph = module.graph.copy()
    calls = [
        node
        for node in graph.nodes()
        if node.kind() == "prim::CallMethod" and _receiver(node) == head
    ]
    if not calls:
        raise _no_such_layer(layer, [], "the TorchScript file")
    call = calls[-1]
    wanted = list(call.inputs())[1:] if rest else [call.output()]
    for _ in list(graph.outputs()):
        graph.eraseOutput(0)
    for value in wanted:
        graph.registerOutput(value)
    torch._C._jit_pass_dce(graph)
    found = torch._C._create_function_from_graph("until", graph)(module._c, *args)
    if not rest:
        return found
    return _run_until(getattr(module, head), rest, list(found) if len(wanted) > 1 else [found])


def _receiver(call: Any) -> str | None:
    source = next(iter(call.inputs())).node()
    return source.s("name") if source.kind() == "prim::GetAttr" else None


def _no_such_layer(layer: str, known: Iterable[str], file: str) -> InputError:
    names = ", ".join(list(known)[-12:])
    return InputError(
        f"deep.layer: {file} runs no layer {layer!r}"
        + (f"; the last ones are {names}" if names else "; export it without its head instead")
    )


def _one_array(output: Any, layer: str | None, modules: Iterable[str] = ()) -> Float32Array:
    """Return the one tensor of an output, or the named one of several."""
    if isinstance(output, torch.Tensor):
        outputs = {"0": output}
    elif isinstance(output, Mapping):
        outputs = {str(key): value for key, value in output.items()}
    else:
        outputs = {str(i): value for i, value in enumerate(output)}
    if layer is None and len(outputs) == 1:
        (chosen,) = outputs.values()
    elif layer in outputs:
        chosen = outputs[layer]
    else:
        inner = ", ".join(list(modules)[-12:])
        raise InputError(
            f"deep.layer: expected one of the network's outputs ({', '.join(outputs)})"
            f"{f' or of its layers ({inner})' if inner else ''}, found {layer!r}"
        )
    return np.asarray(chosen.float().cpu().contiguous().numpy(), dtype=np.float32)
