"""What the facts say, computed again by hand from the tables and predictions of a small study."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import write_image_study, write_table_study
from trephine.facts import Facts
from trephine.imaging import read_mask
from trephine.study import run
from trephine.study.assess.predictions import predictions_of
from trephine.study.results import Analysis


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> run.StudyResult:
    """Two models of 60 cases, with everything that a plan can ask for."""
    study = write_table_study(tmp_path_factory.mktemp("facts") / "study", features=8)
    study.replace("repeats = 1", "repeats = 2")
    study.replace("bootstraps = 0\n", "bootstraps = 3\n")
    study.replace("permutations = 0", "permutations = 4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trephine.executors.available_workers", lambda: 1)
        return run.run_study(study.toml, formats=())


@pytest.fixture(scope="module")
def facts(result: run.StudyResult) -> Facts:
    return result.facts


@pytest.fixture(scope="module")
def analysis(result: run.StudyResult) -> Analysis:
    return result.analysis


@pytest.fixture(scope="module")
def table(result: run.StudyResult) -> pd.DataFrame:
    return pd.read_csv(result.folder.parent / "clinical.csv")


def plain_concordance(time, event, score, fold=None) -> float:
    """Count pairs one by one: the earlier event should have the higher score."""
    right = pairs = 0.0
    for i, j in combinations(range(len(time)), 2):
        if fold is not None and fold[i] != fold[j]:
            continue
        if time[i] == time[j] and event[i] == event[j]:
            continue
        first, second = (i, j) if time[i] < time[j] or (time[i] == time[j] and event[i]) else (j, i)
        if not event[first]:
            continue
        pairs += 1
        right += 1.0 if score[first] > score[second] else 0.5 * (score[first] == score[second])
    return right / pairs


def plain_survival(time, event, horizon) -> float:
    """Kaplan-Meier at one time, a product written out."""
    survival = 1.0
    for t in sorted(set(time[event])):
        if t <= horizon:
            survival *= 1 - np.sum(event & (time == t)) / np.sum(time >= t)
    return float(survival)


def plain_brier(time, event, risk, horizon) -> float:
    """Weigh each case of known status by the inverse of its chance to be uncensored."""

    def uncensored_before(t):
        free = 1.0
        for c in sorted(set(time[~event])):
            if c < t:
                at_risk = np.sum(time > c) + np.sum((time == c) & ~event)
                free *= 1 - np.sum(~event & (time == c)) / at_risk
        return free

    total = 0.0
    for i in range(len(time)):
        if time[i] <= horizon and event[i]:
            total += (1 - risk[i]) ** 2 / uncensored_before(time[i])
        elif time[i] > horizon:
            total += risk[i] ** 2 / uncensored_before(np.nextafter(horizon, np.inf))
    return total / len(time)


def row_of(facts: Facts, protocol: str, kind: str, model: str):
    (row,) = [
        p for p in facts.performance if (p.protocol, p.kind, p.model) == (protocol, kind, model)
    ]
    return row


def outcome(analysis: Analysis):
    return analysis.cases.survival.time, analysis.cases.survival.event


@pytest.mark.parametrize("protocol", ["published", "sound"])
@pytest.mark.parametrize("model", ["Clinical", "Features"])
def test_the_apparent_c_index_counts_pairs(facts, analysis, protocol, model) -> None:
    score = analysis.protocols[protocol].apparent[model].linear_predictor
    row = row_of(facts, protocol, "apparent", model)
    assert row.c_index.value == pytest.approx(plain_concordance(*outcome(analysis), score))
    assert row.c_index.low < row.c_index.value < row.c_index.high


@pytest.mark.parametrize("protocol", ["published", "sound"])
def test_the_nested_c_index_counts_pairs_within_folds(facts, analysis, protocol) -> None:
    predicted = analysis.protocols[protocol].out_of_fold
    row = row_of(facts, protocol, "nested cross-validated", "Features")
    time, event = outcome(analysis)
    by_repeat = []
    for fold, score in zip(predicted.fold, predicted.linear_predictor["Features"], strict=True):
        by_repeat.append(plain_concordance(time, event, score, fold))
    assert len(by_repeat) == 2
    assert row.c_index.value == pytest.approx(np.mean(by_repeat))


def test_brier_scores_their_accuracy_and_their_integral_by_hand(facts, analysis) -> None:
    time, event = outcome(analysis)
    found = analysis.protocols["sound"].apparent["Features"].survival
    risk = 1 - found.survival_probability
    row = row_of(facts, "sound", "apparent", "Features")
    for j, (score, accuracy) in enumerate(zip(row.brier, row.ipa, strict=True)):
        by_hand = plain_brier(time, event, risk[:, j], score.horizon)
        null = np.full(len(time), 1 - plain_survival(time, event, score.horizon))
        assert score.estimate.value == pytest.approx(by_hand)
        of_null = plain_brier(time, event, null, score.horizon)
        assert accuracy.estimate.value == pytest.approx(1 - by_hand / of_null)
        assert accuracy.estimate.low < accuracy.estimate.value < accuracy.estimate.high
    grid, along = found.times[2:], risk[:, 2:]
    scores = [plain_brier(time, event, along[:, j], t) for j, t in enumerate(grid)]
    area = np.trapezoid([0, *scores], [0, *grid]) / grid[-1]
    assert grid[-1] == 24
    assert row.integrated_brier.value == pytest.approx(area)


@pytest.mark.parametrize("kind", ["apparent", "nested cross-validated"])
def test_every_model_has_every_number_with_its_interval(facts, kind) -> None:
    for row in facts.performance:
        if row.kind != kind:
            continue
        estimates = [row.c_index, row.c_index_uno, row.integrated_brier]
        estimates += [at.estimate for part in (row.auc, row.brier, row.ipa) for at in part]
        assert len(estimates) == 9
        for estimate in estimates:
            assert estimate.low <= estimate.value <= estimate.high


def test_reclassification_is_the_sum_of_its_parts_and_matches_kaplan_meier(facts, analysis) -> None:
    time, event = outcome(analysis)
    for row in facts.reclassification:
        assert row.nri.value == pytest.approx(row.nri_events.value + row.nri_nonevents.value)
        assert row.idi.value == pytest.approx(row.idi_events + row.idi_nonevents)
        assert row.nri.low <= row.nri.value <= row.nri.high
    (row,) = [
        r
        for r in facts.reclassification
        if (r.protocol, r.kind, r.horizon) == ("published", "apparent", 24)
    ]
    assert (row.old, row.new) == ("Clinical", "Features")
    apparent = analysis.protocols["published"].apparent
    old, new = (1 - apparent[m].survival.survival_probability[:, 1] for m in (row.old, row.new))
    up, down = new > old, new < old
    overall = plain_survival(time, event, 24)

    def share_of_events(moved):
        return moved.mean() * (1 - plain_survival(time[moved], event[moved], 24)) / (1 - overall)

    assert row.nri_events.value == pytest.approx(share_of_events(up) - share_of_events(down))


def test_the_facts_say_how_often_patients_were_drawn(facts) -> None:
    for method in facts.methods.resampling:
        assert (method.interval_draws, method.band_draws) == (50, 50)
        assert (method.repeats, method.bootstraps, method.permutations) == (2, 3, 4)


def test_the_differences_of_nested_c_indices_are_those_of_their_rows(facts) -> None:
    for difference in facts.comparisons:
        if difference.measure != "C-index":
            continue
        new, old = (
            row_of(facts, difference.protocol, difference.kind, model).c_index.value
            for model in (difference.new, difference.old)
        )
        assert difference.difference.value == pytest.approx(new - old)


def test_baseline_counts_are_the_table_s(facts, table) -> None:
    stage = next(v for v in facts.table1.variables if v.name == "stage")
    for level in stage.levels:
        counts = [
            (table.stage == level.level).sum(),
            ((table.stage == level.level) & (table.died.astype(int) == 0)).sum(),
            ((table.stage == level.level) & (table.died.astype(int) == 1)).sum(),
        ]
        assert [column.count for column in level.columns] == counts
    for cox in facts.table2:
        rows = next(v for v in cox.variables if v.name == "stage").rows
        assert sum(row.n for row in rows) == len(table)
        assert sum(row.events for row in rows) == table.died.astype(int).sum()


def test_hazard_ratios_are_for_the_step_that_the_label_names(facts, table) -> None:
    for model in facts.models:
        for term in model.terms:
            assert term.ratio.value == pytest.approx(np.exp(term.coefficient * term.step))
    (age,) = [
        t
        for m in facts.models
        if (m.name, m.protocol) == ("Clinical", "sound")
        for t in m.terms
        if t.name == "age"
    ]
    assert age.label == f"Age, per {age.step:g} years"
    assert 0.5 < age.step / table.age.astype(float).std() < 2


def test_a_prediction_follows_from_the_printed_coefficients(facts, analysis) -> None:
    for protocol, result in analysis.protocols.items():
        for model in facts.models:
            if model.protocol != protocol or not model.terms:
                continue
            fitted = result.fitted.models[model.name]
            cases = analysis.cases.take([4])
            design = result.fitted.predictor.design(fitted, cases.features, cases.clinical)[0]
            lp = sum(
                term.coefficient * (value - term.centre)
                for term, value in zip(model.terms, design, strict=True)
            )
            for base in model.baseline_survival:
                told = fitted.predict_survival(design[None], [base.horizon])
                by_hand = base.value ** np.exp(lp)
                assert by_hand == pytest.approx(told.survival_probability[0, 0])


def test_the_nomogram_s_example_has_the_model_s_prediction(facts) -> None:
    for nomogram in facts.nomograms:
        example = nomogram.example
        total = sum(value.points for value in example.values)
        assert total == pytest.approx(example.total_points)
        lp = nomogram.zero_points_predictor + total / nomogram.points_per_unit
        assert lp == pytest.approx(example.linear_predictor, abs=1e-10)
        names = [axis.name for axis in nomogram.predictors]
        assert names == sorted(names, key=lambda name: name == "features")


def test_risk_groups_hold_all_cases_and_a_ratio_above_one(facts, analysis) -> None:
    for groups in facts.risk_groups:
        assert sum(curve.n for curve in groups.curves) == len(analysis.cases)
        assert (groups.ratio is None) == (groups.logrank_p is None)
        if groups.kind == "apparent" and groups.ratio is not None:
            assert groups.ratio.low < groups.ratio.value < groups.ratio.high
            assert groups.ratio.value > 1


def test_the_null_check_takes_p_from_its_own_draws(facts) -> None:
    assert {(n.protocol, n.model) for n in facts.null_check} == {
        (protocol, model)
        for protocol in ("published", "sound")
        for model in ("Clinical", "Features")
    }
    for null in facts.null_check:
        above = sum(value >= null.observed for value in null.permuted)
        assert len(null.permuted) == 4
        assert null.p == pytest.approx((1 + above) / 5)
        assert null.median == pytest.approx(np.median(null.permuted))


def test_the_corrected_c_index_is_harrells_or_632_plus_where_there_is_a_signature(
    facts, analysis
) -> None:
    for protocol, result in analysis.protocols.items():
        for model in ("Clinical", "Features"):
            found = result.bootstrap.of(model, "concordance")
            row = row_of(facts, protocol, "optimism-corrected", model)
            # The apparent index is the one that stands beside it.
            apparent = row_of(facts, protocol, "apparent", model)
            if not result.fitted.models[model].terms:
                assert row.c_index.value is apparent.c_index.value is row.optimism is None
                continue
            expected = found.corrected.value if model == "Clinical" else found.point_632_plus
            assert row.c_index.value == pytest.approx(expected)
            assert row.c_index.low < expected < row.c_index.high
            assert found.apparent == pytest.approx(apparent.c_index.value)
            assert row.optimism is not None
            assert row.optimism.estimate == ("Harrell" if model == "Clinical" else ".632+")
            assert row.optimism.c_index == pytest.approx(found.optimism)
            assert row.optimism.samples == 3
            assert bool(row.calibration) == (model == "Clinical")


def test_stability_is_the_share_of_bootstraps_that_chose_a_feature(facts, analysis) -> None:
    for selection in facts.selection:
        refits = analysis.protocols[selection.protocol].bootstrap.refits
        assert selection.resamples == len(refits) == 3
        for feature in selection.selected:
            chosen = [feature.name in refit.weights["features"] for refit in refits]
            assert feature.stability == pytest.approx(np.mean(chosen))
            weights = [refit.weights["features"].get(feature.name, 0.0) for refit in refits]
            agreed = np.mean(np.sign(weights) == np.sign(feature.weight))
            assert feature.same_sign == pytest.approx(agreed)


def test_the_proportional_hazards_test_is_reported_for_models_with_terms(facts) -> None:
    for model in facts.models:
        assert (model.proportional_hazards_p is not None) == bool(model.terms)
        assert bool(model.hazards_tests) == bool(model.terms)
        if model.terms:
            assert model.hazards_tests[-1].p == model.proportional_hazards_p
            assert model.hazards_tests[-1].degrees_of_freedom == len(model.terms)


def test_coefficients_over_time_are_those_of_the_model_that_the_nomogram_shows(facts) -> None:
    shown = {(one.protocol, one.model) for one in facts.nomograms}
    for model in facts.models:
        assert bool(model.over_time) == ((model.protocol, model.name) in shown)
        for term, over in zip(model.terms, model.over_time, strict=bool(model.over_time)):
            assert over.coefficient == term.coefficient
            assert np.mean(over.residuals) == pytest.approx(term.coefficient)


@pytest.mark.slow
def test_the_overlap_of_raters_is_that_of_their_masks(tmp_path: Path) -> None:
    study = write_image_study(tmp_path / "study")
    study.replace("repeats = 1", "repeats = 0")
    facts = run.run_study(study.toml, formats=()).facts
    by_hand = []
    for row in study.table().itertuples():
        label = {"R": 1, "L": 2}[row.side]
        first, second = (
            read_mask(study.folder / rater / f"{row.patient}.nii.gz").labels == label
            for rater in ("a", "b")
        )
        by_hand.append(2 * (first & second).sum() / (first.sum() + second.sum()))
    between, within = facts.agreement.overlap
    assert (between.comparison, between.cases) == ("a and b", len(by_hand))
    assert between.dice_median == pytest.approx(np.median(by_hand))
    assert between.dice_lowest == pytest.approx(min(by_hand))
    assert within.cases < between.cases
    again = run.run_study(study.toml).facts
    assert again.agreement == facts.agreement
    assert {row.kind for row in facts.performance} == {"apparent"}


def test_the_sample_that_riley_s_criteria_ask_for_is_printed_beside_the_study_s_own(facts, table):
    """Criterion 1 by hand: p / ((S - 1) log(1 - R2 / S)) cases for a shrinkage of 0.9."""
    found = facts.sample_size
    assert found.target_shrinkage == 0.9
    for row in found.rows:
        by_hand = row.parameters / (-0.1 * np.log(1 - found.assumed_r2 / 0.9))
        assert row.riley_n >= np.ceil(by_hand)
        per_case = found.events / len(table)
        assert row.riley_events == np.ceil(row.riley_n * per_case)


def test_the_luck_of_the_training_cases_knows_the_parts_of_the_reported_models(
    analysis: Analysis,
) -> None:
    nested = [one for one in predictions_of(analysis) if one.out_of_fold is not None]
    assert {one.protocol for one in nested} == set(analysis.protocols)
    for one in nested:
        models = analysis.protocols[one.protocol].fitted.models
        for name, model in models.items():
            kinds = {term.variable if term.is_signature else "clinical" for term in model.terms}
            assert set(one.training.reported[name]) == kinds
