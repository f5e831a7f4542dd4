"""Drawing all figures once, in all processes: for the page, for the document, and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    with executor(count, (_Studio(facts, pictures_folder, wanted),)) as run:
        drawn = list(run.map(_render, list(numbers)))
    return {plate.slug: found for plate, found in zip(plates, drawn, strict=True)}


@dataclass(frozen=True)
class _Studio:
    """What every process draws from; each makes the plates once, since they cannot be sent."""

    facts: Facts
    pictures_folder: Path
    wanted: Wanted

    @cached_property
    def plates(self) -> Sequence[Plate]:
        return make_plates(self.facts, self.pictures_folder)


def _render(studio: _Studio, number: int) -> Rendered:
    plate, wanted = studio.plates[number], studio.wanted
    page = wanted.page
    panels: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    small, size_mm = b"", (0.0, 0.0)
    if wanted.document or wanted.formats:
        with figure_style():
            figure = compose(plate)
            picture = png_picture(figure) if _needs_picture(wanted) else None
            if picture is not None and wanted.document:
                small, size_mm = png_bytes(halved(picture), PNG_DPI // 2), _size_mm(figure)
            svg = svg_text(figure) if "svg" in wanted.formats else ""
            paths = write_figure(figure, wanted.folder / plate.slug, wanted.formats, picture, svg)
        if svg and len(plate.panels) == 1:
            panels = (svg,)  # a lone panel is the whole figure
    return Rendered(
        (panels or _svgs(plate.panels)) if page else (),
        _svgs(plate.narrow) if page else (),
        small,
        *size_mm,
        paths,
    )


def _needs_picture(wanted: Wanted) -> bool:
    return wanted.document or "png" in wanted.formats


def _svgs(panels: Sequence[Panel]) -> tuple[str, ...]:
    return tuple(panel_svg(panel) for panel in panels)


def _size_mm(figure: Figure) -> tuple[float, float]:
    return float(figure.get_figwidth()) * 25.4, float(figure.get_figheight()) * 25.4
