"""Arcs and depression drawn in the browser on a phantom whose angles are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import MRImageStorage

from imaging.conftest import ct_slice
from system.browser import chromium, needs_chromium
from system.reading_page import ReadingPage, annotating
from trephine.study.annotating.measure_table import measure_table
from trephine.study.annotating.workplace import open_workplace

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    needs_chromium,
]
RADIUS_MM, SUNKEN_MM = 24.0, 3.1
# Each plane's own arc, from the first to the second degree, clockwise from the picture's right.
ARCS = {"coronal": (205.0, 318.0), "axial": (231.0, 322.5)}
SPACING_MM, SIZE = 0.5, 160
CENTRE = (78.0, 84.0)


def write_phantom(folder: Path, plane: str) -> None:
    """Write a series of one plane: a head whose necrosis is dark and whose dome is pressed in."""
    place = folder / f"07-{plane}"
    place.mkdir(parents=True)
    first, last = ARCS[plane]
    y, x = np.indices((SIZE, SIZE))
    dx, dy = (x - CENTRE[0]) * SPACING_MM, (y - CENTRE[1]) * SPACING_MM
    away, turn = np.hypot(dx, dy), np.degrees(np.arctan2(dy, dx)) % 360
    dead = (turn >= first) & (turn <= last)
    surface = np.where(np.abs(turn - 265) < 12, RADIUS_MM - SUNKEN_MM, RADIUS_MM)
    grey = np.where(away <= surface, np.where(dead & (away > 8), 300, 1100), 60).astype(np.uint16)
    for number in range(3):
        one = ct_slice(
            grey, (0.0, 0.0, 3.0 * number), Modality="MR", SOPClassUID=MRImageStorage,
            SeriesInstanceUID=f"1.2.{len(plane)}", FrameOfReferenceUID="1.2.9",
            PixelSpacing=[SPACING_MM, SPACING_MM], RescaleIntercept="0",
        )  # fmt: skip
        one.file_meta.MediaStorageSOPClassUID = MRImageStorage
        one.save_as(place / f"{number}.dcm", enforce_file_format=True)


def rim(degree: float, radius_mm: float = RADIUS_MM) -> tuple[float, float]:
    turn = math.radians(degree)
    away = radius_mm / SPACING_MM
    return CENTRE[0] + away * math.cos(turn), CENTRE[1] + away * math.sin(turn)


def test_arcs_are_met_within_a_degree_and_depression_within_a_fifth_of_a_millimetre(
    tmp_path: Path,
) -> None:
    for plane in ARCS:
        write_phantom(tmp_path, plane)
    place = open_workplace(tmp_path)
    with annotating(tmp_path) as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address)
        for plane, tool in (("axial", "s"), ("coronal", "a")):
            reading.open(f"07-{plane}")
            reading.choose("R")
            reading.tool("c")
            reading.click(rim(20), rim(150), rim(90))
            reading.tool(tool)
            reading.click(*map(rim, ARCS[plane]))
            steps = 2
            if plane == "coronal":
                reading.tool("d")
                reading.click(*(rim(at, RADIUS_MM - SUNKEN_MM) for at in (258, 265, 272)))
                reading.page.keyboard.press("Enter")
                steps = 3
            item = next(one for one in place.items.values() if one.place == f"07-{plane}")
            reading.saved(steps, place.journal("a", item))
        assert reading.errors == []
    (row,) = measure_table(place, "a").to_dict("records")
    a, b = (last - first for first, last in (ARCS["coronal"], ARCS["axial"]))
    assert (row["case"], row["side"]) == ("07", "R")
    assert row["arc_coronal_degree"] == pytest.approx(a, abs=1.0)
    assert row["arc_axial_degree"] == pytest.approx(b, abs=1.0)
    assert row["combined_angle_degree"] == pytest.approx(a + b, abs=1.5)
    assert row["depression_mm"] == pytest.approx(SUNKEN_MM, abs=0.2)
    assert row["kerboul"] == "2"
    assert row["depressed_over_2_mm"] == "yes"
