"""The fonts of the Word document, one for each kind of script."""

from __future__ import annotations

import re
from typing import Any

LATIN = "Arial"
_STYLES = ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet")
# Fonts that Word brings, and by which it breaks lines; another program takes what is like them.
# Kana and Hangul are looked for first: Japanese is written with Chinese letters too.
_EAST_ASIAN = (
    ("[\u3040-\u30ff]", "Yu Gothic", "ja-JP"),
    ("[\uac00-\ud7af\u1100-\u11ff]", "Malgun Gothic", "ko-KR"),
    ("[\u3400-\u9fff\U00020000-\U0003ffff]", "Microsoft YaHei", "zh-CN"),
)


def set_fonts(document: Any, text: str) -> None:
    """Set a document's fonts by the scripts that it will hold.

    Parameters
    ----------
    document
        From python-docx.
    text
        All of its words, in any order.
    """
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    name, language = next(
        ((font, tag) for letters, font, tag in _EAST_ASIAN if re.search(letters, text)), ("", "")
    )
    for style in _STYLES:
        font = document.styles[style].font
        font.name, font.color.rgb = LATIN, RGBColor(0x1B, 0x1F, 0x24)
        fonts = font.element.rPr.rFonts
        # The template's theme goes before a font's own name.
        for attribute in [one for one in fonts.attrib if one.lower().endswith("theme")]:
            del fonts.attrib[attribute]
        fonts.set(qn("w:cs"), LATIN)
        if name:
            fonts.set(qn("w:eastAsia"), name)
    if language:
        for element in document.styles.element.iter(qn("w:lang")):
            element.set(qn("w:eastAsia"), language)
