"""Recipes refitted to bootstrap samples, kept as far as each predicts a new case as it did.

What one recipe says of a case varies with the patients who happened to be in its training. The
refits that a study makes anyway show by how much, selection and all; an interval of one Cox model
takes its signature and its variables as known, and knows nothing of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.absolute_risk import OtherCause, absolute_risk
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term, clinical_of, signatures_of
from trephine.regression.cox_fit import weighted_sum
from trephine.regression.cox_prediction import LARGEST_EXPONENT
from trephine.survival.baseline import BaselineHazard
from trephine.types import FloatArray, IntArray


@dataclass(frozen=True)
class RiskCourse:
    """The rates of every event up to the last horizon, where others may come before the event.

    Attributes
    ----------
    horizons
        k times.
    baseline
        Of the event, at the centre: its steps, and the last follow-up.
    others
        Of each competing event, their steps.
    """

    horizons: tuple[float, ...]
    baseline: BaselineHazard
    others: tuple[OtherCause, ...]

    def survival(self, predictor: FloatArray, design: FloatArray) -> FloatArray:
        """Return 1 - risk of the event at the horizons, shape (m, k).

        ``predictor`` is that of the event's rate, shape (m,), ``design`` the model's terms.
        """
        ratios = [(other, other.ratio(design)) for other in self.others]
        found: FloatArray = 1 - absolute_risk(self.baseline, predictor, ratios, self.horizons)
        return found


@dataclass(frozen=True)
class LinearForm:
    """A Cox model as far as it predicts survival at fixed horizons.

    Survival at horizon j is ``exp(-cumulative_hazard[j] * exp(coefficients @ (x - centre)))``.

    Attributes
    ----------
    name
        Of the model.
    terms
        Its q columns.
    coefficients, centre
        Log hazard ratio per unit of each term, and where the linear predictor is 0, shape (q,).
    cumulative_hazard
        Of the case at the centre at the k horizons, shape (k,); NaN past the last follow-up of the
        sample.
    course
        Where events compete, of which survival is then made; else None.
    """

    name: str
    terms: tuple[Term, ...]
    coefficients: FloatArray
    centre: FloatArray
    cumulative_hazard: FloatArray
    course: RiskCourse | None = None

    def survival(self, design: FloatArray) -> FloatArray:
        """Return survival at the horizons of cases with these terms, (m, q), shape (m, k)."""
        predictor = weighted_sum(design - self.centre, self.coefficients)
        if self.course is not None:
            return self.course.survival(predictor, design)
        ratio = np.exp(np.minimum(predictor, LARGEST_EXPONENT))
        found: FloatArray = np.exp(-ratio[:, np.newaxis] * self.cumulative_hazard)
        return found


@dataclass(frozen=True)
class RefitForm:
    """One refit: how it makes terms of a case, and its models.

    Attributes
    ----------
    terms_from
        Signatures, harmonisation and imputation of the refit; it holds no model.
    models
        By name.
    """

    terms_from: Predictor
    models: Mapping[str, LinearForm]


@dataclass(frozen=True)
class Refits:
    """The refits of one recipe.

    Attributes
    ----------
    horizons
        k times.
    forms
        One for each bootstrap sample that could be fitted.
    """

    horizons: tuple[float, ...]
    forms: tuple[RefitForm, ...]
    # What models need is asked for each case, and is the work of hundreds of forms.
    _features: dict[str, dict[str, tuple[str, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _variables: dict[str, tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def survival(
        self,
        model: str,
        features: Mapping[str, FeatureSet],
        clinical: ClinicalTable,
        centre: IntArray | None = None,
    ) -> FloatArray:
        """Return what every refit of a model says of m cases, shape (refits, m, k).

        Parameters
        ----------
        model
            Name.
        features, clinical, centre
            As `Predictor.design`, with all that `needed` names.

        Raises
        ------
        InputError
            If a case lacks a value that a refit needs.
        """
        found = np.full((len(self.forms), len(clinical), len(self.horizons)), np.nan)
        complete = not clinical.missing().any()
        columns: dict[int, FloatArray] = {}
        for b, form in enumerate(self.forms):
            own = form.models[model]
            if complete and own.terms and not signatures_of(own.terms):
                # Nothing to fill in, and forms share their terms: each column is made once.
                design = np.column_stack([_column(term, clinical, columns) for term in own.terms])
            else:
                design = form.terms_from.design(own, features, clinical, centre)
            found[b] = own.survival(design)
        return found

    def needed_features(self, model: str) -> dict[str, tuple[str, ...]]:
        """Return the features that any refit of a model weighs, by feature set."""
        if model in self._features:
            return self._features[model]
        found: dict[str, dict[str, None]] = {}
        for form in self.forms:
            for name in signatures_of(form.models[model].terms):
                names = form.terms_from.signatures[name].names
                found.setdefault(name, {}).update(dict.fromkeys(names))
        return self._features.setdefault(
            model, {name: tuple(names) for name, names in found.items()}
        )

    def needed_variables(self, model: str) -> tuple[str, ...]:
        """Return the clinical variables that any refit of a model holds."""
        if model in self._variables:
            return self._variables[model]
        held = (key for form in self.forms for key in clinical_of(form.models[model].terms))
        return self._variables.setdefault(model, tuple(dict.fromkeys(held)))


def _column(term: Term, clinical: ClinicalTable, known: dict[int, FloatArray]) -> FloatArray:
    """Return a term's column, shape (m,), from those that are known by the term's identity."""
    if id(term) not in known:
        known[id(term)] = term.column(clinical)
    return known[id(term)]


def refit_form(predictor: Predictor, horizons: Sequence[float]) -> RefitForm | None:
    """Return a refit as far as it predicts survival at horizons.

    None where a network was trained with its signature, since hundreds of networks are not kept.
    """
    if predictor.blocks:
        return None
    signatures = {name: _without_ranges(one) for name, one in predictor.signatures.items()}
    return RefitForm(
        terms_from=replace(predictor, signatures=signatures, models={}),
        models={name: _linear(model, horizons) for name, model in predictor.models.items()},
    )


def _without_ranges(signature: Signature) -> Signature:
    """Return a signature as far as it scores: how far training reached is the model's to say."""
    unknown = np.full(len(signature.names), np.nan)
    return replace(signature, low=unknown, high=unknown, reach=float("nan"))


def _linear(model: FittedModel, horizons: Sequence[float]) -> LinearForm:
    return LinearForm(
        name=model.name,
        terms=model.terms,
        coefficients=model.coefficients,
        centre=model.centre,
        cumulative_hazard=model.cumulative_hazard(list(horizons)),
        course=_course(model, tuple(horizons)) if model.others else None,
    )


def _course(model: FittedModel, horizons: tuple[float, ...]) -> RiskCourse:
    """Return the rates of every event as far as risks at the horizons need them."""
    base, end = model.baseline, max(horizons)
    times, hazard = _steps(base.times, base.cumulative_hazard, end)
    last = float(base.times[-1])
    if not times.size or last > times[-1]:
        times, hazard = np.append(times, last), np.append(hazard, hazard[-1:] if hazard.size else 0)
    others = []
    for other in model.others:
        own_times, own_hazard = _steps(other.times, other.cumulative_hazard, end)
        others.append(replace(other, times=own_times, cumulative_hazard=own_hazard))
    return RiskCourse(horizons, steps_of(times, hazard), tuple(others))


def _steps(times: FloatArray, hazard: FloatArray, end: float) -> tuple[FloatArray, FloatArray]:
    """Return the times up to ``end`` at which a cumulative hazard rises, and its values there."""
    kept = (np.diff(hazard, prepend=0.0) > 0) & (times <= end)
    return times[kept], hazard[kept]


def steps_of(times: FloatArray, hazard: FloatArray) -> BaselineHazard:
    """Return a hazard of which nothing but the steps is known."""
    return BaselineHazard(times, hazard, np.zeros(times.size), np.empty((times.size, 0)))
