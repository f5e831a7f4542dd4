"""A folder de-identified: a new tree, an audit without identifiers, and a check of every file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from trephine.errors import ImageError, InputError
from trephine.imaging.deidentify.dataset import Deidentified, deidentify_dataset
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.pixels import burned_in_text
from trephine.imaging.deidentify.rules import EDITION
from trephine.imaging.dicom import image_of, quiet_pydicom, read_dicom_dataset
from trephine.imaging.sniff import file_kind
from trephine.types import FloatArray

AUDIT_NAME = "deidentification.jsonl"

_IDENTIFYING = (
    "PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs", "OtherPatientNames",
    "AccessionNumber", "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName",
    "InstitutionName", "InstitutionAddress", "PatientAddress", "PatientTelephoneNumbers",
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "StudyID",
)  # fmt: skip
_TEXT_VRS = ("LO", "SH", "ST", "LT", "UT", "UC")

# Shorter ones occur by chance, numbers above all within UIDs.
_SHORTEST_TEXT, _SHORTEST_NUMBER = 5, 8

Status = Literal["written", "refused"]


@dataclass(frozen=True)
class AuditRow:
    """What became of one file.

    Attributes
    ----------
    source
        Keyed fingerprint of the input's bytes: only the key's holder can tell which file it was.
    status
        "written" or "refused".
    file
        Name of the result, relative to the output folder; "" where there is none.
    detail
        Why it was refused; "" otherwise.
    burned_in, burned_in_reason
        A hint at text in the picture, for a person to look at.
    counts
        How many attributes were removed, emptied, replaced.
    edition
        Of the standard's table.
    """

    source: str
    status: Status
    file: str
    detail: str
    burned_in: str
    burned_in_reason: str
    counts: dict[str, int]
    edition: str


def deidentify_folder(
    source: Path,
    target: Path,
    key: PseudonymKey,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[AuditRow]:
    """De-identify every DICOM image below a folder.

    Parameters
    ----------
    source
        A folder, searched with its subfolders, or one file. Never written to.
    target
        Where ``<pseudonym>/<SOP instance>.dcm`` and the audit go: new, empty, or the result of an
        earlier run, which is brought up to date.
    key
        The secret.
    progress
        Called with (done, total).

    Returns
    -------
    list of AuditRow
        One for each file found, in the order of the fingerprints; also written as JSON lines.

    Raises
    ------
    InputError
        If the folders overlap, the source is missing, or the target holds something else.
    """
    check_folders(source, target)
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    paths = [path for path in paths if path.is_file()]
    rows = []
    for number, path in enumerate(paths, start=1):
        rows.append(deidentify_file(path, target, key, f"file {number}"))
        if progress is not None:
            progress(number, len(paths))
    rows.sort(key=lambda row: row.source)
    lines = "".join(json.dumps(asdict(row), sort_keys=True) + "\n" for row in rows)
    (target / AUDIT_NAME).write_text(lines)
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


def deidentify_file(path: Path, target: Path, key: PseudonymKey, name: str) -> AuditRow:
    """De-identify one file into ``target``; see `deidentify_folder`.

    Parameters
    ----------
    name
        What to call it in messages: never its own name, which may identify.
    """
    source = key.fingerprint(path.read_bytes())
    try:
        if file_kind(path) != "dicom":
            raise ImageError(f"{name}: expected DICOM, found another kind of file")
        dataset = read_dicom_dataset(path)
    except ImageError as refusal:
        return _refused(source, str(refusal).replace(path.name, name))
    return admit(dataset, target, key, name, source)


def admit(dataset: Dataset, target: Path, key: PseudonymKey, name: str, source: str) -> AuditRow:
    """De-identify one data set and write it below ``target``, whole or not at all.

    Parameters
    ----------
    dataset
        As read or as received.
    name, source
        What to call it in messages, and its keyed fingerprint; neither must identify.
    """
    try:
        result = deidentify_dataset(dataset, key, name)
        scrub_texts(dataset, result.dataset)
        content = _encoded(result, name)
        leaks = surviving_identifiers(dataset, result.dataset)
        if leaks:
            raise ImageError(f"{name}: held back: {', '.join(leaks)} would have survived")
    except ImageError as refusal:
        return _refused(source, str(refusal))
    hint = burned_in_text(dataset, _pixels(dataset, name))
    relative = f"{result.dataset.PatientID}/{str(result.dataset.SOPInstanceUID)[5:25]}.dcm"
    place = target / relative
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and place.read_bytes() != content:
        return _refused(source, f"{name}: another file has its SOP Instance UID and other content")
    write_whole(place, content)
    return AuditRow(
        source, "written", relative, "", hint.finding, hint.reason, result.counts, EDITION
    )


def write_whole(place: Path, content: bytes) -> None:
    """Write a file so that it is never seen half-written."""
    partial = place.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(place)


def surviving_identifiers(original: Dataset, cleaned: Dataset) -> list[str]:
    """Return the keywords of identifying values that still occur in a cleaned header.

    The last line of defence: the header's bytes are searched for the original values themselves,
    whole and by name parts.
    """
    header = Dataset()
    header.update({tag: element for tag, element in cleaned.items() if tag != 0x7FE00010})
    with quiet_pydicom():
        buffer = io.BytesIO()
        header.save_as(buffer, implicit_vr=False, little_endian=True)
    content = buffer.getvalue().lower()
    return [
        keyword
        for keyword in _IDENTIFYING
        if any(secret in content for secret in _secrets(original, keyword))
    ]


def scrub_texts(original: Dataset, cleaned: Dataset) -> None:
    """Empty the harmless texts that hold an identifying value after all.

    A maker's name that is also the institution's, for instance.
    """
    secrets = [secret for keyword in _IDENTIFYING for secret in _secrets(original, keyword)]
    for element in cleaned.iterall():
        if element.VR in _TEXT_VRS and element.value:
            text = str(element.value).lower().encode("utf-8", errors="ignore")
            if any(secret in text for secret in secrets):
                element.value = None


def _secrets(dataset: Dataset, keyword: str) -> Iterator[bytes]:
    value = dataset.get(keyword)
    values = value if isinstance(value, MultiValue) else [value]
    for item in values:
        text = str(item or "").strip()
        for part in {text, *text.replace("=", "^").split("^")}:
            shortest = _SHORTEST_NUMBER if part.isdecimal() else _SHORTEST_TEXT
            if len(part) >= shortest and part.upper() not in ("REMOVED", "UNKNOWN"):
                yield part.lower().encode("utf-8", errors="ignore")


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


def _pixels(dataset: Dataset, name: str) -> FloatArray | None:
    try:
        with quiet_pydicom():
            return image_of(dataset, name, 1.0).pixels
    except ImageError:
        return None


def _refused(source: str, detail: str) -> AuditRow:
    return AuditRow(source, "refused", "", detail, "not checked", "", {}, EDITION)
