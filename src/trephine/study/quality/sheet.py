"""A page of the most unusual images and masks, and a table of all: what somebody should look at."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image as Picture

from trephine.errors import InputError
from trephine.executors import Progress, executor
from trephine.imaging import region_outline
from trephine.imaging.sides import picture_sides
from trephine.report.quality_sheet import SheetCase, SheetPicture, quality_page
from trephine.spreadsheet import write_csv_table
from trephine.study.images.pairs import Pair
from trephine.study.inputs import StudyInputs
from trephine.study.picture_frame import as_bytes, frame_round
from trephine.study.quality.looking import DICE, MEASURES, Drawn, Opening, RegionLook, look_at
from trephine.study.quality.unusual import RegionScores, standing_of
from trephine.writing import whole_file

# Longest side of a picture on the page, in pixels, and what is shown round a region.
PICTURE_SIDE = 420
_MARGIN = 0.6

_WORDS = {
    "height_mm": ("height", " mm"),
    "width_mm": ("width", " mm"),
    "depth_mm": ("depth", " mm"),
    "from_right": ("place across the image", ""),
    "from_top": ("place down the image", ""),
    "parts": ("separate parts", ""),
    "edges": ("edges of the image touched", ""),
    "grey_mean": ("mean grey value", ""),
    "grey_sd": ("standard deviation of grey values", ""),
    "grey_clipped": ("share at the lowest or highest grey value", ""),
    "noise": ("noise, as a standard deviation of grey values", ""),
    "sharpness": ("sharpness of the region", ""),
    "contrast": ("contrast with the 3 mm round it, in multiples of the noise", ""),
    "pixel_mm": ("pixel spacing", " mm"),
    "image_rows": ("rows of the image", ""),
    "image_columns": ("columns of the image", ""),
    DICE: ("Dice with another reading", ""),
}


def drawn_in_pairs(pairs: Sequence[Pair]) -> list[Drawn]:
    """Return the regions of images and masks by pairs.

    Raises
    ------
    InputError
        If any lies at an address.
    """
    if any(any(pair.addresses) for pair in pairs):
        raise InputError(
            "the table: expected paths of images and masks, found addresses, of which `trephine"
            " extract` alone reads; copy those that are to be looked at into a folder"
        )
    return [
        Drawn(pair.where or "the pair", pair.image, pair.mask, pair.label, _side(pair.side))
        for pair in pairs
    ]


def drawn_in_study(inputs: StudyInputs) -> list[Drawn]:
    """Return the regions of a study's first rater, with those of the others beside them.

    Raises
    ------
    InputError
        If the study has no images.
    """
    files = inputs.files
    if inputs.images:
        raise InputError(
            "[images]: expected one image of a case, found several, which are not alike; look at"
            " each by itself: `trephine unusual IMAGES MASKS`, with the folders of one of them"
        )
    if files is None:
        raise InputError("[data] image: expected a study with images, found none")
    first, *rest = (*files.masks.values(), *files.repeats.values())
    regions = []
    for row, image in enumerate(files.images):
        mask = first[row]
        assert mask is not None  # the first rater drew every case
        others = tuple(path for paths in rest if (path := paths[row]) is not None)
        side = inputs.sides[row] or ""
        where = f"row {files.rows[row]}"
        regions.append(Drawn(where, image, mask, files.labels[row], side, others))
    return regions


def write_sheet(
    regions: Sequence[Drawn],
    opening: Opening,
    folder: Path,
    most: int,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Look at every region, and write ``regions.csv`` and ``unusual.html``.

    Parameters
    ----------
    regions, opening
        What to look at, and how it is opened.
    folder
        Gets both files; made where it is not there.
    most
        How many regions the page shows.
    workers, progress
        As `executor`; progress is by region.

    Returns
    -------
    How many are unusual, and how many could not be opened.
    """
    with executor(workers, (opening,)) as run:
        looks = list(run.map(look_at, regions, progress))
    opened = [row for row, look in enumerate(looks) if not look.problem]
    standing = standing_of([looks[row] for row in opened])
    shown = [opened[place] for place in standing.ranked()[:most]]
    place_of = {row: place for place, row in enumerate(opened)}
    folder.mkdir(parents=True, exist_ok=True)
    write_csv_table(_table(regions, looks, standing, place_of), folder / "regions.csv")
    cases = (_case(regions[row], opening, standing, place_of[row]) for row in shown)
    failed = [(regions[r].where, look.problem) for r, look in enumerate(looks) if look.problem]
    unusual = sum(bool(standing.reasons(place)) for place in range(len(opened)))
    page = quality_page(list(cases), failed, len(regions), unusual)
    with whole_file(folder / "unusual.html") as draft:
        draft.write_text(page, encoding="utf-8")
    return unusual, len(failed)


def _side(text: str) -> str:
    first = text.strip()[:1].upper()
    return first if first in ("R", "L") else ""


def _table(
    regions: Sequence[Drawn],
    looks: Sequence[RegionLook],
    standing: RegionScores,
    place_of: dict[int, int],
) -> pd.DataFrame:
    rows = []
    for row, (drawn, look) in enumerate(zip(regions, looks, strict=True)):
        place = place_of.get(row)
        score = 0.0 if place is None else float(standing.furthest[place])
        reasons = [] if place is None else standing.reasons(place)
        rows.append(
            {
                "region": drawn.where,
                "side": drawn.side,
                "unusual": round(score, 2),
                "why": look.problem or ", ".join(reasons),
                **{name: look.measures.get(name, np.nan) for name in MEASURES},
            }
        )
    frame = pd.DataFrame(rows)
    return frame.dropna(axis="columns", how="all")


def _case(drawn: Drawn, opening: Opening, standing: RegionScores, place: int) -> SheetCase:
    image, region = opening.region(drawn)
    others = opening.others(image, drawn)
    layer = _layer(region)
    pixels = image.pixels if layer is None else image.pixels[layer]
    drawings = [one if layer is None else one[layer] for one in (region, *others)]
    frame = frame_round(np.any(drawings, axis=0), _MARGIN, PICTURE_SIDE)
    grey = as_bytes(frame.cut(pixels))
    content = io.BytesIO()
    Picture.fromarray(grey).save(content, format="PNG", optimize=True)
    lines = [
        [frame.place(np.asarray(line)) for line in region_outline(one)] if one.any() else []
        for one in drawings
    ]
    return SheetCase(
        drawn.where,
        drawn.side,
        tuple(_sentences(standing, place, region.ndim)),
        SheetPicture(content.getvalue(), grey.shape[0], grey.shape[1], lines, picture_sides(image)),
    )


def _layer(region: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int | None:
    """Return the slice that holds most of a region; None for a plane."""
    return None if region.ndim == 2 else int(region.sum(axis=(1, 2)).argmax())


def _sentences(standing: RegionScores, place: int, axes: int) -> Iterable[str]:
    for name in standing.reasons(place):
        what, unit = _WORDS.get(name, ("area", " mm²") if axes == 2 else ("volume", " mm³"))
        value = standing.values[place, MEASURES.index(name)]
        low, high = map(_number, standing.quartiles[name])
        usual = f"most have {low}" if low == high else f"half of all regions have {low} to {high}"
        yield f"{what} {_number(value)}{unit}; {usual}{unit}"


def _number(value: float) -> str:
    if value == round(value) or abs(value) >= 1000.0:
        return f"{value:,.0f}"
    return f"{value:.3g}"
