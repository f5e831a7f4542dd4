"""Round axis values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.regression.ticks import pretty


@pytest.mark.parametrize(
    ("low", "high", "n", "expected"),
    [
        # Printed by R 4.2.2: pretty(c(low, high), n)
        (0, 10, 5, [0, 2, 4, 6, 8, 10]),
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1, 9.9, 5, [0, 2, 4, 6, 8, 10]),
        (37, 78, 10, [35, 40, 45, 50, 55, 60, 65, 70, 75, 80]),
        (0, 170.9, 10, [0, 20, 40, 60, 80, 100, 120, 140, 160, 180]),
    ],
)
def test_ticks_are_those_of_r(low: float, high: float, n: int, expected: list[float]) -> None:
    np.testing.assert_allclose(pretty(low, high, n), expected, rtol=0, atol=1e-12)


@given(
    st.floats(-1e3, 1e3, allow_subnormal=False),
    st.floats(1e-2, 1e6),
    st.integers(3, 20),
)
def test_ticks_cover_the_limits_in_equal_steps(low: float, span: float, n: int) -> None:
    ticks = pretty(low, low + span, n)
    steps = np.diff(ticks)
    slack = 1e-6 * steps[0]
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
    assert n / 3 - 1 <= len(steps) <= 3 * n


def test_a_single_value_still_gets_an_axis_round_it() -> None:
    for value in (0.0, 5.0, -3.0):
        ticks = pretty(value, value, 10)
        assert len(ticks) >= 2
        assert ticks[0] <= value <= ticks[-1]


def test_limits_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="in order"):
        pretty(2.0, 1.0, 5)
