"""What one refit of a recipe leaves behind, kept in a ledger as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe
from trephine.modelling.terms import CLINICAL
from trephine.validation.answers import by_name, some_by_name, texts
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


def signature_sets(settings: RecipeSettings) -> tuple[str, ...]:
    """Return the feature sets of which a recipe makes signatures."""
    parts = dict.fromkeys(part for _, parts in settings.models for part in parts)
    return tuple(part for part in parts if part != CLINICAL)


def refit_to_json(refit: Refit) -> TaskAnswer:
    """Return a refit as JSON values."""
    return {
        "weights": {name: dict(weights) for name, weights in refit.weights.items()},
        "clinical": list(refit.clinical),
        "penalty": dict(refit.penalty),
        "mixture": dict(refit.mixture),
    }


def refit_from_json(
    content: Mapping[str, Any], sets: Collection[str], variables: Collection[str]
) -> Refit:
    """Return the refit that ``refit_to_json`` wrote.

    Parameters
    ----------
    content
        What it returned.
    sets, variables
        Feature sets that have a signature, and clinical variables and interactions that there are.

    Raises
    ------
    LookupError, TypeError, ValueError
        If it is another thing.
    """
    kept = texts(content["clinical"])
    if not set(kept) <= set(variables):
        raise LookupError("answer: expected known clinical variables, found others")
    return Refit(
        weights=by_name(
            content["weights"],
            sets,
            lambda weights: {name: float(weight) for name, weight in weights.items()},
        ),
        clinical=kept,
        penalty=some_by_name(content["penalty"], sets, float),
        mixture=some_by_name(content["mixture"], sets, float),
    )
