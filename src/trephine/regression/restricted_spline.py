"""Restricted cubic splines: cubic between the knots, straight outside them (Durrleman, Simon 1989).

Knots and columns are those of R's ``Hmisc::rcspline.eval`` and ``rms::rcs``.
"""

from __future__ import annotations

import numpy as np

from trephine.errors import InputError
from trephine.types import FloatArray

FEWEST_KNOTS, MOST_KNOTS = 3, 7
FEWEST_VALUES = 6
# Of n values, an end that this share of them has is not a place where a curve can bend.
_TIED_END = 0.05
# With fewer values the outer knots are the fifth smallest and the fifth largest.
_FEW = 100


def harrell_knots(values: FloatArray, knots: int) -> FloatArray:
    """Return knots at the quantiles that Harrell recommends, shape (knots,) or fewer.

    Parameters
    ----------
    values
        Known values, shape (n,), finite.
    knots
        3 to 7. The quantiles lie evenly from 0.05 to 0.95, with 3 knots from 0.1 to 0.9, with 7
        from 0.025 to 0.975; of fewer than 100 values the outer knots are the fifth smallest and
        the fifth largest, and an end at which 5% or more of the values lie gets a knot of its own.

    Returns
    -------
    Ascending. Knots that fall on one value are one, so that there may be fewer than asked for.

    Raises
    ------
    InputError
        If the number of knots is another, or there are fewer than 6 values.
    """
    if not FEWEST_KNOTS <= knots <= MOST_KNOTS:
        raise InputError(f"spline: expected {FEWEST_KNOTS} to {MOST_KNOTS} knots, found {knots}")
    x = np.sort(np.asarray(values, dtype=np.float64))
    if x.size < FEWEST_VALUES:
        raise InputError(f"spline: expected {FEWEST_VALUES} values or more, found {x.size}")
    outer = 0.1 if knots == 3 else 0.025 if knots == MOST_KNOTS else 0.05
    distinct, counts = np.unique(x, return_counts=True)
    share = counts / x.size
    first: list[float] = []
    last: list[float] = []
    if distinct.size > 2 and share[1:-1].max() < _TIED_END:
        if share[0] >= _TIED_END:
            first = [float(distinct[1])]
            x = x[x > first[0]]
        if share[-1] >= _TIED_END:
            last = [float(distinct[-2])]
            x = x[x < last[0]]
    inside = knots - len(first) - len(last)
    if x.size == 0:
        return np.unique([*first, *last])
    if inside == 1:
        middle = np.array([np.median(x)])
    else:
        start = 0.5 if inside == 2 else outer
        middle = np.quantile(x, np.linspace(start, 1 - outer, inside))
        if 5 <= x.size < _FEW:
            if not first:
                middle[0] = x[4]
            if not last:
                middle[-1] = x[-5]
    return np.unique(np.concatenate([first, middle, last]))


def spline_columns(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the columns of a restricted cubic spline, shape (n, k - 1): x first, then the bends.

    Each bend is divided by the squared distance of the outer knots, so that all columns have the
    unit of x (``rcspline.eval(norm = 2)``).

    Parameters
    ----------
    values
        Shape (n,); NaN gives NaN.
    knots
        Shape (k,), ascending, three at least.

    Raises
    ------
    InputError
        If there are fewer than three knots, or two are one.
    """
    t = np.asarray(knots, dtype=np.float64)
    if t.size < FEWEST_KNOTS or not (np.diff(t) > 0).all():
        raise InputError(f"spline: expected three knots or more that ascend, found {t.tolist()}")
    x = np.asarray(values, dtype=np.float64)
    scale, gap = (t[-1] - t[0]) ** 2, t[-1] - t[-2]

    def cube(knot: float) -> FloatArray:
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    bends = [
        (cube(one) - cube(t[-2]) * (t[-1] - one) / gap + cube(t[-1]) * (t[-2] - one) / gap) / scale
        for one in t[:-2]
    ]
    return np.column_stack([x, *bends])
