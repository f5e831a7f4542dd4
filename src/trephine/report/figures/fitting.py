"""Words made to fit their place in a figure: broken into lines, or shortened in the middle."""

from __future__ import annotations

import re

from trephine.report.style import text_width_mm

ELLIPSIS = "…"
LEGEND_MM = 24.0
"""Of a model's name in a legend."""
# Chinese, Japanese and Korean letters, between any two of which a line may end.
_IDEOGRAPH = "\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
# A piece that no line ends within: a word with its space, up to a joint, or one ideograph.
_PIECE = re.compile(rf"[{_IDEOGRAPH}]|[^\s{_IDEOGRAPH}]*?[_/\-](?=\w)|[^\s{_IDEOGRAPH}]+|\s+")


def shortened(text: str, limit_mm: float, size_pt: float, *, bold: bool = False) -> str:
    """Return a text no wider than the limit, with an ellipsis in place of its middle.

    Levels and features often share a beginning and differ at the end, so both ends stay.
    """
    if text_width_mm(text, size_pt, bold=bold) <= limit_mm:
        return text
    low, high = 1, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if text_width_mm(_without_middle(text, middle), size_pt, bold=bold) <= limit_mm:
            low = middle
        else:
            high = middle - 1
    return _without_middle(text, low)


def wrapped(
    text: str, limit_mm: float, size_pt: float, *, bold: bool = False, most: int = 3
) -> list[str]:
    """Return a text as lines no wider than the limit.

    Lines end between words, after a hyphen, slash or underscore, between ideographs, and within a
    word only where it has no line of its own. What is longer than ``most`` lines is shortened.
    """
    lines = [""]
    for piece in _PIECE.findall(text):
        if text_width_mm((lines[-1] + piece).rstrip(), size_pt, bold=bold) <= limit_mm:
            lines[-1] += piece
            continue
        if lines[-1].strip():
            lines.append("")
        lines[-1] = piece.lstrip()
    lines = [line.rstrip() for line in lines if line.strip()] or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [shortened(line, limit_mm, size_pt, bold=bold) for line in lines]


def _without_middle(text: str, kept: int) -> str:
    first = (kept + 1) // 2
    return f"{text[:first].rstrip()}{ELLIPSIS}{text[len(text) - (kept - first) :].lstrip()}"
