"""Addresses that fsspec knows, such as ``s3://bucket/scans/1.nii.gz``, and files that lie there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from trephine.errors import InputError, MissingExtraError
from trephine.paths import is_confined

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.+", re.IGNORECASE)
_READ_AT_ONCE = 1 << 20
# Files of one folder: a series of slices.
_MOST_FILES = 20_000


def is_address(text: str) -> bool:
    """Say whether a text is an address rather than a path."""
    return _ADDRESS.fullmatch(text) is not None


def scheme_of(address: str) -> str:
    """Return what an address begins with; the rest may hold a password and is not shown."""
    return address.split("://")[0].lower()


def name_of(address: str) -> str:
    """Return the last part of an address as the name of a file, whatever it holds."""
    return re.sub(r"[^\w.-]", "_", address.rstrip("/").rsplit("/", 1)[-1]).lstrip(".") or "file"


def opened(address: str, what: str) -> tuple[Any, str]:
    """Return fsspec's system of an address, and the place in it.

    Parameters
    ----------
    address
        Of a file or folder.
    what
        Begins messages.

    Raises
    ------
    InputError
        If addresses are not for this process, or fsspec knows no such one.
    MissingExtraError
        If fsspec is not installed.
    """
    if is_confined():
        raise InputError(f"{what}: expected a path, found an address, which is not open here")
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError("files and stores at an address", "remote") from None
    try:
        system, root = url_to_fs(address)
    except ValueError:
        known = "s3://, gs://, abfs://, sftp:// or another that fsspec knows"
        raise InputError(f"{what}: expected an address of {known}, found another") from None
    return system, str(root).rstrip("/")


def library_missing(address: str, what: str, error: ImportError) -> InputError:
    """Return the error of a library for some addresses that is not installed."""
    return InputError(
        f"{what}: expected the library for {scheme_of(address)}:// to be installed, found"
        f" {error.name or 'none'} missing: pip install s3fs for s3, gcsfs for gs, adlfs"
        " for abfs, paramiko for sftp"
    )


def fetch(address: str, folder: Path, most_bytes: int, what: str) -> Path:
    """Copy a file, or the files of a folder, from an address.

    Parameters
    ----------
    address
        Of the file or folder; files inside a folder's folders are not copied.
    folder
        Where to; it exists.
    most_bytes
        Of one file.
    what
        Begins messages.

    Returns
    -------
    Path
        Of the copy.

    Raises
    ------
    InputError
        If it cannot be read from there, or a file is larger; the address is never shown.
    """
    try:
        system, root = opened(address, what)
        here = folder / name_of(root)
        if not system.isdir(root):
            _copy(system, root, here, most_bytes, what)
            return here
        here.mkdir()
        files = sorted(one["name"] for one in system.ls(root, detail=True) if one["type"] == "file")
        if len(files) > _MOST_FILES:
            raise InputError(f"{what}: expected {_MOST_FILES} files at most, found {len(files)}")
        for file in files:
            _copy(system, str(file), here / name_of(str(file)), most_bytes, what)
    except (InputError, MissingExtraError):
        raise
    except ImportError as error:
        raise library_missing(address, what, error) from None
    except Exception as error:  # each system has errors of its own
        raise InputError(
            f"{what}: expected a file or a folder that can be read at {scheme_of(address)}://...,"
            f" found {type(error).__name__}"
        ) from None
    return here


def _copy(system: Any, place: str, here: Path, most_bytes: int, what: str) -> None:
    if here.exists():
        raise InputError(f"{what}: expected files of different names, found two of one name")
    size = 0
    with system.open(place, "rb") as source, here.open("wb") as copy:
        while part := source.read(_READ_AT_ONCE):
            size += len(part)
            if size > most_bytes:
                raise InputError(f"{what}: expected {most_bytes} bytes at most, found more")
            copy.write(part)
