"""The path's own products against numpy, and the screen against looking at every column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.survival.path_products import add_rows, dots, fill_symmetric, weighted_sums
from trephine.survival.path_screen import begin_screen, find_entering, leave_out, take_back


@pytest.mark.parametrize(("first", "end"), [(0, 1), (0, 4), (3, 10), (7, 9), (8, 16)])
def test_symmetric_fill_is_the_product_of_the_rows_and_touches_no_other(
    first: int, end: int
) -> None:
    rng = np.random.default_rng(end)
    rows, weight = rng.normal(size=(end, 13)), rng.random(13)
    whole = (rows * weight) @ rows.T
    out = np.full((20, 20), np.nan)
    fill_symmetric(np.ascontiguousarray((rows * weight)[first:]), rows, first, end, out)
    np.testing.assert_allclose(out[first:end, :end], whole[first:], atol=1e-13)
    np.testing.assert_array_equal(out[:end, first:end], out[first:end, :end].T)
    out[first:end, :end] = out[:end, first:end] = np.nan
    assert np.isnan(out).all()


def test_products_of_rows_equal_numpys_and_keep_what_is_not_finite() -> None:
    rng = np.random.default_rng(0)
    rows, vector, weights = rng.normal(size=(9, 31)), rng.normal(size=31), rng.normal(size=(4, 9))
    weights[1] = 0.0
    found = np.empty(9)
    dots(rows, 9, vector, found)
    np.testing.assert_allclose(found, rows @ vector, rtol=1e-13)
    np.testing.assert_allclose(weighted_sums(weights, rows), weights @ rows, atol=1e-13)
    total = vector.copy()
    add_rows(weights[0], rows, total)
    np.testing.assert_allclose(total, vector + weights[0] @ rows, atol=1e-13)
    rows[2, 5] = np.nan
    rows[3, 5] = np.inf
    dots(rows, 9, np.abs(vector), found)
    assert np.isnan(found[2])
    assert np.isposinf(found[3])


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 12), pace=st.floats(0.001, 0.3))
def test_screen_misses_no_column_however_the_residual_moves(
    seed: int, steps: int, pace: float
) -> None:
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(40, 15))
    residual = rng.normal(size=15)
    screen = begin_screen(design, residual)
    is_active = rng.random(40) < 0.2
    for j in np.flatnonzero(is_active):
        leave_out(screen, j)
    for _ in range(steps):
        size = np.where(is_active, 0.0, np.abs(design @ residual))
        l1 = np.full(40, float(np.quantile(size, 0.8)))
        l1_next = 0.9 * l1
        must, may = (set(np.flatnonzero(size > bar + 1e-9)) for bar in (l1, l1_next))
        entering, worst = find_entering(design, residual, l1, l1_next, 1e-9, screen)
        assert (worst > 1e-9) == bool(must)
        if must:
            assert entering.size
            assert set(entering) <= must
        else:
            assert set(entering) == may
        for j in entering:
            leave_out(screen, j)
        is_active[entering] = True
        if is_active.any():
            back = int(rng.choice(np.flatnonzero(is_active)))
            is_active[back] = False
            take_back(screen, back, float(design[back] @ residual))
        residual = residual + pace * rng.normal(size=15)
