"""A study with subgroups, from its file to table, figure and checklist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_clinical_study
from trephine.report.checklists import fill_checklists
from trephine.study import Study
from trephine.study.run import StudyResult
from trephine.validation.out_of_fold import out_of_fold_concordance


def _study(folder: Path, subgroups: str) -> SmallStudy:
    study = write_clinical_study(folder)
    study.replace("[validation]", f"[validation]\nsubgroups = {subgroups}")
    return study


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = _study(tmp_path_factory.mktemp("groups") / "study", '["stage", "age"]')
    study.replace(
        'clinical = "backward-aic"\n', ""
    ) if "clinical =" in study.toml.read_text() else 0
    study.replace("[selection]", '[selection]\nclinical = "all"')
    return Study.from_toml(study.toml).run(workers=1)


def test_each_group_has_its_figures_on_unseen_cases(result: StudyResult) -> None:
    facts = [one for one in result.facts.subgroups if one.protocol == "sound"]
    assert [one.label for one in facts] == ["Stage", "Age"]
    assert [row.group for row in facts[0].groups] == ["I", "II", "IIIA"]
    for one in facts:
        assert sum(row.n for row in one.groups) == result.facts.flow.analysed.cases
        for row in one.groups:
            for estimate in (row.c_index, row.observed_expected, row.slope):
                assert estimate is not None
                assert estimate.low <= estimate.value <= estimate.high
            # Of a small group too few resamples reach the horizon for limits.
            assert row.net_benefit is not None
            assert row.net_benefit.value is not None
    cases = result.analysis.cases
    found = result.analysis.protocols["sound"].out_of_fold
    assert found is not None
    here = np.asarray(cases.clinical.values("stage") == 1)
    own = out_of_fold_concordance(
        cases.survival.take(here), found.take(here), "Clinical", cases.patient[here]
    )
    shown = facts[0].groups[1].c_index
    assert shown is not None
    assert shown.value == own.value


def test_page_and_checklists_have_them(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "figure-subgroups-sound" in page
    assert "table-subgroups" in page
    lists = {one.name: one for one in fill_checklists(result.facts)}
    item = next(one for one in lists["TRIPOD+AI"].items if one.number == "23a")
    assert item.status == "answered"


def test_without_the_key_there_are_none_and_23a_is_not_ticked(tmp_path: Path) -> None:
    study = write_clinical_study(tmp_path / "study")
    found = Study.from_toml(study.toml).run(workers=1, formats=())
    assert found.facts.subgroups == ()
    lists = {one.name: one for one in fill_checklists(found.facts)}
    item = next(one for one in lists["TRIPOD+AI"].items if one.number == "23a")
    assert item.status == "partly"


def test_a_small_group_is_counted_and_not_judged(tmp_path: Path) -> None:
    study = _study(tmp_path / "study", '["stage"]')
    table = study.table()
    table.loc[table.index[3:], "stage"] = ["I", "II"] * 28 + ["I"]
    table.loc[table.index[:3], "stage"] = "IIIA"
    study.write(table)
    found = Study.from_toml(study.toml).run(workers=1, formats=())
    one = next(one for one in found.facts.subgroups if one.protocol == "sound")
    assert one.groups[2].note == "fewer than 5 events"
    assert one.groups[2].c_index is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ('["gender"]', "gender"),
        ('["centre"]', "centre"),
        ('["stage", "stage"]', "each once"),
    ],
)
def test_what_is_no_subgroup_is_listed_by_check(
    tmp_path: Path, trephine: Command, asked: str, told: str
) -> None:
    study = _study(tmp_path / "study", asked)
    said = trephine("check", study.toml)
    assert said.code == 2
    assert "subgroups" in said.err
    assert told in said.err
    assert "stage" in said.err


def test_subgroups_need_repeats(tmp_path: Path, trephine: Command) -> None:
    study = _study(tmp_path / "study", '["stage"]')
    study.replace("repeats = 1", "repeats = 0")
    said = trephine("check", study.toml)
    assert said.code == 2
    assert "repeats" in said.err
