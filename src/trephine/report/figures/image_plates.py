"""Plates of images and of agreement between raters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from trephine.facts import Facts, IccFacts, PictureFacts
from trephine.report.figures.assessed import draw_titled
from trephine.report.figures.icc import draw_icc
from trephine.report.figures.pictures import draw_picture, picture_height_mm
from trephine.report.figures.plate import Panel, Plate
from trephine.report.style import COLUMN_MM
from trephine.report.trace import Text, Trace


def picture_plates(facts: Facts, folder: Path) -> list[Plate]:
    """Return radiographs with outlines, and saliency maps."""
    trace = Trace.start(facts)
    return [
        Plate(
            slug=f"figure-picture-{number + 1}-{picture.type}",
            section="agreement",
            number="",
            title=(_picture_title(facts, picture),),
            caption=(path.caption.words(), *_dice(path)),
            panels=(_picture_panel(picture, folder),),
        )
        for number, (picture, path) in enumerate(zip(facts.pictures, trace.pictures, strict=True))
    ]


def _picture_title(facts: Facts, picture: PictureFacts) -> str:
    if picture.type == "saliency":
        return "Saliency of the deep signature"
    # Several images of a case need not be radiographs.
    what = "Image" if facts.methods.images else "Radiograph"
    return f"{what} with the regions of interest"


def _dice(picture: Trace) -> Text:
    return () if picture.raw.dice is None else (" Dice ", picture.dice.show("2"), ".")


def _picture_panel(picture: PictureFacts, folder: Path) -> Panel:
    return Panel(
        partial(draw_picture, picture=picture, folder=folder),
        COLUMN_MM,
        picture_height_mm(picture, folder, COLUMN_MM),
        picture.caption,
    )


def icc_plates(facts: Facts) -> list[Plate]:
    """Return the distribution of the ICC, a panel a feature set."""
    rows = facts.agreement.icc if facts.agreement else ()
    if not rows:
        return []
    panels = []
    for feature_set in dict.fromkeys(row.feature_set for row in rows):
        draw = partial(draw_icc, comparisons=[r for r in rows if r.feature_set == feature_set])
        panels.append(
            Panel(
                partial(draw_titled, title=f"{feature_set} features", draw=draw),
                COLUMN_MM,
                52.0,
                f"Distribution of the ICC of the {feature_set} features.",
            )
        )
    return [
        Plate(
            slug="figure-icc",
            section="agreement",
            number="",
            title=(f"Agreement of features {_between(rows)}",),
            caption=(f"Share of features at each ICC, {_measured_on(rows)}; dotted: threshold.",),
            panels=tuple(panels),
        )
    ]


def _between(rows: Sequence[IccFacts]) -> str:
    if all(row.perturbed for row in rows):
        return "in perturbed copies of the regions"
    return "between and within raters"


def _measured_on(rows: Sequence[IccFacts]) -> str:
    if all(row.perturbed for row in rows):
        return "measured on every case and its copies"
    return "measured on the cases that were read both times or by all the raters named"
