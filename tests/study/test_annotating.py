"""Readings of images: what is drawn is on disk pixel for pixel, on the right side, and blind."""

from __future__ import annotations

import json
from pathlib import Path

import highdicom
import numpy as np
import pandas as pd
import pydicom
import pytest

from annotation.plain_raster import in_circle, pixel_by_pixel
from cli.command import Command
from study.drawn_files import DISC, OTHER, SHAPE, put, write_kinds
from trephine.annotation.journal import StaleReadingError
from trephine.errors import ImageError, InputError
from trephine.evaluation.agreement import compare_regions
from trephine.imaging import check_geometry, read_image, read_mask
from trephine.study.annotating.comparing import compared
from trephine.study.annotating.deriving import shown_reading
from trephine.study.annotating.items import WorkItem, Workplace, rater_name
from trephine.study.annotating.measure_table import COLUMNS, measure_table
from trephine.study.annotating.rating import Ratings
from trephine.study.annotating.segmentation import segmentation_of
from trephine.study.annotating.viewing import image_facts, picture
from trephine.study.annotating.workplace import open_workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    write_kinds(tmp_path / "images")
    return open_workplace(tmp_path / "images")


def item_of(place: Workplace, name: str) -> WorkItem:
    return next(one for one in place.items.values() if one.place == name)


def draw(place: Workplace, item: WorkItem, rater: str, *operations: dict[str, object]) -> dict:
    ratings = Ratings(place, rater)
    for operation in operations:
        ratings.save(item, operation, ratings.journal(item).revision)
    journal = place.journal(rater, item)
    return shown_reading(item, journal, place.rater_folder(rater), (0, 0), True)


KINDS = ["plain", "inverted", "mirrored", "nifti"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_holds_the_pixels_whose_centre_is_in_and_lies_on_its_image(
    place: Workplace, kind: str
) -> None:
    item = item_of(place, kind)
    draw(place, item, "a", put("r", "R", DISC), put("l", "L", OTHER))
    image = read_image(item.path)
    mask = read_mask(place.folder / "a" / "head" / f"{kind}.nii.gz", image=image)
    check_geometry(image, mask)
    spacing = (0.2, 0.2)
    for label, shape in ((1, DISC), (2, OTHER)):
        rule = in_circle(tuple(shape["centre"]), shape["radius_mm"], spacing)  # type: ignore[arg-type]
        assert np.array_equal(mask.labels == label, pixel_by_pixel(SHAPE, rule))


PLAIN = """normalize = false
binWidth = 10.0
imageType = { Original = {} }
featureClass = { firstorder = ["Mean"] }
"""


@pytest.mark.parametrize("kind", [*KINDS, "series"])
def test_extract_measures_what_was_drawn(
    place: Workplace, kind: str, tmp_path: Path, trephine: Command
) -> None:
    item = item_of(place, kind)
    planes = [2, 3] if kind == "series" else [0]
    draw(place, item, "a", *(put(f"r{k}", "R", DISC, index=k) for k in planes))
    mask = place.folder / "a" / "head" / f"{kind}.nii.gz"
    out = tmp_path / "features.csv"
    settings = tmp_path / "plain.toml"
    settings.write_text(PLAIN, "utf-8")
    said = trephine("extract", item.path, mask, "--settings", settings, "--out", out)
    assert said.code == 0, said.err
    table = pd.read_csv(out)
    image, drawn = read_image(item.path), read_mask(mask).labels == 1
    assert drawn.sum() > 100
    mean = next(name for name in table if name.endswith("firstorder_Mean"))
    assert table[mean][0] == pytest.approx(image.pixels[drawn].mean(), rel=1e-6)


def test_a_volume_is_drawn_on_planes_along_each_of_its_axes(place: Workplace) -> None:
    item = item_of(place, "series")
    flat = {"kind": "disc", "centre": [30.3, 2.1], "radius_mm": 4.0}
    drawn = draw(
        place, item, "a", put("c", None, flat, axis=1, index=40), put("x", None, DISC, index=1)
    )
    image = read_image(item.path)
    mask = read_mask(place.folder / "a" / "head" / "series.nii.gz", image=image)
    check_geometry(image, mask)
    coronal = pixel_by_pixel((5, 90), in_circle((30.3, 2.1), 4.0, (2.5, 0.5)))
    expected = np.zeros(image.pixels.shape, dtype=np.bool_)
    expected[:, 40] |= coronal
    expected[1] |= pixel_by_pixel(SHAPE, in_circle((21.3, 30.2), 3.1, (0.7, 0.5)))
    assert np.array_equal(mask.labels > 0, expected)
    assert drawn["sizes"]["c"]["size"] == pytest.approx(coronal.sum() * 0.7 * 2.5 * 0.5)


@pytest.mark.parametrize("kind", [*KINDS, "series"])
def test_a_picture_holds_the_image_s_own_greys(place: Workplace, kind: str) -> None:
    item = item_of(place, kind)
    facts = image_facts(item)
    pixels = read_image(item.path).pixels
    for axis in range(pixels.ndim - 2, -1, -1) if kind == "series" else [0]:
        shown = picture(item, axis, 0)
        values = np.frombuffer(shown.values, "<u2").reshape(shown.rows, shown.columns)
        plane = pixels if pixels.ndim == 2 else np.moveaxis(pixels, axis, 0)[0]
        assert np.array_equal(values * facts.step + facts.low, plane)
    with pytest.raises(InputError, match="plane: expected"):
        picture(item, 0, pixels.shape[0] if pixels.ndim == 3 else 1)


def test_the_letters_at_a_picture_s_edges_are_the_patient_s_sides(place: Workplace) -> None:
    letters = {kind: image_facts(item_of(place, kind)).sides[0][:2] for kind in KINDS}
    assert letters["plain"] == letters["inverted"] == ("R", "L")
    assert letters["mirrored"] == ("L", "R")
    assert image_facts(item_of(place, "series")).sides == {
        0: ("R", "L", "A", "P"), 1: ("R", "L", "F", "H"), 2: ("A", "P", "F", "H"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code"),
    [("plain", "half"), ("inverted", "half"), ("mirrored", None), ("nifti", "half")],
)
def test_a_region_on_the_other_half_is_warned_of(
    place: Workplace, kind: str, code: str | None
) -> None:
    found = draw(place, item_of(place, kind), "a", put("r", "R", OTHER))
    assert [one["code"] for one in found["warnings"]] == ([code] if code else [])


def test_sides_that_overlap_are_written_to_no_mask(place: Workplace) -> None:
    item = item_of(place, "plain")
    found = draw(place, item, "a", put("r", "R", DISC))
    mask = place.folder / "a" / "head" / "plain.nii.gz"
    before = mask.read_bytes()
    found = draw(place, item, "a", put("l", "L", DISC))
    assert "right and left apart" in found["problem"]
    assert mask.read_bytes() == before


def test_the_mask_of_a_region_that_is_gone_goes_too(place: Workplace) -> None:
    item = item_of(place, "plain")
    draw(place, item, "a", put("r", "R", DISC, region="lesion"))
    mask = place.folder / "a" / "lesion" / "plain.nii.gz"
    assert mask.exists()
    draw(place, item, "a", {"do": "undo"})
    assert not mask.exists()
    draw(place, item, "a", {"do": "redo"})
    assert mask.exists()


def test_shapes_lie_beside_the_mask_with_their_rule(place: Workplace) -> None:
    item = item_of(place, "plain")
    accepted = put("r", "R", DISC)
    accepted["region"]["suggested"] = True
    draw(place, item, "a", accepted)
    content = json.loads((place.folder / "a" / "shapes" / "plain.json").read_text("utf-8"))
    assert content["regions"][0]["suggested"] is True
    assert content["regions"][0]["parts"][0]["shape"] == DISC
    assert "centre" in content["rule"]


@pytest.mark.parametrize("kind", ["plain", "mirrored", "series"])
def test_a_dicom_segmentation_holds_the_same_pixels(
    place: Workplace, kind: str, tmp_path: Path
) -> None:
    item = item_of(place, kind)
    index = 3 if kind == "series" else 0
    lesion = put("x", "R", {**DISC, "radius_mm": 1.5}, region="lesion", index=index)
    draw(place, item, "a", put("r", "R", DISC, index=index), lesion)
    path = tmp_path / "seg.dcm"
    path.write_bytes(segmentation_of(item, place.journal("a", item)))
    image = read_image(item.path)
    for name in ("head", "lesion"):
        mask = read_mask(place.folder / "a" / name / f"{kind}.nii.gz", image=image)
        found = highdicom.seg.segread(path) if kind == "series" else None
        frames = pydicom.dcmread(path).pixel_array
        number = ["head", "lesion"].index(name)
        if found is None:
            assert np.array_equal(frames[number] > 0, mask.labels == 1)
        else:
            volume = found.get_volume(segment_numbers=[number + 1], combine_segments=True)
            drawn = mask.labels[mask.labels.any(axis=(1, 2))]
            assert np.array_equal(volume.array > 0, drawn > 0)
    (label,) = {segment.SegmentLabel for segment in pydicom.dcmread(path).SegmentSequence[:1]}
    assert label == "R head"


def test_what_is_no_dicom_has_no_segmentation(place: Workplace) -> None:
    item = item_of(place, "nifti")
    draw(place, item, "a", put("r", "R", DISC))
    with pytest.raises(ImageError, match="expected a DICOM image"):
        segmentation_of(item, place.journal("a", item))


def test_a_second_window_is_refused_and_nothing_is_written_over(place: Workplace) -> None:
    item = item_of(place, "plain")
    first, second = Ratings(place, "a"), Ratings(place, "a")
    seen = second.journal(item).revision
    first.save(item, put("r", "R", DISC), 0)
    with pytest.raises(StaleReadingError):
        second.save(item, put("r", "R", OTHER), seen)
    assert list(second.journal(item).reading.regions) == ["r"]
    second.save(item, put("l", "L", OTHER), 1)
    assert list(first.journal(item).reading.regions) == ["r", "l"]


DRAWN = {"do": "set state", "state": "drawn"}


def test_a_rater_sees_another_only_when_both_have_finished(place: Workplace) -> None:
    item = item_of(place, "plain")
    a, b, both = (Ratings(place, name) for name in ("a", "b", "consensus"))
    draw(place, item, "a", put("r", "R", DISC), DRAWN)
    assert a.may_compare(item) is b.may_compare(item) is both.may_compare(item) is None
    listed = next(row for row in b.work_list() if row["address"] == item.address)
    assert listed["state"] == "open"
    assert listed["begun"] is False
    draw(place, item, "b", put("r", "R", OTHER))
    assert a.may_compare(item) is b.may_compare(item) is both.may_compare(item) is None
    draw(place, item, "b", DRAWN)
    assert a.may_compare(item) == ("a", "b")
    assert b.may_compare(item) == ("b", "a")
    assert both.may_compare(item) == ("a", "b")


def test_a_comparison_is_that_of_the_masks_on_disk(place: Workplace) -> None:
    item = item_of(place, "plain")
    near = {**DISC, "centre": [24.9, 31.7]}
    draw(place, item, "a", put("r", "R", DISC), put("x", "R", OTHER, region="lesion"))
    draw(place, item, "b", put("r", "R", near))
    found = compared(item, (place.journal("a", item), place.journal("b", item)), (0, 0))
    masks = [read_mask(place.folder / name / "head" / "plain.nii.gz").labels == 1 for name in "ab"]
    expected = compare_regions(masks[0], masks[1], (0.2, 0.2))
    head, lesion = sorted(found["pairs"], key=lambda pair: pair["name"])
    assert head["dice"] == expected.dice
    assert head["hausdorff95_mm"] == expected.hausdorff95_mm
    assert lesion["alone"] == 0


def measure(name: str, kind: str, *points: tuple[float, float], **more: object) -> dict:
    content = {"measure_id": name, "kind": kind, "side": "R", "points": points, **more}
    return {"do": "put measure", "measure": content}


def test_the_table_of_measures_has_a_row_for_each_hip(tmp_path: Path) -> None:
    kinds = write_kinds(tmp_path / "images")
    kinds["plain"].rename(tmp_path / "images" / "07-coronal.dcm")
    kinds["inverted"].rename(tmp_path / "images" / "07-axial.dcm")
    place = open_workplace(tmp_path / "images")
    centre, radius = np.array([21.3, 30.2]), 15.5

    def rim(degree: float, part: float = 1.0) -> tuple[float, float]:
        turn = np.deg2rad(degree)
        x, y = centre + part * radius * np.array([np.cos(turn), np.sin(turn)])
        return float(x), float(y)

    head = put("r", "R", DISC)
    lesion = put("x", "R", {"kind": "polygon", "points": [(0, 0), (21.3, 0), (21.3, 80), (0, 80)]},
                 region="lesion")  # fmt: skip
    found = draw(place, item_of(place, "07-coronal"), "a", head, lesion,
                 measure("m1", "arc_coronal", rim(200), rim(320)),
                 measure("m2", "depression", rim(270, 1 - 0.5 / 3.1)))  # fmt: skip
    assert found["values"]["m1"]["value"] == pytest.approx(120)
    draw(
        place, item_of(place, "07-axial"), "a", head, measure("m", "arc_axial", rim(190), rim(300))
    )
    table = measure_table(place, "a")
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    assert (row["case"], row["side"], row["kerboul"]) == ("07", "R", "2")
    assert row["combined_angle_degree"] == pytest.approx(230)
    assert row["necrosis_index"] == pytest.approx(120 / 180 * 110 / 180 * 100)
    assert row["depression_mm"] == pytest.approx(0.5)
    assert row["lesion_percent"] == pytest.approx(50, abs=4)


def test_a_measure_without_its_head_says_so(place: Workplace) -> None:
    item = item_of(place, "plain")
    found = draw(place, item, "a", measure("m", "arc_coronal", (1, 1), (5, 5)))
    assert found["values"]["m"] == {"value": None, "unit": "°", "lacks": "head"}


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "é", "x" * 40])
def test_a_rater_s_name_is_that_of_a_folder(name: str) -> None:
    with pytest.raises(InputError, match="rater: expected"):
        rater_name(name)


STUDY = """
[data]
table = "cases.csv"
image = "images/{hip}.dcm"
raters = { a = "masks/{hip}.nii.gz" }
columns = { case = "name", patient = "hip", side = "side", time = "months", event = "died" }
mask_label = { R = 3, L = 7 }
[outcome]
horizons = [12]
"""


def test_a_study_s_images_are_those_of_its_table_and_its_labels(tmp_path: Path) -> None:
    write_kinds(tmp_path / "images")
    (tmp_path / "cases.csv").write_text(
        "name,hip,side,months,died\np1,plain,R,,\np2,plain,L,3,1\nm1,mirrored,L,4,0\n", "utf-8"
    )
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    place = open_workplace(tmp_path / "study.toml")
    assert [one.place for one in place.items.values()] == ["plain", "mirrored"]
    assert place.mask_patterns == {"": "annotations/{rater}/{region}/{hip}.nii.gz"}
    item = item_of(place, "plain")
    draw(place, item, "a", put("r", "R", DISC), put("l", "L", OTHER))
    labels = read_mask(place.folder / "a" / "head" / "plain.nii.gz").labels
    assert set(np.unique(labels)) == {0, 3, 7}
    assert list(measure_table(place, "a")["case"]) == ["p1", "p2"]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected images"):
        open_workplace(tmp_path)
