"""A study whose cases came under observation late, from its table to a prediction."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.late_study import EFFECTS, STUDY, late_table, write_late_study
from trephine.errors import PlanError, StudyProblemsError
from trephine.modelling.recipe import fit_recipe
from trephine.regression.cox import CoxModel
from trephine.report.methods.judging import about_performance
from trephine.report.methods.late_entry import about_late_entry
from trephine.report.tables.late_entry import late_entry_table
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.draft.columns import guess_roles
from trephine.study.inputs import read_study
from trephine.study.locked import predict_case, validate_bundle
from trephine.study.run import StudyResult
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.late_outcome import LateSurvival
from trephine.types import Survival
from trephine.validation.null_check import null_check
from trephine.validation.tasks import work_digest


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_late_study(tmp_path_factory.mktemp("late"))
    return Study.from_toml(study.toml).run(workers=1, formats=())


def test_models_and_curves_know_of_entries(ran: StudyResult) -> None:
    table = late_table()
    design = np.column_stack([table["angle"].astype(float), table["stage"] == "II"]).astype(float)
    time, event = table["months"].astype(float), table["collapse"] == "1"
    entry = table["came"].replace("", "0").astype(float)
    expected = CoxModel().fit(design, Survival(time, event), entry=entry).result_.coefficients
    fitted = ran.analysis.protocols["sound"].fitted.models["Clinical"]
    assert fitted.coefficients == pytest.approx(expected, rel=1e-8)
    error = np.sqrt(np.diag(fitted.covariance))
    assert (np.abs(fitted.coefficients - list(EFFECTS.values())) < 3 * error).all()
    curve = kaplan_meier(time, event, entry=entry)
    facts = ran.facts
    assert facts.survival is not None
    shown = facts.survival.at_horizons[0].estimate.value
    assert shown == pytest.approx(curve.at([24.0]).survival_probability[0])
    assert facts.survival.at_risk[0] == int((entry == 0).sum())
    assert [row.not_yet for row in facts.flow.horizons] == [int((entry > 24).sum()), 0]


def test_the_report_says_what_ignoring_it_would_have_said(ran: StudyResult) -> None:
    found = ran.facts.late_entry
    assert found is not None
    assert found.late == int((late_table()["came"] != "").sum())
    for one in found.at_horizons:
        assert one.since_entry.value is not None
        assert one.from_start.value is not None
        assert one.since_entry.value > one.from_start.value + 0.02
    trace = Trace.start(ran.facts)
    said = " ".join(plain(text) for text in about_late_entry(trace))
    assert "left truncation" in said
    performance = " ".join(plain(text) for text in about_performance(trace))
    assert "Harrell's C-index" in performance
    assert "Uno" not in performance
    assert "censored or came late" in performance
    assert "by the same weights" in performance
    table = late_entry_table(trace)
    assert table is not None
    assert len(table.rows) == 2
    without = Trace.start(ran.facts.model_copy(update={"late_entry": None}))
    assert late_entry_table(without) is None
    assert about_late_entry(without) == ()


def test_measures_are_given_or_say_why_not(ran: StudyResult) -> None:
    rows = [row for row in ran.facts.performance if row.kind == "nested cross-validated"]
    assert rows
    for row in rows:
        assert row.c_index is not None
        assert row.c_index.value is not None
        assert row.c_index_uno is None or row.c_index_uno.value is None
        assert "No Uno's C" in row.note
        for measure in (row.auc, row.brier, row.ipa):
            assert [one.horizon for one in measure] == [24, 48]
            assert all(one.estimate.value is not None for one in measure)
        for one in row.calibration:
            assert one.slope is not None
            assert one.slope.value is not None
            assert one.observed_expected is not None
            assert one.observed_expected.value is not None
            assert one.ici is not None
    assert not ran.facts.reclassification


def test_the_bundle_predicts_and_validates_on_cases_that_came_late(
    ran: StudyResult, tmp_path: Path
) -> None:
    assert ran.bundle is not None
    found = predict_case(ran.bundle, {"angle": "215", "stage": "II"}, model="Clinical")
    fitted = ran.analysis.protocols["sound"].fitted.models["Clinical"]
    expected = fitted.predict_survival(np.array([[215.0, 1.0]]), [24, 48]).survival_probability[0]
    risks = [found.survival[horizon].value for horizon in (24.0, 48.0)]
    assert risks == pytest.approx(expected.tolist(), abs=1e-12)
    outside = write_late_study(tmp_path, seed=11)
    judged = validate_bundle(ran.bundle, outside.toml, tmp_path / "out", formats=())
    assert judged.facts.late_entry is not None
    assert judged.facts.performance[0].c_index is not None


def test_other_entries_are_another_study(ran: StudyResult) -> None:
    """Selection, models and the ledger's key depend on the entries of the training cases alone."""
    cases = ran.analysis.cases
    survival = cases.survival
    assert isinstance(survival, LateSurvival)
    settings = ran.analysis.protocols["sound"].settings
    last = settings.models[-1][0]
    assert last != "Clinical"
    rows = np.arange(len(cases)) % 3 != 0
    moved = np.where(rows, survival.entry, survival.entry / 2)
    other = cases.with_survival(replace(survival, entry=moved))
    fits = [
        fit_recipe(one.take(rows), settings, np.random.default_rng(4)).models[last]
        for one in (cases, other)
    ]
    assert np.array_equal(fits[0].coefficients, fits[1].coefficients)
    plain_survival = Survival(survival.time, survival.event, survival.unit)
    naive = fit_recipe(
        cases.with_survival(plain_survival).take(rows), settings, np.random.default_rng(4)
    ).models[last]
    assert np.abs(naive.coefficients / fits[0].coefficients - 1).max() > 1e-3
    keys = {work_digest("x", one, settings) for one in (cases, other)}
    assert len(keys) == 2


def test_chance_is_chance(ran: StudyResult) -> None:
    analysis = ran.analysis
    settings = analysis.protocols["sound"].settings
    found = null_check(analysis.cases, settings, permutations=6, folds=3, seed=1)
    assert found.models["Clinical"].observed > 0.6
    assert abs(float(found.models["Clinical"].permuted.mean()) - 0.5) < 0.08


def test_dates_say_the_same_as_times_and_a_landmark_moves_both(tmp_path: Path) -> None:
    by_times = read_study(write_late_study(tmp_path / "times").toml).survival
    study = write_late_study(tmp_path / "dates")
    table = late_table()
    start = pd.Timestamp("2011-03-01")
    for column in ("months", "came"):
        days = [None if not cell else round(float(cell) * 30.4375) for cell in table[column]]
        table[column] = [
            "" if day is None else (start + pd.Timedelta(days=day)).strftime("%Y-%m-%d")
            for day in days
        ]
    table["op"] = "2011-03-01"
    table.loc[3, "came"] = "2010-12-24"
    study.write(table)
    text = study.toml.read_text().replace('time = "months"', 'start = "op", last = "months"')
    study.toml.write_text(text)
    found = read_study(study.toml)
    assert isinstance(by_times, LateSurvival)
    assert isinstance(found.survival, LateSurvival)
    expected = by_times.entry.copy()
    expected[3] = 0.0
    assert found.survival.entry == pytest.approx(expected, abs=0.02)
    text = text.replace("horizons = [24, 48]", "horizons = [24, 48]\nlandmark = 12")
    study.toml.write_text(text)
    later = read_study(study.toml).survival
    assert isinstance(later, LateSurvival)
    assert len(later) < len(found.survival)
    assert int((later.entry > 0).sum()) < int((found.survival.entry > 0).sum())


def test_check_lists_entries_that_cannot_be_and_says_where_few_are_observed(
    tmp_path: Path,
) -> None:
    study = write_late_study(tmp_path)
    table = late_table()
    table.loc[2, ["months", "came"]] = ["14", "14"]
    table.loc[7, "came"] = "later"
    study.write(table)
    with pytest.raises(StudyProblemsError) as refused:
        read_study(study.toml)
    listed = [(one.rows, one.column) for one in refused.value.problems]
    assert ((4,), "came") in listed
    assert ((9,), "came") in listed
    table = late_table()
    late = table["came"] != ""
    table.loc[~late, "came"] = "1"
    table.loc[0, ["months", "came", "collapse"]] = ["2", "0.5", "1"]
    few = [k for k in range(1, len(table)) if float(table.loc[k, "came"]) <= 2]
    table.loc[few, "came"] = "2.5"
    table = table[table["months"].astype(float) > table["came"].astype(float)]
    study.write(table)
    said = " ".join(read_study(study.toml).remarks)
    assert "nobody is under observation before 0.5 months" in said
    assert "survival falls by 100%" in said


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('event = "collapse"\nh', 'event = "collapse"\ncompeting = { death = 2 }\nh', "one event"),
        ("inner_folds = 3", 'inner_folds = 3\nmissing_clinical = "multiple"', "drop or impute"),
        ('time = "months", event = "collapse",', 'last_intact = "a", first_seen = "b",', "either"),
        ("[validation]", '[validation]\ncalibration_curve = "hazard regression"', "hazard or"),
    ],
)
def test_what_late_entry_does_not_go_with_is_refused(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    assert "entry" in STUDY
    study = write_late_study(tmp_path)
    study.toml.write_text(study.toml.read_text().replace(before, after, 1))
    with pytest.raises((PlanError, StudyProblemsError), match=re.escape(expected)):
        read_study(study.toml)


def test_new_finds_the_column_of_entries_by_its_name() -> None:
    table = late_table().rename(columns={"came": "entry", "months": "time"})
    assert guess_roles(table).columns["entry"] == "entry"
    table.loc[0, "entry"] = "999"
    assert "entry" not in guess_roles(table).columns
