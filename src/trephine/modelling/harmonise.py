"""Harmonisation of features between centres: ComBat, fitted to training cases only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import InputError
from trephine.types import FloatArray, IntArray

FEWEST_CASES = 3
MOST_ROUNDS = 500
TOLERANCE = 1e-8


@dataclass(frozen=True)
class Combat:
    """What separates the centres in each of p features.

    Attributes
    ----------
    centres
        Codes of the m centres of the training cases.
    mean
        Mean over all training cases with the covariates at their means, shape (p,).
    covariate_mean, effects
        Means of the q covariates, shape (q,), and what a unit of each adds, shape (q, p): kept.
    scale
        Pooled standard deviation within centres, shape (p,).
    shift, spread
        Each centre's shrunken location, and the root of its shrunken variance, on the
        standardised scale, shape (m, p).
    """

    centres: IntArray
    mean: FloatArray
    covariate_mean: FloatArray
    effects: FloatArray
    scale: FloatArray
    shift: FloatArray
    spread: FloatArray

    def apply(self, values: FloatArray, centre: IntArray, covariates: FloatArray) -> FloatArray:
        """Return features as if measured at no centre in particular.

        Parameters
        ----------
        values
            Shape (k, p); a missing value stays missing.
        centre
            Shape (k,), among the training centres.
        covariates
            Shape (k, q), as in training.

        Raises
        ------
        InputError
            If a centre was not in training: nothing is known of its scanner.
        """
        unknown = np.setdiff1d(centre, self.centres)
        if unknown.size:
            raise InputError(
                f"ComBat: expected cases of the {self.centres.size} training centres, found"
                f" {unknown.size} other centres; fit the model with cases of these centres, or"
                " without harmonisation"
            )
        where = np.searchsorted(self.centres, centre)
        expected = self.mean + (covariates - self.covariate_mean) @ self.effects
        standardised = (values - expected) / self.scale
        cleared: FloatArray = (standardised - self.shift[where]) / self.spread[where]
        return cleared * self.scale + expected


def fit_combat(values: FloatArray, centre: IntArray, covariates: FloatArray) -> Combat:
    """Estimate centre effects by parametric empirical Bayes (Johnson et al. 2007).

    Biostatistics 8:118, sections 3.1 and 3.2: features are standardised for covariates, each
    centre's locations and variances are shrunk towards those of its other features (normal and
    inverse-gamma priors, by moments), in turns until neither moves.

    Parameters
    ----------
    values
        Shape (n, p), two features at least and none missing.
    centre
        Shape (n,), two centres at least with three cases each.
    covariates
        Shape (n, q), differences in which are kept; never the outcome. q may be 0.

    Raises
    ------
    InputError
        Too few features, centres or cases, missing values, or covariates that tell the centres
        apart by themselves.
    """
    centres, codes, counts = np.unique(centre, return_inverse=True, return_counts=True)
    if centres.size < 2 or counts.min() < FEWEST_CASES:
        raise InputError(
            f"ComBat: expected two centres at least with {FEWEST_CASES} cases each, found"
            f" {centres.size} centres, the smallest with {counts.min()}"
        )
    if values.shape[1] < 2 or not np.isfinite(values).all() or not np.isfinite(covariates).all():
        raise InputError(
            f"ComBat: expected two features at least without missing values, found"
            f" {values.shape[1]} features; run the completeness step before, impute covariates"
        )
    covariate_mean = covariates.mean(axis=0)
    design = np.column_stack([np.eye(centres.size)[codes], covariates - covariate_mean])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise InputError(
            "ComBat: expected covariates that vary within centres, found some that the centres"
            " explain (or that repeat one another); leave them out"
        )
    estimate = np.linalg.lstsq(design, values, rcond=None)[0]
    mean = (counts / counts.sum()) @ estimate[: centres.size]
    effects = estimate[centres.size :]
    scale = np.sqrt(((values - design @ estimate) ** 2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    standardised = (values - mean - (covariates - covariate_mean) @ effects) / scale
    shrunk = [_shrink(standardised[codes == k]) for k in range(centres.size)]
    return Combat(
        centres=centres,
        mean=mean,
        covariate_mean=covariate_mean,
        effects=effects,
        scale=scale,
        shift=np.array([shift for shift, _ in shrunk]),
        spread=np.sqrt([variance for _, variance in shrunk]),
    )


def _shrink(standardised: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return one centre's posterior location and variance of each feature (eq. 3.1)."""
    n = standardised.shape[0]
    own_shift, own_variance = standardised.mean(axis=0), standardised.var(axis=0, ddof=1)
    prior_shift, prior_spread = own_shift.mean(), own_shift.var(ddof=1)
    middle, scatter = own_variance.mean(), own_variance.var(ddof=1)
    if not (prior_spread > 0 and scatter > 0):
        return own_shift, np.where(own_variance > 0, own_variance, 1.0)
    shape, rate = 2 + middle**2 / scatter, middle + middle**3 / scatter
    shift, variance = own_shift, own_variance
    for _ in range(MOST_ROUNDS):
        precision = n * prior_spread + variance
        new_shift = (n * prior_spread * own_shift + variance * prior_shift) / precision
        squares = ((standardised - new_shift) ** 2).sum(axis=0)
        new_variance = (rate + squares / 2) / (n / 2 + shape - 1)
        moved = max(np.abs(new_shift - shift).max(), np.abs(new_variance - variance).max())
        shift, variance = new_shift, new_variance
        if moved < TOLERANCE:
            break
    return shift, variance
