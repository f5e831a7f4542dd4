"""The files of a bundle, bounded before they are read, and their JSON held to its standard."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from trephine.archives import open_zip
from trephine.errors import BundleError

# What file managers leave in every folder that someone opens, and in archives of it.
LEFT_BY_THE_DESKTOP = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"})

# MiB that all JSON and the card together may have, and trained blocks; an operator may raise them.
JSON_LIMIT = ("TREPHINE_BUNDLE_JSON_MIB", 32)
BLOCKS_LIMIT = ("TREPHINE_BUNDLE_BLOCKS_MIB", 512)
_MOST_FILES = 100
_DEEPEST = 64
_MOST_BRACKETS = 1_000_000
_LONGEST_NUMBER = 400
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def read_files(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle by name.

    Links, pipes, devices and folders are refused, and nothing is read beyond the limits, whatever
    an archive says of its members' sizes.

    Raises
    ------
    BundleError
        If it is no bundle, damaged, encrypted, too large, or holds anything but plain files.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.is_file() and zipfile.is_zipfile(path):
        try:
            return _read_zip(path)
        # A damaged archive ends in any of these: the library has no one error for it.
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError,
                EOFError, ValueError, IndexError) as error:  # fmt: skip
            raise BundleError(
                f"bundle: expected an archive that can be read, found a damaged, encrypted or"
                f" unknown one ({type(error).__name__}); get it again, or unpack it and use the"
                " folder"
            ) from None
    raise BundleError(f"bundle: expected a folder or a .zip at {path}, found neither")


def add_file(path: Path, name: str, content: bytes) -> None:
    """Write a file into a bundle that was read; one of that name gives way, whole or not at all.

    The draft lies beside the bundle, so that nothing is left inside if the program is stopped.
    """
    with tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=".bundle-") as folder:
        draft = Path(folder) / "draft"
        if path.is_dir():
            draft.write_bytes(content)
            os.replace(draft, path / name)
            return
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(draft, "w") as new:
            members = [member for member in old.infolist() if not by_desktop(member.filename)]
            inside = next(m.filename for m in members if not m.is_dir()).rpartition("/")[:2]
            whole = "".join(inside) + name
            for member in members:
                if member.filename != whole:
                    new.writestr(member, old.read(member))
            new.writestr(whole, content, zipfile.ZIP_DEFLATED)
        os.replace(draft, path.resolve())


def by_desktop(name: str) -> bool:
    """Say whether a file manager left a file."""
    return not LEFT_BY_THE_DESKTOP.isdisjoint(name.split("/"))


def _read_folder(path: Path) -> dict[str, bytes]:
    inside = sorted(entry for entry in path.iterdir() if not by_desktop(entry.name))
    if strange := [e.name for e in inside if not stat.S_ISREG(e.lstat().st_mode)]:
        raise BundleError(
            f"bundle: expected files only, found links, folders or devices: {strange[:3]}"
        )
    _bound((entry.name, entry.lstat().st_size) for entry in inside)
    files = {}
    for entry in inside:
        # Between the look and this the file may have become a link or a pipe.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            with open(os.open(entry, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
                files[entry.name] = file.read(_limit(entry.name) + 1)
        except OSError as error:
            raise BundleError(f"bundle: {entry.name} cannot be read ({error.strerror})") from None
    _bound((name, len(content)) for name, content in files.items())
    return files


def _read_zip(path: Path) -> dict[str, bytes]:
    with path.open("rb") as stream, open_zip(stream) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not by_desktop(member.filename)
        ]
        names = [member.filename for member in members]
        folders = {name.rpartition("/")[0] for name in names}
        if len(folders) > 1 or any(".." in f.split("/") or f.startswith("/") for f in folders):
            raise BundleError("bundle: expected all files in one folder, found others")
        if len(set(names)) < len(names):
            raise BundleError("bundle: expected every file once, found a name twice")
        if any(stat.S_IFMT(m.external_attr >> 16) not in (0, stat.S_IFREG) for m in members):
            raise BundleError("bundle: expected files only, found links or devices")
        _bound((member.filename, member.file_size) for member in members)
        files = {}
        for member in members:
            name = member.filename.rpartition("/")[2]
            with archive.open(member) as file:
                files[name] = file.read(_limit(name) + 1)
    _bound((name, len(content)) for name, content in files.items())
    return files


def _is_block(name: str) -> bool:
    return name.endswith(".safetensors")


def _limit(name: str) -> int:
    return _mib(*(BLOCKS_LIMIT if _is_block(name) else JSON_LIMIT)) << 20


def _mib(variable: str, usual: int) -> int:
    stated = os.environ.get(variable, "")
    if stated and not re.fullmatch(r"[1-9][0-9]{0,6}", stated):
        raise BundleError(f"{variable}: expected a whole number of MiB, found another value")
    return int(stated) if stated else usual


def _bound(sizes: Iterable[tuple[str, int]]) -> None:
    known = list(sizes)
    if len(known) > _MOST_FILES:
        raise BundleError(f"bundle: expected at most {_MOST_FILES} files, found {len(known)}")
    for is_block, what, (variable, usual) in (
        (False, "JSON", JSON_LIMIT),
        (True, "trained blocks", BLOCKS_LIMIT),
    ):
        found = sum(size for name, size in known if _is_block(name) is is_block)
        if found > _mib(variable, usual) << 20:
            raise BundleError(
                f"bundle: expected at most {_mib(variable, usual)} MiB of {what}, found"
                f" {found / 2**20:.0f} MiB; if you trust it, set {variable} to more"
            )


def parse_json(content: bytes, name: str) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises
    ------
    BundleError
        If it is no JSON by the standard (NaN and Infinity are none), nested too deep, has a key
        twice or an endless number, or is no object.
    """
    if content.count(b"[") + content.count(b"{") > _MOST_BRACKETS:
        raise BundleError(f"bundle: {name} holds more lists than any model; it was altered")
    depth = 0
    for mark in _BRACKETS.finditer(content):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(mark[0], 0)
        if depth > _DEEPEST:
            raise BundleError(f"bundle: {name} is nested too deep; it was not written by Trephine")

    def refuse(what: str) -> NoReturn:
        raise BundleError(f"bundle: {name} holds {what}; it was altered or is not a model")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        return made if len(made) == len(pairs) else refuse("a key twice")

    def whole(text: str) -> int:
        return int(text) if len(text) <= _LONGEST_NUMBER else refuse("an endless number")

    def real(text: str) -> float:
        value = float(text)
        return value if abs(value) != float("inf") else refuse("a number beyond all bounds")

    try:
        found = json.loads(
            text_of(content, name),
            parse_constant=lambda text: refuse(f"{text}, which is not JSON"),
            object_pairs_hook=once,
            parse_int=whole,
            parse_float=real,
        )
    except (ValueError, RecursionError):
        raise BundleError(f"bundle: {name} is not JSON; it was altered or cut short") from None
    if not isinstance(found, dict):
        raise BundleError(f"bundle: {name} does not hold what it should")
    return found


def text_of(content: bytes, name: str) -> str:
    """Return a file's text.

    Raises
    ------
    BundleError
        If it is no UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(f"bundle: {name} is not in UTF-8; it was altered") from None
