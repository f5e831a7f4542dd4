"""A figure in Word: its caption below it, and as many on a page as belong there."""

from __future__ import annotations

import io
import math
from typing import Any

from trephine.report.docx_columns import bound
from trephine.report.figures.plate import Plate
from trephine.report.render import Rendered
from trephine.report.style import PAGE_MM, text_width_mm
from trephine.report.trace import plain
from trephine.report.wording import kind_label, protocol_label

MARGIN_MM = 18.0
"""Above and below the text."""
TEXT_MM = 297.0 - 2 * MARGIN_MM
"""Height of the text on an upright page."""
SMALLEST_SCALE = 0.8
"""Type of 7 points, which the figures have, is still 5.6 points then; journals ask for 5 or 6."""

CAPTION_PT = 8.0
_LINE_MM = CAPTION_PT * 1.35 / 72.0 * 25.4
_BEFORE_PT, _BETWEEN_PT, _AFTER_PT = 8.0, 3.0, 10.0
_SPACE_MM = (_BEFORE_PT + _BETWEEN_PT + _AFTER_PT) / 72.0 * 25.4
# A smaller figure leaves little of a page empty, and need not shrink for another to fit.
_MOST_BESIDE = 2


def add_figure(document: Any, plate: Plate, drawn: Rendered) -> None:
    """Add a figure with its caption, on one page with it.

    Parameters
    ----------
    document
        From python-docx.
    plate
        What the caption is made of.
    drawn
        The figure, with its picture for a document.
    """
    from docx.shared import Mm, Pt

    heading, caption = _heading(plate), bound(plain(plate.caption))
    scale = scale_of(drawn.width_mm, drawn.height_mm, heading + caption)
    document.add_picture(io.BytesIO(drawn.document_png), width=Mm(drawn.width_mm * scale))
    _close_frame(document.inline_shapes[-1])
    holder = document.paragraphs[-1].paragraph_format
    holder.keep_with_next = True
    holder.space_before, holder.space_after = Pt(_BEFORE_PT), Pt(_BETWEEN_PT)
    holder.line_spacing = 1.0
    below = document.add_paragraph()
    below.add_run(heading).bold = True
    below.add_run(caption)
    for run in below.runs:
        run.font.size = Pt(CAPTION_PT)
    below.paragraph_format.keep_together = True
    below.paragraph_format.space_after = Pt(_AFTER_PT)


def scale_of(width_mm: float, height_mm: float, caption: str) -> float:
    """Return by how much a figure is scaled so that a page holds it, or one more of its kind.

    Parameters
    ----------
    width_mm, height_mm
        As drawn.
    caption
        All of the text below it.

    Returns
    -------
    1 or less. Two figures that miss the page by a little are drawn a little smaller rather than
    each on a page that stays half empty, but never below `SMALLEST_SCALE` for that reason.
    """
    widest = min(1.0, PAGE_MM / width_mm)
    lines = math.ceil(text_width_mm(caption, CAPTION_PT) / PAGE_MM)
    text = lines * _LINE_MM + _SPACE_MM
    tallest = min(widest, (TEXT_MM - text) / height_mm)
    beside = int(TEXT_MM / (height_mm * tallest + text))
    one_more = (TEXT_MM / (beside + 1) - text) / height_mm
    if beside <= _MOST_BESIDE and one_more >= SMALLEST_SCALE:
        return min(tallest, one_more)
    return tallest


def _heading(plate: Plate) -> str:
    number = f"{plate.number}. " if plate.number else ""
    kind = f", {kind_label(plate.kind)}" if plate.kind else ""
    protocol = f"{protocol_label(plate.protocol)}{kind}. " if plate.protocol else ""
    return f"{number}{plain(plate.title)}. {protocol}"


def _close_frame(shape: Any) -> None:
    """Say that nothing is kept clear round a picture: left unsaid, LibreOffice takes 3 mm."""
    for edge in ("distT", "distB", "distL", "distR"):
        shape._inline.set(edge, "0")
