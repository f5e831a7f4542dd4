"""Torch when it is needed: its import, the device, and how deterministic float32 is kept."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trephine.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import torch

    from trephine.deep.settings import Device


def require_torch() -> None:
    """Raise if torch is not installed.

    Raises
    ------
    MissingExtraError
        With the command that installs it.
    """
    _load_beforehand()
    _import_extra("torch", "deep features", "deep")


def _load_beforehand() -> None:
    """Load the largest of torch's libraries in a call that leaves Python's other threads running.

    Python's own import holds its lock for the seconds that this takes on a busy machine, and no
    signal is heeded meanwhile. What cannot be loaded here is left to the import.
    """
    if sys.platform != "linux" or "torch" in sys.modules:
        return
    found = importlib.util.find_spec("torch")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        library = Path(folder) / "lib" / "libtorch_cpu.so"
        if library.is_file():
            # A function of the C library, as `ctypes.CDLL` would hold the lock too.
            load = ctypes.CDLL(None).dlopen
            load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
            load(os.fsencode(library), os.RTLD_LAZY)


def require_onnxruntime() -> Any:
    """Return onnxruntime.

    Raises
    ------
    MissingExtraError
        If it is not installed, with the command that installs it.
    """
    return _import_extra("onnxruntime", "ONNX networks", "onnx")


def _import_extra(module: str, part: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MissingExtraError(part, extra) from None


def choose_device(device: Device) -> torch.device:
    """Return the torch device of a setting.

    Raises
    ------
    InputError
        If the device that is asked for by name is not there.
    """
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return torch.device(next(name for name, usable in there.items() if usable))
    if not there[device]:
        usable = [name for name, is_there in there.items() if is_there]
        raise InputError(
            f"deep.device: expected {device!r} to be usable, found {', '.join(usable)};"
            " choose one of these or 'auto'"
        )
    return torch.device(device)


@contextmanager
def exact_float32(threads: int | None) -> Iterator[None]:
    """Compute deterministically in full float32 on ``threads`` threads, then restore torch.

    TF32 is off (it keeps 10 bits of mantissa, and CPU and GPU would agree to 1e-3 only), and
    cuDNN neither tries algorithms out nor takes those that are not repeatable.
    """
    import torch

    before = torch.get_num_threads()
    with ExitStack() as stack:
        stack.enter_context(
            cast("Any", torch.backends.cudnn.flags)(
                enabled=True, benchmark=False, deterministic=True, allow_tf32=False
            )
        )
        if threads is not None:
            # Even to the number that torch names: MKL behind it may be set to another, and the last
            # bits of a convolution depend on it.
            torch.set_num_threads(threads)
            stack.callback(torch.set_num_threads, before)
        yield
