"""Coded concepts that stay: those of the standard's own dictionaries, in the standard's words."""

from __future__ import annotations

import functools

from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

_VALUES = ("CodeValue", "LongCodeValue", "URNCodeValue")
CONCEPT_WORDS = (*_VALUES, "CodeMeaning", "CodingSchemeDesignator")
_OTHERS = (
    "CodingSchemeVersion", "ContextIdentifier", "MappingResource", "ContextUID",
    "EquivalentCodeSequence", "MappingResourceUID", "MappingResourceName",
    "ContextGroupVersion", "ContextGroupLocalVersion",
    "ContextGroupExtensionFlag", "ContextGroupExtensionCreatorUID", "CodingSchemeUID",
)  # fmt: skip
_LONGEST_VALUE, _LONGEST_MEANING = 16, 64  # SH, LO


def is_concept(item: Dataset) -> bool:
    """Tell whether an item of a sequence is a coded concept."""
    return any(word in item for word in CONCEPT_WORDS)


def keep_standard_concept(item: Dataset) -> bool:
    """Reduce a coded concept to scheme, value and the dictionary's meaning.

    A hospital's own codes, and meanings that were typed in, may name anything.

    Returns
    -------
    Whether the dictionary has the code; otherwise the item must go.
    """
    value = next((str(item[word].value) for word in _VALUES if word in item), "")
    scheme = str(item.get("CodingSchemeDesignator") or "")
    meaning = _meanings().get((scheme, value))
    if meaning is None or len(value) > _LONGEST_VALUE:
        return False
    for word in (*_OTHERS, *_VALUES[1:]):
        if word in item:
            del item[word]
    item.CodeValue, item.CodeMeaning = value, meaning[:_LONGEST_MEANING]
    return True


@functools.cache
def _meanings() -> dict[tuple[str, str], str]:
    dictionary: dict[str, dict[str, dict[str, tuple[str, list[int]]]]] = concepts  # type: ignore[assignment]
    found = {
        (scheme, code): str(meaning)
        for scheme, by_keyword in dictionary.items()
        for codes in by_keyword.values()
        for code, (meaning, _) in codes.items()
    }
    for older, code in mapping["SRT"].items():
        if ("SCT", code) in found:
            found["SRT", older] = found["SCT", code]
    return found
