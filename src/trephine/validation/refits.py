"""What one refit of a recipe leaves behind, kept in a ledger as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trephine.modelling.recipe import FittedRecipe
from trephine.validation.tasks import TaskAnswer


@dataclass(frozen=True)
class Refit:
    """What one refit of the recipe leaves behind.

    Attributes
    ----------
    weights
        Signature weights by feature set and feature: those that were selected.
    clinical
        Clinical variables that stayed.
    penalty, mixture
        lambda_min and elastic-net mixture by feature set; absent where nothing was learned.
    """

    weights: Mapping[str, Mapping[str, float]]
    clinical: tuple[str, ...]
    penalty: Mapping[str, float]
    mixture: Mapping[str, float]


def summarise_refit(fitted: FittedRecipe) -> Refit:
    """Return what a refit selected."""
    learned = {name: chain.learned for name, chain in fitted.chains.items() if chain.learned}
    return Refit(
        weights={
            name: dict(zip(chain.signature.names, chain.signature.weights.tolist(), strict=True))
            for name, chain in fitted.chains.items()
        },
        clinical=fitted.clinical.kept if fitted.clinical is not None else (),
        penalty={name: found.cross_validation.lambda_min for name, found in learned.items()},
        mixture={name: found.mixture for name, found in learned.items()},
    )


def refit_to_json(refit: Refit) -> TaskAnswer:
    """Return a refit as JSON values."""
    return {
        "weights": {name: dict(weights) for name, weights in refit.weights.items()},
        "clinical": list(refit.clinical),
        "penalty": dict(refit.penalty),
        "mixture": dict(refit.mixture),
    }


def refit_from_json(content: Mapping[str, Any]) -> Refit:
    """Return the refit that ``refit_to_json`` wrote."""
    return Refit(
        weights=content["weights"],
        clinical=tuple(content["clinical"]),
        penalty=content["penalty"],
        mixture=content["mixture"],
    )
