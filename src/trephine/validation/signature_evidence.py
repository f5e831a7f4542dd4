"""How strongly a fitted recipe ties its signatures to the outcome, and p from permuted outcomes.

A signature was learned from the cases that the Cox model is then fitted to. Its Wald and
likelihood-ratio tests take it as given, and reject too often, out-of-fold ("pre-validated") values
included (Tibshirani and Efron 2002, Stat Appl Genet Mol Biol 1:1; Hoefling and Tibshirani 2008,
Ann Appl Stat 2:643-664). Their statistics are therefore compared with those that the same recipe
gives on outcomes permuted by patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.protocols import Models
from trephine.modelling.recipe import FittedRecipe
from trephine.modelling.terms import CLINICAL, Term
from trephine.types import FloatArray
from trephine.validation.answers import by_name
from trephine.validation.tasks import TaskAnswer


@dataclass(frozen=True)
class SignatureEvidence:
    """Statistics of one fit of a recipe.

    Attributes
    ----------
    z
        Coefficient over its standard error, as the protocol has it, by model and signature. 0
        where a signature carried nothing and was left out; infinite where no Cox model could be
        fitted with it, since it may then order the events perfectly.
    alone
        The same for each signature as the only term of a model.
    chi_square
        By model, twice the gain in log likelihood over the model without a term; infinite where a
        signature has an infinite z in it.
    """

    z: Mapping[str, Mapping[str, float]]
    alone: Mapping[str, float]
    chi_square: Mapping[str, float]


@dataclass(frozen=True)
class PermutedEvidence:
    """The statistics on the outcome and on permuted ones.

    Attributes
    ----------
    observed
        Of the recipe fitted to all cases.
    permuted
        Of the recipe fitted to them with each permuted outcome.
    """

    observed: SignatureEvidence
    permuted: tuple[SignatureEvidence, ...]

    def p_in_model(self, model: str, signature: str) -> float:
        """Return p of a signature's coefficient in a model."""
        return add_one_p(
            self.observed.z[model][signature], [one.z[model][signature] for one in self.permuted]
        )

    def p_alone(self, signature: str) -> float:
        """Return p of a signature's coefficient as the only term."""
        return add_one_p(
            self.observed.alone[signature], [one.alone[signature] for one in self.permuted]
        )

    def p_of_gain(self, old: str, new: str) -> float:
        """Return p of what a new model's likelihood gains over an old one's."""
        return add_one_p(
            _gain(self.observed, old, new), [_gain(one, old, new) for one in self.permuted]
        )


def add_one_p(observed: float, permuted: Sequence[float] | FloatArray) -> float:
    """Return (1 + permuted at or above the observed) / (1 + permutations)."""
    above = np.sum(np.asarray(permuted) >= observed)
    return float((1 + above) / (1 + len(permuted)))


def evidence_of(fitted: FittedRecipe, cases: Cases) -> SignatureEvidence:
    """Return the statistics of a recipe.

    Parameters
    ----------
    fitted
        The recipe.
    cases
        Those that it was fitted to.
    """
    return SignatureEvidence(
        z={name: _z_in(model) for name, model in fitted.models.items()},
        alone={name: _z_alone(fitted, cases, name) for name in fitted.chains},
        chi_square={name: _chi_square(model) for name, model in fitted.models.items()},
    )


def evidence_to_answer(evidence: SignatureEvidence) -> TaskAnswer:
    """Return the statistics as JSON values; infinite ones as null."""

    def finite(values: Mapping[str, float]) -> TaskAnswer:
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    return {
        "z": {model: finite(values) for model, values in evidence.z.items()},
        "alone": finite(evidence.alone),
        "chi_square": finite(evidence.chi_square),
    }


def evidence_from_answer(
    content: TaskAnswer, models: Models, sets: Sequence[str]
) -> SignatureEvidence:
    """Return the statistics that ``evidence_to_answer`` wrote.

    Parameters
    ----------
    content
        What it returned.
    models, sets
        Of the recipe, and the feature sets of which it makes signatures.

    Raises
    ------
    LookupError, TypeError, ValueError
        If it is another thing.
    """

    def restored(value: float | None) -> float:
        return inf if value is None else float(value)

    parts = dict(models)
    z = by_name(content["z"], parts, dict)
    return SignatureEvidence(
        z={
            model: by_name(values, [part for part in parts[model] if part in sets], restored)
            for model, values in z.items()
        },
        alone=by_name(content["alone"], sets, restored),
        chi_square=by_name(content["chi_square"], parts, restored),
    )


def _z_in(model: FittedModel) -> dict[str, float]:
    """Return z of every feature set that a model is made of."""
    held = {term.name: j for j, term in enumerate(model.terms) if term.is_signature}
    left_out = {
        name: inf if name in model.unfittable else 0.0
        for name, _ in model.left_out
        if name != CLINICAL
    }
    return left_out | {
        name: float(model.coefficients[j] / np.sqrt(model.covariance[j, j]))
        for name, j in held.items()
    }


def _z_alone(fitted: FittedRecipe, cases: Cases, name: str) -> float:
    values = fitted.signature_values(name)
    if fitted.chains[name].signature.empty or np.ptp(values) == 0:
        return 0.0
    term = Term(name, name, "signature", name)
    cluster = fitted.settings.cluster(cases.patient)
    try:
        model = fit_model(name, (name,), [term], values[:, None], cases.survival, cluster=cluster)
    except (InputError, ModelError):
        return inf
    return _z_in(model)[name]


def _chi_square(model: FittedModel) -> float:
    if model.unfittable:
        return inf
    return model.result.likelihood_ratio.statistic if model.result is not None else 0.0


def _gain(evidence: SignatureEvidence, old: str, new: str) -> float:
    """Return the likelihood-ratio statistic; infinite where the new model's is not finite."""
    larger = evidence.chi_square[new]
    return larger if np.isinf(larger) else larger - evidence.chi_square[old]
