"""One data set without identifiers: PS3.15 Annex E, Basic Profile, two options, repeatable."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.multival import MultiValue

from trephine import __version__
from trephine.errors import ImageError, TrephineError
from trephine.imaging.decode import transfer_syntax
from trephine.imaging.deidentify.dates import age_years, shift_date, shift_date_time
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.pixels import clear_unused_bits
from trephine.imaging.deidentify.rules import EDITION, action_for
from trephine.imaging.deidentify.terms import is_code
from trephine.imaging.dicom import quiet_pydicom

_METHOD_CODES = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
_NUMBER = re.compile(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$")
_DUMMIES: dict[str, object] = {
    "PN": "REMOVED", "LO": "REMOVED", "SH": "REMOVED", "ST": "REMOVED", "LT": "REMOVED",
    "UT": "REMOVED", "UC": "REMOVED", "CS": "REMOVED", "AE": "REMOVED", "UR": "urn:removed",
    "AS": "", "DS": "0", "IS": "0", "FD": 0.0, "FL": 0.0,
    "US": 0, "SS": 0, "UL": 0, "SL": 0, "UV": 0, "SV": 0, "AT": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Deidentified:
    """A data set without identifiers.

    Attributes
    ----------
    dataset
        Ready to be written; its SOP Instance UID and Patient ID are pseudonyms.
    counts
        How many attributes were removed, emptied, replaced, and so on, in all nested items.
    """

    dataset: FileDataset
    counts: dict[str, int]


def deidentify_dataset(dataset: Dataset, key: PseudonymKey, name: str) -> Deidentified:
    """Return a copy of an image's data set without identifiers.

    Kept: pixels, geometry, technique, sex, age in years, size, weight, laterality. Dates move
    back by a number of days that is the patient's own, so that intervals stay. UIDs and the
    Patient ID become keyed pseudonyms: the same in every run with one key.

    Parameters
    ----------
    dataset
        As read; left as it is.
    key
        The secret.
    name
        What to call the file in messages; must not identify.

    Raises
    ------
    ImageError
        If the object is no image: reports, documents and plans are text and are not let through.
    """
    if not any(word in dataset for word in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ImageError(
            f"{name}: expected an image, found a DICOM object without pixels; reports and documents"
            " cannot be de-identified by rule"
        )
    if not all(_text(dataset, word) for word in ("SOPClassUID", "SOPInstanceUID")):
        raise ImageError(f"{name}: expected SOP class and SOP instance UIDs, found none")
    try:
        return _deidentified(dataset, key, name)
    except TrephineError:
        raise
    except Exception as error:  # malformed values fail in many ways; none may slip through
        raise ImageError(
            f"{name}: expected well-formed attributes, found malformed ones"
            f" ({type(error).__name__})"
        ) from None


def _deidentified(dataset: Dataset, key: PseudonymKey, name: str) -> Deidentified:
    with quiet_pydicom():
        syntax = transfer_syntax(dataset, name)
        patient = _patient_of(dataset)
        age = age_years(
            _text(dataset, "PatientAge"),
            _text(dataset, "PatientBirthDate"),
            _text(dataset, "StudyDate") or _text(dataset, "AcquisitionDate"),
        )
        cleaned = Dataset()
        cleaned.update(copy.deepcopy(dict(dataset.items())))
        cleaned._parent_encoding = dataset._parent_encoding
        walker = _Cleaner(key, key.days_back(patient))
        walker.clean(cleaned)
        _state_method(cleaned, key.patient(patient), age)
        clear_unused_bits(cleaned, syntax)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    result = FileDataset("", cleaned, preamble=b"\0" * 128, file_meta=meta)
    return Deidentified(result, dict(walker.counts))


class _Cleaner:
    """Applies the rules to a data set and everything nested in it."""

    def __init__(self, key: PseudonymKey, days_back: int) -> None:
        self.key = key
        self.days_back = days_back
        self.counts: Counter[str] = Counter()

    def clean(self, dataset: Dataset) -> None:
        for tag in list(dataset.keys()):
            if tag.element == 0 or tag.group < 0x0008:
                del dataset[tag]  # group lengths and stray file meta
                continue
            try:
                element = dataset[tag]
                _ = element.value
            except Exception:  # unreadable values cannot be judged
                del dataset[tag]
                self.counts["removed"] += 1
                continue
            self._apply(dataset, element)

    def _apply(self, dataset: Dataset, element: DataElement) -> None:
        action = action_for(element.tag, element.VR)
        if action == "remove":
            del dataset[element.tag]
            self.counts["private removed" if element.tag.is_private else "removed"] += 1
        elif action == "empty":
            element.value = [] if element.VR == "SQ" else None
            self.counts["emptied"] += 1
        elif action == "dummy":
            element.value = _DUMMIES.get(element.VR)
            self.counts["replaced"] += 1
        elif action == "uid":
            element.value = _each(element.value, lambda text: self.key.uid(text) if text else "")
            self.counts["UIDs replaced"] += 1
        elif action == "shift":
            move = shift_date if element.VR == "DA" else shift_date_time
            element.value = _each(element.value, lambda text: move(text, self.days_back))
            self.counts["dates shifted"] += 1
        elif element.VR == "SQ":
            for item in element.value:
                self.clean(item)
        elif not _is_what_it_claims(element):
            element.value = None
            self.counts["emptied"] += 1


def _is_what_it_claims(element: DataElement) -> bool:
    """Tell a code or a number from text that was put into its place."""
    if element.VR == "CS":
        return is_code(element)
    if element.VR not in ("DS", "IS", "TM", "AS"):
        return True
    values = element.value if isinstance(element.value, MultiValue) else [element.value]
    texts = [str(getattr(value, "original_string", value) or "") for value in values]
    if element.VR in ("TM", "AS"):
        return all(re.match(r"^[\d.:DWMY \-]{0,16}$", text) for text in texts)
    return all(text == "" or _NUMBER.match(text) for text in texts)


def _state_method(dataset: Dataset, pseudonym: str, age: str) -> None:
    """Write the pseudonym and what was done, as PS3.15 E.1.1 asks."""
    dataset.PatientID = dataset.PatientName = pseudonym
    dataset.PatientBirthDate = ""
    if "PatientAge" in dataset or age:
        dataset.PatientAge = age
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    dataset.DeidentificationMethod = [f"Trephine {__version__}"[:64], f"{EDITION} Annex E"]
    codes = []
    for value, meaning in _METHOD_CODES:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    dataset.DeidentificationMethodCodeSequence = codes


def _patient_of(dataset: Dataset) -> str:
    """Return what tells patients apart: the ID, else name and birth date, else the study."""
    for words in (("PatientID",), ("PatientName", "PatientBirthDate"), ("StudyInstanceUID",)):
        text = "\0".join(_text(dataset, word) for word in words)
        if text.strip("\0"):
            return text
    return ""


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        return str(dataset.get(keyword) or "").strip()
    except Exception:  # an unreadable value is as good as none
        return ""


def _each(value: object, change: Callable[[str], str]) -> str | list[str]:
    if isinstance(value, MultiValue | list):
        return [change(str(item)) for item in value]
    return change(str(value or ""))
