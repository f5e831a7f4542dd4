"""A figure as panels: each can stand alone in a page, or all be composed for a manuscript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from trephine.choices import Kind, ProtocolName
from trephine.report.sections import SectionName
from trephine.report.style import (
    LETTER_PT,
    Area,
    figure_style,
    new_figure,
    svg_text,
)
from trephine.report.trace import Text


@dataclass(frozen=True)
class Panel:
    """One part of a figure.

    Attributes
    ----------
    draw
        Draws it into a figure of its own or a part of one.
    width_mm, height_mm
        Its size.
    alt
        What is seen, for those who cannot see it.
    """

    draw: Callable[[Area], None]
    width_mm: float
    height_mm: float
    alt: str


@dataclass(frozen=True)
class Plate:
    """A figure.

    Attributes
    ----------
    slug
        File name without suffix, and id in the page.
    section
        Of the report that it belongs to.
    number
        For example "Figure 3"; empty for one that the paper does not have.
    title
        What it shows, in a few words.
    caption
        What the reader needs to read it.
    panels
        In reading order.
    narrow
        The same for the width of a phone, where ``panels`` are wider than a column.
    columns
        Panels side by side in the composed figure.
    protocol, kind
        What the numbers come from; None where that does not apply.
    """

    slug: str
    section: SectionName
    number: str
    title: Text
    caption: Text
    panels: tuple[Panel, ...]
    narrow: tuple[Panel, ...] = ()
    columns: int = 2
    protocol: ProtocolName | None = None
    kind: Kind | None = None

    @property
    def apparent(self) -> bool:
        """Whether "apparent, not corrected" has to stand over it."""
        return self.kind == "apparent"


def panel_svg(panel: Panel) -> str:
    """Return one panel as SVG."""
    with figure_style():
        figure = new_figure(panel.width_mm, panel.height_mm)
        panel.draw(figure)
        return svg_text(figure)


def compose(plate: Plate) -> Figure:
    """Return a plate's panels in one figure, lettered where there are several.

    Call it, and write the figure, within ``figure_style``.
    """
    columns = min(plate.columns, len(plate.panels))
    rows = [plate.panels[k : k + columns] for k in range(0, len(plate.panels), columns)]
    widths = [max(row[k].width_mm for row in rows if k < len(row)) for k in range(columns)]
    heights = [max(panel.height_mm for panel in row) for row in rows]
    across, down = _with_gaps(widths, 4.0), _with_gaps(heights, 3.0)
    figure = new_figure(sum(across), sum(down))
    grid = figure.add_gridspec(
        len(down), len(across), width_ratios=across, height_ratios=down,
        left=0, right=1, bottom=0, top=1, wspace=0, hspace=0,
    )  # fmt: skip
    for number, panel in enumerate(plate.panels):
        row, column = divmod(number, columns)
        part = figure.add_subfigure(grid[2 * row, 2 * column])
        panel.draw(part)
        if len(plate.panels) > 1:
            letter = "abcdefghijklmnopqrstuvwxyz"[number]
            part.text(0.004, 0.998, letter, weight="bold", size=LETTER_PT, va="top", ha="left")
    return figure


def _with_gaps(sizes_mm: Sequence[float], gap_mm: float) -> list[float]:
    """Return the sizes with a gap between each two."""
    return [size for number, mm in enumerate(sizes_mm) for size in ([gap_mm] * (number > 0) + [mm])]
