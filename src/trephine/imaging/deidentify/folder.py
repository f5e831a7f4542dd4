"""A folder de-identified: a new tree, an audit without identifiers, and a check of every file."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset

from trephine.choices import Times
from trephine.errors import ImageError, InputError
from trephine.imaging.deidentify.burned_in import burned_in_text
from trephine.imaging.deidentify.dataset import Deidentified, deidentify_dataset
from trephine.imaging.deidentify.identifiers import identifiers_of, surviving
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.table import EDITION
from trephine.imaging.deidentify.target import (
    AUDIT_NAME,
    DeidentificationRow,
    append_audit,
    make_folder,
    open_target,
    write_whole,
)
from trephine.imaging.dicom import quiet_pydicom, read_dicom_dataset
from trephine.imaging.sniff import file_kind

Unchecked = Literal["refuse", "write"]

_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


@dataclass(frozen=True)
class Choices:
    """What the user decides.

    Attributes
    ----------
    times
        What stays of times of day: "removed", nothing; "hour", the hour.
    unchecked
        What happens to images that nothing here can look at for burned-in text, such as masks.
    """

    times: Times = "removed"
    unchecked: Unchecked = "refuse"


def deidentify_folder(
    source: Path,
    target: Path,
    key: PseudonymKey,
    choices: Choices | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[DeidentificationRow]:
    """De-identify every DICOM image below a folder.

    Parameters
    ----------
    source
        A folder, searched with its subfolders, or one file. Never written to.
    target
        Where ``<pseudonym>/<SOP instance>.dcm`` and the audit go: new, empty, or the result of an
        earlier run under the same key, which is brought up to date. Only its owner can read it.
    key
        The secret.
    choices
        Times of day, and images that cannot be checked.
    progress
        Called with (done, total).

    Returns
    -------
    list of DeidentificationRow
        One for each file found, in the order of the fingerprints; also added to the audit, JSON
        lines.

    Raises
    ------
    InputError
        If the folders overlap, the source is missing, or the target holds something else or was
        filled under another key.
    """
    choices = choices or Choices()
    check_folders(source, target)
    open_target(target, key, choices.times)
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    paths = [path for path in paths if path.is_file()]
    rows: list[DeidentificationRow] = []
    written: set[str] = set()
    for number, path in enumerate(paths, start=1):
        row = deidentify_file(path, target, key, f"file {number}", choices)
        if row.file and row.file in written:
            row = replace(row, status="duplicate")
        written.add(row.file)
        rows.append(row)
        if progress is not None:
            progress(number, len(paths))
    rows.sort(key=lambda row: (row.source, row.status))
    append_audit(target, rows)
    return rows


def check_folders(source: Path, target: Path) -> None:
    """Refuse a target that would touch the source or mix with foreign files.

    Raises
    ------
    InputError
        With the reason.
    """
    if not source.exists():
        raise InputError("input: expected an existing file or folder, found none")
    inside, outside = source.resolve(), target.resolve()
    if inside == outside or inside in outside.parents or outside in inside.parents:
        raise InputError(
            "output: expected a folder apart from the input, found one inside the other; originals"
            " are never overwritten"
        )
    if target.exists() and not target.is_dir():
        raise InputError("output: expected a folder, found a file")
    if target.is_dir() and any(target.iterdir()) and not (target / AUDIT_NAME).exists():
        raise InputError(
            "output: expected a new or empty folder, found one with other files; identified and"
            " de-identified images must not mix"
        )


def deidentify_file(
    path: Path, target: Path, key: PseudonymKey, name: str, choices: Choices
) -> DeidentificationRow:
    """De-identify one file into ``target``; see `deidentify_folder`.

    Parameters
    ----------
    name
        What to call it in messages: never its own name, which may identify.
    """
    try:
        source = key.fingerprint(path.read_bytes())
    except OSError as error:
        return _refused("", f"{name}: cannot be read: {error.strerror}")
    try:
        if file_kind(path) != "dicom":
            raise ImageError(f"{name}: expected DICOM, found another kind of file")
        dataset = read_dicom_dataset(path, name=name)
    except ImageError as refusal:
        return _refused(source, str(refusal).replace(path.name, name))
    return admit(dataset, target, key, name, source, choices)


def admit(
    dataset: Dataset,
    target: Path,
    key: PseudonymKey,
    name: str,
    source: str,
    choices: Choices | None = None,
) -> DeidentificationRow:
    """De-identify one data set and write it below ``target``, whole or not at all.

    Parameters
    ----------
    dataset
        As read or as received.
    name, source
        What to call it in messages, and its keyed fingerprint; neither must identify.
    """
    choices = choices or Choices()
    try:
        result = deidentify_dataset(dataset, key, name, choices.times)
        content = _encoded(result, name)
        _hold_back(dataset, result, name)
    except ImageError as refusal:
        return _refused(source, str(refusal))
    hint = burned_in_text(dataset, result.frames.values, result.frames.kind)
    if hint.finding == "not checked" and choices.unchecked == "refuse":
        return _refused(
            source,
            f"{name}: cannot be checked for text in the picture ({hint.reason}); look at it"
            " yourself, then ask for it with --write-unchecked",
        )
    relative = f"{result.dataset.PatientID}/{str(result.dataset.SOPInstanceUID)[5:25]}.dcm"
    place = target / relative
    make_folder(place.parent)
    if place.exists() and place.read_bytes() != content:
        return _refused(source, f"{name}: another file has its SOP Instance UID and other content")
    write_whole(place, content)
    return DeidentificationRow(
        source, "written", relative, "", hint.finding, hint.reason, result.counts, EDITION
    )


def _hold_back(original: Dataset, result: Deidentified, name: str) -> None:
    """Search the header's bytes for the original's identifying values: the last line of defence.

    Raises
    ------
    ImageError
        If one is there after all.
    """
    header = Dataset()
    cleaned = result.dataset
    header.update({tag: element for tag, element in cleaned.items() if tag not in _PIXELS})
    with quiet_pydicom():
        buffer = io.BytesIO()
        header.save_as(buffer, implicit_vr=False, little_endian=True)
        declared = original.get("SpecificCharacterSet") or "ISO_IR 6"
        charsets = tuple(convert_encodings(declared))
    if surviving(buffer.getvalue(), identifiers_of(original), charsets):
        raise ImageError(f"{name}: held back: an identifying value would have survived")


def _encoded(result: Deidentified, name: str) -> bytes:
    buffer = io.BytesIO()
    try:
        with quiet_pydicom():
            result.dataset.save_as(buffer, enforce_file_format=True)
    except Exception as error:  # a malformed value that pydicom cannot write
        raise ImageError(
            f"{name}: expected values that can be written again, found malformed ones"
            f" ({type(error).__name__})"
        ) from error
    return buffer.getvalue()


def _refused(source: str, detail: str) -> DeidentificationRow:
    return DeidentificationRow(source, "refused", "", detail, "not checked", "", {}, EDITION)
