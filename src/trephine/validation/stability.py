"""How much a fitted recipe depends on who happened to be in the training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.errors import InputError
from trephine.types import Estimate
from trephine.validation.refits import Refit

LEVEL = 0.95


@dataclass(frozen=True)
class FeatureStability:
    """One feature over all refits.

    Attributes
    ----------
    name
        Of the feature.
    selected
        Share of refits that gave it a weight.
    positive, negative
        Share of refits with a weight above and below 0.
    low, high
        Interval that holds 95 % of the refits' weights, 0 standing for a feature without one.
    """

    name: str
    selected: float
    positive: float
    negative: float
    low: float
    high: float

    @property
    def sign_change(self) -> float:
        """Share of refits whose sign is not the commoner one."""
        return min(self.positive, self.negative)


@dataclass(frozen=True)
class SelectionStability:
    """What refits of a recipe selected.

    Attributes
    ----------
    n_refits
        Outer folds or bootstraps.
    features
        By feature set, the most often selected first, equal ones by name.
    clinical
        Share of refits in which each clinical variable stayed; variables that never did are not
        listed.
    n_selected, penalty
        By feature set: median over refits of the number of features and of lambda_min, with the
        interval that holds 95 % of them; without an interval where nothing was learned.
    """

    n_refits: int
    features: Mapping[str, tuple[FeatureStability, ...]]
    clinical: Mapping[str, float]
    n_selected: Mapping[str, Estimate]
    penalty: Mapping[str, Estimate]


def selection_stability(refits: Sequence[Refit]) -> SelectionStability:
    """Count what refits selected.

    Parameters
    ----------
    refits
        Of nested cross-validation or bootstraps; one at least.
    """
    if not refits:
        raise InputError("stability: expected one refit at least, found none")
    sets = list(dict.fromkeys(name for refit in refits for name in refit.weights))
    clinical = sorted({variable for refit in refits for variable in refit.clinical})
    return SelectionStability(
        n_refits=len(refits),
        features={
            name: _features([refit.weights.get(name, {}) for refit in refits]) for name in sets
        },
        clinical={
            variable: float(np.mean([variable in refit.clinical for refit in refits]))
            for variable in clinical
        },
        n_selected={
            name: _spread([len(refit.weights.get(name, {})) for refit in refits]) for name in sets
        },
        penalty={
            name: _spread([r.penalty[name] for r in refits if name in r.penalty]) for name in sets
        },
    )


def _features(weights: Sequence[Mapping[str, float]]) -> tuple[FeatureStability, ...]:
    names = sorted({name for refit in weights for name in refit})
    places = {name: j for j, name in enumerate(names)}
    table, given = np.zeros((2, len(weights), len(names)))
    for i, refit in enumerate(weights):
        for name, weight in refit.items():
            table[i, places[name]], given[i, places[name]] = weight, 1.0
    low, high = np.quantile(table, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    found = [
        FeatureStability(
            name=name,
            selected=float(given[:, j].mean()),
            positive=float((table[:, j] > 0).mean()),
            negative=float((table[:, j] < 0).mean()),
            low=float(low[j]),
            high=float(high[j]),
        )
        for name, j in places.items()
    ]
    return tuple(sorted(found, key=lambda feature: (-feature.selected, feature.name)))


def _spread(values: Sequence[float]) -> Estimate:
    if not values:
        return Estimate(float("nan"), level=LEVEL)
    low, middle, high = np.quantile(values, ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2))
    return Estimate(float(middle), float(low), float(high), LEVEL)
