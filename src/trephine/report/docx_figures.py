"""A figure in Word: its caption below it, and as many on a page as belong there."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
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


def add_figures(document: Any, plates: Sequence[Plate], drawn: Mapping[str, Rendered]) -> None:
    """Add figures with their captions, each on one page with it.

    Parameters
    ----------
    document
        From python-docx.
    plates
        What the captions are made of; those of one number, or title, follow one another.
    drawn
        The figures, by slug, with their pictures for a document.
    """
    # A figure's title may say what its protocol does; its number says what kind it is of.
    for _, alike in groupby(plates, lambda plate: plate.number or plain(plate.title)):
        group = list(alike)
        sizes = [(drawn[plate.slug].width_mm, drawn[plate.slug].height_mm) for plate in group]
        scale = scale_of(sizes, max(_caption_mm(plate) for plate in group))
        for plate in group:
            _add_figure(document, plate, drawn[plate.slug], scale)


def _add_figure(document: Any, plate: Plate, drawn: Rendered, scale: float) -> None:
    from docx.shared import Mm, Pt

    document.add_picture(io.BytesIO(drawn.document_png), width=Mm(drawn.width_mm * scale))
    _close_frame(document.inline_shapes[-1])
    holder = document.paragraphs[-1].paragraph_format
    holder.keep_with_next = True
    holder.space_before, holder.space_after = Pt(_BEFORE_PT), Pt(_BETWEEN_PT)
    holder.line_spacing = 1.0
    below = document.add_paragraph()
    below.add_run(_heading(plate)).bold = True
    below.add_run(bound(plain(plate.caption)))
    for run in below.runs:
        run.font.size = Pt(CAPTION_PT)
    below.paragraph_format.keep_together = True
    below.paragraph_format.space_after = Pt(_AFTER_PT)


def scale_of(sizes_mm: Sequence[tuple[float, float]], caption_mm: float) -> float:
    """Return by how much figures of one kind are scaled, so that they take the fewest pages.

    Parameters
    ----------
    sizes_mm
        Width and height of each as drawn.
    caption_mm
        Height of the longest caption with the space round it.

    Returns
    -------
    1 or less, the same for all. Two figures that miss the page by a little are drawn a little
    smaller rather than each on a page that stays half empty, but never below `SMALLEST_SCALE` for
    that reason.
    """
    width = max(width for width, _ in sizes_mm)
    height = max(height for _, height in sizes_mm)
    scale = min(1.0, PAGE_MM / width, (TEXT_MM - caption_mm) / height)
    # One fits by the scale, though a figure that fills its page may miss it by rounding.
    on_a_page = max(1, int(TEXT_MM / (height * scale + caption_mm)))
    one_more = (TEXT_MM / (on_a_page + 1) - caption_mm) / height
    count = len(sizes_mm)
    fewer = math.ceil(count / (on_a_page + 1)) < math.ceil(count / on_a_page)
    return min(scale, one_more) if fewer and one_more >= SMALLEST_SCALE else scale


def _caption_mm(plate: Plate) -> float:
    text = _heading(plate) + plain(plate.caption)
    lines = math.ceil(text_width_mm(text, CAPTION_PT, bold=True) / PAGE_MM)
    return lines * _LINE_MM + _SPACE_MM


def _heading(plate: Plate) -> str:
    number = f"{plate.number}. " if plate.number else ""
    kind = f", {kind_label(plate.kind)}" if plate.kind else ""
    protocol = f"{protocol_label(plate.protocol)}{kind}. " if plate.protocol else ""
    return f"{number}{plain(plate.title)}. {protocol}"


def _close_frame(shape: Any) -> None:
    """Say that nothing is kept clear round a picture: left unsaid, LibreOffice takes 3 mm."""
    for edge in ("distT", "distB", "distL", "distR"):
        shape._inline.set(edge, "0")
