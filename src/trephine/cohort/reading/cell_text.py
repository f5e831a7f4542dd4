"""What a cell or a name says: without blanks and letters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

_BREAK = re.compile(r"\s*[\r\n\t\v\f\x85\u2028\u2029]+\s*")
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
# Cyrillic and Greek letters that look as Latin ones do.
_ALIKE = str.maketrans(
    "АВЕЗКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABE3KMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXo"
)
_DASHES = str.maketrans("‐‑‒–—―−﹣", "-" * 8)
_INVISIBLE = dict.fromkeys(map(ord, _UNSEEN))


def clean_name(cell: str) -> str:
    """Return a column's name on one line, without invisible letters and outer blanks."""
    return _BREAK.sub(" ", cell.translate(_INVISIBLE).strip())


def without_unseen(cell: str) -> str:
    """Return a cell's text without blanks and invisible letters round it: nobody typed them."""
    text = cell.strip()
    while text and (text[0] in _UNSEEN or text[-1] in _UNSEEN):
        text = text.strip(_UNSEEN).strip()
    return text


def alike(text: str) -> str:
    """Return what a text looks like: letters of other scripts as the Latin ones they resemble."""
    return unicodedata.normalize("NFKC", text).translate(_ALIKE)


def folded_name(text: str) -> str:
    """Return a name without what a typist may change by chance.

    Capitals, the width of letters, letters that look alike, blanks beside blanks, kinds of dashes,
    and the .0 that programs put behind a number.
    """
    plain = alike(text).casefold().translate(_DASHES).translate(_INVISIBLE)
    return re.sub(r"^([0-9]+)\.0+$", r"\1", " ".join(plain.split()))


def loose_name(text: str) -> str:
    """Return a folded name without blanks, a number without leading zeros, and 0 for an O in it."""
    bare = re.sub(r"\s*[-_/.]?\s+", "", folded_name(text))
    if re.search(r"\d", bare):
        bare = re.sub(r"(?<=\d)o+|o+(?=\d)", lambda letters: "0" * len(letters[0]), bare)
    return bare.lstrip("0") or "0" if bare.isdecimal() else bare
