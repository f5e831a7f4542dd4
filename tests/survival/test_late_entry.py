"""Late entry: parity with R's survival on Surv(entry, time, event), and laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survival.late_entry import EVERY, EXPECTED, numbers, retinopathy, veteran
from trephine.errors import InputError
from trephine.survival.kaplan_meier import KaplanMeierCurve, kaplan_meier

VETERAN, EYES = veteran(), retinopathy()
TIME, EVENT, ENTRY = (VETERAN[name].to_numpy(float) for name in ("time", "status", "entry"))


def assert_is_r(curve: KaplanMeierCurve, expected: Any) -> None:
    assert curve.times.size == expected["n"]
    known = ~np.isnan(numbers(expected["se"]))
    assert known.sum() > 10
    for name, values in (
        ("time", curve.times),
        ("n_risk", curve.n_at_risk),
        ("surv", curve.survival_probability),
        ("se", curve.standard_error),
        ("lower", curve.low),
        ("upper", curve.high),
    ):
        found = values[::EVERY][known]
        assert found == pytest.approx(numbers(expected[name])[known], rel=1e-10, abs=1e-12), name


@pytest.mark.parametrize("interval", ["log", "log-log", "plain", "arcsin"])
def test_the_curve_and_its_limits_are_those_of_survfit(interval: Any) -> None:
    curve = kaplan_meier(TIME, EVENT, entry=ENTRY, interval=interval)
    assert_is_r(curve, EXPECTED["km"][interval])


def test_weighted_and_by_patient_it_is_survfit_too() -> None:
    weighted = kaplan_meier(TIME, EVENT, entry=ENTRY, weights=VETERAN["w"])
    assert_is_r(weighted, EXPECTED["km_weights"])
    clustered = kaplan_meier(
        EYES["futime"], EYES["status"], entry=EYES["entry"], cluster=EYES["id"]
    )
    assert_is_r(clustered, EXPECTED["km_cluster"])


def test_median_and_restricted_mean_are_those_of_survfit() -> None:
    curve = kaplan_meier(TIME, EVENT, entry=ENTRY)
    median, mean = curve.quantile(0.5), curve.restricted_mean(365)
    assert [median.value, median.low, median.high] == EXPECTED["km_median"]
    expected = pytest.approx(EXPECTED["km_rmean"], rel=1e-10)
    assert [mean.value, mean.standard_error] == expected


def test_an_entry_of_zero_for_all_changes_no_bit_of_the_curve() -> None:
    for options in ({}, {"weights": VETERAN["w"]}, {"cluster": np.arange(TIME.size) // 2}):
        plain = kaplan_meier(TIME, EVENT, **options)
        zero = kaplan_meier(TIME, EVENT, entry=np.zeros(TIME.size), **options)
        for name in ("times", "n_at_risk", "survival_probability", "standard_error", "low", "high"):
            assert np.array_equal(getattr(plain, name), getattr(zero, name), equal_nan=True), name


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 5), st.booleans(), st.integers(0, 4)),
        min_size=2,
        max_size=25,
    )
)
def test_curve_and_errors_by_cluster_are_their_definitions(
    rows: list[tuple[int, int, bool, int]],
) -> None:
    entry, length, event, cluster = (np.array(column) for column in zip(*rows, strict=True))
    time = entry + length
    curve = kaplan_meier(time, event, entry=entry, cluster=cluster)
    survival, influence = 1.0, np.zeros(len(rows))
    for j, t in enumerate(curve.times):
        at_risk = (entry < t) & (t <= time)
        dead = event & (time == t)
        n, d = at_risk.sum(), dead.sum()
        assert (curve.n_at_risk[j], curve.n_events[j]) == (n, d)
        survival *= 1 - d / n
        assert curve.survival_probability[j] == pytest.approx(survival, abs=1e-12)
        if survival == 0:
            assert np.isnan(curve.standard_error[j:]).all()
            return
        influence += (dead - at_risk * d / n) / (n - d)
        error = survival * np.sqrt((np.bincount(cluster, influence) ** 2).sum())
        assert curve.standard_error[j] == pytest.approx(error, abs=1e-7)


def test_a_follow_up_cut_into_intervals_is_the_same_follow_up() -> None:
    cut = np.where(TIME > 30, 30.0, TIME / 2)
    stop = np.concatenate([cut, TIME])
    event = np.concatenate([np.zeros(TIME.size), EVENT])
    start = np.concatenate([np.zeros(TIME.size), cut])
    patient = np.tile(np.arange(TIME.size), 2)
    split = kaplan_meier(stop, event, entry=start, cluster=patient).at(np.unique(TIME))
    whole = kaplan_meier(TIME, EVENT).at(np.unique(TIME))
    assert split.survival_probability == pytest.approx(whole.survival_probability, rel=1e-12)
    known = ~np.isnan(whole.standard_error)
    assert split.standard_error[known] == pytest.approx(whole.standard_error[known], rel=1e-8)


KERNELS: dict[str, Callable[[Any], Any]] = {
    "kaplan_meier": lambda entry: kaplan_meier(TIME, EVENT, entry=entry),
}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
@pytest.mark.parametrize(
    ("row", "value", "message"),
    [
        (4, TIME[4], "before the case's time .* in row 4 and 0 more"),
        (4, TIME[4] + 1, "before the case's time .* in row 4 and 0 more"),
        (4, TIME[4] * (1 - 1e-12), "before the case's time .* in row 4"),
        (3, -1.0, "0 or later.* found -1 in row 3"),
        (2, np.nan, "finite.* row 2"),
    ],
)
def test_an_entry_that_cannot_be_is_told_with_its_row(
    kernel: Any, row: int, value: float, message: str
) -> None:
    entry = ENTRY.copy()
    entry[row] = value
    with pytest.raises(InputError, match=f"entry: .*{message}"):
        kernel(entry)
    with pytest.raises(InputError, match="entry: expected shape"):
        kernel(entry[1:])
