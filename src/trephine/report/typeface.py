"""The type of the figures: DejaVu Sans cut down to the scripts and tables that they need.

A PDF carries the part of its font that it uses. Cutting that part out takes fontTools 0.11 s of
DejaVu Sans as matplotlib ships it, nearly all of it spent on layout rules and alphabets that no
figure uses, and a report cuts out some hundred parts.

Scripts that DejaVu lacks, Chinese first of all, come from fonts found on the machine or brought by
the extra "fonts"; each gives the characters that a study uses, and no more.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain
from pathlib import Path

import matplotlib as mpl
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont, fontManager

from trephine.report.font_files import EXTRA, FontFace, faces_for
from trephine.report.font_part import WEIGHTS, rename, save_whole, write_part

FAMILY = "Trephine Sans"
WHOLE = "DejaVu Sans"
# Latin, accents, Greek, Cyrillic; punctuation, indices, currencies, letterlike; arrows, operators,
# shapes. A name in any other script falls back on the whole font.
_CHARACTERS = tuple(
    chain(range(0x20, 0x530), range(0x1E00, 0x1F00), range(0x2000, 0x2300), range(0x2500, 0x2600))
)
# Kerning stays, in the table "kern"; substitution (ligatures) and mathematics are not used.
_LEFT_OUT = ("GDEF", "GPOS", "GSUB", "MATH", "FFTM")
# One of each script that a surgeon may write in and DejaVu has not.
_SCRIPTS = {"Chinese": "骨", "Japanese": "の", "Korean": "골", "Thai": "ก", "Devanagari": "अ"}
_MOST_NAMED = 12

# Families that `cover` added in this process, and what it has looked for already.
_added: list[str] = []
_looked_for: set[str] = set()


@cache
def _own() -> tuple[str, str]:
    """Return the figures' type and its fallback, known to matplotlib from the first call on."""
    for weight in WEIGHTS:
        path = _folder() / f"{weight}.ttf"
        if not path.exists():
            _write_light(findfont(FontProperties(family=WHOLE, weight=weight)), weight, path)
        fontManager.addfont(path)
    return FAMILY, WHOLE


def families() -> tuple[str, ...]:
    """Return the families that text is set in: each character in the first that holds it."""
    return (*_own(), *_added)


def cover(text: str) -> None:
    """Make ready to draw a study's words, from whatever fonts are here.

    Parameters
    ----------
    text
        All words that figures may show, in any order. Characters that no font holds are left, and
        `missing_characters` returns them.
    """
    wanted = frozenset(_beyond_own(text) - _looked_for)
    _looked_for.update(wanted)
    for face, share in faces_for(wanted) if wanted else ():
        name = _name_of(face, share)
        for weight in WEIGHTS:
            path = _folder() / f"{name.rpartition(' ')[2]}-{weight}.ttf"
            if not path.exists():
                write_part(face, share, name, weight, path)
            fontManager.addfont(path)
        _added.append(name)


def missing_characters(text: str) -> tuple[str, ...]:
    """Return the characters of a text that no font here can draw, in order."""
    wanted = frozenset(_beyond_own(text))
    found = frozenset().union(*(share for _, share in faces_for(wanted))) if wanted else frozenset()
    return tuple(sorted(wanted - found))


def missing_scripts() -> tuple[str, ...]:
    """Return the scripts that figures cannot be lettered in on this machine."""
    return tuple(name for name, letter in _SCRIPTS.items() if missing_characters(letter))


def what_is_missing(words: Iterable[str]) -> str:
    """Return a sentence about the words that figures cannot show here; empty where they can."""
    missing = missing_characters("".join(words))
    if not missing:
        return ""
    shown = " ".join(missing[:_MOST_NAMED])
    rest = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return (
        f"No font here has {shown}{rest}: figures would show boxes in their place. Install"
        f" trephine[{EXTRA}], or a font such as Noto Sans CJK, and run again. Tables are not"
        " affected."
    )


def _beyond_own(text: str) -> set[str]:
    """Return the printed characters that matplotlib's own font lacks."""
    printed = {one for one in set(text) if unicodedata.category(one)[0] not in "CZ"}
    return printed - _held_by_whole()


@cache
def _held_by_whole() -> frozenset[str]:
    with TTFont(findfont(FontProperties(family=WHOLE)), lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _name_of(face: FontFace, share: frozenset[str]) -> str:
    """Return a name that says what a part holds, so that it is cut out once."""
    state = face.path.stat()
    content = f"{face.path}\0{state.st_size}\0{state.st_mtime_ns}\0{face.number}\0"
    mark = hashlib.sha256((content + "".join(sorted(share))).encode()).hexdigest()[:16]
    return f"Trephine Part {mark}"


def _folder() -> Path:
    return Path(mpl.get_cachedir()) / f"trephine-type-2-{mpl.__version__}"


def _write_light(source: str, weight: str, path: Path) -> None:
    options = subset.Options(glyph_names=True, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += _LEFT_OUT
    with subset.load_font(source, options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=_CHARACTERS)
        subsetter.subset(font)
        rename(font, FAMILY, weight)
        save_whole(font, path)
