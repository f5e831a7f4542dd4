"""Competing events through every refit: no leak, chance is chance, a new case has an interval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from study.competing_study import write_competing_study
from trephine.report.methods.updating import about_updating
from trephine.report.tables.updating import updated_model_table
from trephine.report.trace import Trace, plain
from trephine.study.locked import predict_case
from trephine.study.locked.model import read_model
from trephine.study.locked.validate import Update, validate_bundle
from trephine.study.run import StudyResult, run_study
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.validation.held_out import OutOfFold
from trephine.validation.null_check import null_check
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_competing_study(tmp_path_factory.mktemp("competing") / "study")
    text = study.toml.read_text()
    study.toml.write_text(text.replace("bootstraps = 0", "bootstraps = 25"))
    return run_study(study.toml, workers=1, formats=())


def test_chance_is_chance_where_events_compete(result: StudyResult) -> None:
    analysis = result.analysis
    settings = analysis.protocols["sound"].settings
    found = null_check(analysis.cases, settings, permutations=6, folds=3, seed=1)
    assert found.models["Clinical"].observed > 0.6
    assert abs(float(found.models["Clinical"].permuted.mean()) - 0.5) < 0.08


def test_what_came_first_in_test_cases_moves_no_rate_that_predicts_them(
    result: StudyResult,
) -> None:
    """Folds are drawn by the event alone: deaths of test cases become replacements."""
    analysis = result.analysis
    cases, settings = analysis.cases, analysis.protocols["sound"].settings
    survival = cases.survival
    assert isinstance(survival, CompetingSurvival)

    def nested(own: CompetingSurvival) -> OutOfFold:
        return nested_cross_validation(
            cases.with_survival(own), settings, [12.0, 24.0], repeats=1, folds=3, seed=8,
            running=Running(1),
        )  # fmt: skip

    clean = nested(survival)
    test = clean.fold[0] == 0
    cause = np.where(test & (survival.cause > 1), 5 - survival.cause, survival.cause)
    assert (cause != survival.cause).any()
    other = nested(replace(survival, cause=cause))
    for name, before in clean.event_probability.items():
        after = other.event_probability[name]
        assert np.array_equal(after[0, test], before[0, test])
        # The other refits train on these cases, and there the change shows: the test can fail.
        assert not np.array_equal(after[0, ~test], before[0, ~test])


def test_a_new_case_s_interval_comes_from_every_refit_s_own_rates(result: StudyResult) -> None:
    ran = result
    assert ran.bundle is not None
    model = read_model(ran.bundle)
    assert model.refits is not None
    kept = ran.analysis.protocols["sound"].bootstrap
    assert kept is not None
    assert kept.kept is not None
    assert len(model.refits.forms) == len(kept.kept.forms) > 20
    case = {"age": "66", "stage": "IIIA"}
    found = predict_case(model, case)
    fullest = model.predictor.models[found.model]
    given = {"age": 66.0, "stage=IIIA": 1.0}
    design = np.array([[given.get(term.name, 0.0) for term in fullest.terms]])
    refits = []
    for form in model.refits.forms:
        own = form.models[found.model]
        assert own.course is not None
        assert own.course.others
        x = np.array([[given.get(term.name, 0.0) for term in own.terms]])
        # The sum over event times written out, of the first horizon.
        ratio = np.exp((x - own.centre) @ own.coefficients)[0]
        base, risk = own.course.baseline, 0.0
        steps = np.diff(base.cumulative_hazard, prepend=0.0)
        for time, step, after in zip(base.times, steps, base.cumulative_hazard, strict=True):
            if time > 12:
                break
            total = ratio * (after - step)
            for other in own.course.others:
                before = other.cumulative_hazard[other.times < time]
                total += float(other.ratio(x)[0]) * (before[-1] if before.size else 0.0)
            risk += np.exp(-total) * ratio * step
        assert own.survival(x)[0, 0] == pytest.approx(1 - risk, abs=1e-12)
        refits.append(1 - risk)
    at = found.survival[12.0]
    assert at.low < at.value < at.high
    assert at.value == pytest.approx(
        fullest.predict_survival(design, [12.0]).survival_probability[0, 0], abs=1e-12
    )
    assert min(refits) <= at.low
    assert at.high <= max(refits)


def test_the_rate_of_each_event_is_updated_and_the_report_says_so(
    result: StudyResult, tmp_path: Path
) -> None:
    outside = write_competing_study(tmp_path / "outside", seed=6)
    table = outside.table()
    alive = table["status"].astype(int) != 2  # outside, the few who die do so late
    table.loc[~alive, "status"] = np.where(np.arange((~alive).sum()) % 4 == 0, "2", "0")
    outside.write(table)
    assert result.bundle is not None
    found = validate_bundle(
        result.bundle, outside.toml, tmp_path / "out", workers=1, formats=(),
        update=Update(tmp_path / "updated", "baseline"),
    )  # fmt: skip
    assert found.facts.external is not None
    own, *rates = found.facts.external.updates
    assert [one.cause for one in rates] == ["death", "replacement"]
    assert {one.method for one in (own, *rates)} == {"baseline"}
    assert [len(one.horizons) for one in (own, *rates)] == [2, 0, 0]
    for one in (result.bundle, tmp_path / "updated"):
        assert read_model(one).context.nomograms == {}, "points would leave out the other events"
    before, after = (read_model(one).named() for one in (result.bundle, tmp_path / "updated"))
    for one, old, new in zip(rates, before.others, after.others, strict=True):
        assert one.ratio.value is not None
        np.testing.assert_allclose(
            new.cumulative_hazard, one.ratio.value * old.cumulative_hazard, rtol=1e-12
        )
    case = {"age": 66.0, "stage": "II"}
    assert (
        predict_case(tmp_path / "updated", case).survival
        != predict_case(result.bundle, case).survival
    )
    table = updated_model_table(Trace.start(found.facts))
    assert table is not None
    groups = [plain(row.cells[0]) for row in table.rows if row.kind == "group"]
    assert groups[1] == f"{own.model}, rate of death: a new baseline"
    (said,) = about_updating(Trace.start(found.facts))
    assert "rate of each competing event was updated in the same way" in plain(said)
    assert f"| {own.model}, rate of death | the baseline |" in read_model(tmp_path / "updated").card
    assert any(line.startswith(f"{own.model}, rate of death: updated") for line in found.summary())
