"""Reading a file of weights: hash first, no code run, and a named reason when refused."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trephine.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

# torchvision puts the first eight digits of the file's sha256 into its name.
OFFICIAL_NAME = re.compile(r"resnet\d+-([0-9a-f]{8})\.pth")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a whole file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"deep weights: expected a readable file, found {error.strerror} for {path}"
        ) from None


def checked_sha256(path: Path, expected: str | None) -> str:
    """Return the sha256 of a file after comparing it with what is known of it.

    Parameters
    ----------
    path
        File to hash. If its name is of torchvision's form (``resnet18-f37072fd.pth``), the
        digits there must begin the hash.
    expected
        The whole hash; None where the plan pins none.

    Raises
    ------
    InputError
        If the file has another hash.
    """
    found = sha256_of(path)
    official = OFFICIAL_NAME.fullmatch(path.name)
    if official and not found.startswith(official[1]):
        raise InputError(
            f"deep weights: wrong sha256: the name of {path.name} promises {official[1]}...,"
            f" found {found}; the file is damaged or not the official one: fetch it again, or"
            " rename it if it is your own"
        )
    if expected is not None and found != expected:
        raise InputError(
            f"deep weights: wrong sha256: the plan pins {expected}, found {found} for {path.name}"
        )
    return found


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a ``.pth`` or ``.safetensors`` file by name, on the CPU.

    Nothing in the file is executed: ``.pth`` goes through torch's weights-only unpickler. A
    training checkpoint's ``state_dict`` is taken out, and DataParallel's ``module.`` in front of
    every name is dropped.

    Raises
    ------
    InputError
        If the file is truncated, holds code or other objects, or holds no tensors.
    """
    if path.suffix.lower() == ".safetensors":
        content = _read_safetensors(path)
    else:
        content = _read_pickle(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    return _tensors(content, path.name)


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path, device="cpu")
    except SafetensorError as error:
        raise InputError(
            f"deep weights: {path.name} is truncated or no safetensors file ({error}); fetch it"
            " again"
        ) from None


def _read_pickle(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            # On pickle protocols that it was not written for: they are refused below.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = _forbidden_content(path, str(error))
        if what is None:
            raise _damaged(path, str(error)) from None
        raise InputError(
            f"deep weights: {path.name} holds code or objects ({what}), which are never loaded;"
            " save the state dict alone: torch.save(model.state_dict(), ...)"
        ) from None
    except (EOFError, RuntimeError, ValueError, KeyError, IndexError, OSError) as error:
        raise _damaged(path, str(error)) from None


def _forbidden_content(path: Path, reason: str) -> str | None:
    """Return what the weights-only unpickler would not load; None for a file that is no pickle."""
    name = re.search(r"GLOBAL ([\w.]+)", reason)
    if name:
        return name[1]
    operand = re.search(r"Unsupported operand \d+", reason)
    with path.open("rb") as file:
        starts_as_pickle = file.read(1) == pickle.PROTO
    return operand[0].lower() if operand and starts_as_pickle else None


def _damaged(path: Path, reason: str) -> InputError:
    first_line = reason.strip().splitlines()[0] if reason.strip() else "it ends too early"
    return InputError(
        f"deep weights: {path.name} is truncated or no torch file ({first_line}); fetch it again"
    )


def _tensors(content: object, name: str) -> dict[str, Tensor]:
    import torch

    if not isinstance(content, Mapping) or not content:
        raise InputError(
            f"deep weights: expected a state dict in {name}, found {type(content).__name__};"
            " save it with torch.save(model.state_dict(), ...)"
        )
    odd = [str(key) for key, value in content.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise InputError(
            f"deep weights: expected tensors only in {name}, found other values at"
            f" {', '.join(odd[:5])}; save the state dict alone"
        )
    state = {str(key): value for key, value in content.items()}
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state
