from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.survival.kaplan_meier import kaplan_meier, reverse_kaplan_meier

RETINOPATHY = Path(__file__).parents[1] / "reference" / "survival" / "data" / "retinopathy.csv"
INTERVALS = ("log", "log-log", "plain", "arcsin")


@pytest.fixture
def cases() -> tuple[Any, Any]:
    generator = np.random.default_rng(1)
    return np.ceil(generator.exponential(8, size=50)), generator.random(50) < 0.5


def test_a_curve_worked_by_hand() -> None:
    curve = kaplan_meier([1, 2, 2, 3, 5, 5], [1, 1, 0, 0, 1, 0])
    assert list(curve.times) == [1, 2, 3, 5]
    assert list(curve.n_at_risk) == [6, 5, 3, 2]
    assert list(curve.n_events) == [1, 1, 0, 1]
    assert list(curve.n_censored) == [0, 1, 1, 1]
    survival = [5 / 6, 5 / 6 * 4 / 5, 2 / 3, 1 / 3]
    assert curve.survival_probability == pytest.approx(survival)
    greenwood = np.cumsum([1 / 30, 1 / 20, 0, 1 / 2])
    assert curve.standard_error == pytest.approx(survival * np.sqrt(greenwood))


def test_without_censoring_it_is_one_minus_the_distribution_function() -> None:
    time = np.random.default_rng(2).integers(1, 9, size=40).astype(float)
    curve = kaplan_meier(time, np.ones(40))
    for t, s in zip(curve.times, curve.survival_probability, strict=True):
        assert s == pytest.approx(np.mean(time > t))
    assert curve.restricted_mean(time.max()).value == pytest.approx(time.mean())


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_weight_of_two_is_the_case_twice(cases: Any, interval: Any) -> None:
    time, event = cases
    twice = kaplan_meier(np.repeat(time, 2), np.repeat(event, 2), interval=interval)
    weighted = kaplan_meier(time, event, weights=np.full(50, 2.0), interval=interval)
    assert weighted.low == pytest.approx(twice.low, nan_ok=True)
    assert weighted.high == pytest.approx(twice.high, nan_ok=True)


@pytest.mark.parametrize("interval", INTERVALS)
def test_limits_enclose_the_curve_within_zero_and_one(cases: Any, interval: Any) -> None:
    curve = kaplan_meier(*cases, interval=interval)
    known = ~np.isnan(curve.low)
    assert (curve.low[known] <= curve.survival_probability[known]).all()
    assert (curve.high[known] >= curve.survival_probability[known]).all()
    assert (curve.low[known] >= 0).all()
    assert (curve.high[known] <= 1).all()


def test_the_median_is_the_middle_of_a_flat_piece_at_one_half() -> None:
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).quantile(0.5).value == 2.5
    assert kaplan_meier([1, 2, 3], [1, 1, 1]).quantile(0.5).value == 2
    assert kaplan_meier([1, 2, 5], [1, 0, 0]).quantile(1 / 3).value == 3


def test_a_limit_that_rises_again_is_read_by_value_as_in_r() -> None:
    # quantile(survfit(Surv(time, event) ~ 1), 0.5): the upper limit is 0.480 from 55 on, 0.489 at
    # 58 and 0.504 at 60; R gives 39 (34 to 58).
    time = [
        3, 55, 28, 37, 15, 15, 29, 7, 47, 10, 38, 15, 10, 35, 32, 56, 19, 10, 32, 16, 10, 20, 35,
        17, 58, 46, 39, 23, 19, 19, 41, 38, 23, 26, 39, 6, 34, 34, 15, 49, 1, 55, 6, 23, 57, 60, 4,
        4, 9, 6, 52, 19, 22, 53, 46, 22, 27, 19, 60, 11, 20, 20, 7, 2, 20, 57, 53, 22, 51, 23,
    ]  # fmt: skip
    event = [
        1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1,
        1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1,
        1, 1, 0, 1, 0, 0, 0, 0, 1, 1,
    ]  # fmt: skip
    median = kaplan_meier(time, event).quantile(0.5)
    assert (median.value, median.low, median.high) == (39.0, 34.0, 58.0)


def test_a_quantile_that_is_not_reached_is_missing() -> None:
    assert np.isnan(kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0]).quantile(0.5).value)


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.25, 0.5, 0.8]))
def test_quantiles_lie_where_the_curve_falls_through(seed: int, p: float) -> None:
    generator = np.random.default_rng(seed)
    curve = kaplan_meier(generator.exponential(size=20), generator.random(20) < 0.8)
    found = curve.quantile(p).value
    if not np.isnan(found):
        assert curve.at(found).survival_probability[0] <= 1 - p + 1e-9
        assert curve.at(found * (1 - 1e-9)).survival_probability[0] >= 1 - p - 1e-9


def test_before_the_first_time_nothing_has_happened(cases: Any) -> None:
    read = kaplan_meier(*cases).at([0, 1000])
    assert read.survival_probability[0] == 1
    assert read.n_at_risk.tolist() == [50, 0]
    assert (read.low[0], read.high[0], read.standard_error[0]) == (1, 1, 0)


def test_the_unit_of_time_scales_times_only(cases: Any) -> None:
    time, event = cases
    months, days = kaplan_meier(time, event), kaplan_meier(time * 30.4375, event)
    assert np.array_equal(months.survival_probability, days.survival_probability)
    assert days.quantile(0.25).value == pytest.approx(30.4375 * months.quantile(0.25).value)
    assert days.restricted_mean(304.375).value == pytest.approx(
        30.4375 * months.restricted_mean(10).value
    )


def test_follow_up_takes_censoring_as_the_event() -> None:
    curve = reverse_kaplan_meier([1, 2, 3], [1, 0, 0])
    assert list(curve.n_events) == [0, 1, 1]
    assert curve.quantile(0.5).value == 2.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kaplan_meier([], []), "at least one case"),
        (lambda: kaplan_meier([1, 2], [1]), "one length"),
        (lambda: kaplan_meier([1, np.nan], [1, 0]), "row 1"),
        (lambda: kaplan_meier([1, -2], [1, 0]), "found -2.0 in row 1"),
        (lambda: kaplan_meier([1, 2], [1, 2]), "recode"),
        (lambda: kaplan_meier([1, 2], [1, 0], weights=[1, 0]), "weights"),
        (lambda: kaplan_meier([1, 2], [1, 0], interval="wald"), "'wald'"),  # type: ignore[arg-type]
        (lambda: kaplan_meier([1, 2], [1, 0], level=95), "level"),
        (lambda: kaplan_meier([1, 2], [1, 0]).quantile(50), "0 < p < 1"),
        (lambda: kaplan_meier([1, 2], [1, 0]).restricted_mean(3), "last follow-up"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_the_area_is_known_beyond_the_last_death_if_nobody_is_left() -> None:
    assert kaplan_meier([1, 3], [1, 1]).restricted_mean(3).value == 2
    with pytest.raises(InputError, match="restricted mean"):
        kaplan_meier([1, 3], [1, 1]).restricted_mean(0)


def test_intervals_by_patient_are_rs() -> None:
    """R 4.2.2, survival 3.5-3: survfit(Surv(futime, status) ~ 1, retinopathy, cluster = id).

    Read by summary() at 1, 13.83 and 60, and with weights = 1 + id %% 3 at 6.5 and 38.77.
    """
    eyes = pd.read_csv(RETINOPATHY)
    time, event = eyes["futime"].to_numpy(), eyes["status"].to_numpy() == 1
    patient = eyes["id"].to_numpy()
    curve = kaplan_meier(time, event, cluster=patient).at([1, 13.83, 60])
    assert curve.standard_error == pytest.approx(
        [0.00436246702683313, 0.02325610805959764, 0.03037020054769859], rel=1e-10
    )
    assert curve.low == pytest.approx(
        [0.983872237078865, 0.752580880872553, 0.497577285986093], rel=1e-10
    )
    assert curve.high == pytest.approx([1.0, 0.843792867592661, 0.616855462421907], rel=1e-10)
    weighted = kaplan_meier(time, event, weights=1.0 + patient % 3, cluster=patient)
    assert weighted.at([6.5, 38.77]).standard_error == pytest.approx(
        [0.0165048788451624, 0.0309822616217663], rel=1e-10
    )


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 4)), min_size=2, max_size=25
    )
)
def test_errors_by_cluster_are_the_sum_of_its_cases_influences(
    rows: list[tuple[int, bool, int]],
) -> None:
    time, event, cluster = (np.array(column) for column in zip(*rows, strict=True))
    curve = kaplan_meier(time, event, cluster=cluster)
    for j, t in enumerate(curve.times):
        if curve.survival_probability[j] == 0:
            assert np.isnan(curve.standard_error[j])
            continue
        influence = np.zeros(len(rows))
        for u, at_risk, deaths in zip(curve.times, curve.n_at_risk, curve.n_events, strict=True):
            if u <= t:
                gap = (event & (time == u)) - (time >= u) * deaths / at_risk
                influence += gap / (at_risk - deaths)
        sums = np.bincount(cluster, influence)
        expected = curve.survival_probability[j] * np.sqrt((sums**2).sum())
        assert curve.standard_error[j] == pytest.approx(expected, abs=1e-7)


def test_a_cluster_of_one_case_each_is_greenwood(cases: Any) -> None:
    own = kaplan_meier(*cases, cluster=np.arange(50))
    assert own.standard_error == pytest.approx(kaplan_meier(*cases).standard_error, nan_ok=True)


def test_a_patient_entered_twice_adds_nothing(cases: Any) -> None:
    time, event = cases
    twice = kaplan_meier(np.repeat(time, 2), np.repeat(event, 2), cluster=np.repeat(range(50), 2))
    once = kaplan_meier(time, event)
    assert twice.standard_error == pytest.approx(once.standard_error, nan_ok=True)


def test_clusters_of_another_length_are_refused(cases: Any) -> None:
    with pytest.raises(InputError, match="cluster"):
        kaplan_meier(*cases, cluster=[1, 2])
