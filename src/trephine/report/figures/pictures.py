"""Radiographs with the raters' outlines, and where a deep signature comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from PIL import Image

from trephine.errors import InputError
from trephine.facts import PictureFacts
from trephine.report.figures.fitting import shortened
from trephine.report.style import AMBER, SMALL_PT, Area, size_mm
from trephine.types import FloatArray

CYAN, YELLOW = "#4fd1e8", "#ffd23f"
# Not the page's paper, which turns dark with the reader's screen while the radiograph stays.
EDGE = "#fdfdfd"
RAISES, LOWERS = "#ff7326", "#40a6ff"
_RATER_LINES = ((YELLOW, "solid"), (CYAN, (0, (3.0, 1.6))), (AMBER, (0, (1.0, 1.2))))
KEY_MM = 6.0
MM_A_POINT = 25.4 / 72


def read_picture(folder: Path, name: str) -> FloatArray:
    """Read an 8-bit grey picture of the results folder, values 0 to 255.

    Raises
    ------
    InputError
        If the file is missing, unreadable, or lies outside the folder.
    """
    path = folder / name
    if path.resolve().parent != folder.resolve():
        raise InputError(f"pictures: expected a file name within {folder.name}/, found {name!r}")
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L"), dtype=np.float64)
    except OSError as error:
        raise InputError(
            f"pictures: expected {name} in the results' pictures folder, found none that can be"
            " read; run the study again or remove the picture from facts.json"
        ) from error


def picture_height_mm(picture: PictureFacts, folder: Path, width_mm: float) -> float:
    """Height that the picture needs at this width."""
    rows, columns = read_picture(folder, picture.file).shape
    return float(width_mm * rows / columns + KEY_MM)


def draw_picture(area: Area, picture: PictureFacts, folder: Path) -> None:
    """Draw a radiograph with outlines, or a saliency map over it."""
    width, height = size_mm(area)
    grey = read_picture(folder, picture.file)
    axes = area.add_axes((0, KEY_MM / height, 1, 1 - KEY_MM / height))
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
    if picture.heat_file:
        _draw_heat(axes, read_picture(folder, picture.heat_file))
    axes.set(xlim=(-0.5, grey.shape[1] - 0.5), ylim=(grey.shape[0] - 0.5, -0.5))
    axes.axis("off")
    raters = list(dict.fromkeys(outline.rater for outline in picture.outlines))
    for outline in picture.outlines:
        colour, dashes = _RATER_LINES[raters.index(outline.rater) % len(_RATER_LINES)]
        ring = np.array([*outline.points, outline.points[0]])
        axes.plot(ring[:, 1], ring[:, 0], color="black", linewidth=2.0, alpha=0.5)
        axes.plot(ring[:, 1], ring[:, 0], color=colour, linestyle=dashes, linewidth=1.1)
    _draw_sides(axes, picture, width)
    key = area.add_axes((0, 0, 1, KEY_MM / height))
    key.set(xlim=(0, width), ylim=(0, KEY_MM))
    key.axis("off")
    if picture.heat_file:
        _draw_heat_key(key, picture)
    else:
        _draw_rater_key(key, raters)


def _draw_sides(axes: Axes, picture: PictureFacts, width_mm: float) -> None:
    """Letter the edges as a radiograph is lettered, and name the regions."""
    letter_edges(axes, picture.edge_sides, 2 * SMALL_PT)
    _name_regions(axes, picture, width_mm, [withStroke(linewidth=2.2, foreground="black")])


def letter_edges(axes: Axes, sides: tuple[str, str], size_pt: float) -> None:
    """Write the letters of the patient's sides into a picture's upper corners."""
    halo = [withStroke(linewidth=2.2, foreground="black")]
    for letter, x in zip(sides, (0.02, 0.98), strict=True):
        axes.text(
            x, 0.97, letter, transform=axes.transAxes, ha="left" if x < 0.5 else "right", va="top",
            size=size_pt, weight="bold", color=EDGE, path_effects=halo,
        )  # fmt: skip


def _name_regions(
    axes: Axes, picture: PictureFacts, width_mm: float, halo: list[withStroke]
) -> None:
    """Write each region's name below it, once, as short as the room on either side asks."""
    named = {outline.label: np.array(outline.points) for outline in picture.outlines[::-1]}
    named.pop("", None)
    columns, rows = (abs(high - low) for low, high in (axes.get_xlim(), axes.get_ylim()))
    mm = width_mm / columns
    centres = {name: float(points[:, 1].mean()) for name, points in named.items()}
    for name, points in named.items():
        x = centres[name]
        beside = [abs(x - other) for key, other in centres.items() if key != name]
        room = min([2 * x, 2 * (columns - x), *beside]) * mm - 1.0
        lowest = rows - 1.6 * SMALL_PT * MM_A_POINT / mm
        text = shortened(name, max(room, 0.0), SMALL_PT)
        axes.text(
            x, min(float(points[:, 0].max()), lowest), text, ha="center", va="top",
            size=SMALL_PT, color=EDGE, path_effects=halo,
        )  # fmt: skip


def _draw_heat(axes: Axes, heat: FloatArray) -> None:
    """Lay the signed map over the picture; where it says nothing it is transparent."""
    signed = (heat - 128.0) / 127.0
    colour = np.empty((*signed.shape, 4))
    colour[..., :3] = np.where(signed[..., None] >= 0, (1.0, 0.45, 0.15), (0.25, 0.65, 1.0))
    colour[..., 3] = np.clip(np.abs(signed), 0, 1) * 0.75
    axes.imshow(colour, interpolation="bilinear", aspect="auto")
    if np.ptp(signed) > 0:
        axes.contour(
            signed,
            levels=[-0.5, 0.5],
            colors=EDGE,
            linewidths=0.6,
            linestyles=["dashed", "solid"],
        )


def _draw_heat_key(key: Axes, picture: PictureFacts) -> None:
    """Name the two colours, each with its outline: in grey the outline alone parts them."""
    looks = ((2.0, RAISES, "solid", "raises the risk"), (31.0, LOWERS, "dashed", "lowers it"))
    for x, colour, dashes, text in looks:
        for edge, width in (("black", 1.8), (EDGE, 0.9)):
            key.add_patch(
                Rectangle(
                    (x, 1.0), 2.8, 2.8, facecolor=colour, edgecolor=edge, linewidth=width,
                    linestyle=dashes if edge == EDGE else "solid",
                )
            )  # fmt: skip
        key.text(x + 4.2, 2.4, text, va="center", size=SMALL_PT)
    if picture.heat_limit is not None:
        limit = f"full colour: ±{picture.heat_limit:.2g}"
        end = float(key.get_xlim()[1]) - 2.0
        key.text(end, 2.4, limit, ha="right", va="center", size=SMALL_PT)


def _draw_rater_key(key: Axes, raters: list[str]) -> None:
    for number, rater in enumerate(raters):
        colour, dashes = _RATER_LINES[number % len(_RATER_LINES)]
        x = 2.0 + 30.0 * number
        key.plot((x, x + 8.0), (2.4, 2.4), color="black", linewidth=2.4, alpha=0.6)
        key.plot((x, x + 8.0), (2.4, 2.4), color=colour, linestyle=dashes, linewidth=1.3)
        key.text(x + 10.0, 2.4, f"Rater {rater}", va="center", size=SMALL_PT)
