"""A second rater who drew some of the cases, the commonest design."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.command import Command
from study.small_study import SPACING, SmallStudy
from trephine.imaging import read_mask, write_nifti
from trephine.study import Study
from trephine.study.agreement import compare_drawings
from trephine.study.images.overlaps import unlike
from trephine.study.inputs import read_study
from trephine.types import Mask


def keep(study: SmallStudy, folder: str, patients: list[str]) -> None:
    for path in (study.folder / folder).iterdir():
        if path.name.split(".")[0] not in patients:
            path.unlink()


def test_a_second_rater_of_some_cases_is_noted_with_their_number(
    trephine: Command, image_study: SmallStudy
) -> None:
    keep(image_study, "b", [f"{number:03d}" for number in range(1, 11)])
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert "Note: Rater b drew 20 of 60 cases" in said.out


def test_one_mask_that_is_missing_is_noted_by_its_rows(
    trephine: Command, image_study: SmallStudy
) -> None:
    (image_study.folder / "b/002.nii.gz").unlink()
    said = trephine("check", image_study.toml)
    assert "Note: Rater b drew 58 of 60 cases (not rows 4, 5)" in said.out


def test_the_first_rater_must_have_drawn_every_case(
    trephine: Command, image_study: SmallStudy
) -> None:
    (image_study.folder / "a/031.nii.gz").unlink()
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "expected rater a's mask" in said.err


@pytest.mark.parametrize("patients", [[], ["001", "002"]])
def test_a_second_rater_of_too_few_cases_is_a_problem(
    trephine: Command, image_study: SmallStudy, patients: list[str]
) -> None:
    keep(image_study, "b", patients)
    said = trephine("check", image_study.toml)
    assert said.code == 2
    found = f"found {2 * len(patients)} of 60"
    assert (
        f"[data.raters] b: expected this rater's masks of 5 cases at least, for the agreement, "
        f"{found}" in said.err
    )
    assert "1 problem" in said.err


def test_too_few_among_the_cases_that_stay_is_a_problem_too(
    trephine: Command, image_study: SmallStudy
) -> None:
    keep(image_study, "b", ["001", "002", "003"])
    image_study.set(2, "age", "")
    image_study.set(3, "age", "")
    said = trephine("check", image_study.toml)
    assert "found 4 of 58" in said.err


def test_a_second_file_that_is_there_and_cannot_be_read_is_still_a_problem(
    trephine: Command, image_study: SmallStudy
) -> None:
    keep(image_study, "b", [f"{number:03d}" for number in range(1, 11)])
    (image_study.folder / "b/001.nii.gz").write_bytes(b"nothing")
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "1 problem" in said.err
    assert "rater b, the file: expected DICOM" in said.err


@pytest.mark.slow
def test_run_and_agree_count_the_cases_that_both_drew(
    trephine: Command, image_study: SmallStudy
) -> None:
    keep(image_study, "b", [f"{number:03d}" for number in range(1, 11)])
    facts = Study.from_toml(image_study.toml).run(formats=()).facts
    assert facts.agreement is not None
    between = [icc for icc in facts.agreement.icc if icc.comparison == "raters a and b"]
    assert {icc.cases for icc in between} == {20}
    assert [one.cases for one in facts.agreement.overlap if one.comparison == "a and b"] == [20]
    assert [(r.name, r.cases, r.of) for r in facts.methods.partial_raters] == [("b", 20, 60)]
    out = image_study.folder / "agreement"
    said = trephine("agree", image_study.toml, "--out", out, "--worst", 1, "--no-features")
    assert said.code == 0, said.err
    summary = (out / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert summary[1].startswith("a and b,20,")


def relabelled(study: SmallStudy, rater: str, patient: str, labels: dict[int, int]) -> None:
    path = study.folder / rater / f"{patient}.nii.gz"
    mask = read_mask(path)
    changed = np.zeros_like(mask.labels)
    for old, new in labels.items():
        changed[mask.labels == old] = new
    write_nifti(Mask(changed, SPACING), path)


def test_a_side_that_the_second_rater_s_file_lacks_was_not_read_twice(
    trephine: Command, image_study: SmallStudy
) -> None:
    relabelled(image_study, "b", "002", {1: 1})
    relabelled(image_study, "b", "003", {2: 2})
    relabelled(image_study, "a2", "004", {1: 1})
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert "Note: Rater b drew 58 of 60 cases (not rows 5, 6)" in said.out
    inputs = read_study(image_study.toml)
    assert inputs.files is not None
    assert inputs.files.masks["b"].count(None) == 2
    assert None not in inputs.files.masks["a"]
    assert inputs.files.repeats["a"].count(None) == 60 - 20 + 1
    (between, again) = compare_drawings(inputs)
    assert (len(between.rows), len(again.rows)) == (58, 19)
    # What is remembered of unchanged images says the same.
    assert trephine("check", image_study.toml).out.count("58 of 60 cases") == 1


def test_the_first_rater_s_file_must_hold_both_sides(
    trephine: Command, image_study: SmallStudy
) -> None:
    relabelled(image_study, "a", "002", {1: 1})
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "row 5: expected a region with label 2 in the mask of rater a" in said.err
    assert "Only the other side is drawn in it: draw this one too" in said.err
    assert "swapped" not in said.err


@pytest.mark.parametrize("rater", ["a", "b"])
def test_a_label_of_no_side_is_named_and_no_swap_suspected(
    trephine: Command, image_study: SmallStudy, rater: str
) -> None:
    relabelled(image_study, rater, "002", {1: 3, 2: 2})
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "Label 3 belongs to no side in the study file" in said.err
    assert "swapped" not in said.err


def test_the_only_label_of_a_mask_is_offered_where_one_label_is_sought(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("mask_label = { R = 1, L = 2 }", "mask_label = 7")
    relabelled(image_study, "a", "040", {1: 5})
    said = trephine("check", image_study.toml)
    assert "Label 5 is the only one there" in said.err


def test_too_few_sides_in_the_second_rater_s_files_is_a_problem(
    trephine: Command, image_study: SmallStudy
) -> None:
    keep(image_study, "b", ["001", "002", "003"])
    relabelled(image_study, "b", "001", {1: 1})
    relabelled(image_study, "b", "002", {1: 1})
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "this rater's masks of 5 cases at least, for the agreement, found 4 of 60" in said.err


def test_masks_exchanged_between_two_patients_are_named_by_their_dice(
    trephine: Command, image_study: SmallStudy
) -> None:
    for patient in ("036", "037"):
        path = image_study.folder / f"b/{patient}.nii.gz"
        moved = np.roll(read_mask(path).labels, 15, axis=1)
        write_nifti(Mask(moved, SPACING), path)
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert "Note: Rows 57, 58: 2 regions of rater a and rater b hardly overlap (Dice 0." in said.out
    assert "another patient's, or of the other side?" in said.out
    out = image_study.folder / "agreement"
    agreed = trephine("agree", image_study.toml, "--out", out, "--worst", 1, "--no-features")
    assert "Note: Rows 57, 58: 2 regions of a and b hardly overlap" in agreed.out
    assert "mm²" in agreed.out


@given(st.lists(st.floats(0.86, 0.97), min_size=6, max_size=40), st.floats(0.0, 0.3))
def test_a_dice_far_below_the_others_is_unlike_them_and_no_usual_one_is(
    usual: list[float], odd: float
) -> None:
    found = unlike(np.array([*usual, odd]))
    assert found[-1]
    assert not found[:-1].any()
