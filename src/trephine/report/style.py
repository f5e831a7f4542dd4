"""One look for all figures: sizes, type, colours, line styles, and how a figure is written.

Colours keep apart for the colour-blind (Okabe and Ito's hues, deepened for print); line style and
marker keep the series apart in grey as well. Nothing random and no date gets into a file, so that
the same facts give the same bytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from trephine.report.png import PixelArray, png_bytes
from trephine.report.typeface import families
from trephine.writing import whole_file

COLUMN_MM = 85.0
"""Width of a journal's column."""
PAGE_MM = 174.0
"""Width of a journal's page between margins."""
SMALLEST_MM = 8.0
"""Of axes, either way."""
PNG_DPI = 600

Area = Figure | SubFigure
"""What a panel is drawn into: a figure of its own, or a part of one."""

FigureFormat = Literal["svg", "pdf", "png"]

INK = "#1b1f24"
MUTED = "#5b6571"
RULE = "#c9ced6"
PAPER = "#ffffff"
GREY, GREEN, BLUE, RED, AMBER, PURPLE = (
    "#7b8490",
    "#12856a",
    "#2467b5",
    "#b8390e",
    "#a36a00",
    "#7d4a9e",
)

DARK_MODE = {
    INK: "#e8eaed",
    MUTED: "#a3acb8",
    RULE: "#3d444d",
    PAPER: "#14171b",
    GREY: "#9aa4b1",
    GREEN: "#35c39d",
    BLUE: "#6aa9f4",
    RED: "#ff8257",
    AMBER: "#e0a63a",
    PURPLE: "#c08fe3",
}
"""What each colour turns into where the reader's screen is dark."""

BODY_PT, SMALL_PT, LETTER_PT = 7.0, 6.2, 9.0

_MISSING = r"Glyph \d+ .* missing from"

_SETTINGS: Any = {  # a mapping; matplotlib types its keys one by one
    "font.size": BODY_PT,
    # Labels are a study's own words: a dollar in them is a dollar.
    "text.parse_math": False,
    "axes.titlesize": BODY_PT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.labelsize": BODY_PT,
    "axes.labelcolor": INK,
    "axes.labelpad": 2.5,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 2.2,
    "ytick.major.size": 2.2,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL_PT,
    "legend.handlelength": 2.6,
    "legend.labelspacing": 0.35,
    "legend.borderaxespad": 0.3,
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "trephine",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


@dataclass(frozen=True)
class SeriesStyle:
    """How one series is drawn wherever it appears."""

    colour: str
    dashes: str | tuple[float, tuple[float, ...]]
    width_pt: float
    marker: str


_ROLES = {
    "clinical": SeriesStyle(GREY, (0, (1.0, 1.2)), 1.4, "s"),
    "radiomics": SeriesStyle(GREEN, (0, (5.0, 1.6, 1.0, 1.6)), 1.2, "^"),
    "dl": SeriesStyle(BLUE, (0, (4.0, 1.8)), 1.2, "D"),
    "dlrc": SeriesStyle(RED, "solid", 1.6, "o"),
}
_SPARE = (
    SeriesStyle(PURPLE, (0, (6.0, 1.5)), 1.2, "v"),
    SeriesStyle(AMBER, (0, (2.5, 1.2)), 1.2, "P"),
    SeriesStyle(BLUE, "solid", 1.2, "D"),
    SeriesStyle(GREEN, (0, (1.0, 1.0)), 1.4, "^"),
    SeriesStyle(GREY, "solid", 1.2, "s"),
    SeriesStyle(RED, (0, (3.0, 1.2, 1.0, 1.2)), 1.2, "o"),
)
_BY_RISK = (
    SeriesStyle(BLUE, "solid", 1.4, "o"),
    SeriesStyle(RED, (0, (4.0, 1.6)), 1.4, "D"),
    SeriesStyle(AMBER, (0, (5.0, 1.6, 1.0, 1.6)), 1.4, "^"),
    SeriesStyle(PURPLE, (0, (1.0, 1.0)), 1.4, "s"),
)


def model_styles(names: Sequence[str]) -> dict[str, SeriesStyle]:
    """Style of each model: the paper's four by name, any others in a fixed order."""
    spare = iter(_SPARE * (1 + len(names) // len(_SPARE)))
    return {name: _ROLES.get(name.casefold()) or next(spare) for name in names}


def risk_group_styles(count: int) -> tuple[SeriesStyle, ...]:
    """Styles for groups by ascending risk; the highest is red."""
    if count <= 2:
        return _BY_RISK[:count]
    middle = [_BY_RISK[2 + k % 2] for k in range(count - 2)]
    return (_BY_RISK[0], *middle, _BY_RISK[1])


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the house style while figures are drawn and written.

    A character that no font here holds was reported before (`typeface.what_is_missing`); matplotlib
    says it again for every place where it stands.
    """
    with warnings.catch_warnings(), mpl.rc_context({**_SETTINGS, "font.family": list(families())}):
        warnings.filterwarnings("ignore", message=_MISSING)
        yield


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """Return an empty figure of this size, bound to no window."""
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), dpi=100)


def size_mm(area: Area) -> tuple[float, float]:
    """Width and height of a figure or of a part of one, in mm."""
    dpi = area.get_figure(root=True).dpi
    return area.bbox.width / dpi * 25.4, area.bbox.height / dpi * 25.4


def place_axes(
    area: Area,
    *,
    left_mm: float = 13.0,
    right_mm: float = 2.5,
    bottom_mm: float = 9.0,
    top_mm: float = 6.5,
) -> Axes:
    """Add axes at these distances from the edges of ``area``, which give way where they meet."""
    width, height = size_mm(area)
    left_mm = min(left_mm, max(width - right_mm - SMALLEST_MM, 0.0))
    bottom_mm = min(bottom_mm, max(height - top_mm - SMALLEST_MM, 0.0))
    return area.add_axes(
        (
            left_mm / width,
            bottom_mm / height,
            (width - left_mm - right_mm) / width,
            (height - bottom_mm - top_mm) / height,
        )
    )


def axes_size_mm(axes: Axes) -> tuple[float, float]:
    """Width and height of axes, in mm."""
    box = axes.get_window_extent()
    figure = axes.get_figure(root=True)
    dpi = 100.0 if figure is None else figure.dpi
    return box.width / dpi * 25.4, box.height / dpi * 25.4


def panel_title(area: Area, text: str, *, remark: str = "", left_mm: float = 13.0) -> None:
    """Write a panel's title into its top margin, and a remark in red at the right end."""
    width, height = size_mm(area)
    top = 1 - 1.2 / height
    area.text(left_mm / width, top, text, weight="bold", va="top", ha="left", size=BODY_PT)
    if remark:
        area.text(1 - 2.5 / width, top, remark, va="top", ha="right", size=SMALL_PT, color=RED)


def text_width_mm(text: str, size_pt: float = BODY_PT, *, bold: bool = False) -> float:
    """Width of a line of text in the house type."""
    return _width_mm(text, size_pt, "bold" if bold else "normal", families())


@cache
def _width_mm(text: str, size_pt: float, weight: str, among: tuple[str, ...]) -> float:
    font = FontProperties(family=list(among), size=size_pt, weight=weight)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_MISSING)
        width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72 * 25.4


def svg_text(figure: Figure) -> str:
    """Return the figure as SVG: outlines for type, no date, ids from the content."""
    page = io.StringIO()
    figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    return page.getvalue()


def png_picture(figure: Figure) -> PixelArray:
    """Return the figure drawn at ``PNG_DPI`` on white: shape (rows, columns, 3)."""
    canvas, own = FigureCanvasAgg(figure), (figure.dpi, figure.get_facecolor())
    try:
        figure.set_dpi(PNG_DPI)
        figure.set_facecolor(PAPER)
        canvas.draw()  # type: ignore[no-untyped-call]
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
    finally:
        figure.set_dpi(own[0])
        figure.set_facecolor(own[1])


def write_figure(
    figure: Figure,
    stem: Path,
    formats: Sequence[FigureFormat] = ("svg", "pdf", "png"),
    picture: PixelArray | None = None,
    svg: str = "",
) -> tuple[Path, ...]:
    """Write a figure in each format; SVG and PDF stay vectors, PNG has 600 dpi on white.

    Parameters
    ----------
    figure
        What to write.
    stem
        Path without suffix; its folder exists.
    formats
        Any of "svg", "pdf", "png".
    picture
        The figure as `png_picture` draws it, where that was done already.
    svg
        The figure as `svg_text` writes it, where that was done already.

    Returns
    -------
    One path a format.
    """
    paths = []
    for suffix in formats:
        path = stem.with_name(f"{stem.name}.{suffix}")
        with whole_file(path) as draft:
            if suffix == "svg":
                draft.write_text(svg or svg_text(figure), encoding="utf-8")
            elif suffix == "pdf":
                dates = {"CreationDate": None, "Creator": None}
                figure.savefig(draft, format="pdf", metadata=dates, dpi=PNG_DPI)
            else:
                drawn = picture if picture is not None else png_picture(figure)
                draft.write_bytes(png_bytes(drawn, PNG_DPI))
        paths.append(path)
    return tuple(paths)
