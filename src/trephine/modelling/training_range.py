"""The ranges of a model's training, single and joint, with what its cases score as new ones do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.joint_range import joint_range
from trephine.types import FloatArray


def with_full_range(
    model: FittedModel, designs: FloatArray, scores: Mapping[str, FloatArray]
) -> FittedModel:
    """Return a model whose ranges hold the training cases' own scores, and its joint range.

    A model that was fitted to out-of-fold scores predicts from the signature of all cases, which
    lies further from its mean. Whatever predicts must warn of values out of range.

    Parameters
    ----------
    model
        The fitted model.
    designs
        What it was fitted to, shape (m, n, q).
    scores
        Of the n training cases by each signature, shape (n,).
    """
    low, high = model.low.copy(), model.high.copy()
    shift_low = shift_high = 0.0
    for j, term in enumerate(model.terms):
        if not term.is_signature:
            continue
        score = scores[term.variable]
        low[j], high[j] = min(low[j], score.min()), max(high[j], score.max())
        shift_low += float(model.coefficients[j]) * float(low[j] - model.low[j])
        shift_high += float(model.coefficients[j]) * float(high[j] - model.high[j])
    first, last = model.linear_predictor_range
    reach = (first + min(shift_low, 0.0), last + max(shift_high, 0.0))
    joint = joint_range(model.terms, designs, scores)
    return replace(model, low=low, high=high, linear_predictor_range=reach, joint=joint)
