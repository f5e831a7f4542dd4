"""An image and a mask from a request, in a folder that is gone with the answer."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from trephine.errors import InputError
from trephine.study.locked import UploadedCase

KINDS = ("image", "mask")
TEXTS = ("clinical", "model", "side", "label", "centre")
_LONGEST_TEXT = 1 << 16
_LONGEST_WORD = 200


@dataclass(frozen=True)
class ExpectedFiles:
    """The files of a case by the names of their parts in a form.

    Attributes
    ----------
    images, masks
        Names of the images of a case, and of those on which regions are drawn, where it has
        several: its parts are "image.NAME" and "mask.NAME", and some may be missing. Empty where
        it has one: "image" and "mask", both needed.
    """

    images: Sequence[str] = ()
    masks: Sequence[str] = ()

    @property
    def parts(self) -> dict[str, tuple[str, str]]:
        """Part to its kind and the name of its image."""
        if not self.images:
            return {kind: (kind, "") for kind in KINDS}
        named = zip(KINDS, (self.images, self.masks), strict=True)
        return {f"{kind}.{name}": (kind, name) for kind, names in named for name in names}


@asynccontextmanager
async def uploaded_case(request: Request, expected: ExpectedFiles) -> AsyncIterator[UploadedCase]:
    """Give the case of a request; its files are deleted when the ``with`` block ends.

    Names of stored files are the server's own; whatever the client called them is not looked at.

    Raises
    ------
    InputError
        With everything that is missing or unknown.
    """
    async with request.form(
        max_files=len(expected.parts), max_fields=len(TEXTS), max_part_size=_LONGEST_TEXT
    ) as form:
        files = _files(form, expected)
        texts = {name: str(form[name]) for name in TEXTS if form.get(name)}
        _check_lengths(texts)
        with tempfile.TemporaryDirectory(prefix="trephine-upload-") as folder:
            stored: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
            for number, (part, file) in enumerate(files.items()):
                kind, name = expected.parts[part]
                stored[kind][name] = f"{kind}-{number}"
                await to_thread.run_sync(_store, file, Path(folder) / stored[kind][name])
            several = bool(expected.images)
            yield UploadedCase(
                folder=Path(folder),
                image=None if several else stored["image"][""],
                mask=None if several else stored["mask"][""],
                images=stored["image"] if several else {},
                masks=stored["mask"] if several else {},
                clinical=clinical_of(texts.get("clinical", "{}")),
                model=texts.get("model"),
                side=texts.get("side"),
                label=_label(texts.get("label")),
                centre=texts.get("centre"),
            )


def _files(form: FormData, expected: ExpectedFiles) -> dict[str, UploadFile]:
    parts = form.multi_items()
    problems = []
    for name in expected.parts:
        found = [part for key, part in parts if key == name]
        if not found and expected.images:
            continue  # of several images the model itself says which it cannot do without
        if len(found) != 1 or not isinstance(found[0], UploadFile):
            problems.append(f"{name}: expected one file, found {len(found)}")
    known = {*expected.parts, *TEXTS}
    unknown = sum(key not in known for key, _ in parts)
    if unknown:
        problems.append(f"fields: expected some of {sorted(known)}, found {unknown} others")
    if any(isinstance(form.get(name), UploadFile) for name in TEXTS):
        problems.append(f"{', '.join(TEXTS)}: expected text, found a file")
    if problems:
        raise InputError("; ".join(problems))
    every = {name: form.get(name) for name in expected.parts}
    return {name: part for name, part in every.items() if isinstance(part, UploadFile)}


def _check_lengths(texts: dict[str, str]) -> None:
    problems = [
        f"{name}: expected at most {_LONGEST_WORD} letters, found {len(text)}"
        for name, text in texts.items()
        if name != "clinical" and len(text) > _LONGEST_WORD
    ]
    if problems:
        raise InputError("; ".join(problems))


def _store(file: UploadFile, path: Path) -> None:
    with path.open("xb") as out:
        shutil.copyfileobj(file.file, out, 1 << 20)


def clinical_of(text: str) -> dict[str, Any]:
    """Return clinical values by column from JSON.

    Raises
    ------
    InputError
        If it is no object of texts, numbers and nulls.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or not all(map(_is_value, values.values())):
        raise InputError("clinical: expected a JSON object of texts, numbers and nulls by column")
    return values


def _is_value(value: object) -> bool:
    """Say whether a value is a text, a number or null; NaN and what is beyond floats are none."""
    if isinstance(value, bool):
        return False
    try:
        return value is None or isinstance(value, str) or isfinite(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return False


def _label(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise InputError("label: expected a whole number, as in the mask")
    return int(text)
