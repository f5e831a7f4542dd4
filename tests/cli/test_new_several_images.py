"""``trephine new`` where a folder holds several images of a case: views, kinds, times."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from cli.test_new_export import PATIENTS, N, picture, save, write_masks, write_table
from study.several_images import write_several_images, write_two_times
from study.small_study import NO_NETWORK, SmallStudy
from trephine.plan import StudyPlan, read_plan
from trephine.study.draft.image_names import image_words
from trephine.study.draft.several import images_of_a_case

FEW = 24


def drafted(trephine: Command, folder: Path) -> tuple[StudyPlan, str]:
    said = trephine("new", folder)
    assert said.code == 0, said.err
    toml = folder / "study.toml"
    text = toml.read_text(encoding="utf-8").replace("[deep]\n", NO_NETWORK)
    toml.write_text(text, encoding="utf-8")
    return read_plan(toml), said.out


def checked(trephine: Command, folder: Path) -> None:
    said = trephine("check", folder / "study.toml")
    assert said.code == 0, said.err


@pytest.fixture
def two_times(tmp_path: Path) -> Path:
    study = write_two_times(tmp_path / "study", cases=FEW)
    study.toml.unlink()
    return study.folder


def test_views_and_an_mr_become_sections_that_pass_the_check(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_several_images(tmp_path / "study", cases=FEW, without_mr=(3,))
    study.toml.unlink()
    plan, said = drafted(trephine, study.folder)
    assert plan.data.image is None
    assert list(plan.images) == ["ap", "lateral", "t1"]
    for name, section in plan.images.items():
        assert section.image.endswith(f"{name}/{{hip}}.nii.gz")
        assert {r: Path(p).parts[-2] for r, p in section.raters.items()} == {
            "a": f"{name}-a", "b": f"{name}-b",
        }  # fmt: skip
    assert [plan.images[name].modality for name in plan.images] == ["film", "film", "MR"]
    assert plan.images["lateral"].view == "lateral"
    assert [plan.images[name].missing for name in plan.images] == ["stop", "stop", "drop"]
    assert "Masks of b on t1: t1-b/{hip}.nii.gz (23 files)" in said
    assert "labels found: [1, 2]; several regions" in study.toml.read_text(encoding="utf-8")
    checked(trephine, study.folder)


def test_a_time_in_a_folder_s_name_needs_a_landmark_and_has_one(
    trephine: Command, two_times: Path
) -> None:
    for old, new in (("first", "baseline"), ("later", "month_6")):
        for rater in ("", "-a", "-b"):
            (two_times / f"{old}{rater}").rename(two_times / f"{new}{rater}")
    plan, _ = drafted(trephine, two_times)
    assert {name: own.when for name, own in plan.images.items()} == {
        "baseline": "baseline", "month-6": "month 6",
    }  # fmt: skip
    assert plan.outcome.landmark == 6
    assert list(plan.images["month-6"].raters) == ["a", "b"]
    toml = two_times / "study.toml"
    asked = toml.read_text(encoding="utf-8")
    assert '# change_from = "baseline"' in asked
    toml.write_text(asked.replace("# change_from", "change_from"), encoding="utf-8")
    assert read_plan(toml).images["month-6"].change_from == "baseline"


def test_a_later_image_without_a_time_is_never_taken_for_one_at_baseline(
    trephine: Command, two_times: Path
) -> None:
    plan, _ = drafted(trephine, two_times)
    assert list(plan.images) == ["first"]
    text = (two_times / "study.toml").read_text(encoding="utf-8")
    assert "its name does not say when" in text
    assert "# [images.later]" in text


def test_dates_in_the_names_of_files_say_which_image_came_first(
    trephine: Command, two_times: Path
) -> None:
    rng = np.random.default_rng(5)
    first = date(2020, 1, 1)
    for number in range(1, FEW + 1):
        own = first + timedelta(days=int(rng.integers(0, 900)))
        days = (own, own + timedelta(days=int(rng.integers(170, 200))))
        for name, day in zip(("first", "later"), days, strict=True):
            for kind, ending in (("", ""), ("-a", "_mask"), ("-b", "_b_mask")):
                path = two_times / f"{name}{kind}" / f"{number:03d}.nii.gz"
                target = two_times / "films" / f"{number:03d}_{day:%Y%m%d}{ending}.nii.gz"
                target.parent.mkdir(exist_ok=True)
                shutil.copy(path, target)
    for name in ("first", "later"):
        for kind in ("", "-a", "-b"):
            shutil.rmtree(two_times / f"{name}{kind}")
    plan, said = drafted(trephine, two_times)
    assert {name: own.when for name, own in plan.images.items()} == {
        "baseline": "baseline", "month6": "month 6",
    }  # fmt: skip
    assert plan.data.manifest is not None
    listed = pd.read_csv(plan.data.manifest, dtype=str)
    assert (listed["baseline"] < listed["month6"]).all()
    assert len(listed) == FEW
    assert all(len(own.raters) == 2 for own in plan.images.values())
    assert "Dates in the names of files say" in said
    checked(trephine, two_times)


@pytest.mark.parametrize("tree", ["by view", "as an archive"])
def test_lateral_views_of_an_export_are_an_image_of_their_own_where_most_have_one(
    trephine: Command, tmp_path: Path, tree: str
) -> None:
    for number, patient in enumerate(PATIENTS):
        for view, more in (("ap", {"ViewPosition": "AP"}), ("frog", {"ViewPosition": "LL"})):
            if view == "frog" and number == 4:
                continue
            made = picture(patient, 100 * (view == "frog") + number, **more)
            place = f"{view}/{patient}.dcm"
            if tree == "as an archive":
                place = f"DICOM/X{number}/S{number * 7 % 5}{view[0]}/IM1"
            save(made, tmp_path / place)
    for rater in ("ap", "frog") if tree == "by view" else ("ap", "lateral"):
        write_masks(tmp_path / "masks", PATIENTS, rater, (12, 14))
    write_table(tmp_path, PATIENTS)
    plan, _ = drafted(trephine, tmp_path)
    lateral = [own for own in plan.images.values() if own.view == "lateral"]
    assert len(plan.images) == 2
    assert len(lateral) == 1
    assert lateral[0].missing == "drop"
    if tree == "as an archive":
        checked(trephine, tmp_path)


def test_pictures_and_unnamed_folders_beside_the_images_are_no_images_of_the_case() -> None:
    assert images_of_a_case({"i/{id}.dcm": N, "i/{id}.png": N, "overlay/{id}.png": N}) == {}
    found = images_of_a_case({"i/{id}.nii.gz": N, "i/{id}_t2fs.nii.gz": N, "t1/{id}.nii.gz": 1})
    assert [words.name for words in found.values()] == ["image", "t2fs"]


@pytest.mark.parametrize(
    ("path", "when"),
    [
        ("m06/{id}.dcm", "month 6"), ("{id}/fu1y.nii", "year 1"), ("{id}_12mo.nii", "month 12"),
        ("preop/{id}.nii", "baseline"), ("{id}_week_6.png", "week 6"), ("post/{id}.nii", ""),
        ("t2/{id}.nii", "baseline"), ("月/{id}.nii", "baseline"),
    ],
)  # fmt: skip
def test_a_name_says_when_an_image_was_taken(path: str, when: str) -> None:
    assert image_words(path, [path, "x/{id}.nii"]).when == when


def test_masks_of_one_sequence_serve_the_other_of_the_same_visit(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_several_images(tmp_path / "study", cases=FEW, without_mr=())
    study.toml.unlink()
    for name in ("ap", "lateral"):
        for kind in ("", "-a", "-b"):
            shutil.rmtree(study.folder / f"{name}{kind}")
    shutil.copytree(study.folder / "t1", study.folder / "stir")
    plan, _ = drafted(trephine, SmallStudy(study.folder).folder)
    assert list(plan.images) == ["stir", "t1"]
    assert plan.images["stir"].drawn_on == "t1"
    checked(trephine, study.folder)
