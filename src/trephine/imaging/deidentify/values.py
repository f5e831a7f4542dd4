"""Values that stay: each held to a list, a range or a notation, so that no name fits into it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pydicom.datadict import dictionary_VM, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue
from pydicom.valuerep import IS, DSdecimal, DSfloat

from trephine.imaging.deidentify.terms import is_defined

_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$")
_LARGEST_INTEGER = 99_999
_LARGEST_DECIMAL = 1e6
_DIGITS = 12  # a double written by a scanner has up to that many; longer ones are rounded
_MOST_VALUES = 32
_BINARY = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "UV": 8, "SV": 8}
_SHORTEST_TEXT_BYTES = 6
_NUMBERS = (DSfloat, DSdecimal, IS)

# Their own range, where the general one is too wide for a person.
_RANGES = {
    tag_for_keyword("PatientSize"): (0.0, 2.6),
    tag_for_keyword("PatientWeight"): (0.0, 400.0),
}


def values_of(element: DataElement) -> list[object]:
    """Return an element's values as a list, however many there are."""
    value = element.value
    if value is None or (isinstance(value, str | bytes) and not value):
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def restrict(element: DataElement) -> bool:
    """Empty what an element that stays must not hold; return whether anything was emptied."""
    values = values_of(element)
    if not values:
        return False
    vr = element.VR
    if vr in ("CS", "LO", "SH", "UC", "UR", "LT"):
        kept = [text if is_defined(element.tag, text) else "" for text in map(_text, values)]
        if kept == [_text(value) for value in values]:
            return False
        element.value = None if not any(kept) else kept
        return True
    if vr in ("DS", "IS"):
        return _restrict_numbers(element, values)
    if vr in _BINARY or vr == "AT":
        return _restrict_binary(element, values)
    return False


def _restrict_numbers(element: DataElement, values: Sequence[object]) -> bool:
    texts = texts_of(element)
    low, high = _RANGES.get(int(element.tag), (-_LARGEST_DECIMAL, _LARGEST_DECIMAL))
    if element.VR == "IS":
        low, high = max(low, -_LARGEST_INTEGER), min(high, _LARGEST_INTEGER)
    fits = all(text == "" or (_NUMBER.match(text) and low <= float(text) <= high) for text in texts)
    if not fits or len(values) > max(_MOST_VALUES, _fixed_multiplicity(element)):
        element.value = None
        return True
    plain = [_plain(text) for text in texts]
    if plain != texts:
        element.value = plain
    return False


def _plain(text: str) -> str:
    """Return a number in its shortest spelling: leading zeros and signs can spell an identifier."""
    if text == "":
        return ""
    number = float(text)
    if number.is_integer() and abs(number) < 10**_DIGITS:
        return str(int(number))
    return f"{number:.{_DIGITS}g}"[:16]


def _restrict_binary(element: DataElement, values: Sequence[object]) -> bool:
    if element.VR == "AT":
        return False
    most = max(_MOST_VALUES, _fixed_multiplicity(element))
    numbers = np.asarray(values, dtype=np.float64)
    spelled = _spells_text(element, values)
    if len(values) > most or not np.all(np.isfinite(numbers)) or spelled:
        element.value = None
        return True
    return False


def _spells_text(element: DataElement, values: Sequence[object]) -> bool:
    """Tell whether a number's bytes are all printable: text in a number's place."""
    width = _BINARY[element.VR]
    if width * len(values) < _SHORTEST_TEXT_BYTES:
        return False
    kind = {"F": "f", "U": "u", "S": "i"}["F" if element.VR in ("FL", "FD") else element.VR[0]]
    raw = np.asarray(values).astype(f"<{kind}{width}").tobytes()
    return all(32 <= byte < 127 for byte in raw)


def _fixed_multiplicity(element: DataElement) -> int:
    found = re.match(r"^(\d+)$", dictionary_VM(element.tag))
    return int(found[1]) if found else 0


def texts_of(element: DataElement) -> list[str]:
    """Return an element's values as they were written, without spaces around them."""
    return [
        _text(getattr(value, "original_string", value) if isinstance(value, _NUMBERS) else value)
        for value in values_of(element)
    ]


def _text(value: object) -> str:
    return str(value if value is not None else "").strip()
