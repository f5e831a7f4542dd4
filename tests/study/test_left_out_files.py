"""Cases whose image or mask cannot be used, left out where the plan says so."""

from __future__ import annotations

import json

from cli.command import Command
from study.small_study import SmallStudy
from trephine.study.inputs import read_study

SKIP = 'failures = "skip"\nimage = "images/{patient}.nii.gz"'


def spoil(study: SmallStudy) -> None:
    (study.folder / "images/002.nii.gz").unlink()
    (study.folder / "a/031.nii.gz").unlink()
    (study.folder / "images/007.nii.gz").write_bytes(b"no image")


def test_they_end_the_study_by_default(trephine: Command, image_study: SmallStudy) -> None:
    spoil(image_study)
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "expected an image" in said.err


def test_they_are_left_out_counted_and_listed(trephine: Command, image_study: SmallStudy) -> None:
    whole = read_study(image_study.toml)
    of = {
        name: {row for row, one in zip(whole.rows, whole.patient_ids, strict=True) if one == name}
        for name in ("002", "031", "007")
    }
    spoil(image_study)
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    inputs = read_study(image_study.toml)
    counted = {one.reason: one.n_cases for one in inputs.flow.exclusions if one.n_cases}
    assert counted == {
        "Image or mask missing": len(of["002"]) + len(of["031"]),
        "Image or mask cannot be used": len(of["007"]),
    }
    assert not set(inputs.patient_ids) & set(of)
    assert inputs.flow.analysed_cases == len(whole.rows) - sum(map(len, of.values()))
    assert inputs.files is not None
    assert len(inputs.files.images) == inputs.flow.analysed_cases
    said = trephine("check", image_study.toml)
    assert said.code == 0
    for row in sorted(set.union(*of.values())):
        assert str(row) in said.out
    assert said.out.count("Note: Left out, ") == 3
    assert "007.nii" not in said.out
    told = json.loads(trephine("check", image_study.toml, "--json").out)
    assert {one["reason"] for one in told["left_out"]} == set(counted)


def test_a_path_that_leads_out_is_no_missing_file(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    image_study.set(2, "patient", "../../secret")
    said = trephine("check", image_study.toml)
    assert said.code == 2


def test_a_contradiction_is_no_failure(trephine: Command, image_study: SmallStudy) -> None:
    image_study.replace("{ R = 1, L = 2 }", "{ R = 2, L = 1 }")
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "swapped" in said.err


def test_a_study_of_which_too_little_is_left_is_refused(
    trephine: Command, image_study: SmallStudy
) -> None:
    for path in sorted((image_study.folder / "images").iterdir())[5:]:
        path.unlink()
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "events" in said.err or "cases" in said.err
