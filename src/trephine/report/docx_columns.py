"""Which columns of a table stand where on a Word page, and how wide each is.

Word breaks a word that is wider than its cell wherever the cell ends, numbers too. So every column
gets the width of its widest piece that must not be broken, and a table that is too wide for the
page lies across it, or comes in parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trephine.report.style import PAGE_MM, text_width_mm

TYPE_PT = 7.5
PAD_MM = 0.9
LANDSCAPE_MM = 297.0 - (210.0 - PAGE_MM)
"""Width between the margins of a page that lies on its side."""

JOINER, SOFT_BREAK, HARD_SPACE = "\u2060", "\u200b", "\u00a0"
SHORT_ROWS = 12
"""Rows up to which a table is not worth a page on its side."""
# A column of words is content with this much; what it would like beyond is no reason to turn.
_WORDS_MM = 42.0
_LONGEST_WORD = 16
_SLACK_MM = 0.5
_IDEOGRAPH = re.compile("(?<=[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af])")
_IN_A_NAME = re.compile(r"(?<=[_/\-])(?=\w)|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class PageColumns:
    """A part of a table that fits a page.

    Attributes
    ----------
    numbers
        Which columns it has, by number.
    widths_mm
        Of each.
    across
        Whether the page lies on its side.
    """

    numbers: tuple[int, ...]
    widths_mm: tuple[float, ...]
    across: bool


def bound(text: str) -> str:
    """Return a text in which no number can be broken, and a long name only between its parts."""
    text = re.sub(r"(?<=\d%)–|(?<=\d)–", f"{JOINER}–{JOINER}", text)
    text = re.sub(r"(?<=[\d%]) to (?=[\d+−-])", f"{HARD_SPACE}to{HARD_SPACE}", text)
    text = re.sub(r" ([=±<>≥≤]) (?=\S)", rf"{HARD_SPACE}\1{HARD_SPACE}", text)
    text = re.sub(r"(?<![\w.])([<>≥≤]) (?=\d)", rf"\1{HARD_SPACE}", text)
    text = text.replace("% CI", f"%{HARD_SPACE}CI")
    text = re.sub(r"λ (?=min|1se)", f"λ{HARD_SPACE}", text)
    text = text.replace(", df ", f",{HARD_SPACE}df{HARD_SPACE}")
    text = re.sub(r"(?<=\d)-(?=\d)", "\u2011", text)
    words = text.split(" ")
    return " ".join(
        word if len(word) <= _LONGEST_WORD or not re.search("[A-Za-z]{3}", word)
        else SOFT_BREAK.join(_IN_A_NAME.split(word))
        for word in words
    )  # fmt: skip


def lay_out(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[PageColumns, ...]:
    """Return the parts in which a table is set: one, unless even a page on its side is too narrow.

    Parameters
    ----------
    header, rows
        Texts as `bound` returns them, one a column.

    Notes
    -----
    A value stands in one line with its interval where that fits a page, upright or on its side;
    else the interval goes below the value. A short table stays upright where it can.
    """
    needed, wanted = _measure(header, rows)
    every = tuple(range(len(header)))
    ways = [(wanted, False), (wanted, True), (needed, False), (needed, True)]
    if len(rows) <= SHORT_ROWS:
        ways.insert(1, (needed, False))
    for sizes, across in ways:
        room = LANDSCAPE_MM if across else PAGE_MM
        if sum(sizes) <= room:
            return (PageColumns(every, _filled(needed, wanted, room), across),)
    parts, current = [], [0]
    for number in every[1:]:
        if sum(needed[k] for k in [*current, number]) > LANDSCAPE_MM and len(current) > 1:
            parts.append(current)
            current = [0]
        current.append(number)
    return tuple(
        PageColumns(
            tuple(part),
            _filled([needed[k] for k in part], [wanted[k] for k in part], LANDSCAPE_MM),
            across=True,
        )
        for part in [*parts, current]
    )


def _measure(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[float], list[float]]:
    """Return each column's widest piece, and the width at which its cells stand in one line."""
    needed, wanted = [], []
    edge = 2 * PAD_MM + _SLACK_MM
    for number, title in enumerate(header):
        cells = {row[number] for row in rows}
        pieces = {piece for cell in cells for piece in pieces_of(cell)}
        need = max([_width(piece) for piece in pieces] or [0.0])
        need = max(need, *(_width(piece, bold=True) for piece in pieces_of(title)))
        want = max([_width(cell) for cell in cells] or [0.0])
        if any(re.search("[^\\W\\d]{4}", cell) for cell in cells):
            want = min(want, _WORDS_MM)
        needed.append(need + edge)
        wanted.append(max(want, need) + edge)
    return needed, wanted


def pieces_of(text: str) -> list[str]:
    """Return what Word keeps on one line: words, parts of long names, single ideographs."""
    parts = re.split(f"[ \n{SOFT_BREAK}]|(?<=[^\\W\\d]-)(?=[^\\W\\d])", text)
    return [piece for part in parts for piece in _IDEOGRAPH.split(part) if piece]


def _width(text: str, *, bold: bool = False) -> float:
    return text_width_mm(text.replace(JOINER, "").replace(SOFT_BREAK, ""), TYPE_PT, bold=bold)


def _filled(needed: Sequence[float], wanted: Sequence[float], room: float) -> tuple[float, ...]:
    """Give each column what it needs, and share the rest by what each would like."""
    spare = room - sum(needed)
    wishes = [max(want - need, 0.0) for want, need in zip(wanted, needed, strict=True)]
    share = min(1.0, spare / sum(wishes)) if sum(wishes) > 0 else 0.0
    widths = [need + share * wish for need, wish in zip(needed, wishes, strict=True)]
    # What is left beyond goes to all alike, so that a narrow column of numbers stays narrow.
    return tuple(width * room / sum(widths) for width in widths)
