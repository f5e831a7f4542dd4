"""A study of several images per case is drawn on as it stands: each image has its own readings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.drawn_files import put
from study.several_images import write_several_images
from study.small_study import SmallStudy
from trephine.imaging import check_geometry, read_image, read_mask
from trephine.study.annotating.deriving import shown_reading
from trephine.study.annotating.items import HipRow, WorkItem, Workplace
from trephine.study.annotating.rating import Ratings
from trephine.study.annotating.starting import regions_of_mask
from trephine.study.annotating.workplace import open_workplace
from trephine.study.editing.data_look import look_at_data

HEAD = {"kind": "disc", "centre": [12.0, 12.0], "radius_mm": 4.1}
LESION = {"kind": "disc", "centre": [12.0, 12.0], "radius_mm": 2.1}


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return write_several_images(tmp_path, 4, without_mr=(2,))


def draw(place: Workplace, item: WorkItem, *operations: dict[str, object]) -> dict[str, Any]:
    ratings = Ratings(place, "a")
    for operation in operations:
        ratings.save(item, operation, ratings.journal(item).revision)
    journal, folder = place.journal("a", item), place.rater_folder("a")
    return shown_reading(item, journal, folder, (0, 0), True)


def named(region: str, shape: dict[str, object], name: str, index: int = 0) -> dict[str, object]:
    return put(region, None, shape, region=name, index=index)


def test_the_work_list_names_the_image_and_lacks_what_a_case_may_lack(study: SmallStudy) -> None:
    place = open_workplace(study.toml)
    hips = ["001", "002", "003", "004"]
    expected = [f"{name}/{hip}" for name in ("AP", "lateral") for hip in hips]
    assert [one.place for one in place.items.values()] == [
        *expected, *(f"T1/{hip}" for hip in hips if hip != "002"),
    ]  # fmt: skip
    assert place.mask_patterns == {
        "AP": "annotations/{rater}/{region}/AP/{hip}.nii.gz",
        "lateral": "annotations/{rater}/{region}/lateral/{hip}.nii.gz",
        "T1": "annotations/{rater}/_regions/T1/{hip}.nii.gz",
    }


def test_what_is_drawn_is_where_the_study_file_is_told_to_look(study: SmallStudy) -> None:
    place = open_workplace(study.toml)
    text = study.toml.read_text("utf-8")
    for name, pattern in place.mask_patterns.items():
        own = pattern.replace("{rater}", "a").replace("{region}", "head")
        old = f'raters = {{ a = "{name.lower()}-a/{{hip}}.nii.gz"'
        assert old in text
        text = text.replace(old, f'raters = {{ a = "{own}"')
    study.toml.write_text(text, "utf-8")
    for item in place.items.values():
        if item.regions:
            draw(place, item, named("h", HEAD, "head", 2), named("l", LESION, "lesion", 2))
        else:
            draw(place, item, named("h", HEAD, "head"))
    look = look_at_data(study.toml)
    found = {
        (one.name, one.files, one.without)
        for one in look.patterns if one.kind == "mask" and one.rater == "a"
    }  # fmt: skip
    assert found == {("AP", 4, ()), ("lateral", 4, ()), ("T1", 3, (3,))}


def test_regions_that_a_study_reads_from_one_mask_are_in_one(study: SmallStudy) -> None:
    place = open_workplace(study.toml)
    item = next(one for one in place.items.values() if one.place == "T1/001")
    draw(place, item, named("l", LESION, "lesion", 2), named("h", HEAD, "head", 2))
    image = read_image(item.path)
    mask = read_mask(place.folder / "a" / "_regions" / "T1" / "001.nii.gz", image=image)
    check_geometry(image, mask)
    y, x = np.indices(image.pixels.shape[1:])
    far = np.hypot(x - 12.0, y - 12.0) * 0.8
    # The lesion comes later in the study file: it lies over the head.
    expected = np.where(far <= 2.1, 2, np.where(far <= 4.1, 1, 0))
    np.testing.assert_array_equal(mask.labels[2], expected)
    assert not np.delete(mask.labels, 2, axis=0).any()
    draw(place, item, *({"do": "remove region", "region_id": one} for one in "lh"))
    assert not (place.folder / "a" / "_regions" / "T1" / "001.nii.gz").exists()


def test_a_start_from_a_mask_knows_its_regions_and_invents_no_side(study: SmallStudy) -> None:
    place = open_workplace(study.toml)
    item = next(one for one in place.items.values() if one.place == "T1/001")
    assert {one["name"] for one in regions_of_mask(item, item.masks["a"])} == {"head", "lesion"}
    drawn = read_mask(item.masks["a"], image=read_image(item.path)).labels
    copied = [{"do": "put region", "region": one} for one in regions_of_mask(item, item.masks["a"])]
    shown = draw(place, item, *copied)
    # The head that a lesion lies over is whole again, and its mask the one that it came from.
    again = read_mask(place.folder / "a" / "_regions" / "T1" / "001.nii.gz").labels
    np.testing.assert_array_equal(again, drawn)
    sizes = {one["name"]: shown["sizes"][one["region_id"]]["pixels"] for one in shown["regions"]}
    assert sizes == {"head": int((drawn > 0).sum()), "lesion": int((drawn == 2).sum())}
    film = next(one for one in place.items.values() if one.place == "AP/001")
    assert [one["side"] for one in regions_of_mask(film, film.masks["a"])] == [None]
    left = replace(film, rows=(HipRow("001", "L"),))
    assert [one["side"] for one in regions_of_mask(left, film.masks["a"])] == ["L"]
