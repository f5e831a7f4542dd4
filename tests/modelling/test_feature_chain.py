"""The chain from a feature set to its signature: each step, its count, and what it learns from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from modelling.simulated_cases import simulate
from trephine.evaluation.concordance import concordance_index
from trephine.modelling import chain_steps
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_chain import FittedChain, fit_chain
from trephine.modelling.protocols import PUBLISHED, SOUND, ChainSettings
from trephine.types import Survival

CASES = simulate(60)
FEATURES = CASES.features["radiomics"]


def fit(features: FeatureSet, settings: ChainSettings = SOUND.chain) -> FittedChain:
    rng = np.random.default_rng(3)
    return fit_chain(features, CASES.survival, CASES.patient, settings, rng)


def test_the_published_chain_has_the_papers_steps_in_its_order() -> None:
    read_again = FEATURES.values + 1e-6 * FEATURES.values.std(axis=0)
    features = replace(FEATURES, raters={"b": read_again}, first_rater="a")
    steps = [row.step for row in fit(features, PUBLISHED.chain).audit]
    assert steps == [
        "completeness",
        "z-score",
        "ICC between and within raters",
        "Mann-Whitney U test",
        "correlation",
        "LASSO-Cox",
    ]


def test_counts_of_consecutive_steps_meet() -> None:
    rows = fit(FEATURES, PUBLISHED.chain).audit
    assert rows[0].n_in == 12
    assert [row.n_out for row in rows[:-1]] == [row.n_in for row in rows[1:]]


def test_the_sound_chain_looks_at_no_outcome_before_its_learner() -> None:
    chain = fit(FEATURES)
    assert [row.step for row in chain.audit] == [
        "completeness",
        "z-score",
        "Ridge Cox, averaged",
    ]
    shuffled = np.random.default_rng(1).permutation(len(CASES))
    other = fit_chain(
        FEATURES,
        CASES.survival.take(shuffled),
        CASES.patient,
        SOUND.chain,
        np.random.default_rng(3),
    )
    assert other.candidates == chain.candidates


def test_unreliable_features_are_left_out_by_the_worst_of_their_comparisons() -> None:
    rng = np.random.default_rng(2)
    again = FEATURES.values.copy()
    again[:, 3] = rng.standard_normal(len(CASES))
    features = replace(
        FEATURES, raters={"b": FEATURES.values}, repeats={"a": again}, first_rater="a"
    )
    assert FEATURES.names[3] not in fit(features).candidates
    assert FEATURES.names[4] in fit(features).candidates


def test_of_two_equal_features_one_stays() -> None:
    doubled = FeatureSet(
        "radiomics",
        (*FEATURES.names, "copy"),
        np.column_stack([FEATURES.values, 3 - 2 * FEATURES.values[:, 1]]),
    )
    candidates = fit(doubled, SOUND.chain.changed(correlation=0.9)).candidates
    assert ("copy" in candidates) + (FEATURES.names[1] in candidates) == 1


def test_equal_features_share_their_weight_where_none_is_pruned() -> None:
    doubled = FeatureSet(
        "radiomics",
        (*FEATURES.names, "copy"),
        np.column_stack([FEATURES.values, 3 - 2 * FEATURES.values[:, 1]]),
    )
    chain = fit(doubled)
    assert len(chain.candidates) == 13
    weight = dict(zip(chain.signature.names, chain.signature.weights, strict=True))
    assert weight["copy"] == pytest.approx(-weight[FEATURES.names[1]])


@pytest.mark.parametrize("settings", [SOUND.chain, PUBLISHED.chain])
def test_the_signature_gives_the_training_score_back(settings: ChainSettings) -> None:
    chain = fit(FEATURES, settings)
    score = chain.signature.score(FEATURES.values, FEATURES.names)
    np.testing.assert_allclose(score, chain.training_score, rtol=1e-10, atol=1e-12)


def test_wild_values_count_as_one_and_a_half_standard_deviations() -> None:
    values = FEATURES.values.copy()
    values[0, 1] = 1e3
    signature = fit(replace(FEATURES, values=values)).signature
    place = signature.names.index(FEATURES.names[1])
    column = values[:, 1]
    assert signature.ceiling is not None
    assert signature.floor is not None
    low, middle, high = np.quantile(column, [0.25, 0.5, 0.75])
    assert signature.ceiling[place] == pytest.approx(middle + 1.5 * (high - middle) / ndtri(0.75))
    assert signature.floor[place] == pytest.approx(middle - 1.5 * (middle - low) / ndtri(0.75))
    capped = np.clip(column, signature.floor[place], signature.ceiling[place])  # type: ignore[index]
    assert signature.centre[place] == pytest.approx(capped.mean())
    assert signature.scale[place] == pytest.approx(capped.std(ddof=1))


def test_a_feature_that_is_mostly_one_value_is_fenced_by_its_standard_deviation() -> None:
    values = FEATURES.values.copy()
    values[:, 1] = 0.0
    rare = np.arange(0, len(CASES), 9)
    values[rare, 1] = np.linspace(1, 5, rare.size)
    chain = fit(replace(FEATURES, values=values))
    place = chain.signature.names.index(FEATURES.names[1])
    spread = values[:, 1].std(ddof=1)
    assert chain.signature.ceiling is not None
    assert chain.signature.floor is not None
    assert chain.signature.ceiling[place] == pytest.approx(1.5 * spread)
    assert chain.signature.floor[place] == pytest.approx(-1.5 * spread)


def test_missing_values_count_as_the_mean_where_they_are_allowed() -> None:
    values = FEATURES.values.copy()
    values[5, 1] = np.nan
    features = replace(FEATURES, values=values)
    assert FEATURES.names[1] not in fit(features, SOUND.chain.changed(max_missing=0)).candidates
    chain = fit(features)
    assert FEATURES.names[1] in chain.candidates
    score = chain.signature.score(values, FEATURES.names)
    np.testing.assert_allclose(score, chain.training_score, rtol=1e-10, atol=1e-12)


def test_no_feature_left_is_an_empty_signature() -> None:
    chain = fit(replace(FEATURES, values=np.ones_like(FEATURES.values)))
    assert chain.signature.empty
    assert chain.learned is None
    np.testing.assert_array_equal(chain.training_score, np.zeros(len(CASES)))


def test_perturbed_copies_alone_leave_out_what_they_shake_and_their_step_says_so() -> None:
    rng = np.random.default_rng(2)
    shaken = FEATURES.values.copy()
    shaken[:, 3] = rng.standard_normal(len(CASES))
    copies = (FEATURES.values, shaken)
    chain = fit(replace(FEATURES, perturbed=copies, first_rater="a"))
    assert FEATURES.names[3] not in chain.candidates
    assert FEATURES.names[4] in chain.candidates
    (row,) = (row for row in chain.audit if row.step == "ICC of perturbed copies")
    assert row.detail == "ICC(1,1) ≥ 0.75"
    beside = fit(replace(FEATURES, perturbed=copies, raters={"b": shaken}, first_rater="a"))
    (row,) = (row for row in beside.audit if row.step == "ICC between and within raters")
    assert row.detail == "ICC(2,1 and 1,1) ≥ 0.75"


def test_copies_of_cases_that_are_left_out_decide_nothing() -> None:
    train = np.arange(0, len(CASES), 2)
    shaken = FEATURES.values.copy()
    shaken[1::2] = np.random.default_rng(3).standard_normal(shaken[1::2].shape) * 1e3
    features = replace(FEATURES, perturbed=(shaken,), first_rater="a")
    assert len(fit(features).candidates) < len(FEATURES.names)
    chain = fit_chain(
        features.take(train),
        CASES.survival.take(train),
        CASES.patient[train],
        SOUND.chain,
        np.random.default_rng(3),
    )
    assert chain.candidates == FEATURES.names


def test_a_supervised_filter_does_not_reach_the_out_of_fold_scores() -> None:
    rng = np.random.default_rng(11)
    n, p = 120, 400
    survival = Survival(rng.exponential(size=n) + 0.1, rng.random(n) < 0.5)
    features = FeatureSet("noise", tuple(f"f{j}" for j in range(p)), rng.normal(size=(n, p)))
    settings = SOUND.chain.changed(relevance="cox-score", relevance_p=0.05)
    chain = fit_chain(features, survival, np.arange(n), settings, np.random.default_rng(1))
    in_sample = concordance_index(survival, chain.training_score).value
    out_of_fold = concordance_index(survival, chain.out_of_fold_score).value
    assert in_sample > 0.75
    assert abs(out_of_fold - 0.5) < 0.12


@pytest.mark.parametrize(
    ("relevance", "screening"),
    [("mann-whitney", "keep_by_mann_whitney"), ("cox-score", "keep_by_cox_score")],
)
def test_the_screening_that_is_tested_by_itself_is_the_one_that_runs(
    monkeypatch: pytest.MonkeyPatch, relevance: str, screening: str
) -> None:
    asked = []
    for name in ("keep_reliable", "keep_by_mann_whitney", "keep_by_cox_score"):
        step = getattr(chain_steps, name)

        def watched(*given: object, name: str = name, step: Any = step) -> Any:
            asked.append(name)
            return step(*given)

        monkeypatch.setattr(chain_steps, name, watched)
    read_again = replace(FEATURES, raters={"b": FEATURES.values}, first_rater="a")
    fit(read_again, SOUND.chain.changed(relevance=relevance, fold_unit="case"))
    assert set(asked) == {"keep_reliable", screening}


def test_features_that_carry_nothing_leave_without_a_warning_and_the_others_stay() -> None:
    """Constant, doubled, huge, tiny and all but constant ones, beside those of the cohort."""
    n = len(CASES)
    rng = np.random.default_rng(8)
    noise = rng.normal(size=n)
    odd = {
        "constant": np.full(n, 7.0),
        "doubled": FEATURES.values[:, 0].copy(),
        "huge": 1e300 * (1 + 0.1 * noise),
        "tiny": 1e-12 * noise,
        "spike": np.where(np.arange(n) == 4, 1e9, 0.0),
    }
    values = np.column_stack([FEATURES.values, *odd.values()])
    features = replace(FEATURES, names=(*FEATURES.names, *odd), values=values)
    for protocol in (PUBLISHED, SOUND):
        chain = fit(features, protocol.chain.changed(relevance="none"))
        assert "constant" not in chain.candidates
        both = (FEATURES.names[0] in chain.candidates) + ("doubled" in chain.candidates)
        assert both <= (1 if protocol is PUBLISHED else 2)
        assert np.isfinite(chain.signature.score(values, features.names)).all()


def test_fourteen_cases_are_enough_to_fit_with_fewer_inner_folds() -> None:
    few = simulate(14)
    rng = np.random.default_rng(3)
    chain = fit_chain(few.features["radiomics"], few.survival, few.patient, SOUND.chain, rng)
    score = chain.signature.score(few.features["radiomics"].values, few.features["radiomics"].names)
    assert np.isfinite(score).all()
