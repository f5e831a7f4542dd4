"""Newton's method for a hazard regression, ending where polspline's ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from trephine.survival.hare_algebra import solved
from trephine.survival.hare_likelihood import Basis, Evaluation, evaluate
from trephine.survival.hare_model import HareModel
from trephine.types import FloatArray

# A step that changes the log-likelihood by less is the last one. The rule decides more than
# precision: where a likelihood has no maximum (a time knot at the first event), the coefficient
# that it leaves is nothing but the place where the steps ended.
TOLERANCE = 0.01
_MAX_ITERATIONS = 100
_MAX_HALVINGS = 12
_MAX_HALVINGS_IN_DELETION = 9


@dataclass(frozen=True)
class HareFit:
    """A model at its last coefficients, with the likelihood there."""

    model: HareModel
    evaluation: Evaluation

    @property
    def log_likelihood(self) -> float:
        """The log-likelihood at the coefficients."""
        return self.evaluation.log_likelihood

    @cached_property
    def gram(self) -> FloatArray:
        """Products of the basis functions at the data, shape (k, k)."""
        design = self.model.basis.design
        return design.T @ design

    def standard_errors(self) -> FloatArray:
        """Return the roots of `variances`; NaN where one is negative, at no maximum."""
        variances = self.variances()
        return np.sqrt(np.where(variances >= 0.0, variances, np.nan))

    def variances(self) -> FloatArray:
        """Return the diagonal of the inverse information, shape (k,); NaN where singular."""
        try:
            inverse = np.linalg.inv(self.evaluation.hessian)
        except np.linalg.LinAlgError:
            return np.full(self.model.dimension, np.nan)
        return -np.diag(inverse)


def maximise(model: HareModel, *, deletion: bool = False) -> HareFit | None:
    """Climb from the model's coefficients, or return None where that fails.

    A step is halved while it lowers the log-likelihood by more than ``TOLERANCE``; the climb ends
    after the first step that raises it by less. Fails where the Hessian is singular, halving does
    not help (``deletion`` tries less), or 100 steps do not suffice.
    """
    halvings = _MAX_HALVINGS_IN_DELETION if deletion else _MAX_HALVINGS
    coefficient, found = _climb(model.basis, model.coefficient, halvings)
    if coefficient.size == 0:
        return None
    return HareFit(model.with_coefficient(coefficient), found)


@numba.njit(cache=True)
def _climb(basis: Basis, coefficient: FloatArray, halvings: int) -> tuple[FloatArray, Evaluation]:
    """Return the last coefficients and the likelihood there; no coefficients on failure."""
    here = evaluate(basis, coefficient)
    for _ in range(_MAX_ITERATIONS):
        step = solved(here.hessian, here.score)
        least = here.log_likelihood - TOLERANCE
        there = evaluate(basis, coefficient - step)
        halved = 0
        while there.log_likelihood < least and halved < halvings:
            step = step / 2.0
            halved += 1
            there = evaluate(basis, coefficient - step)
        # NaN is no likelihood either.
        if not there.log_likelihood >= least:
            break
        coefficient = coefficient - step
        gained = there.log_likelihood - here.log_likelihood
        here = there
        if gained < TOLERANCE:
            return coefficient, here
    return np.empty(0), here
