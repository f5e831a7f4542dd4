"""Fonts found here that hold what the figures' own type lacks: from PyPI's packages, or installed.

Only the outlines of the characters in use go into a figure. A font whose maker forbids even that
(OS/2, fsType) is passed over.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from matplotlib.font_manager import findSystemFonts

EXTRA = "fonts"
"""The package's extra that brings fonts for the world's scripts, under the Open Font License."""

_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
# Names of files, sans before serif: where several installed fonts serve, the plain one is taken.
_PREFERRED = (
    "notosanscjk", "notosanssc", "notosanstc", "notosansjp", "notosanskr", "sourcehansans",
    "notosans", "wqy", "droidsansfallback", "pingfang", "hiragino", "stheiti", "msyh", "simhei",
    "yugoth", "meiryo", "msgothic", "malgun", "applesdgothic", "nanumgothic", "ipaexg", "ipag",
    "takao", "vlgothic", "msjh", "simsun", "arialuni", "lohit", "garuda", "loma", "freesans",
)  # fmt: skip
_RESTRICTED = 0x0002
_EMBEDDING = 0x000F
# Where one file holds a face for each country, the letters in use say which.
_FACES = {"JP": "HIRAGANA|KATAKANA", "KR": "HANGUL", "SC": "CJK"}


@dataclass(frozen=True)
class FontFace:
    """One face of a font file.

    Attributes
    ----------
    path
        File.
    number
        Of the face in a collection; 0 otherwise.
    family
        Name.
    """

    path: Path
    number: int
    family: str


def faces_for(characters: frozenset[str]) -> tuple[tuple[FontFace, frozenset[str]], ...]:
    """Return the faces that hold as many of the characters as any do, each with its share."""
    left, found = set(characters), []
    country = _country(characters)
    for path in _files():
        if not left:
            break
        for face in sorted(_faces(path), key=lambda one: country not in one.family.split()):
            share = frozenset(left & _characters_of(face))
            if share:
                found.append((face, share))
                left -= share
    return tuple(found)


def _country(characters: Iterable[str]) -> str:
    names = " ".join(unicodedata.name(character, "") for character in characters)
    for country, scripts in _FACES.items():
        if any(script in names for script in scripts.split("|")):
            return country
    return ""


def _files() -> Iterator[Path]:
    """Yield font files, those of PyPI's packages first, the plain ones before the others."""
    yield from package_fonts()
    yield from _installed()


def package_fonts() -> tuple[Path, ...]:
    """Return the font files that the extra brought; none without it."""
    found: list[Path] = []
    for name in _PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            found += [path for path in Path(folder).iterdir() if path.suffix.lower() in _SUFFIXES]
    return tuple(sorted(found, key=_rank))


@cache
def _installed() -> tuple[Path, ...]:
    files = (Path(name) for name in findSystemFonts())
    return tuple(sorted((path for path in files if path.suffix.lower() in _SUFFIXES), key=_rank))


def _rank(path: Path) -> tuple[int, bool, str]:
    name = path.name.lower().replace("-", "").replace("_", "")
    known = next((k for k, one in enumerate(_PREFERRED) if name.startswith(one)), len(_PREFERRED))
    return known, any(word in name for word in ("italic", "oblique", "bold")), str(path)


@cache
def _faces(path: Path) -> tuple[FontFace, ...]:
    """Return a file's faces that may be embedded; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() in (".ttc", ".otc"):
                fonts = list(TTCollection(file, lazy=True).fonts)
            else:
                fonts = [TTFont(file, lazy=True)]
            return tuple(
                FontFace(path, k, _family(font)) for k, font in enumerate(fonts) if _allowed(font)
            )
    except (TTLibError, OSError, KeyError, ValueError, AssertionError):
        return ()


def _family(font: TTFont) -> str:
    return font["name"].getDebugName(1) or ""


def _allowed(font: TTFont) -> bool:
    """Say whether outlines may be embedded, and are there at all (a bitmap font has none)."""
    outlines = any(table in font for table in ("glyf", "CFF ", "CFF2"))
    return outlines and ("OS/2" not in font or font["OS/2"].fsType & _EMBEDDING != _RESTRICTED)


@cache
def _characters_of(face: FontFace) -> frozenset[str]:
    with TTFont(str(face.path), fontNumber=face.number, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap() or {}))
