"""R and L as tables write them."""

from __future__ import annotations

import unicodedata

from trephine.choices import Side

# Whole cells, small letters. Single letters of other languages (d and g, d and s) are left out:
# they mean one thing in one hospital and another in the next, and a study file can say which.
_RIGHT = """r rt right re rechts dx dext destra destro dextra droit droite derecha derecho direita
    prawa prawy п прав правый правая 右 右侧 右側 右髋 右髖 右股 右膝 우 우측 오른쪽"""
_LEFT = """l lt left li links sin sinistra sinistro gauche izquierda izquierdo esquerda lewa lewy
    л лев левый левая 左 左侧 左側 左髋 左髖 左股 左膝 좌 좌측 왼쪽"""
SIDES: dict[str, Side] = {
    **dict.fromkeys(_RIGHT.split(), "R"),
    **dict.fromkeys(_LEFT.split(), "L"),
}


def side_of(cell: str) -> Side | None:
    """Return the side that a cell names; None if it names none."""
    plain = unicodedata.normalize("NFKC", cell).strip().strip(".").casefold()
    words = plain.split()
    if len(words) == 2 and words[1] in ("hip", "side", "knee", "femur", "seite", "hüfte"):
        plain = words[0]
    return SIDES.get(plain)
