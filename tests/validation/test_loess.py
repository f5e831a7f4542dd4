"""Loess: R's own numbers, and its laws."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.validation.loess import loess

X = (0.05, 0.08, 0.1, 0.13, 0.2, 0.22, 0.31, 0.35, 0.35, 0.48, 0.6, 0.81)
Y = (0.01, 0.05, 0.02, 0.08, 0.09, 0.2, 0.18, 0.2, 0.31, 0.33, 0.52, 0.6)
# R 4.2.2: fitted(loess(y ~ x, span = span, control = loess.control(surface = "direct")))
OF_R = {
    0.75: (
        0.0121151045980, 0.0313553641933, 0.0460756641569, 0.0705462045384, 0.1374120570019,
        0.1497583312082, 0.2149224402191, 0.2430553294463, 0.2430553294463, 0.3552009246553,
        0.4746316278757, 0.6079783668089,
    ),
    0.5: (
        0.0128628752455, 0.0325693938581, 0.0466423541508, 0.0665708689127, 0.1292818298233,
        0.1546320384563, 0.1989662617753, 0.2455769489455, 0.2455769489455, 0.3417592118674,
        0.4987561102560, 0.6015228959389,
    ),
}  # fmt: skip


@pytest.mark.parametrize("span", OF_R)
def test_it_is_that_of_r(span: float) -> None:
    np.testing.assert_allclose(loess(X, Y, span=span), OF_R[span], rtol=1e-10)


def test_a_parabola_stays_as_it_is() -> None:
    x = np.random.default_rng(1).random(60)
    np.testing.assert_allclose(loess(x, 3 * x**2 - x + 1), 3 * x**2 - x + 1, rtol=1e-9)


def test_order_of_points_and_unit_of_the_abscissa_do_not_matter() -> None:
    order = np.random.default_rng(2).permutation(len(X))
    x, y = np.array(X), np.array(Y)
    np.testing.assert_allclose(loess(x[order], y[order]), loess(x, y)[order], rtol=1e-10)
    np.testing.assert_allclose(loess(100 * x - 7, y), loess(x, y), rtol=1e-9)


def test_few_or_equal_abscissas_still_have_a_height() -> None:
    np.testing.assert_allclose(loess([0.3, 0.3, 0.3], [1.0, 2.0, 6.0]), 3.0)
    np.testing.assert_allclose(loess([0.3], [0.5]), 0.5)
    assert np.isfinite(loess([0.1, 0.1, 0.2, 0.2], [0.0, 1.0, 2.0, 3.0])).all()


def test_what_cannot_be_smoothed_is_refused() -> None:
    with pytest.raises(InputError, match=r"shapes \(n,\) twice"):
        loess([1.0], [1.0, 2.0])
    with pytest.raises(InputError, match="finite values"):
        loess([1.0, np.nan], [1.0, 2.0])
    with pytest.raises(InputError, match="0 < span <= 1"):
        loess([1.0], [1.0], span=0)
