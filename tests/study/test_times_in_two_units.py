"""Times of which some are in days and some in months: said, whether a gap parts them or not."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.study.table.doubts import time_doubts
from trephine.study.table.outcome import TableRows


def rows_of(times: np.ndarray) -> TableRows:
    names = tuple(f"H{k}" for k in range(len(times)))
    sides = (None,) * len(times)
    event = np.ones(len(times))
    return TableRows(tuple(range(2, len(times) + 2)), names, names, sides, times, event, None)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4])
def test_days_among_months_are_said_though_no_gap_parts_them(share: float) -> None:
    rng = np.random.default_rng(3)
    months = rng.uniform(2, 60, 100)
    days = rng.random(100) < share
    times = np.where(days, months * 30.4375, months)
    (said,) = time_doubts(rows_of(times), "months")
    assert "Column months" in said or "column months" in said
    assert "in months?" in said or "Days typed for months?" in said
    assert time_doubts(rows_of(months), "months") == []


def test_times_of_one_unit_are_left_in_peace() -> None:
    quiet = 0
    for seed in range(200):
        times = np.random.default_rng(seed).exponential(30, 60)
        quiet += not time_doubts(rows_of(times), "months")
    assert quiet >= 190
