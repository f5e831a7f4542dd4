"""A second rater who drew some of the cases, the commonest design."""

from __future__ import annotations

import pytest

from cli.command import Command
from study.small_study import SmallStudy
from trephine.facts import read_facts


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
    assert "a mask of rater b that can be read" in said.err


def test_run_and_agree_count_the_cases_that_both_drew(
    trephine: Command, image_study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trephine.study.run.write_report", lambda *given, **more: [given[2]])
    keep(image_study, "b", [f"{number:03d}" for number in range(1, 11)])
    said = trephine("run", image_study.toml)
    assert said.code == 0, said.err
    facts = read_facts(image_study.results / "facts.json")
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
