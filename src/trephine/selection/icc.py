"""Intraclass correlation between raters, for thousands of features at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, fdtri

from trephine.choices import IccForm
from trephine.errors import InputError
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.types import FloatArray

Convention = Literal["psych", "irr"]

ICC_STEP = "ICC between and within raters"
PERTURBED_STEP = "ICC of perturbed copies"


@dataclass(frozen=True)
class IntraclassCorrelation:
    """Intraclass correlation of each feature, with interval and test.

    Attributes
    ----------
    value, low, high
        Shape (features,): estimate and confidence limits.
    f, df1, df2, p
        Shape (features,): F statistic of "no correlation", its degrees of freedom and p value.
    form
        Shrout and Fleiss' form.
    level
        Of the interval.
    n_subjects, n_raters
        Size of the study.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    f: FloatArray
    df1: FloatArray
    df2: FloatArray
    p: FloatArray
    form: IccForm
    level: float
    n_subjects: int
    n_raters: int


@dataclass(frozen=True)
class _MeanSquares:
    """Two-way analysis of variance without replicates, each shape (features,)."""

    subjects: FloatArray
    raters: FloatArray
    error: FloatArray
    within: FloatArray


def intraclass_correlation(
    ratings: npt.ArrayLike,
    form: IccForm,
    level: float = 0.95,
    *,
    convention: Convention = "psych",
) -> IntraclassCorrelation:
    """Return the intraclass correlation of each feature.

    The forms of Shrout and Fleiss (1979, Psychol Bull 86:420): "1" raters nested in subjects, "2"
    raters drawn at random (absolute agreement), "3" these raters (consistency); "1" for a single
    rating, "k" for the mean of all. Limits as McGraw and Wong (1996, Psychol Methods 1:30).

    Parameters
    ----------
    ratings
        Shape (subjects, raters, features), or (subjects, raters) for one feature.
    form
        For example "2,1" for agreement of single ratings.
    level
        Coverage of the interval.
    convention
        For form "2" only. "psych": R's ``psych::ICC``, which tests F = MS subjects / MS error and
        steps the single rating's limits up by Spearman and Brown for "2,k". "irr": R's
        ``irr::icc(model = "twoway", type = "agreement")``, with Satterthwaite's degrees of freedom
        in test and limits.

    Raises
    ------
    InputError
        Fewer than two subjects or raters, an unknown form, ratings that are missing or infinite
        (features are counted and the first is given).
    """
    values = np.asarray(ratings, dtype=np.float64)
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    _check(values, form, level, convention)
    n, k = values.shape[:2]
    ms = _mean_squares(values)
    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        single = _single(ms, n, k, form)
        if form[0] != "2":
            f, df1, df2, low, high = _limits_by_f(ms, n, k, form, tail)
        elif convention == "psych":
            f, df1, df2, low, high = _limits_agreement_psych(ms, n, k, single, form, tail)
        else:
            f, df1, df2, low, high = _limits_agreement_irr(ms, n, k, single, form, tail)
        value = single if form[2] == "1" else k * single / (1.0 + (k - 1.0) * single)
    p: FloatArray = np.asarray(fdtrc(df1, df2, f))
    return IntraclassCorrelation(value, low, high, f, df1, df2, p, form, level, n, k)


def _check(values: FloatArray, form: str, level: float, convention: str) -> None:
    if values.ndim != 3 or values.shape[0] < 2 or values.shape[1] < 2:
        raise InputError(
            "ratings: expected shape (subjects, raters, features) with two subjects and two raters"
            f" at least, found {values.shape}"
        )
    if form not in get_args(IccForm):
        raise InputError(f"form: expected one of {', '.join(get_args(IccForm))}, found {form!r}")
    if convention not in get_args(Convention):
        raise InputError(f"convention: expected 'psych' or 'irr', found {convention!r}")
    if not 0.0 < level < 1.0:
        raise InputError(f"level: expected a number between 0 and 1, found {level}")
    odd = np.flatnonzero(~np.isfinite(values).all(axis=(0, 1)))
    if odd.size:
        raise InputError(
            f"ratings: expected finite values, found missing or infinite ones in feature {odd[0]}"
            f" and {odd.size - 1} more; drop the features, or the subjects that a rater left out"
        )


def _mean_squares(values: FloatArray) -> _MeanSquares:
    n, k = values.shape[:2]
    centred = values - values.mean(axis=(0, 1))
    by_subject = centred.mean(axis=1)
    by_rater = centred.mean(axis=0)
    residual = centred - by_subject[:, np.newaxis] - by_rater[np.newaxis]
    subjects = k * (by_subject**2).sum(axis=0)
    raters = n * (by_rater**2).sum(axis=0)
    error = (residual**2).sum(axis=(0, 1))
    return _MeanSquares(
        subjects / (n - 1),
        raters / (k - 1),
        error / ((n - 1) * (k - 1)),
        (raters + error) / (n * (k - 1)),
    )


def _single(ms: _MeanSquares, n: int, k: int, form: IccForm) -> FloatArray:
    if form[0] == "1":
        return (ms.subjects - ms.within) / (ms.subjects + (k - 1) * ms.within)
    both = ms.subjects + (k - 1) * ms.error
    if form[0] == "3":
        return (ms.subjects - ms.error) / both
    return (ms.subjects - ms.error) / (both + k * (ms.raters - ms.error) / n)


_Limits = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def _limits_by_f(ms: _MeanSquares, n: int, k: int, form: IccForm, tail: float) -> _Limits:
    """Exact limits of forms 1 and 3, from F of subjects over error."""
    df1 = float(n - 1)
    df2 = float(n * (k - 1) if form[0] == "1" else (n - 1) * (k - 1))
    f = ms.subjects / (ms.within if form[0] == "1" else ms.error)
    f_low = f / fdtri(df1, df2, 1 - tail)
    f_high = f * fdtri(df2, df1, 1 - tail)
    if form[2] == "1":
        low, high = (f_low - 1) / (f_low + k - 1), (f_high - 1) / (f_high + k - 1)
    else:
        low, high = 1 - 1 / f_low, 1 - 1 / f_high
    return f, np.full_like(f, df1), np.full_like(f, df2), low, high


def _satterthwaite(
    ms: _MeanSquares, n: int, k: int, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return a MS raters + b MS error and its approximate degrees of freedom."""
    mixed = a * ms.raters + b * ms.error
    df = mixed**2 / ((a * ms.raters) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1)))
    return mixed, df


def _agreement_limits(
    ms: _MeanSquares, n: int, k: int, df: FloatArray, average: bool, tail: float
) -> tuple[FloatArray, FloatArray]:
    """Limits of the agreement forms (McGraw and Wong 1996, table 7)."""
    f_low = fdtri(n - 1, df, 1 - tail)
    f_high = fdtri(df, n - 1, 1 - tail)
    if average:
        shift = ms.raters - ms.error
        low = n * (ms.subjects - f_low * ms.error) / (f_low * shift + n * ms.subjects)
        high = n * (f_high * ms.subjects - ms.error) / (shift + n * f_high * ms.subjects)
        return low, high
    mixed = k * ms.raters + (k * n - k - n) * ms.error
    low = n * (ms.subjects - f_low * ms.error) / (f_low * mixed + n * ms.subjects)
    high = n * (f_high * ms.subjects - ms.error) / (mixed + n * f_high * ms.subjects)
    return low, high


def _limits_agreement_psych(
    ms: _MeanSquares, n: int, k: int, single: FloatArray, form: IccForm, tail: float
) -> _Limits:
    a = k * single / (n * (1 - single))
    b = 1 + k * single * (n - 1) / (n * (1 - single))
    df = _satterthwaite(ms, n, k, a, b)[1]
    low, high = _agreement_limits(ms, n, k, df, average=False, tail=tail)
    if form[2] == "k":
        low, high = k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high)
    f = ms.subjects / ms.error
    df1 = np.full_like(f, n - 1.0)
    return f, df1, df1 * (k - 1), low, high


def _limits_agreement_irr(
    ms: _MeanSquares, n: int, k: int, single: FloatArray, form: IccForm, tail: float
) -> _Limits:
    f = ms.subjects / ms.error  # the null hypothesis is a correlation of 0
    average = form[2] == "k"
    if average:
        value = k * single / (1 + (k - 1) * single)
        a = value / (n * (1 - value))
        b = 1 + value * (n - 1) / (n * (1 - value))
    else:
        a = k * single / (n * (1 - single))
        b = 1 + k * single * (n - 1) / (n * (1 - single))
    df = _satterthwaite(ms, n, k, a, b)[1]
    low, high = _agreement_limits(ms, n, k, df, average=average, tail=tail)
    return f, np.full_like(f, n - 1.0), df, low, high


def keep_reliable(
    icc: npt.ArrayLike,
    threshold: float = 0.75,
    form: str = "2,1",
    step: str = ICC_STEP,
) -> SelectionStepResult:
    """Keep the features whose intraclass correlation is ``threshold`` at least.

    Parameters
    ----------
    icc
        Of each feature, shape (p,): the smallest of its comparisons. NaN, as of a feature that is
        the same everywhere, goes.
    threshold
        From 0 to 1.
    form
        Of the correlation, for the audit.
    step
        What they compare, for the audit.
    """
    keep = np.nan_to_num(np.asarray(icc, dtype=np.float64), nan=-np.inf) >= threshold
    return step_result(
        step,
        keep,
        reason="ICC too low",
        threshold=threshold,
        detail=f"ICC({form}) ≥ {threshold:g}",
    )
