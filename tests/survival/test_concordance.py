from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.survival.concordance import concordance, harrell_concordance, influence_covariance
from trephine.survival.ipcw import survc1_uncensored_probability
from trephine.survival.survc1 import survc1_concordance

WEIGHTS = ("n", "S", "S/G", "n/G2", "I")


def _cases(seed: int, n: int = 14) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    event = generator.random(n) < 0.6
    event[0] = True
    time = generator.integers(2, 10, size=n).astype(float)
    time[0] = 1.0
    return {
        "time": time,
        "event": event,
        "risk_score": generator.integers(0, 6, size=n).astype(float),
        "weights": generator.choice([0.5, 1.0, 2.0], size=n),
    }


def _slow(
    time: Any, event: Any, risk_score: Any, weights: Any, pair_weight: Any
) -> tuple[list[float], Any]:
    """Count every pair; ``pair_weight(t)`` weights those whose earlier event is at t."""
    n = len(time)
    counts = np.zeros(5)
    by_case = np.zeros((n, 3))
    for i in range(n):
        for j in range(n):
            if i == j or not event[i]:
                continue
            w = weights[i] * weights[j] * pair_weight(time[i])
            if time[i] < time[j] or (time[i] == time[j] and not event[j]):
                kind = 0 if risk_score[i] > risk_score[j] else 1
                kind = 2 if risk_score[i] == risk_score[j] else kind
                counts[kind] += w
                by_case[i, kind] += w
                by_case[j, kind] += w
            elif time[i] == time[j] and i < j:
                counts[4 if risk_score[i] == risk_score[j] else 3] += w
    if not counts[:3].any():  # a stratum may hold events and no pair
        return counts.tolist(), np.full(n, np.nan)
    estimate = (counts[0] + counts[2] / 2) / counts[:3].sum()
    influence = by_case[:, 0] + by_case[:, 2] / 2 - estimate * by_case.sum(axis=1)
    return counts.tolist(), influence / counts[:3].sum()


def _slow_pair_weight(cases: dict[str, Any], kind: str, ymax: float | None) -> Any:
    time, event, w = cases["time"], cases["event"], cases["weights"]

    def weight(t: float) -> float:
        if ymax is not None and t > ymax:
            return 0.0
        survival = uncensored = 1.0
        for s in np.unique(time[time < t]):
            at_risk = w[time >= s].sum()
            died = w[(time == s) & event].sum()
            lost = w[(time == s) & ~event].sum()
            survival *= 1 - died / at_risk
            uncensored *= 1 - lost / (at_risk - died) if at_risk > died else 1.0
        y = w[time >= t].sum()
        return {
            "n": 1.0,
            "S": w.sum() * survival / y,
            "S/G": w.sum() * survival / (uncensored * y),
            "n/G2": uncensored**-2,
            "I": 1 / y,
        }[kind]

    return weight


@pytest.mark.parametrize("time_weight", WEIGHTS)
@pytest.mark.parametrize("ymax", [None, 5.0])
@given(seed=st.integers(0, 100_000))
def test_counts_and_influences_are_those_of_all_pairs(
    time_weight: Any, ymax: Any, seed: int
) -> None:
    cases = _cases(seed)
    counts, influence = _slow(**cases, pair_weight=_slow_pair_weight(cases, time_weight, ymax))
    found = concordance(**cases, time_weight=time_weight, ymax=ymax)
    have = [found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy]
    assert have == pytest.approx(counts, rel=1e-10, abs=1e-10)
    assert found.influence == pytest.approx(influence, rel=1e-9, abs=1e-12)
    assert found.variance == pytest.approx(np.sum(influence**2), rel=1e-9)


@given(seed=st.integers(0, 100_000))
@example(seed=157)  # a stratum with events and no pair
def test_strata_pool_their_pairs(seed: int) -> None:
    cases = _cases(seed)
    strata = np.arange(14) % 2
    counts = np.zeros(3)
    for stratum in (0, 1):
        part = {name: values[strata == stratum] for name, values in cases.items()}
        counts += _slow(**part, pair_weight=lambda t: 1.0)[0][:3] if part["event"].any() else 0
    found = concordance(**cases, strata=strata)
    assert [found.concordant, found.discordant, found.tied_x] == pytest.approx(counts.tolist())


def test_harrells_c_alone_is_the_same_number() -> None:
    cases = _cases(3, n=200)
    del cases["weights"]
    assert harrell_concordance(**cases) == concordance(**cases).estimate


def test_survc1_counts_strictly_later_times_with_its_own_weights() -> None:
    cases = _cases(4, n=60)
    time, event, score, tau = cases["time"], cases["event"], cases["risk_score"], 7.0
    g = survc1_uncensored_probability(time, event, time)
    above = below = 0.0
    for i in np.flatnonzero(event & (time < tau)):
        for j in np.flatnonzero(time > time[i]):
            below += g[i] ** -2
            above += g[i] ** -2 * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
    assert survc1_concordance(time, event, score, tau) == pytest.approx(above / below)


@pytest.mark.parametrize("time_weight", WEIGHTS)
def test_laws(time_weight: Any) -> None:
    cases = _cases(5, n=80)
    plain = concordance(**cases, time_weight=time_weight)
    order = np.random.default_rng(1).permutation(80)
    shuffled = {name: values[order] for name, values in cases.items()}
    again = concordance(**shuffled, time_weight=time_weight)
    assert again.estimate == pytest.approx(plain.estimate)
    assert again.influence == pytest.approx(plain.influence[order])
    bent = {**cases, "risk_score": np.exp(cases["risk_score"] / 3) - 7}
    assert concordance(**bent, time_weight=time_weight).estimate == plain.estimate
    negated = {**cases, "risk_score": -cases["risk_score"]}
    assert concordance(**negated, time_weight=time_weight).estimate == pytest.approx(
        1 - plain.estimate
    )
    in_days = {**cases, "time": cases["time"] * 30.4375}
    assert concordance(**in_days, time_weight=time_weight).estimate == pytest.approx(plain.estimate)
    assert plain.influence.sum() == pytest.approx(0, abs=1e-12)


def test_the_variance_is_near_that_of_leaving_cases_out() -> None:
    generator = np.random.default_rng(6)
    n = 300
    score = generator.normal(size=n)
    time, event = generator.exponential(np.exp(-score)), generator.random(n) < 0.7
    found = concordance(time, event, score)
    left_out = [
        harrell_concordance(np.delete(time, i), np.delete(event, i), np.delete(score, i))
        for i in range(n)
    ]
    jackknife = (n - 1) / n * np.sum((left_out - np.mean(left_out)) ** 2)
    assert found.variance == pytest.approx(jackknife, rel=0.03)


def test_clusters_sum_their_influences() -> None:
    cases = _cases(7, n=40)
    pairs = np.repeat(np.arange(20), 2)
    plain, found = concordance(**cases), concordance(**cases, cluster=pairs)
    assert found.variance == pytest.approx(np.sum(plain.influence.reshape(20, 2).sum(axis=1) ** 2))
    alone = concordance(**cases, cluster=np.arange(40))
    assert alone.variance == pytest.approx(plain.variance)
    names = np.array([f"p{k}" for k in pairs], dtype=object)
    assert concordance(**cases, cluster=names).variance == pytest.approx(found.variance)


def test_the_covariance_of_two_scores_holds_each_variance() -> None:
    cases = _cases(8, n=50)
    first = concordance(**cases)
    second = concordance(**{**cases, "risk_score": cases["risk_score"] ** 2 + cases["time"] / 9})
    both = influence_covariance(np.column_stack([first.influence, second.influence]), None)
    assert np.diag(both) == pytest.approx([first.variance, second.variance])


def test_perfect_order_is_one() -> None:
    time = np.arange(1.0, 30)
    found = concordance(time, np.ones(29), -time)
    assert (found.estimate, found.variance) == (1, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event": [0, 0, 0]}, "found none among 3 cases with 0 events"),
        ({"time": [2, 2, 2], "event": [1, 1, 1]}, "case followed longer"),
        ({"risk_score": [1, np.nan, 2]}, "risk_score: expected finite values, found nan in row 1"),
        ({"risk_score": [1, 2]}, "risk_score: expected shape"),
        ({"time_weight": "n/G"}, "'n/G'"),
        ({"ymax": 0.5}, "before ymax"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(change: Any, message: str) -> None:
    call: dict[str, Any] = {"time": [1, 2, 3], "event": [1, 0, 1], "risk_score": [3, 2, 1]}
    with pytest.raises(InputError, match=message):
        concordance(**{**call, **change})
