"""Candidate learners as combinations of members that are already fitted: they cost nothing more.

All members of a candidate share one preparation of the columns, so that each candidate is one
linear signature: a weighted sum of (clipped) columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy.optimize import minimize

from trephine.survival.path_risk import log_likelihoods, risk_in_order
from trephine.types import FloatArray, Survival


@dataclass(frozen=True)
class Member:
    """What a candidate may know of a member: inner predictor (n,), predictor of the held-out (m,),
    inner deviance per event, spread of the predictor over the training cases."""

    inner: FloatArray
    test: FloatArray
    deviance: float
    spread: float


Members = Mapping[str, Member]
Combine = Callable[[list[Member], Survival], FloatArray]


@dataclass(frozen=True)
class Candidate:
    """A rule and the members that it combines."""

    members: tuple[str, ...]
    combine: Combine

    def predict(self, members: Members, survival: Survival) -> FloatArray:
        """Return the predictor of the held-out cases, (m,); the first member is plain ridge."""
        return self.combine([members[name] for name in self.members], survival)


def average(members: list[Member], survival: Survival) -> FloatArray:
    """Of the linear predictors as they are: a member that inner folds shrank counts for less."""
    return np.mean([one.test for one in members], axis=0)


def average_of_scaled(members: list[Member], survival: Survival) -> FloatArray:
    """Of the predictors at unit spread: every member counts alike."""
    return np.mean(
        [one.test / one.spread if one.spread > 0 else one.test for one in members], axis=0
    )


def best(members: list[Member], survival: Survival) -> FloatArray:
    """The member of least inner deviance."""
    return min(members, key=lambda one: one.deviance).test


def weighed_by_deviance(members: list[Member], survival: Survival) -> FloatArray:
    """Weights in proportion to the inner predictive likelihood, as Akaike's."""
    deviance = np.array([one.deviance for one in members])
    weights = np.exp(-(deviance - deviance.min()) * survival.event.sum() / 2)
    return (weights / weights.sum()) @ np.array([one.test for one in members])


def stacked(members: list[Member], survival: Survival, ridge: float = 0.0) -> FloatArray:
    """Non-negative weights that maximise the partial likelihood of the inner predictors.

    Breiman 1996 (Mach Learn 24:49). With ``ridge`` they are drawn towards equal weights.
    """
    risk, order = risk_in_order(survival)
    inner = np.array([one.inner for one in members])[:, order]
    k, events = len(members), survival.event.sum()

    def loss(weights: FloatArray) -> float:
        value = log_likelihoods(np.ascontiguousarray((weights @ inner)[np.newaxis]), risk)[0]
        return float(-value / events + ridge * ((weights - 1 / k) ** 2).sum())

    found = minimize(loss, np.full(k, 1 / k), method="L-BFGS-B", bounds=[(0, 3)] * k)
    weights = found.x if found.x.sum() > 0 else np.full(k, 1 / k)
    return weights @ np.array([one.test for one in members])


def halfway(members: list[Member], survival: Survival) -> FloatArray:
    """Half plain ridge, half the average of the others."""
    return 0.5 * members[0].test + 0.5 * np.mean([one.test for one in members[1:]], axis=0)


ADAPTIVITIES = (
    (0.0, 0.25), (0.0, 0.5), (0.0, 0.25, 0.5), (0.0, 1.0), (0.0, 0.5, 1.0), (0.0, 0.25, 0.5, 1.0),
    (0.0, 0.5, 1.0, 2.0), (0.0, 1.0, 2.0), (0.0, 1.0, 2.0, 4.0),
)  # fmt: skip
RULES: dict[str, Combine] = {
    "average": average,
    "average at unit spread": average_of_scaled,
    "best by deviance": best,
    "weighed by deviance": weighed_by_deviance,
    "stacked": stacked,
    "stacked, shrunk": partial(stacked, ridge=0.05),
    "half ridge": halfway,
}
# Every rule on these; averages alone on the others.
SCORE_PREPARATIONS = ("plain", "clipped")
OTHER_PREPARATIONS = (
    "clipped at 2",
    "clipped, filtered",
    "clipped, pruned",
    "clipped, pruned, filtered",
)


def candidates() -> Iterator[tuple[str, Candidate]]:
    """Every candidate by name."""
    everywhere = (*SCORE_PREPARATIONS, *OTHER_PREPARATIONS)
    for preparation, a in product(everywhere, (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)):
        yield f"{preparation}: a{a:g}", Candidate((f"{preparation}: a{a:g}",), average)
    for preparation, (rule, combine), powers in product(everywhere, RULES.items(), ADAPTIVITIES):
        if preparation not in SCORE_PREPARATIONS and combine is not average:
            continue
        names = tuple(f"{preparation}: a{a:g}" for a in powers)
        shown = " ".join(f"{a:g}" for a in powers)
        yield f"{preparation}: {rule} of {shown}", Candidate(names, combine)
    mixed = {
        "b0.5": ("a0", "b0.5"),
        "b1": ("a0", "b1"),
        "b0.5, b1": ("a0", "b0.5", "b1"),
        "a0.5, b0.5": ("a0", "a0.5", "b0.5"),
        "a1, b1": ("a0", "a1", "b1"),
        "net": ("a0", "e0.5", "e1"),
        "LASSO": ("a0", "e1"),
        "a0.5, LASSO": ("a0", "a0.5", "e1"),
        "a1, LASSO": ("a0", "a1", "e1"),
        "a0.5, a1, LASSO": ("a0", "a0.5", "a1", "e1"),
        "a1, b1, LASSO": ("a0", "a1", "b1", "e1"),
    }
    for (shown, members), (rule, combine) in product(mixed.items(), RULES.items()):
        names = tuple(f"plain: {member}" for member in members)
        yield f"plain: {rule} of ridge, {shown}", Candidate(names, combine)
    for single in ("b0.5", "b1", "e0.1", "e0.5", "e1"):
        yield f"plain: {single}", Candidate((f"plain: {single}",), average)
    net = ("plain: a0", "plain: e0.1", "plain: e0.5", "plain: e1")
    yield "elastic net, mixture by deviance", Candidate(net, best)
