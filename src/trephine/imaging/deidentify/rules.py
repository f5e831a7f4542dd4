"""What PS3.15 Annex E asks for each attribute, and the stricter rule for those it does not list."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from pydicom.datadict import dictionary_has_tag, tag_for_keyword
from pydicom.tag import BaseTag

from trephine.errors import MissingExtraError

Action = Literal["keep", "empty", "remove", "dummy", "uid", "shift", "recurse"]

# dicom-anonymizer carries the table; the edition is recorded in the audit.
_TABLE = "dicomfields_2026c"
EDITION = "PS3.15 2026c"

_BY_CODE: dict[str, Action] = {
    "replace": "dummy",  # D
    "empty": "empty",  # Z
    "delete": "remove",  # X
    "replace_UID": "uid",  # U
    "empty_or_replace": "dummy",  # Z/D
    "delete_or_empty": "empty",  # X/Z
    "delete_or_replace": "dummy",  # X/D
    "delete_or_empty_or_replace": "dummy",  # X/Z/D
    "delete_or_empty_or_replace_UID": "recurse",  # X/Z/U*: sequences of references
}

# Retain Patient Characteristics Option (113108), as far as a study needs them.
_CHARACTERISTICS = (
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "SmokingStatus", "PregnancyStatus",
)  # fmt: skip

# Texts that Annex E does not list and that describe the machine or the values, not the patient.
_HARMLESS_TEXTS = (
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "CodeValue", "CodeMeaning",
    "CodingSchemeDesignator", "CodingSchemeVersion", "RescaleType", "ModalityLUTType",
)  # fmt: skip

# Free texts that an object is not valid without.
_REQUIRED_TEXTS = ("SegmentLabel",)

_TEXT_VRS = {"LO", "SH", "ST", "LT", "UT", "UC", "PN", "AE", "UR"}
_BULK_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
_PIXELS_AND_TABLES = (
    "PixelData", "FloatPixelData", "DoubleFloatPixelData", "LUTData",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
)  # fmt: skip


@dataclass(frozen=True)
class _Repeating:
    group: int
    element: int
    group_mask: int
    element_mask: int
    action: Action

    def holds(self, tag: BaseTag) -> bool:
        return (
            tag.group & self.group_mask == self.group & self.group_mask
            and tag.element & self.element_mask == self.element & self.element_mask
        )


def action_for(tag: BaseTag, vr: str) -> Action:
    """Return what happens to an attribute.

    Annex E's table first (dates move, characteristics stay: options 113107 and 113108). What it
    does not list stays only where its type cannot hold a name: private attributes, attributes
    unknown to the standard, free texts and opaque bytes go.

    Raises
    ------
    MissingExtraError
        If dicom-anonymizer, which carries the table, is not installed.
    """
    if tag.is_private or not dictionary_has_tag(tag):
        listed = _repeating_action(tag)
        return listed if listed is not None else "remove"
    if tag in _tags(_CHARACTERISTICS):
        return "keep"
    listed = _table().get(tag)
    if listed is None:
        listed = _repeating_action(tag)
    if listed is not None:
        if vr in ("DA", "DT"):
            return "shift"
        return "keep" if vr == "TM" else _fit(listed, vr)
    return _unlisted(tag, vr)


def _unlisted(tag: BaseTag, vr: str) -> Action:
    if vr == "SQ":
        return "recurse"
    if vr in ("DA", "DT"):
        return "shift"
    if vr == "UI":
        return "uid"
    if vr in _TEXT_VRS:
        if tag in _tags(_REQUIRED_TEXTS):
            return "dummy"
        return "keep" if tag in _tags(_HARMLESS_TEXTS) else "remove"
    if vr in _BULK_VRS:
        return "keep" if tag in _tags(_PIXELS_AND_TABLES) else "remove"
    return "keep"


def _fit(action: Action, vr: str) -> Action:
    """Return the action in a form that the value representation allows."""
    if vr == "SQ" and action == "dummy":
        return "recurse"
    if vr == "UI" and action in ("dummy", "empty", "recurse"):
        return "uid"
    if vr in _BULK_VRS and action == "dummy":
        return "empty"
    return action


@functools.cache
def _tags(keywords: tuple[str, ...]) -> frozenset[int]:
    return frozenset(tag for word in keywords if (tag := tag_for_keyword(word)) is not None)


@functools.cache
def _tables() -> tuple[dict[int, Action], tuple[_Repeating, ...]]:
    try:
        from dicomanonymizer import simpledicomanonymizer
    except ImportError:
        raise MissingExtraError("De-identification", "pacs") from None
    single: dict[int, Action] = {}
    repeating = []
    for tag, function in simpledicomanonymizer.initialize_actions(_TABLE).items():
        action = _BY_CODE[function.__name__]
        if len(tag) == 2:
            single[(tag[0] << 16) | tag[1]] = action
        else:
            repeating.append(_Repeating(tag[0], tag[1], tag[2], tag[3], action))
    return single, tuple(repeating)


def _table() -> dict[int, Action]:
    return _tables()[0]


def _repeating_action(tag: BaseTag) -> Action | None:
    """Curves (50xx) and overlays (60xx): the table lists them by mask."""
    return next((rule.action for rule in _tables()[1] if rule.holds(tag)), None)
