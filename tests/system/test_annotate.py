"""Regions drawn in a browser: the mask on disk is that of an independent raster."""

from __future__ import annotations

import csv
import gzip
import json
import math
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import MRImageStorage

from annotation.plain_raster import Rule, in_circle, in_ellipse, in_polygon, in_stroke
from cli.test_extract import SETTINGS
from imaging.conftest import ct_slice
from study.drawn_files import greys, write_kinds
from system.browser import chromium, needs_chromium
from system.reading_page import ReadingPage, annotating, lines_of, near
from trephine.demo.cohort import simulate_cohort
from trephine.demo.files import write_cohort
from trephine.imaging import check_geometry, read_image, read_mask
from trephine.study.annotating.workplace import open_workplace
from trephine.types import BoolArray

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    needs_chromium,
]
KINDS = ["demo", "inverted", "mirrored", "series", "oblique", "RG2_J2KR"]
# An MR series that lies askew to the patient: directions of rows and columns, mm.
ACROSS = np.array([0.9684, 0.1213, -0.2179]) / np.linalg.norm([0.9684, 0.1213, -0.2179])
NORMAL = np.cross(ACROSS, [0.05, 0.1, -0.99]) / np.linalg.norm(np.cross(ACROSS, [0.05, 0.1, -0.99]))
DOWN = np.cross(NORMAL, ACROSS)
FIRST_MM, STEP_MM, PIXEL_MM = np.array([-61.5, 14.25, 83.0]), 3.3, (0.7, 0.55)


def films(folder: Path, reference: Path) -> Path:
    """Write a demo radiograph, small files of other kinds, and a public film where there is one."""
    rng = np.random.default_rng(5)
    hips = simulate_cohort(rng, np.random.default_rng(6))
    first = hips[hips["patient_id"] == sorted(hips["patient_id"])[0]]
    write_cohort(folder / "demo-study", first, seed=5, workers=1)
    images = folder / "films"
    write_kinds(images)
    for name in ("plain.dcm", "nifti.nii.gz"):
        (images / name).unlink()
    write_oblique(images / "oblique")
    (demo,) = (folder / "demo-study" / "images").glob("*.dcm")
    demo.rename(images / "demo.dcm")
    public = reference / "radiographs" / "RG2_J2KR.dcm"
    if public.is_file():
        (images / "RG2_J2KR.dcm").write_bytes(public.read_bytes())
    return images


def write_oblique(folder: Path) -> None:
    """Write an oblique coronal MR series whose files are not in the order of its slices."""
    folder.mkdir()
    for number, name in enumerate("dbeac"):
        one = ct_slice(
            greys(30 + number), tuple((FIRST_MM + number * STEP_MM * NORMAL).round(6)),
            Modality="MR", SOPClassUID=MRImageStorage, SeriesInstanceUID="1.2.7.1",
            StudyInstanceUID="1.2.7", FrameOfReferenceUID="1.2.7.2", RescaleIntercept="0",
            ImageOrientationPatient=[*ACROSS.round(6), *DOWN.round(6)], PixelSpacing=list(PIXEL_MM),
            SliceThickness=str(STEP_MM),
        )  # fmt: skip
        one.file_meta.MediaStorageSOPClassUID = MRImageStorage
        one.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def lies_on_its_slice(mask: Path, label: int) -> set[tuple[int, int, int]]:
    """Return slice, row and column of the series under each voxel of a label, by where both lie.

    From the bytes of the NIfTI file and the numbers that the series was written with.
    """
    raw = gzip.decompress(mask.read_bytes())
    size = struct.unpack_from("<3h", raw, 42)
    offset = int(struct.unpack_from("<f", raw, 108)[0])
    kind = {2: "<u1", 4: "<i2", 512: "<u2"}[struct.unpack_from("<h", raw, 70)[0]]
    voxels = np.frombuffer(raw, kind, int(np.prod(size)), offset).reshape(size, order="F")
    to_ras = np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4)
    found = set()
    for place in np.argwhere(voxels == label):
        x, y, z = to_ras @ [*place, 1]
        away = np.array([-x, -y, z]) - FIRST_MM
        exact = [away @ NORMAL / STEP_MM, away @ DOWN / PIXEL_MM[0], away @ ACROSS / PIXEL_MM[1]]
        assert np.allclose(exact, np.round(exact), atol=0.02), exact
        found.add(tuple(int(one) for one in np.round(exact)))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    return films(tmp_path_factory.mktemp("drawn"), request.config.getoption("--reference"))


def by_rule(shape: tuple[int, int], rule: Rule) -> BoolArray:
    """Ask a rule about every pixel near which it says yes, one after another."""
    found = np.zeros(shape, dtype=np.bool_)
    step = 8
    coarse = [
        (row, column)
        for row in range(0, shape[0], step)
        for column in range(0, shape[1], step)
        if any(
            rule(float(column + dx), float(row + dy))
            for dx in range(-step, 2 * step, 2) for dy in range(-step, 2 * step, 2)
        )
    ]  # fmt: skip
    for row, column in coarse:
        for r in range(max(row - 1, 0), min(row + step + 1, shape[0])):
            for c in range(max(column - 1, 0), min(column + step + 1, shape[1])):
                found[r, c] = rule(float(c), float(r))
    return found


def drawn_by_hand(
    reading: ReadingPage, shape: tuple[int, int], spacing: tuple[float, float]
) -> dict[str, Any]:
    """Draw a circle, an ellipse and a polygon on the right, and paint and rub out on the left."""
    high, wide = shape

    def at(x: float, y: float) -> tuple[float, float]:
        return x * wide, y * high

    radius = 0.12 * min(high * spacing[0], wide * spacing[1])
    centre = at(0.25, 0.5)
    rim = [
        (
            centre[0] + radius * math.cos(a) / spacing[1],
            centre[1] + radius * math.sin(a) / spacing[0],
        )
        for a in (0.2, 2.1, 4.0)
    ]
    reading.choose("R")
    reading.tool("c")
    reading.click(*rim)
    reading.choose("R", "lesion")
    reading.tool("e")
    reading.drag(at(0.3, 0.3), at(0.36, 0.37), at(0.38, 0.36))
    reading.choose("R", "acetabulum")
    reading.tool("p")
    corners = [at(0.1, 0.7), at(0.4, 0.65), at(0.35, 0.9), at(0.2, 0.8)]
    reading.click(*corners)
    reading.page.keyboard.press("Enter")
    reading.choose("L")
    reading.page.locator("#brush").fill(str(round(radius / 2, 1)))
    reading.page.locator("#brush").blur()
    reading.tool("b")
    reading.drag(at(0.7, 0.4), at(0.8, 0.5), at(0.75, 0.6))
    reading.tool("x")
    reading.drag(at(0.78, 0.4), at(0.72, 0.55))
    return {"rim": rim, "corners": corners}


def rule_of(
    shape: dict[str, Any], spacing: tuple[float, float], centre: Any, radius: float
) -> Rule:
    points = [tuple(place) for place in shape.get("points", [])]
    if shape["kind"] == "circle":
        return in_circle(centre, radius, spacing)
    if shape["kind"] == "ellipse":
        return in_ellipse(
            tuple(shape["centre"]), tuple(shape["semi_axes_mm"]), shape["turn_degree"], spacing
        )
    if shape["kind"] == "polygon":
        return in_polygon(points)
    return in_stroke(points, shape["radius_mm"], spacing)


def circumcircle(
    points: list[Any], spacing: tuple[float, float]
) -> tuple[tuple[float, float], float]:
    """By the perpendicular bisectors: nothing of the program's own fit."""
    (ax, ay), (bx, by), (cx, cy) = [(x * spacing[1], y * spacing[0]) for x, y in points]
    d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    a2, b2, c2 = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    x = (a2 * (by - cy) + b2 * (cy - ay) + c2 * (ay - by)) / d
    y = (a2 * (cx - bx) + b2 * (ax - cx) + c2 * (bx - ax)) / d
    return (x / spacing[1], y / spacing[0]), math.hypot(ax - x, ay - y)


def mean_by_command(image: Path, mask: Path, folder: Path) -> float:
    """Return the mean grey of a drawn region as ``trephine extract`` measures it."""
    settings, out = folder.parent / "mean.toml", folder.parent / f"{image.name}.csv"
    settings.write_text(SETTINGS)
    command = [sys.executable, "-m", "trephine", "extract", str(image), str(mask)]
    given = ["--label", "1", "--settings", str(settings), "--out", str(out)]
    subprocess.run([*command, *given], check=True, capture_output=True)
    with out.open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    return float(row["original_firstorder_Mean"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_drawn_in_the_browser_is_that_of_an_independent_raster(
    folder: Path, kind: str
) -> None:
    place = open_workplace(folder)
    item = next((one for one in place.items.values() if one.place == kind), None)
    if item is None:
        pytest.skip("no folder of real DICOM files")
    image = read_image(item.path)
    is_volume = image.pixels.ndim == 3
    shape, spacing = image.pixels.shape[-2:], image.geometry.spacing_mm[-2:]
    journal = place.journal("a", item)
    with annotating(folder) as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address)
        reading.open(kind)
        meant = drawn_by_hand(reading, shape, spacing)
        reading.saved(5, journal)
        reading.is_sound()
    shapes = json.loads((place.folder / "a" / "shapes" / f"{kind}.json").read_text("utf-8"))
    regions = {(one["side"], one["name"]): one["parts"] for one in shapes["regions"]}
    pixels_per_mm = 1.5 * max(shape) / 500
    near(regions["R", "head"][0]["shape"]["points"], meant["rim"], pixels_per_mm)
    near(regions["R", "acetabulum"][0]["shape"]["points"], meant["corners"], pixels_per_mm)
    for (side, name), parts in regions.items():
        expected = np.zeros(shape, dtype=np.bool_)
        for part in parts:
            drawn = part["shape"]
            circle = ((0.0, 0.0), 0.0)
            if drawn["kind"] == "circle":
                circle = circumcircle(drawn["points"], spacing)
            pixels = by_rule(shape, rule_of(drawn, spacing, *circle))
            assert pixels.any()
            expected = expected & ~pixels if part["mode"] == "subtract" else expected | pixels
        mask = read_mask(place.folder / "a" / name / f"{kind}.nii.gz", image=image)
        check_geometry(image, mask)
        labels = mask.labels[parts[0]["index"]] if is_volume else mask.labels
        found = labels == {"R": 1, "L": 2}[side]
        assert np.array_equal(found, expected), (side, name, np.argwhere(found != expected)[:5])
        if kind == "oblique":
            under = lies_on_its_slice(
                place.folder / "a" / name / "oblique.nii.gz", int(side == "L") + 1
            )
            middle = {(2, int(row), int(column)) for row, column in np.argwhere(expected)}
            assert under == middle, (side, name)
        assert np.count_nonzero(mask.labels == {"R": 1, "L": 2}[side]) == expected.sum()
        if (side, name) == ("R", "head"):
            plane = image.pixels[parts[0]["index"]] if is_volume else image.pixels
            path = place.folder / "a" / name / f"{kind}.nii.gz"
            assert mean_by_command(item.path, path, folder) == pytest.approx(
                plane[expected].mean(), rel=1e-9
            )
    assert len(lines_of(journal)) == 5
