"""Drawing all figures once, in all processes: for the page, for the document, and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from trephine.executors import executor
from trephine.facts import Facts
from trephine.report.figures.catalogue import make_plates
from trephine.report.figures.plate import Panel, Plate, compose, panel_svg
from trephine.report.png import halved, png_bytes
from trephine.report.style import (
    PNG_DPI,
    FigureFormat,
    figure_style,
    png_picture,
    svg_text,
    write_figure,
)

# A worker process takes longer to start than it takes to draw so few figures.
FEWEST_FOR_WORKERS = 6


@dataclass(frozen=True)
class Rendered:
    """One figure in every form that was asked for.

    Attributes
    ----------
    panels, narrow
        SVG of each panel, wide and for a phone; empty where no page was asked for.
    document_png, width_mm, height_mm
        The composed figure at half the resolution of the files, and its size; empty and 0 without a
        document.
    paths
        Files written.
    """

    panels: tuple[str, ...]
    narrow: tuple[str, ...]
    document_png: bytes
    width_mm: float
    height_mm: float
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Wanted:
    """What to make of every figure."""

    page: bool
    document: bool
    folder: Path
    formats: tuple[FigureFormat, ...]


def render_plates(
    facts: Facts,
    pictures_folder: Path,
    plates: Sequence[Plate],
    wanted: Wanted,
    workers: int | None = None,
) -> Mapping[str, Rendered]:
    """Draw the plates of some facts, and return them by slug.

    Parameters
    ----------
    facts, pictures_folder
        What ``plates`` were made from: a worker makes them again, since drawings cannot be sent.
    plates
        In the order of `make_plates`.
    wanted
        Forms and files.
    workers
        Processes; the files do not depend on it.
    """
    if wanted.formats:
        wanted.folder.mkdir(parents=True, exist_ok=True)
    count = 1 if len(plates) < FEWEST_FOR_WORKERS else workers
    numbers = range(len(plates))
    with executor(count, _start, (facts, pictures_folder, wanted)) as run:
        drawn = list(run.map(_render, list(numbers)))
    return {plate.slug: found for plate, found in zip(plates, drawn, strict=True)}


# What every process draws from, set once by _start.
_plates: tuple[Plate, ...]
_wanted: Wanted


def _start(facts: Facts, pictures_folder: Path, wanted: Wanted) -> None:
    global _plates, _wanted
    _plates, _wanted = make_plates(facts, pictures_folder), wanted


def _render(number: int) -> Rendered:
    plate = _plates[number]
    page = _wanted.page
    panels: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    small, size_mm = b"", (0.0, 0.0)
    if _wanted.document or _wanted.formats:
        with figure_style():
            figure = compose(plate)
            picture = png_picture(figure) if _needs_picture() else None
            if picture is not None and _wanted.document:
                small, size_mm = png_bytes(halved(picture), PNG_DPI // 2), _size_mm(figure)
            svg = svg_text(figure) if "svg" in _wanted.formats else ""
            paths = write_figure(figure, _wanted.folder / plate.slug, _wanted.formats, picture, svg)
        if svg and len(plate.panels) == 1:
            panels = (svg,)  # a lone panel is the whole figure
    return Rendered(
        (panels or _svgs(plate.panels)) if page else (),
        _svgs(plate.narrow) if page else (),
        small,
        *size_mm,
        paths,
    )


def _needs_picture() -> bool:
    return _wanted.document or "png" in _wanted.formats


def _svgs(panels: Sequence[Panel]) -> tuple[str, ...]:
    return tuple(panel_svg(panel) for panel in panels)


def _size_mm(figure: Figure) -> tuple[float, float]:
    return float(figure.get_figwidth()) * 25.4, float(figure.get_figheight()) * 25.4
