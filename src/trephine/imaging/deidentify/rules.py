"""What happens to an attribute: Annex E's table, and a stricter rule for what it does not list."""

from __future__ import annotations

import functools
import re
from typing import Literal

from pydicom.datadict import (
    dictionary_has_tag,
    dictionary_VR,
    keyword_for_tag,
    tag_for_keyword,
)
from pydicom.tag import BaseTag

from trephine.imaging.deidentify.table import profile_row

Action = Literal["keep", "empty", "remove", "dummy", "uid", "class", "date", "time", "recurse"]

_BY_CODE: dict[str, Action] = {
    "D": "dummy",
    "Z": "empty",
    "X": "remove",
    "U": "uid",
    "Z/D": "dummy",
    "X/Z": "empty",
    "X/D": "dummy",
    "X/Z/D": "dummy",
    "X/Z/U*": "recurse",  # sequences of references
}

# Retain Patient Characteristics Option (113108), as far as a study needs them.
_CHARACTERISTICS = (
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "SmokingStatus", "PregnancyStatus",
)  # fmt: skip

# Texts that the table does not list and that have a list of their own here: see terms.
_LISTED_TEXTS = (
    "Manufacturer", "RescaleType", "ModalityLUTType", "CodeValue", "LongCodeValue",
    "URNCodeValue", "CodeMeaning", "CodingSchemeDesignator",
)  # fmt: skip

# Texts that an object may not be valid without: replaced, so that nothing of them stays.
_REQUIRED_TEXTS = ("SegmentLabel", "ManufacturerModelName", "SoftwareVersions")

# UIDs of the standard's own registry: classes and syntaxes, never instances.
_CLASS_UID = re.compile(r"(SOPClassUID|SOPClassesInStudy|TransferSyntaxUID|CodingSchemeUID)")

_TEXT_VRS = {"LO", "SH", "ST", "LT", "UT", "UC", "PN", "AE", "UR"}
_BULK_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_CURVES_AND_OVERLAYS = (*range(0x5000, 0x5100), *range(0x6000, 0x6100))


def action_for(tag: BaseTag, vr: str, *, nested: bool = False) -> Action:
    """Return what happens to an attribute.

    Annex E's table first, with two of its options: dates move (113107), characteristics stay
    (113108). Times of day and dates that option 113107 does not list, such as the birth date, get
    the Basic Profile's action. What the table does not list stays only where its value can be held
    to a list or a range: private attributes, attributes unknown to the standard, values in another
    representation than the standard's, free texts and opaque bytes go.

    Parameters
    ----------
    tag, vr
        Of the element as read.
    nested
        Whether it lies in an item of a sequence: pixels stay at the top only.
    """
    if tag.is_private or tag.group in _CURVES_AND_OVERLAYS or not dictionary_has_tag(tag):
        return "remove"
    if vr not in dictionary_VR(tag).split(" or "):
        return "remove"
    row = profile_row(tag)
    if row is None:
        return _unlisted(tag, vr, nested)
    if row.characteristics == "K" and tag in _tags(_CHARACTERISTICS):
        return "keep"
    if row.modified_dates == "C" and vr in ("DA", "DT", "TM"):
        return "time" if vr == "TM" else "date"
    return _fit(_BY_CODE[row.basic], vr)


def _unlisted(tag: BaseTag, vr: str, nested: bool) -> Action:
    if vr == "SQ":
        return (
            "remove" if tag in _tags(("VOILUTSequence", "PresentationLUTSequence")) else "recurse"
        )
    if vr in ("DA", "DT"):
        return "date"
    if vr == "TM":
        return "time"
    if vr == "AS":
        return "remove"
    if vr == "UI":
        return "class" if _CLASS_UID.search(keyword_for_tag(tag)) else "uid"
    if vr in _TEXT_VRS:
        if tag in _tags(_REQUIRED_TEXTS):
            return "dummy"
        return "keep" if tag in _tags(_LISTED_TEXTS) else "remove"
    if tag in _tags(("LUTData",)):
        return "keep" if nested else "remove"
    if vr in _BULK_VRS:
        return "keep" if tag in _tags(_PIXELS) and not nested else "remove"
    return "keep"


def _fit(action: Action, vr: str) -> Action:
    """Return the action in a form that the value representation allows."""
    if vr == "SQ" and action == "dummy":
        return "empty"
    if vr == "UI" and action in ("dummy", "empty", "recurse"):
        return "uid"
    if vr in (*_BULK_VRS, "DA", "DT", "TM", "AS") and action == "dummy":
        return "empty"
    return action


@functools.cache
def _tags(keywords: tuple[str, ...]) -> frozenset[int]:
    return frozenset(tag for word in keywords if (tag := tag_for_keyword(word)) is not None)
