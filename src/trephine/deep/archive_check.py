"""Looking into a ``torch.export`` archive for code before it is opened."""

from __future__ import annotations

import io
import json
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from trephine.errors import InputError

# Sizes are written as sympy does: Symbol('s77', positive=True) + 2. No attribute of anything
# (a dot after a name or a bracket) and no other quoted text than a symbol's name may occur.
QUOTED_SYMBOL = re.compile(r"Symbol\('\w{1,32}'")
SIZE_EXPRESSION = re.compile(r"(?:[\w +\-*/(),<>=&|~]|(?<=\d)\.(?=\d))*")
OBJECT_PREFIXES = ("custom_obj", "opaque_obj")


def refuse_code(path: Path) -> None:
    """Refuse a ``torch.export`` archive that would run code when it is opened.

    ``torch.export.load`` unpickles tensors and sample inputs without restriction, loads compiled
    libraries and evaluates the graph's size expressions. All of these are looked at first; a
    network file is a program all the same, to be taken from sources that one trusts.

    Raises
    ------
    InputError
        If the archive is damaged or holds code; the part is named.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name, reason in _findings(archive):
                raise InputError(
                    f"deep.backbone: {path.name} holds {reason} ({name}), which is never run;"
                    " export the network with torch.export.save"
                )
    except (zipfile.BadZipFile, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"deep.backbone: {path.name} is damaged or no torch.export archive ({error})"
        ) from None


def _findings(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    names = archive.namelist()
    if not any(name.endswith("archive_format") for name in names):
        # The directory at the end is missing, or it is that of an archive inside.
        raise zipfile.BadZipFile("it has no archive_format")
    graphs = {name: json.loads(archive.read(name)) for name in names if name.endswith(".json")}
    raw = _raw_tensors(graphs.values())
    for name in names:
        base = PurePosixPath(name).name
        if names.count(name) > 1:
            yield name, "two parts of one name"
        elif "/aotinductor/" in name or base.endswith(".so"):
            yield name, "compiled code"
        elif base.startswith(OBJECT_PREFIXES):
            yield name, "an object"
        elif name in graphs:
            if any(_may_run(expression) for expression in _values(graphs[name], "expr_str")):
                yield name, "code in a size expression"
        elif base not in raw and _is_refused_pickle(archive.read(name)):
            yield name, "a pickle with code or objects"


def _raw_tensors(descriptions: Any) -> set[str]:
    """Return the names of the parts that are read as plain numbers, never unpickled."""
    plain: set[str] = set()
    pickled: set[str] = set()
    for description in descriptions:
        for payload in _dicts(description):
            if isinstance(name := payload.get("path_name"), str):
                (plain if payload.get("use_pickle") is False else pickled).add(name)
    return plain - pickled


def _is_refused_pickle(content: bytes) -> bool:
    if content[:2] != b"PK" and content[:1] != pickle.PROTO:
        return False
    try:
        torch.load(io.BytesIO(content), weights_only=True)
    except pickle.UnpicklingError:
        return True
    return False


def _may_run(expression: str) -> bool:
    plain = QUOTED_SYMBOL.sub("Symbol(", expression)
    return "__" in plain or SIZE_EXPRESSION.fullmatch(plain) is None


def _values(description: Any, key: str) -> Iterator[str]:
    """Yield every text under ``key``, at any depth."""
    for mapping in _dicts(description):
        if isinstance(value := mapping.get(key), str):
            yield value


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _dicts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _dicts(inner)
