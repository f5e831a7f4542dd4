"""Every kernel that takes times and events says which row it cannot use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.survival.concordance import concordance, harrell_concordance
from trephine.survival.ipcw import censoring_distribution
from trephine.survival.kaplan_meier import kaplan_meier, reverse_kaplan_meier
from trephine.survival.logrank import logrank_test
from trephine.survival.survc1 import survc1_concordance
from trephine.types import Survival

SCORE = np.random.default_rng(0).normal(size=30)
KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    "kaplan_meier": kaplan_meier,
    "reverse_kaplan_meier": reverse_kaplan_meier,
    "logrank_test": lambda time, event: logrank_test(time, event, np.arange(30) % 2),
    "censoring_distribution": censoring_distribution,
    "concordance": lambda time, event: concordance(time, event, SCORE),
    "harrell_concordance": lambda time, event: harrell_concordance(time, event, SCORE),
    "survc1_concordance": lambda time, event: survc1_concordance(time, event, SCORE, 5.0),
    "Survival": Survival,
}


def outcome() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.exponential(10, 30) + 0.1, rng.random(30) < 0.6


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
class TestKernel:
    @pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
    def test_a_time_that_cannot_be_is_told_with_its_row(self, kernel: Any, value: float) -> None:
        time, event = outcome()
        time[4] = value
        with pytest.raises(InputError, match=f"time: .* found {value} in row 4 and 0 more"):
            kernel(time, event)

    def test_events_coded_one_and_two_are_told_to_be_recoded(self, kernel: Any) -> None:
        time, event = outcome()
        first = int(np.flatnonzero(event)[0])
        with pytest.raises(InputError, match=f"event: .* found 2 in row {first} .*recode"):
            kernel(time, event + 1)

    def test_lengths_that_differ_are_told(self, kernel: Any) -> None:
        time, event = outcome()
        with pytest.raises(InputError, match=r"\(30,\) and \(29,\)"):
            kernel(time, event[1:])


@pytest.mark.parametrize(
    "name", ["logrank_test", "concordance", "harrell_concordance", "survc1_concordance"]
)
def test_what_compares_events_needs_one(name: str) -> None:
    time, event = outcome()
    with pytest.raises(InputError, match="event"):
        KERNELS[name](time, np.zeros_like(event))


def test_scores_that_are_missing_are_reported_with_their_row() -> None:
    time, event = outcome()
    score = SCORE.copy()
    score[7] = np.nan
    with pytest.raises(InputError, match=r"risk_score: .* row 7 and 0 more"):
        concordance(time, event, score)
