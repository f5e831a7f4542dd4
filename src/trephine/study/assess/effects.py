"""The effect of a variable that is a curve: one value against another, and along its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.regression.restricted_spline import spline_columns
from trephine.study.assess.interactions import change_within
from trephine.types import Estimate, FloatArray

# Points at which a curve is drawn.
_POINTS = 60


@dataclass(frozen=True)
class Contrast:
    """Hazard ratio of one value against another.

    Attributes
    ----------
    value, against
        In the variable's unit: the third and the first quartile of the training cases.
    ratio, p_value
        With its interval; Wald's.
    """

    value: float
    against: float
    ratio: Estimate
    p_value: float


@dataclass(frozen=True)
class EffectCurve:
    """The effect along a variable's range, the others held.

    Attributes
    ----------
    reference
        Median of the training cases, where the ratio is 1.
    at
        Values, shape (k,), over the range of the training cases.
    ratio, low, high
        Hazard ratio against the reference with its pointwise interval, shape (k,).
    """

    reference: float
    at: FloatArray
    ratio: FloatArray
    low: FloatArray
    high: FloatArray


def compared_at(
    result: CoxResult,
    terms: Sequence[Term],
    values: FloatArray,
    reference: float,
    every: Sequence[Term] = (),
    held: Mapping[str, float] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return log hazard ratio and standard error of values against one, each of shape (k,).

    As R's ``rms::contrast``: the difference of the columns, times coefficients and covariance.

    Parameters
    ----------
    result
        A model that holds all of ``terms``.
    terms
        Columns of one variable.
    every, held
        All terms of the model, and the value of each column that interacts with these, by the name
        of the term; empty where none does.
    values
        Shape (k,).
    reference
        The value that they are compared with.
    """
    knots = np.array(terms[0].knots)
    change = spline_columns(values, knots) - spline_columns(np.array([reference]), knots)
    change = change[:, [term.bend for term in terms]]
    if held:
        columns = {term.name: change[:, j] for j, term in enumerate(terms)}
        return change_within(result, every, columns, held)
    index = [result.names.index(term.name) for term in terms]
    block = result.covariance[np.ix_(index, index)]
    variance = np.einsum("ki,ij,kj->k", change, block, change)
    return change @ result.coefficients[index], np.sqrt(np.maximum(variance, 0.0))


def quartile_contrast(
    result: CoxResult, terms: Sequence[Term], values: FloatArray
) -> Contrast | None:
    """Return the third quartile of the training values against the first; None where they are one.

    Parameters
    ----------
    result, terms
        As `compared_at`.
    values
        Of the variable in training, shape (n,).
    """
    first, third = np.nanquantile(values, [0.25, 0.75]).tolist()
    if first == third:
        return None
    change, error = compared_at(result, terms, np.array([third]), first)
    half = float(ndtri(0.5 + result.level / 2)) * error[0]
    ratio = float(np.exp(change[0]))
    limits = float(np.exp(change[0] - half)), float(np.exp(change[0] + half))
    estimate = Estimate(ratio, *limits, result.level, ratio * float(error[0]))
    return Contrast(third, first, estimate, float(2 * ndtr(-abs(change[0] / error[0]))))


def effect_curve(
    result: CoxResult,
    terms: Sequence[Term],
    values: FloatArray,
    every: Sequence[Term] = (),
    held: Mapping[str, float] | None = None,
) -> EffectCurve:
    """Return the effect over the range of the training values; see `compared_at`."""
    reference = float(np.nanmedian(values))
    at = np.linspace(np.nanmin(values), np.nanmax(values), _POINTS)
    change, error = compared_at(result, terms, at, reference, every, held)
    half = float(ndtri(0.5 + result.level / 2)) * error
    return EffectCurve(reference, at, np.exp(change), np.exp(change - half), np.exp(change + half))
