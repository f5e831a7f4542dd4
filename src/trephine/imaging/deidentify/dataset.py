"""One data set without identifiers: PS3.15 Annex E, Basic Profile, two options, repeatable."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian

from trephine import __version__
from trephine.choices import Times
from trephine.errors import ImageError, TrephineError
from trephine.imaging.decode import transfer_syntax
from trephine.imaging.deidentify.codes import CONCEPT_WORDS, is_concept, keep_standard_concept
from trephine.imaging.deidentify.dates import age_years, shift_date, shift_date_time, time_of_day
from trephine.imaging.deidentify.identifiers import identifiers_of, remove_identifiers
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.pixels import Frames, rewrite_pixels
from trephine.imaging.deidentify.rules import action_for
from trephine.imaging.deidentify.table import EDITION
from trephine.imaging.deidentify.values import restrict
from trephine.imaging.dicom import quiet_pydicom

_METHOD_CODES = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
_DUMMIES: dict[str, object] = {
    "PN": "REMOVED", "LO": "REMOVED", "SH": "REMOVED", "ST": "REMOVED", "LT": "REMOVED",
    "UT": "REMOVED", "UC": "REMOVED", "CS": "REMOVED", "AE": "REMOVED", "UR": "urn:removed",
    "DS": "0", "IS": "0", "FD": 0.0, "FL": 0.0,
    "US": 0, "SS": 0, "UL": 0, "SL": 0, "UV": 0, "SV": 0, "AT": 0,
}  # fmt: skip
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True)
class Deidentified:
    """A data set without identifiers.

    Attributes
    ----------
    dataset
        Ready to be written; its SOP Instance UID and Patient ID are pseudonyms.
    counts
        How many attributes were removed, emptied, replaced, and so on, in all nested items.
    frames
        The pixels as written, to be looked at for burned-in text.
    """

    dataset: FileDataset
    counts: dict[str, int]
    frames: Frames


def deidentify_dataset(
    dataset: Dataset, key: PseudonymKey, name: str, times: Times = "removed"
) -> Deidentified:
    """Return a copy of an image's data set without identifiers.

    Kept: pixels, geometry, technique, sex, age in years, size, weight, laterality. Dates move
    back by a number of days that is the patient's own, so that intervals stay. UIDs and the
    Patient ID become keyed pseudonyms: the same in every run with one key. Pixels are decoded and
    written anew, uncompressed and without loss.

    Parameters
    ----------
    dataset
        As read; left as it is.
    key
        The secret.
    name
        What to call the file in messages; must not identify.
    times
        What stays of times of day: nothing, or the hour.

    Raises
    ------
    ImageError
        If the object is no image: reports, documents and plans are text and are not let through.
        If its pixels cannot be decoded, and so not be written anew.
    """
    if not any(word in dataset for word in _PIXELS):
        raise ImageError(
            f"{name}: expected an image, found a DICOM object without pixels; reports and documents"
            " cannot be de-identified by rule"
        )
    if not all(_text(dataset, word) for word in ("SOPClassUID", "SOPInstanceUID")):
        raise ImageError(f"{name}: expected SOP class and SOP instance UIDs, found none")
    if UID(_text(dataset, "SOPClassUID"), validation_mode=IGNORE).type != "SOP Class":
        raise ImageError(f"{name}: expected a SOP class of the standard, found another")
    try:
        return _deidentified(dataset, key, name, times)
    except TrephineError:
        raise
    except Exception as error:  # malformed values fail in many ways; none may slip through
        raise ImageError(
            f"{name}: expected well-formed attributes, found malformed ones"
            f" ({type(error).__name__})"
        ) from None


def _deidentified(dataset: Dataset, key: PseudonymKey, name: str, times: Times) -> Deidentified:
    with quiet_pydicom():
        syntax = transfer_syntax(dataset, name)
        age = age_years(
            _text(dataset, "PatientAge"),
            _text(dataset, "PatientBirthDate"),
            _text(dataset, "StudyDate") or _text(dataset, "AcquisitionDate"),
        )
        cleaned = Dataset()
        cleaned.update(copy.deepcopy(dict(dataset.items())))
        cleaned._parent_encoding = dataset._parent_encoding
        # An implicit encoding leaves "US or SS" open: what stays open cannot be judged and goes.
        correct_ambiguous_vr(cleaned, syntax.is_little_endian)
        patient = patient_of(dataset)
        walker = _Cleaner(key, key.days_back(patient), times)
        walker.clean(cleaned)
        walker.counts["emptied"] += remove_identifiers(cleaned, identifiers_of(dataset))
        _state_method(cleaned, key.patient(patient), age)
        frames = rewrite_pixels(cleaned, dataset, syntax, name)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    result = FileDataset("", cleaned, preamble=b"\0" * 128, file_meta=meta)
    return Deidentified(result, {word: n for word, n in walker.counts.items() if n}, frames)


class _Cleaner:
    """Applies the rules to a data set and everything nested in it."""

    def __init__(self, key: PseudonymKey, days_back: int, times: Times) -> None:
        self.key = key
        self.days_back = days_back
        self.times = times
        self.counts: Counter[str] = Counter()

    def clean(self, dataset: Dataset, *, nested: bool = False) -> None:
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
            self._apply(dataset, element, nested)

    def _apply(self, dataset: Dataset, element: DataElement, nested: bool) -> None:
        action = action_for(element.tag, element.VR, nested=nested)
        if action == "remove":
            del dataset[element.tag]
            self.counts["private removed" if element.tag.is_private else "removed"] += 1
        elif action == "empty":
            element.value = [] if element.VR == "SQ" else None
            self.counts["emptied"] += 1
        elif action == "dummy":
            element.value = _DUMMIES.get(element.VR)
            self.counts["replaced"] += 1
        elif action in ("uid", "class"):
            element.value = _each(element.value, self._class if action == "class" else self._uid)
            self.counts["UIDs replaced"] += action == "uid"
        elif action in ("date", "time"):
            element.value = _each(element.value, getattr(self, f"_{element.VR.lower()}"))
            self.counts["dates shifted" if action == "date" else "times of day"] += 1
        elif element.VR == "SQ":
            self._clean_items(element)
        elif element.VR == "AS":
            element.value = _each(element.value, lambda text: age_years(text, "", ""))
        elif nested and element.keyword in CONCEPT_WORDS:
            return  # checked as a whole: see codes
        elif restrict(element):
            self.counts["emptied"] += 1

    def _clean_items(self, element: DataElement) -> None:
        kept = []
        for item in element.value:
            if is_concept(item) and not keep_standard_concept(item):
                self.counts["codes removed"] += 1
                continue
            self.clean(item, nested=True)
            kept.append(item)
        element.value = kept

    def _uid(self, text: str) -> str:
        return self.key.instance(text) if text else ""

    def _class(self, text: str) -> str:
        return self.key.uid(text) if text else ""

    def _da(self, text: str) -> str:
        return shift_date(text, self.days_back)

    def _dt(self, text: str) -> str:
        return shift_date_time(text, self.days_back, self.times)

    def _tm(self, text: str) -> str:
        return time_of_day(text, self.times)


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


def patient_of(dataset: Dataset) -> str:
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
