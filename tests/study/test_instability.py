"""Instability in a study's facts and report, from the refits that the study makes anyway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from study.small_study import SmallStudy, write_table_study
from trephine.facts import Facts, InstabilityFacts
from trephine.study import run

BOOTSTRAPS = 6


def facts_of(folder: Path, *changes: tuple[str, str]) -> tuple[SmallStudy, Facts]:
    study = write_table_study(folder)
    for old, new in changes:
        study.replace(old, new)
    return study, run.run_study(study.toml, formats=("html", "csv")).facts


def of(facts: Facts, protocol: str, model: str, horizon: float) -> InstabilityFacts:
    (found,) = (
        one
        for one in facts.instability
        if (one.protocol, one.model, one.horizon) == (protocol, model, horizon)
    )
    return found


@pytest.fixture(scope="module")
def refitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallStudy, Facts]:
    folder = tmp_path_factory.mktemp("refitted") / "study"
    return facts_of(folder, ("bootstraps = 0", f"bootstraps = {BOOTSTRAPS}"))


def test_every_model_is_summed_up_and_the_fullest_drawn(
    refitted: tuple[SmallStudy, Facts],
) -> None:
    _, facts = refitted
    models = {(m.protocol, m.name) for m in facts.models}
    assert {(one.protocol, one.model) for one in facts.instability} == models
    shown = {(n.protocol, n.model) for n in facts.nomograms}
    assert {(one.protocol, one.model) for one in facts.instability if one.original} == shown
    for protocol, model in shown:
        found = of(facts, protocol, model, 12.0)
        n = facts.flow.analysed.cases
        assert found.refits == found.drawn == BOOTSTRAPS
        for series in (
            found.original, found.low, found.high, found.low_smooth, found.high_smooth,
            found.error, found.changed_of_case,
        ):  # fmt: skip
            assert len(series) == n
        assert list(found.original) == sorted(found.original)
        assert found.mape == pytest.approx(np.mean(found.error))
        assert found.mape_largest == max(found.error)
        assert found.changed == pytest.approx(np.mean(found.changed_of_case))
        assert len(found.point_at) == len(found.point_refitted) == BOOTSTRAPS * n


def test_the_report_shows_it_and_says_what_it_is(refitted: tuple[SmallStudy, Facts]) -> None:
    study, _ = refitted
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "Instability of predictions" in page
    assert 'id="figure-instability-sound-12"' in page
    assert "by the models refitted to bootstrap samples are compared with those of the" in page
    assert (study.results / "tables" / "table-instability.csv").exists()


def test_ridge_and_elastic_net_stand_beside_the_sound_signature(
    refitted: tuple[SmallStudy, Facts],
) -> None:
    study, facts = refitted
    (sound,) = (part for part in facts.selection if part.protocol == "sound")
    assert [rival.learner for rival in sound.rivals] == ["Ridge", "Elastic net"]
    for rival in sound.rivals:
        assert rival.gained.value == pytest.approx(rival.own.value - rival.concordance.value)
    assert all(not part.rivals for part in facts.selection if part.protocol == "published")
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "Other learners on the features of the signatures" in page


@pytest.mark.slow
def test_groups_of_the_plan_are_judged_at_its_first_horizon(tmp_path: Path) -> None:
    _, facts = facts_of(
        tmp_path / "study",
        ("bootstraps = 0", f"bootstraps = {BOOTSTRAPS}"),
        ("horizons = [12, 24]", "horizons = [12, 24]\nrisk_cuts = [0.3]"),
    )
    first = [one for one in facts.instability if one.horizon == 12]
    assert all(one.cuts == (0.3,) and one.changed is not None for one in first)
    assert all(one.cuts == () and one.changed is None for one in facts.instability[1::2])


def test_without_bootstraps_there_is_none(tmp_path: Path) -> None:
    study, facts = facts_of(tmp_path / "study")
    assert facts.instability == ()
    assert "Instability" not in (study.results / "report.html").read_text(encoding="utf-8")
