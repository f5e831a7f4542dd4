"""How the values of the training cases lie together: a case may be odd where no value of it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from trephine.modelling.terms import Term
from trephine.types import BoolArray, FloatArray

# A direction in which the training cases hardly vary, of the variance of a standardised column, is
# rounding; dividing by it would call every case odd.
_LEAST_VARIANCE = 1e-8
# The training case that lies furthest is not further than itself by another order of adding up.
_ROUNDING = 1e-9
# Kept digits: a page holds these numbers as they are, and the reach is that of what is kept.
_DIGITS = 6


# A variable, and the place of the term that is 1 in its group; None for the reference group, where
# all terms of the variable are 0.
TermGroup = tuple[str, int | None]


@dataclass(frozen=True)
class JointRange:
    """Where the training cases lie, in all q terms of a model together.

    Numbers (values and scores of signatures) are judged by Mahalanobis' distance from what the
    case's groups (levels, sides of a cut-off) let expect: the distance of the residuals of a
    regression on the groups. A rare group, far from the mean of all cases by itself, so hides no
    odd number. Groups are judged by pairs.

    Attributes
    ----------
    centre
        Mean of each term in training, shape (q,).
    directions
        Shape (r, q): the distance is the root of the sum of squares of
        ``(design - centre) @ directions.T``.
    reach
        Largest distance of a training case.
    unseen
        Pairs of groups that no training case had both.
    """

    centre: FloatArray
    directions: FloatArray
    reach: float
    unseen: tuple[tuple[TermGroup, TermGroup], ...]

    def distance(self, design: FloatArray) -> FloatArray:
        """Return the distance of m cases, shape (m,); ``design`` has shape (m, q)."""
        away = (design - self.centre) @ self.directions.T
        found: FloatArray = np.sqrt((away**2).sum(axis=1))
        return found

    def pairs_of(self, terms: Sequence[Term], row: FloatArray) -> list[tuple[TermGroup, TermGroup]]:
        """Return the unseen pairs that a case has; ``row`` are its terms, shape (q,)."""
        return [
            pair
            for pair in self.unseen
            if all(_members(terms, row[None], group)[0] for group in pair)
        ]


def judges_jointly(terms: Sequence[Term]) -> bool:
    """Say whether a model has two variables at least whose values can be odd together."""
    return len({term.variable for term in terms if term.has_own_range}) > 1


def joint_range(
    terms: Sequence[Term], designs: FloatArray, scores: Mapping[str, FloatArray]
) -> JointRange | None:
    """Return where training cases lie jointly; None where a model has one variable or none.

    Parameters
    ----------
    terms
        Of the model; of a curve's columns the first, the value itself, stands for the variable.
    designs
        What the model was fitted to, shape (m, n, q): m completed data sets.
    scores
        Of the n training cases by the signatures of all of them, where the model was fitted to
        other ones (out of fold). They widen the reach, since new cases are scored as they are.
    """
    if not judges_jointly(terms):
        return None
    rows = designs.reshape(-1, len(terms))
    centre, directions = _kept(rows.mean(axis=0)), _kept(_directions(terms, rows))
    found = JointRange(centre, directions, 0.0, _unseen(terms, rows))
    own = designs.copy()
    for j, term in enumerate(terms):
        if term.variable in scores and term.is_signature:
            own[:, :, j] = scores[term.variable]
    furthest = np.concatenate([found.distance(rows), found.distance(own.reshape(rows.shape))])
    reach = float(furthest.max(initial=0.0)) * (1 + _ROUNDING)
    return JointRange(centre, directions, reach, found.unseen)


def _kept(numbers: FloatArray) -> FloatArray:
    """Return numbers of so many digits as are kept."""
    short = [float(f"{number:.{_DIGITS}g}") for number in numbers.ravel().tolist()]
    return np.array(short).reshape(numbers.shape)


def _directions(terms: Sequence[Term], rows: FloatArray) -> FloatArray:
    """Return the directions whose squares add up to Mahalanobis' distance, shape (r, q)."""
    numbers = [j for j, term in enumerate(terms) if term.has_own_range and not term.is_group]
    groups = [j for j, term in enumerate(terms) if term.has_own_range and term.is_group]
    centred = rows - rows.mean(axis=0)
    scale = centred[:, numbers].std(axis=0)
    numbers = [j for j, unit in zip(numbers, scale, strict=True) if unit > 0]
    scaled = centred[:, numbers] / scale[scale > 0]
    slopes, _, rank, _ = np.linalg.lstsq(centred[:, groups], scaled, rcond=None)
    left = len(rows) - 1 - int(rank)
    if not numbers or left < 1:
        return np.empty((0, len(terms)))
    residual = scaled - centred[:, groups] @ slopes
    variances, axes = np.linalg.eigh(residual.T @ residual / left)
    varied = variances > _LEAST_VARIANCE
    whitened = (axes[:, varied] / np.sqrt(variances[varied])).T
    directions = np.zeros((len(whitened), len(terms)))
    directions[:, numbers] = whitened / scale[scale > 0]
    directions[:, groups] = -whitened @ slopes.T
    return directions


def _members(terms: Sequence[Term], rows: FloatArray, group: TermGroup) -> BoolArray:
    """Say which cases are in a group, shape (n,)."""
    variable, column = group
    if column is not None:
        return np.asarray(rows[:, column] == 1)
    own = [j for j, term in enumerate(terms) if term.variable == variable and term.is_group]
    return np.asarray((rows[:, own] == 0).all(axis=1))


def _unseen(terms: Sequence[Term], rows: FloatArray) -> tuple[tuple[TermGroup, TermGroup], ...]:
    """Return the pairs of groups that no case has both, of groups that some case has."""
    groups: dict[str, list[TermGroup]] = {}
    for j, term in enumerate(terms):
        if term.is_group and term.has_own_range:
            groups.setdefault(term.variable, [(term.variable, None)]).append((term.variable, j))
    members = {one: _members(terms, rows, one) for own in groups.values() for one in own}
    return tuple(
        (one, other)
        for first, second in combinations(groups.values(), 2)
        for one, other in product(first, second)
        if members[one].any() and members[other].any() and not (members[one] & members[other]).any()
    )


def joint_to_json(joint: JointRange) -> dict[str, Any]:
    """Return a joint range as plain values."""
    return {
        "centre": joint.centre.tolist(),
        "directions": joint.directions.tolist(),
        "reach": joint.reach,
        "unseen": [[list(group) for group in pair] for pair in joint.unseen],
    }


def joint_from_json(content: Mapping[str, Any], terms: Sequence[Term]) -> JointRange:
    """Return the joint range that `joint_to_json` wrote, of a model's q terms.

    Raises
    ------
    TypeError, ValueError, LookupError
        If it is another thing.
    """
    q = len(terms)
    directions = np.asarray(content["directions"], dtype=np.float64).reshape(-1, q)
    reach = float(content["reach"])
    if not (np.isfinite(reach) and np.isfinite(directions).all()):
        raise ValueError("joint range: expected finite numbers")
    return JointRange(
        centre=np.asarray(content["centre"], dtype=np.float64).reshape(q),
        directions=directions,
        reach=reach,
        unseen=tuple((_group(one, terms), _group(two, terms)) for one, two in content["unseen"]),
    )


def _group(content: Sequence[Any], terms: Sequence[Term]) -> TermGroup:
    variable, column = content
    own = {j for j, term in enumerate(terms) if term.variable == variable and term.is_group}
    if not own or column not in {None, *own}:
        raise ValueError(f"joint range: expected a group of {variable}, found column {column}")
    return str(variable), column
