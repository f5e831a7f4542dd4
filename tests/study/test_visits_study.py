"""A study whose event is seen at visits, from its table to a prediction."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.visits_study import EFFECTS, visits_table, write_visits_study
from trephine.errors import PlanError, StudyProblemsError
from trephine.evaluation.time_dependent_auc import AucDifference
from trephine.modelling.protocols import PROTOCOLS
from trephine.modelling.recipe import fit_recipe
from trephine.report.figures.visits import visit_plates
from trephine.report.methods.visits import about_visits
from trephine.report.tables.visits import visits_table as report_table
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.assess.over_draws import pool_over_draws, rubin
from trephine.study.inputs import read_study
from trephine.study.locked import predict_case, validate_bundle
from trephine.study.run import StudyResult
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import Estimate
from trephine.validation.null_check import null_check


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_visits_study(tmp_path_factory.mktemp("visits"))
    return Study.from_toml(study.toml).run(workers=1, formats=())


def test_the_final_model_is_of_the_visits(ran: StudyResult) -> None:
    own = {one.protocol: one for one in ran.facts.models}
    assert own["sound"].ties == ""
    assert own["published"].ties == "Efron"
    fitted = ran.analysis.protocols["sound"].fitted.models["Clinical"]
    error = np.sqrt(np.diag(fitted.covariance))
    assert np.abs(fitted.coefficients - list(EFFECTS.values()) < 3 * error).all()
    shown = next(table for table in ran.facts.table2 if table.protocol == "sound")
    ratio = shown.variables[0].rows[0].multivariable
    assert ratio is not None
    assert ratio.ratio.value == pytest.approx(np.exp(10 * fitted.coefficients[0]), rel=1e-6)
    hazard = fitted.cumulative_hazard(np.arange(1.0, 60.0))
    assert (np.diff(hazard) > 0).all()


def test_the_report_shows_what_pretending_says(ran: StudyResult) -> None:
    visits, facts = ran.facts.visits, ran.facts
    assert visits is not None
    table = visits_table()
    assert visits.events == int((table["collapsed"] != "").sum()) == facts.flow.events
    assert visits.from_start == int(((table["intact"] == "") & (table["collapsed"] != "")).sum())
    first = visits.at_horizons[0]
    assert first.at_visit is not None
    assert first.between_visits.value is not None
    assert first.at_visit < first.between_visits.value
    assert {one.protocol for one in visits.readings} == {"published", "sound"}
    trace = Trace.start(facts)
    said = " ".join(plain(text) for text in about_visits(trace))
    assert "interval censoring; 109 events" in said
    shown = report_table(trace)
    assert shown is not None
    assert len(shown.rows) == 1 + 2 + 2 * (1 + 2)
    assert [plate.slug for plate in visit_plates(facts)] == ["figure-overall-visits"]


def test_a_study_of_known_times_has_none_of_it(ran: StudyResult) -> None:
    trace = Trace.start(ran.facts.model_copy(update={"visits": None}))
    assert report_table(trace) is None
    assert about_visits(trace) == ()


def test_the_bundle_predicts_and_validates(ran: StudyResult, tmp_path: Path) -> None:
    assert ran.bundle is not None
    found = predict_case(ran.bundle, {"angle": "215", "stage": "II"})
    risks = [1 - found.survival[horizon].value for horizon in (24.0, 48.0)]
    assert 0 < risks[0] < risks[1] < 1
    fitted = ran.analysis.protocols["sound"].fitted.models["Clinical"]
    survival = fitted.predict_survival(np.array([[215.0, 1.0]]), [24, 48])
    assert risks == pytest.approx((1 - survival.survival_probability[0]).tolist(), abs=1e-12)
    outside = write_visits_study(tmp_path, seed=11)
    judged = validate_bundle(ran.bundle, outside.toml, tmp_path / "out", formats=())
    facts = json.loads((tmp_path / "out" / "facts.json").read_text())
    assert facts["visits"]["readings"] == []
    assert judged is not None


def test_a_fold_knows_nothing_of_times_drawn_from_all(ran: StudyResult) -> None:
    cases = ran.analysis.cases
    survival = cases.survival
    assert isinstance(survival, IntervalSurvival)
    other = cases.with_survival(survival.redrawn(np.random.default_rng(99)))
    assert not np.array_equal(other.survival.time, survival.time)
    settings = ran.analysis.protocols["sound"].settings
    rows = np.arange(len(cases)) % 3 != 0
    for protocol in ("published", "sound"):
        own = replace(settings, rules=PROTOCOLS[protocol])
        models = [
            fit_recipe(one.take(rows), own, np.random.default_rng(4)).models["Clinical"]
            for one in (cases, other)
        ]
        assert np.array_equal(models[0].coefficients, models[1].coefficients)


def test_chance_is_chance(ran: StudyResult) -> None:
    analysis = ran.analysis
    settings = analysis.protocols["sound"].settings
    found = null_check(analysis.cases, settings, permutations=6, folds=3, seed=1)
    permuted = found.models["Clinical"].permuted
    assert found.models["Clinical"].observed > 0.6
    assert abs(float(permuted.mean()) - 0.5) < 0.08


def test_dates_say_the_same_as_times(tmp_path: Path) -> None:
    by_times = read_study(write_visits_study(tmp_path / "times").toml)
    study = write_visits_study(tmp_path / "dates")
    table = visits_table()
    start = pd.Timestamp("2011-03-01")
    for column in ("intact", "collapsed"):
        days = [None if not cell else round(float(cell) * 30.4375) for cell in table[column]]
        table[column] = [
            "" if day is None else (start + pd.Timedelta(days=day)).strftime("%Y-%m-%d")
            for day in days
        ]
    table["op"] = "2011-03-01"
    study.write(table)
    text = study.toml.read_text().replace("last_intact =", 'start = "op", last_intact =')
    study.toml.write_text(text)
    by_dates = read_study(study.toml)
    first, second = by_times.survival, by_dates.survival
    assert isinstance(first, IntervalSurvival)
    assert isinstance(second, IntervalSurvival)
    assert second.low == pytest.approx(first.low, abs=0.02)
    assert np.array_equal(first.event, second.event)


def test_check_lists_visits_out_of_order(tmp_path: Path) -> None:
    study = write_visits_study(tmp_path)
    table = visits_table()
    seen = np.flatnonzero((table["collapsed"] != "") & (table["intact"] != ""))[:2]
    for row in seen:
        table.loc[row, ["intact", "collapsed"]] = ["40", "20"]
    table.loc[5, ["intact", "collapsed"]] = ["", ""]
    study.write(table)
    with pytest.raises(StudyProblemsError) as refused:
        read_study(study.toml)
    rows = tuple(int(row) + 2 for row in seen)
    assert any(one.rows == rows and one.column == "collapsed" for one in refused.value.problems)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('event = "collapse"', 'event = "collapse"\ncompeting = { death = 2 }', "one event"),
        ('event = "collapse"', 'event = "collapse"\nlandmark = 6', "none where visits"),
        ('patient = "patient",', 'patient = "patient", time = "months",', "either last_intact"),
        (', first_seen = "collapsed"', "", "both columns of visits"),
        ("inner_folds = 3", 'inner_folds = 3\nseparation = "firth"', "Firth"),
    ],
)
def test_what_visits_do_not_go_with_is_refused(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    study = write_visits_study(tmp_path)
    study.toml.write_text(study.toml.read_text().replace(before, after, 1))
    with pytest.raises((PlanError, StudyProblemsError), match=re.escape(expected)):
        read_study(study.toml)


def test_pooling_adds_what_draws_differ_by() -> None:
    parts = [Estimate(0.6, 0.5, 0.7, 0.95, 0.05), Estimate(0.7, 0.6, 0.8, 0.95, 0.05)]
    found = rubin(parts)
    assert found.value == pytest.approx(0.65)
    assert found.standard_error == pytest.approx(np.sqrt(0.05**2 + 1.5 * 0.005))
    assert pool_over_draws([("a", parts[0], 1.0), ("a", parts[1], 3.0)]) == ("a", found, 2.0)


def test_models_that_predict_alike_in_every_draw_have_no_test() -> None:
    none = Estimate(0.0, 0.0, 0.0, 0.95, 0.0)
    draws = [AucDifference(none, float("nan"), float("nan"), 24.0, 9) for _ in range(5)]
    found = pool_over_draws(draws)
    assert (found.difference.value, found.difference.standard_error) == (0.0, 0.0)
    assert np.isnan([found.statistic, found.p_value]).all()
