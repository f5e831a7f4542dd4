"""What the name of an image's folder or file says of it: view, kind of image, time."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trephine.plan.image_words import ImagingModality

_PARTS = re.compile(r"[/_. -]+")
_FRONTAL = r"ap|pa|frontal|anteroposterior|正位|正面"
_LATERAL = r"lat|lateral|frog|froglateral|frogleg|lauenstein|dunn|侧位|側位|蛙位|蛙式"
_FILM = rf"{_FRONTAL}|{_LATERAL}|film|xray|radiograph|dr|cr|dx|平片"
_MR = r"mri?|t[12]\w{0,5}|stir|pd|pdw|pdfs|flair|adc|dwi|dce|swi|磁共振"
_CT = r"ct|cta|cect|ncct"
_KINDS: dict[ImagingModality, re.Pattern[str]] = {
    "film": re.compile(_FILM, re.IGNORECASE),
    "MR": re.compile(_MR, re.IGNORECASE),
    "CT": re.compile(_CT, re.IGNORECASE),
}
_IS_LATERAL = re.compile(_LATERAL, re.IGNORECASE)
_BASELINE = re.compile(r"baseline|base|bl|pre|preop|initial|first|术前|基线", re.IGNORECASE)
_LATER = re.compile(r"fu|follow|followup|post|postop|later|last|术后|随访", re.IGNORECASE)
_UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
_UNIT = r"(?P<unit>days?|d|weeks?|wks?|w|months?|mo|mths?|m|years?|yrs?|y)"
_TIMES = (
    re.compile(rf"(?:fu|post|postop|followup)?{_UNIT}0*(?P<n>[1-9]\d*)", re.IGNORECASE),
    re.compile(rf"(?:fu|post|postop|followup)?0*(?P<n>[1-9]\d*){_UNIT}(?:fu)?", re.IGNORECASE),
)
BASELINE = "baseline"
# Names that the models of a study have already.
_TAKEN = ("Clinical", "Combined", "Radiomics", "DL", "DLRC")


@dataclass(frozen=True)
class ImageWords:
    """What is known of an image by its name.

    Attributes
    ----------
    name
        That its section may have.
    kind
        Film, CT or MR; None where its name does not say.
    lateral
        Whether its name says that it is a lateral view.
    when
        Its time as a study file states it; ``baseline`` where its name states none, empty where
        the name says that it is later and not when.
    known
        Words of its name that say something, in small letters.
    """

    name: str
    kind: ImagingModality | None = None
    lateral: bool = False
    when: str = BASELINE
    known: frozenset[str] = frozenset()


def parts_of(pattern: str) -> list[str]:
    """Return the words of a path, without its fields and the endings of image files."""
    bare = re.sub(r"\{[^}]*\}", "", pattern)
    bare = re.sub(r"(\.[A-Za-z]{2,5}){1,2}$", "", bare)
    return [part for part in _PARTS.split(bare) if part]


def image_words(pattern: str, others: Collection[str]) -> ImageWords:
    """Return what is known of an image by the words in which its path differs from all others."""
    common = set.intersection(*(set(parts_of(other)) for other in others)) if others else set()
    own = [part for part in parts_of(pattern) if part not in common]
    kind, when, known = None, BASELINE, set()
    for part in own:
        found = next((k for k, words in _KINDS.items() if words.fullmatch(part)), None)
        time = _time_of(part)
        kind = found or kind
        when = when if time is None else time
        if found or time is not None:
            known.add(part.casefold())
    for number, unit in zip(own[1:], own, strict=False):  # "month 6" in two words
        if number.isdecimal() and (time := _time_of(f"{unit}{number}")):
            when = time
            known |= {unit.casefold(), number}
    lateral = any(_IS_LATERAL.fullmatch(part) for part in own)
    return ImageWords(_name(own, kind, lateral), kind, lateral, when, frozenset(known))


def _time_of(part: str) -> str | None:
    """Return the time that a word states, empty where it only says later; None for no time."""
    if _BASELINE.fullmatch(part):
        return BASELINE
    for form in _TIMES:
        if stated := form.fullmatch(part):
            return f"{_UNITS[stated['unit'][0].lower()]} {int(stated['n'])}"
    return "" if _LATER.fullmatch(part) else None


def _name(own: Sequence[str], kind: ImagingModality | None, lateral: bool) -> str:
    """Return a name of letters, digits, - and _: the file's own words, or what they mean."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(own)).strip("-")
    if not name:
        name = "lateral" if lateral else kind or "image"
    return f"{name}-image" if name in _TAKEN else name


def apart(names: Sequence[str]) -> list[str]:
    """Return names of which no two are the same: a second one gets its number."""
    given: list[str] = []
    for name in names:
        number, own = 2, name
        while own in given:
            own, number = f"{name}-{number}", number + 1
        given.append(own)
    return given
