"""A part of a font, as a small TrueType file that every format of a figure can carry.

A PDF carries TrueType alone; fonts for Chinese come as CFF, several in a file, or variable.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from trephine.report.font_files import FontFace

WEIGHTS = {"normal": 400, "bold": 700}
"""Weights that the figures use, as numbers."""

_FAMILY_NAME, _POSTSCRIPT_NAME, _TYPOGRAPHIC_FAMILY = 1, 6, 16
# Largest distance of a quadratic outline from the cubic one, in units of 1/1000 of the type size.
_CURVE_ERROR = 0.5


def write_part(
    face: FontFace, characters: Iterable[str], name: str, weight: str, path: Path
) -> None:
    """Write the part of a face that holds some characters.

    Parameters
    ----------
    face
        Where from.
    characters
        All of them in the face.
    name
        Family name of the part.
    weight
        "normal" or "bold"; a face of one weight serves for both.
    path
        Of the part. It is written whole or not at all, since processes share it.
    """
    codes = sorted(map(ord, characters))
    with TTFont(str(face.path), fontNumber=face.number, lazy=True) as source:
        if "glyf" in source:
            part = _cut_out(source, codes, weight)
        else:
            part = _redrawn(source, codes, weight)
        rename(part, name, weight)
        save_whole(part, path)


def rename(font: Any, family: str, weight: str) -> None:
    """Give a font names of its own: SVG and PDF tell fonts apart by them."""
    for record in font["name"].names:
        if record.nameID in (_FAMILY_NAME, _TYPOGRAPHIC_FAMILY):
            record.string = family
        elif record.nameID == _POSTSCRIPT_NAME:
            record.string = f"{family.replace(' ', '')}-{weight}"
    if "OS/2" in font:
        font["OS/2"].usWeightClass = WEIGHTS[weight]


def save_whole(font: Any, path: Path) -> None:
    """Write a font so that no other process ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, name = tempfile.mkstemp(dir=path.parent, suffix=".ttf")
    os.close(draft)
    font.save(name)
    os.replace(name, path)


def _cut_out(source: TTFont, codes: list[int], weight: str) -> TTFont:
    """Keep the rules by which letters join and stack: Thai and Devanagari need them."""
    options = subset.Options(notdef_outline=True, name_IDs=["*"], layout_features=["*"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(source)
    if "fvar" not in source:
        return source
    place = {axis.axisTag: axis.defaultValue for axis in source["fvar"].axes}
    return instantiateVariableFont(source, {**place, **_weight_of(source, weight)}, inplace=True)


def _weight_of(font: TTFont, weight: str) -> dict[str, float]:
    axes = {axis.axisTag: axis for axis in font["fvar"].axes} if "fvar" in font else {}
    if "wght" not in axes:
        return {}
    return {"wght": min(max(WEIGHTS[weight], axes["wght"].minValue), axes["wght"].maxValue)}


def _redrawn(source: TTFont, codes: list[int], weight: str) -> TTFont:
    """Draw the characters again as TrueType outlines; each stands alone, so no rules are kept."""
    glyph_of = source.getBestCmap()
    glyphs = source.getGlyphSet(location=_weight_of(source, weight))
    units = source["head"].unitsPerEm
    drawn, widths = {}, {}
    for name in dict.fromkeys([".notdef", *(glyph_of[code] for code in codes)]):
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, _CURVE_ERROR * units / 1000, reverse_direction=True))
        drawn[name] = pen.glyph()
        widths[name] = glyphs[name].width
    builder = FontBuilder(units, isTTF=True)
    builder.setupGlyphOrder(list(drawn))
    builder.setupCharacterMap({code: glyph_of[code] for code in codes})
    builder.setupGlyf(drawn)
    placed = builder.font["glyf"]
    builder.setupHorizontalMetrics(
        {name: (round(width), getattr(placed[name], "xMin", 0)) for name, width in widths.items()}
    )
    header = source["hhea"]
    builder.setupHorizontalHeader(ascent=header.ascent, descent=header.descent)
    builder.setupNameTable({"familyName": "part", "styleName": weight.capitalize(), "psName": "p"})
    builder.setupOS2(sTypoAscender=header.ascent, sTypoDescender=header.descent)
    builder.setupPost(keepGlyphNames=False)
    return builder.font
