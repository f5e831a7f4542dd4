"""The interval that refits give a prediction holds the prediction and what most refits say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trephine.errors import InputError
from trephine.evaluation.refit_interval import FEWEST_REFITS, refit_interval

PROBABILITIES = st.floats(0.0, 1.0)


@given(PROBABILITIES, arrays(float, st.integers(FEWEST_REFITS, 40), elements=PROBABILITIES),
       st.floats(1.0, 4.0))  # fmt: skip
def test_it_holds_the_prediction_and_the_refits_percentiles(
    point: float, refitted: np.ndarray, widening: float
) -> None:
    found = refit_interval(point, refitted, widening=widening)
    assert 0 <= found.low <= point <= found.high <= 1
    first, last = np.quantile(refitted, (0.025, 0.975))
    # On another scale a percentile between two refits is another one.
    inner = np.sort(refitted)
    below, above = inner[inner >= first - 1e-9][0], inner[inner <= last + 1e-9][-1]
    assert found.low <= below + 1e-6
    assert found.high >= above - 1e-6


@given(PROBABILITIES, arrays(float, 25, elements=PROBABILITIES))
def test_more_widening_never_gives_a_narrower_interval(point: float, refitted: np.ndarray) -> None:
    narrow, wide = (refit_interval(point, refitted, widening=w) for w in (1.0, 2.5))
    assert wide.low <= narrow.low + 1e-12
    assert wide.high >= narrow.high - 1e-12


def test_without_widening_it_is_the_percentiles_where_they_hold_the_prediction() -> None:
    refitted = np.random.default_rng(1).uniform(0.5, 0.9, 4001)
    found = refit_interval(0.7, refitted)
    assert [found.low, found.high] == pytest.approx(np.quantile(refitted, (0.025, 0.975)), abs=1e-3)


def test_refits_that_say_nothing_do_not_count_and_few_give_no_interval() -> None:
    rng = np.random.default_rng(2)
    refitted = rng.uniform(0.4, 0.6, (FEWEST_REFITS + 5, 2, 3))
    refitted[:6, 0, 1] = np.nan
    refitted[:5, 1, 2] = np.nan
    point = np.full((2, 3), 0.5)
    point[0, 0] = np.nan
    found = refit_interval(point, refitted)
    expected = np.array([[False, False, True], [True, True, True]])
    assert (np.isfinite(found.low) == expected).all()
    assert (np.isfinite(found.high) == expected).all()
    alone = refit_interval(0.5, refitted[5:, 1, 2])
    assert (found.low[1, 2], found.high[1, 2]) == (alone.low, alone.high)


def test_other_shapes_and_a_narrowing_are_refused() -> None:
    with pytest.raises(InputError, match="refits: expected predictions of shape"):
        refit_interval(np.zeros(3), np.zeros((30, 2)))
    with pytest.raises(InputError, match="widening: expected 1 at least"):
        refit_interval(0.5, np.full(30, 0.5), widening=0.9)
