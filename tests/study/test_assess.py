"""What is measured of one model's predictions, and that Table 3 has a place for all of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.decision_curve import decision_curves
from trephine.evaluation.prediction_accuracy import prediction_accuracy
from trephine.evaluation.reclassification_summary import summarise_reclassification
from trephine.evaluation.time_dependent_auc import time_dependent_auc
from trephine.facts import PerformanceFacts
from trephine.report.measures import MEASURES
from trephine.study.assess import Assessed, AtHorizon
from trephine.study.assess import measures as module
from trephine.study.assess.measures import measured
from trephine.study.assess.predictions import MOST_REPEATS, Predictions
from trephine.study.assess.risk_groups import stratified
from trephine.study.gather.curves import risk_group_facts, roc_facts
from trephine.study.gather.performance import performance_facts
from trephine.study.results import Analysis
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import levelled_event_probability

PATIENT = np.repeat(np.arange(60), 2)


def analysis_of(survival: Survival, horizons: tuple[float, ...]) -> Analysis:
    """Return as much of a study as the measures need: its outcome and its horizons."""
    outcome = SimpleNamespace(horizons=horizons, risk_cuts=())
    stand_in = SimpleNamespace(
        cases=SimpleNamespace(survival=survival),
        inputs=SimpleNamespace(plan=SimpleNamespace(outcome=outcome)),
        reached=tuple(h for h in horizons if h <= survival.time.max()),
    )
    return cast("Analysis", stand_in)


def assessed(
    survival: Survival,
    score: FloatArray,
    risk: FloatArray,
    horizons: tuple[float, ...],
    patient: IntArray | None = PATIENT,
) -> Assessed:
    predictions = Predictions(
        protocol="sound",
        kind="apparent",
        model="model",
        risk_score=score,
        horizons=horizons,
        event_probability=risk,
        grid=(),
        grid_probability=np.empty((len(survival), 0)),
        patient=patient,
        risk_cut=float(np.median(score)),
    )
    curves = tuple(
        calibration_curve(survival, risk[:, j], horizon) for j, horizon in enumerate(horizons)
    )
    return measured(analysis_of(survival, horizons), predictions, curves)


def test_every_measure_is_what_its_function_returns() -> None:
    outcome, score = cohort()
    risk = np.column_stack([probability(score - 1.0), probability(score)])
    found = assessed(outcome, score, risk, (24.0, 48.0))
    assert (found.n, found.events) == (120, int(outcome.event.sum()))
    assert found.c_index.estimate == concordance_index(outcome, score, cluster=PATIENT)
    uno = concordance_index(outcome, score, time_weight="n/G2", horizon=48.0, cluster=PATIENT)
    assert found.c_index_uno.estimate == uno
    for j, horizon in enumerate((24.0, 48.0)):
        at = found.at(horizon)
        auc = time_dependent_auc(
            outcome, score, horizon, cluster=PATIENT, convention="riskRegression"
        )
        brier = brier_score(outcome, risk[:, j], horizon, cluster=PATIENT)
        assert at.auc.estimate == auc.estimate
        assert at.roc.area == pytest.approx(auc.estimate.value)
        assert at.brier.estimate == brier.estimate
        assert at.ipa == prediction_accuracy(outcome, brier, cluster=PATIENT)
        assert at.ipa.estimate.value == pytest.approx(brier.prediction_accuracy)


def numbers(found: object) -> list[float]:
    """Return every number of a result, however deep it lies."""
    if isinstance(found, np.ndarray):
        return [float(value) for value in found.ravel()]
    if is_dataclass(found):
        return [x for one in fields(found) for x in numbers(getattr(found, one.name))]
    if isinstance(found, (tuple, list)):
        return [x for one in found for x in numbers(one)]
    return [float(found)] if isinstance(found, (int, float)) else []


@pytest.mark.parametrize("visits", [6.0, 12.0])
def test_an_event_on_the_horizon_counts_in_every_number_or_in_none(visits: float) -> None:
    """Moving the horizon off a visit by less than any time between two changes nothing."""
    exact, score = cohort()
    outcome = Survival(np.ceil(exact.time / visits) * visits, exact.event, exact.unit)
    risk = probability(score)[:, None]

    def found(horizon: float) -> list[float]:
        one = assessed(outcome, score, risk, (horizon,))
        at = replace(one.at_horizons[0], horizon=0.0)
        drawn = summarise_reclassification(
            outcome, probability(0.3 * score), risk[:, 0], horizon,
            repeats=5, rng=np.random.default_rng(0), cut_offs=(0.3, 0.6), cluster=PATIENT,
        )  # fmt: skip
        decision = decision_curves(outcome, {"model": risk[:, 0]}, horizon, (0.1, 0.3, 0.5))
        curves = [replace(curve, horizon=0.0) for curve in decision.values()]
        return numbers([one.c_index, one.c_index_uno, at, replace(drawn, horizon=0.0), *curves])

    on, beside = found(24.0), found(24.0 + 1e-6)
    assert on == pytest.approx(beside, nan_ok=True)


def test_each_measure_is_computed_once_for_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Harrell's and Uno's C are two; everything else is once a horizon."""
    calls: dict[str, int] = {}

    def counted(name: str) -> Any:
        function = getattr(module, name)

        def call(*given: Any, **options: Any) -> Any:
            calls[name] = calls.get(name, 0) + 1
            return function(*given, **options)

        return call

    for name in (
        "concordance_index", "time_dependent_auc", "roc_curve", "brier_score",
        "prediction_accuracy", "calibration_slope", "calibration_in_the_large",
        "calibration_groups",
    ):  # fmt: skip
        monkeypatch.setattr(module, name, counted(name))
    outcome, score = cohort()
    risk = np.column_stack([probability(score - 1.0), probability(score)])
    performance_facts(assessed(outcome, score, risk, (24.0, 48.0)))
    assert set(calls.values()) == {2}


def test_a_constant_model_and_a_late_horizon_say_what_is_missing() -> None:
    outcome, _ = cohort()
    found = assessed(outcome, np.zeros(120), np.full((120, 2), 0.3), (24.0, 1e4), None)
    assert np.isnan(found.c_index.estimate.value)
    assert "no term" in found.c_index.note == found.at(24.0).slope.note == found.at(24.0).auc.note
    late = found.at(1e4)
    for note in (late.brier.note, late.ipa.note, late.in_the_large.note):
        assert note
    row = performance_facts(found)
    assert row.auc[1].estimate.value is None
    assert row.integrated_brier is None
    assert "beyond the horizon of 10000" in row.note


def test_a_slope_of_predictions_that_were_moved_says_at_which_horizon() -> None:
    outcome, score = cohort()
    risk = np.column_stack([probability(score - 1.0), probability(score)])
    risk[0] = 0.0, 0.0
    risk[1, 1] = 1.0
    note = performance_facts(assessed(outcome, score, risk, (24.0, 48.0), None)).note
    rule = "closer than 1e-12 to 0 or 1, and set to that distance, at the horizon of"
    assert f"Calibration slope: 1 prediction was {rule} 24 months." in note
    assert f"Calibration slope: 2 predictions were {rule} 48 months." in note


def test_a_model_without_a_term_prints_no_slope_auc_or_c_in_any_kind() -> None:
    """Out of fold its predictions differ between folds, and against the folds' outcomes."""
    outcome, _ = cohort()
    fold = np.arange(120)[np.newaxis] % 4
    level = np.array([0.2, 0.25, 0.3, 0.35])[fold]
    predicted = OutOfFold((24.0,), fold, {"model": 0.0 * level}, {"model": level[..., None]}, ())
    nested = Predictions(
        protocol="sound", kind="nested cross-validated", model="model",
        risk_score=np.zeros(120), horizons=(24.0,), event_probability=level.T, grid=(),
        grid_probability=np.empty((120, 0)), patient=PATIENT, risk_cut=0.0,
        out_of_fold=predicted, levelled=levelled_event_probability(predicted, "model"),
    )  # fmt: skip
    curves = (calibration_curve(outcome, nested.calibrated_at(24.0), 24.0),)
    for found in (
        measured(analysis_of(outcome, (24.0,)), nested, curves),
        assessed(outcome, np.zeros(120), np.full((120, 1), 0.3), (24.0,)),
    ):
        row = performance_facts(found)
        assert row.c_index.value is row.auc[0].estimate.value is None
        assert row.c_index_uno is None
        assert row.brier[0].estimate.value is not None
        (calibration,) = row.calibration
        assert calibration.slope is calibration.ici is calibration.gnd_p is None
        assert calibration.observed_expected is not None
        assert row.note.count("no term entered the model") == 1
        assert "same prediction" not in row.note
        assert roc_facts(found) == []


@pytest.mark.parametrize("without_term", [True, False])
def test_terms_of_some_folds_alone_rank_nobody_for_a_model_without_one(
    without_term: bool,
) -> None:
    outcome, score = cohort()
    fold = np.arange(120)[np.newaxis] % 4
    lp = np.where(fold == 2, score, 0.0)
    level = np.where(fold == 2, probability(score), 0.3)
    predicted = OutOfFold((24.0,), fold, {"model": lp}, {"model": level[..., None]}, ())
    nested = Predictions(
        protocol="sound", kind="nested cross-validated", model="model",
        risk_score=lp[0], horizons=(24.0,), event_probability=level.T, grid=(),
        grid_probability=np.empty((120, 0)), patient=PATIENT, risk_cut=0.0,
        out_of_fold=predicted, levelled=levelled_event_probability(predicted, "model"),
        without_term=without_term,
    )  # fmt: skip
    curves = (calibration_curve(outcome, nested.calibrated_at(24.0), 24.0),)
    row = performance_facts(measured(analysis_of(outcome, (24.0,)), nested, curves))
    assert (row.c_index.value is None) == without_term
    assert (row.auc[0].estimate.value is None) == without_term
    assert (row.calibration[0].slope is None) == without_term
    assert row.note.count("no term entered the model, although one did in some folds") == (
        1 if without_term else 0
    )


def test_groups_of_which_one_has_no_event_have_no_ratio_and_no_advice_for_a_model() -> None:
    outcome, _ = cohort()
    score = outcome.event + 0.1 * np.arange(120) / 120
    found = assessed(outcome, score, probability(score)[:, None], (24.0,))
    assert found.risk_groups.ratio is None
    assert found.risk_groups.note.endswith("infinite, as where a group has no event")


def test_without_events_every_measure_says_why_it_is_missing() -> None:
    outcome, score = cohort()
    nothing = Survival(outcome.time, np.zeros(120, dtype=bool))
    found = assessed(nothing, score, probability(score)[:, None], (24.0,))
    assert np.isnan(found.c_index.estimate.value)
    assert found.c_index.note.startswith("No C-index")
    assert found.at(24.0).auc.note
    row = performance_facts(found)
    assert row.c_index.value is None
    assert row.c_index_uno is None
    assert row.note.count("No C-index") == 1


def test_intervals_of_the_facts_stay_within_what_a_measure_can_be() -> None:
    score = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    outcome = Survival(np.array([9.0, 8.0, 7.5, 5.0, 6.0, 3.0, 2.0, 1.0]), np.ones(8, dtype=bool))
    found = assessed(outcome, score, probability(score - 3.5)[:, None], (5.5,), None)
    raw = found.c_index.estimate
    assert raw.high > 1.0
    row = performance_facts(found)
    assert row.c_index.high == 1.0
    assert row.c_index.low == raw.low


def test_every_measure_of_table_3_is_computed_declared_and_shown() -> None:
    """A measure is one name: of a result, of a fact, and of a column."""
    names = set(PerformanceFacts.measures())
    whole = {name for name in names if not PerformanceFacts.by_horizon(name)}
    assert whole <= {field.name for field in fields(Assessed)}
    assert names - whole <= {field.name for field in fields(AtHorizon)}
    assert [measure.field for measure in MEASURES] == list(PerformanceFacts.measures())


def test_the_rule_of_risk_groups_names_the_cut_that_was_made() -> None:
    """A locked model cuts outside cases where it was cut in training, not at their own median."""
    outcome, score = cohort()
    found = assessed(outcome, score, probability(score)[:, None], (24.0,))
    analysis = analysis_of(outcome, (24.0,))
    for kind in ("apparent", "external"):
        row = risk_group_facts(analysis, replace(found, kind=kind))
        assert row.rule == "median of the linear predictor in training"
        assert row.cuts == (pytest.approx(found.risk_cut),)
    pooled = cast("OutOfFold", object())
    row = risk_group_facts(analysis, replace(found, out_of_fold=pooled))
    assert "training part of each fold" in row.rule


def test_out_of_fold_a_case_is_high_risk_where_most_folds_put_it_above_their_own_cut() -> None:
    """The scores of all folds together have no median that any model was given."""
    outcome, score = cohort()
    share = np.where(np.arange(len(outcome)) % 3 == 0, 0.6, 0.5)
    by_fold = Predictions(
        protocol="sound",
        kind="nested cross-validated",
        model="model",
        risk_score=score,
        horizons=(),
        event_probability=np.empty((len(outcome), 0)),
        grid=(),
        grid_probability=np.empty((len(outcome), 0)),
        patient=PATIENT,
        risk_cut=MOST_REPEATS,
        high_risk=share,
    )
    groups = stratified(analysis_of(outcome, (24.0,)), by_fold).groups
    assert (groups.group_of_case == (share > 0.5)).all()
