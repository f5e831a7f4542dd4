"""The type of the figures: DejaVu Sans cut down to the scripts and tables that they need.

A PDF carries the part of its font that it uses. Cutting that part out takes fontTools 0.11 s of
DejaVu Sans as matplotlib ships it, nearly all of it spent on layout rules and alphabets that no
figure uses, and a report cuts out some hundred parts.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from itertools import chain
from pathlib import Path

import matplotlib as mpl
from fontTools import subset
from matplotlib.font_manager import FontProperties, findfont, fontManager

FAMILY = "Trephine Sans"
WHOLE = "DejaVu Sans"
# Latin, accents, Greek, Cyrillic; punctuation, indices, currencies, letterlike; arrows, operators,
# shapes. A name in any other script falls back on the whole font.
_CHARACTERS = tuple(
    chain(range(0x20, 0x530), range(0x1E00, 0x1F00), range(0x2000, 0x2300), range(0x2500, 0x2600))
)
# Kerning stays, in the table "kern"; substitution (ligatures) and mathematics are not used.
_LEFT_OUT = ("GDEF", "GPOS", "GSUB", "MATH", "FFTM")
_FAMILY_NAME, _TYPOGRAPHIC_FAMILY = 1, 16


@cache
def families() -> tuple[str, str]:
    """Return the figures' type and its fallback, known to matplotlib from the first call on."""
    folder = Path(mpl.get_cachedir()) / f"trephine-type-{mpl.__version__}"
    for weight in ("normal", "bold"):
        path = folder / f"{weight}.ttf"
        if not path.exists():
            _write_light(findfont(FontProperties(family=WHOLE, weight=weight)), path)
        fontManager.addfont(path)
    return FAMILY, WHOLE


def _write_light(source: str, path: Path) -> None:
    """Write the part of a font; whole or not at all, since processes share the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = subset.Options(glyph_names=True, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += _LEFT_OUT
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=_CHARACTERS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (_FAMILY_NAME, _TYPOGRAPHIC_FAMILY):
            record.string = FAMILY
    draft, name = tempfile.mkstemp(dir=path.parent, suffix=".ttf")
    os.close(draft)
    font.save(name)
    os.replace(name, path)
