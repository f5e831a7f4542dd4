"""Reading a file of weights: hash first, no code run, and a named reason when refused."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trephine.archives import bounded_tensors, open_zip
from trephine.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_O_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows' word for bytes as they are
# torchvision puts the first eight digits of the file's sha256 into its name.
OFFICIAL_NAME = re.compile(r"resnet\d+-([0-9a-f]{8})\.pth")


# Larger than any network for radiographs; the whole file is held in memory.
MOST_BYTES = 4 << 30
# Of the tensors in a file, where their archive is compressed.
MOST_INFLATED_BYTES = 8 << 30
# torch stores an archive's parts as they are; whoever packed one again saved little.
_MOST_INFLATION, _SMALL_BYTES = 4, 64 << 20


@dataclass(frozen=True)
class NetworkFile:
    """A file of weights or of a network, read once: what was hashed is what is used.

    Attributes
    ----------
    name
        Of the file, without its folder.
    content
        All its bytes.
    sha256
        Of these.
    """

    name: str
    content: bytes
    sha256: str


def read_network_file(path: Path, expected: str | None) -> NetworkFile:
    """Read a file whole and compare its sha256 with what is known of it; nothing is opened yet.

    Parameters
    ----------
    path
        If its name is of torchvision's form (``resnet18-f37072fd.pth``), the digits there must
        begin the hash.
    expected
        The whole hash; None where neither the plan nor a model pins one.

    Raises
    ------
    InputError
        If it is no regular file, cannot be read, is too large, or has another hash.
    """
    content = _read_whole(path)
    found = hashlib.sha256(content).hexdigest()
    check_sha256(path.name, found, expected)
    return NetworkFile(path.name, content, found)


def check_sha256(name: str, found: str, expected: str | None) -> None:
    """Compare a file's sha256 with the digits in its name and with the one that is pinned.

    Raises
    ------
    InputError
        If it is another.
    """
    official = OFFICIAL_NAME.fullmatch(name)
    if official and not found.startswith(official[1]):
        raise InputError(
            f"deep weights: wrong sha256: the name of {name} promises {official[1]}...,"
            f" found {found}; the file is damaged or not the official one: fetch it again, or"
            " rename it if it is your own"
        )
    if expected is not None and found != expected:
        raise InputError(
            f"deep weights: wrong sha256: expected {expected}, which the plan or the model pins,"
            f" found {found} for {name}; use the file that it was made with"
        )


def _read_whole(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe would wait for somebody who writes into it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _O_BINARY)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(
                    f"deep weights: expected a file, found a folder, pipe or device at {path.name}"
                )
            content = file.read(MOST_BYTES + 1) if status.st_size <= MOST_BYTES else None
    except OSError as error:
        raise InputError(
            f"deep weights: expected a readable file, found {error.strerror} for {path}"
        ) from None
    if content is None or len(content) > MOST_BYTES:
        raise InputError(
            f"deep weights: expected less than {MOST_BYTES >> 30} GiB, found more in {path.name}"
        )
    return content


def read_state(file: NetworkFile) -> dict[str, Tensor]:
    """Return the tensors of a ``.pth`` or ``.safetensors`` file by name, on the CPU.

    Nothing in the file is executed: ``.pth`` goes through torch's weights-only unpickler. A
    training checkpoint's ``state_dict`` is taken out, and DataParallel's ``module.`` in front of
    every name is dropped.

    Raises
    ------
    InputError
        If the file is truncated, holds code or other objects, or holds no tensors.
    """
    if file.name.lower().endswith(".safetensors"):
        content = _read_safetensors(file)
    else:
        content = _read_pickle(file)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    return _tensors(content, file.name)


def _read_safetensors(file: NetworkFile) -> Any:
    from safetensors.torch import load

    try:
        return load(bounded_tensors(file.content))
    # The library raises its own error, and others where a header's numbers do not fit.
    except Exception as error:
        raise InputError(
            f"deep weights: {file.name} is truncated or no safetensors file"
            f" ({first_line(error)}); fetch it again"
        ) from None


def _read_pickle(file: NetworkFile) -> Any:
    import torch

    _refuse_bomb(file)
    try:
        with warnings.catch_warnings():
            # On pickle protocols that it was not written for: they are refused below.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(io.BytesIO(file.content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = _forbidden_content(file, str(error))
        if what is None:
            raise _damaged(file.name, error) from None
        raise InputError(
            f"deep weights: {file.name} holds code or objects ({what}), which are never loaded;"
            " save the state dict alone: torch.save(model.state_dict(), ...)"
        ) from None
    # A damaged pickle ends in whatever its opcodes meet first: IndexError, TypeError, ...
    except Exception as error:
        raise _damaged(file.name, error) from None


def _refuse_bomb(file: NetworkFile) -> None:
    """Refuse a compressed archive that unpacks to more than memory should hold."""
    if not zipfile.is_zipfile(io.BytesIO(file.content)):
        return
    try:
        with open_zip(io.BytesIO(file.content)) as archive:
            inflated = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(file.name, error) from None
    if inflated > _MOST_INFLATION * len(file.content) + _SMALL_BYTES:
        raise InputError(
            f"deep weights: expected tensors as torch writes them, uncompressed, found"
            f" {inflated / 2**20:.0f} MiB of them in {len(file.content) / 2**20:.0f} MiB of"
            f" {file.name}; save it again with torch.save"
        )
    if inflated > MOST_INFLATED_BYTES:
        raise InputError(
            f"deep weights: expected less than {MOST_INFLATED_BYTES >> 30} GiB of tensors, found"
            f" {inflated / 2**30:.0f} GiB in {file.name}"
        )


def _forbidden_content(file: NetworkFile, reason: str) -> str | None:
    """Return what the weights-only unpickler would not load; None for a file that is no pickle."""
    name = re.search(r"GLOBAL ([\w.]+)", reason)
    if name:
        return name[1]
    operand = re.search(r"Unsupported operand \d+", reason)
    return operand[0].lower() if operand and file.content[:1] == pickle.PROTO else None


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or its kind where it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _damaged(name: str, error: Exception) -> InputError:
    reason = first_line(error) if str(error).strip() else "it ends too early"
    return InputError(
        f"deep weights: {name} is truncated or no torch file ({reason}); fetch it again"
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
