"""What a fitted recipe needs to predict, and nothing that it was fitted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.deep.last_block import LastBlock
from trephine.errors import InputError
from trephine.modelling.cases import FeatureSet
from trephine.modelling.conditional import ChainedImputation
from trephine.modelling.feature_training import with_blocks
from trephine.modelling.fitted_model import FittedModel, SurvivalAt
from trephine.modelling.harmoniser import Harmoniser
from trephine.modelling.imputation import Imputation
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.types import FloatArray, IntArray


@dataclass(frozen=True)
class ModelPrediction:
    """What one model says of m cases.

    Attributes
    ----------
    model
        Name.
    linear_predictor
        Centred; higher is worse, shape (m,).
    survival
        At the times asked for.
    high_risk
        Above the training median, shape (m,).
    """

    model: str
    linear_predictor: FloatArray
    survival: SurvivalAt
    high_risk: np.ndarray[tuple[int], np.dtype[np.bool_]]


class HasTerms(Protocol):
    """A model as far as a design is made for it."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """Its columns."""


def _mean(term: Term, tables: Sequence[ClinicalTable]) -> FloatArray:
    """Return a term's mean over completed tables, shape (m,).

    The linear predictor of the means is the mean of the linear predictors: predictions are pooled
    on the scale of log(-log S).
    """
    if len(tables) == 1:
        return term.column(tables[0])
    columns = np.array([term.column(table) for table in tables])
    # What is known is the same in each, to the last bit.
    found: FloatArray = np.where((columns == columns[0]).all(axis=0), columns[0], columns.mean(0))
    return found


@dataclass(frozen=True)
class UnseenLevel:
    """Cases at levels of a categorical variable that no training case had.

    Attributes
    ----------
    variable
        Its key.
    reference
        The level that they count as.
    rows
        Places of the cases, from 0.
    """

    variable: str
    reference: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class UnseenTogether:
    """Cases at two levels that interact and that no training case had together.

    Attributes
    ----------
    variables, levels
        The two, and what the cases have.
    rows
        Places of the cases, from 0.
    """

    variables: tuple[str, str]
    levels: tuple[str, str]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Predictor:
    """Signatures, clinical encoding and models, with which new cases are predicted.

    Attributes
    ----------
    signatures
        By feature set.
    variables
        Clinical variables that a case may state.
    imputation
        What stands in for a missing clinical value: one value, or several, over which the linear
        predictor is the mean; None where a value is needed.
    models
        By name.
    blocks
        Last blocks of networks that were trained with the signatures, by feature set.
    harmonisers
        Centre effects by feature set; empty where features are used as measured.
    """

    signatures: Mapping[str, Signature]
    variables: Mapping[str, ClinicalVariable]
    imputation: Imputation | ChainedImputation | None
    models: Mapping[str, FittedModel]
    blocks: Mapping[str, LastBlock] = field(default_factory=dict)
    harmonisers: Mapping[str, Harmoniser] = field(default_factory=dict)

    @property
    def fullest(self) -> FittedModel:
        """The model of most parts, the first of several."""
        return max(self.models.values(), key=lambda model: len(model.parts))

    def unseen_levels(
        self, clinical: ClinicalTable, models: Sequence[str] | None = None
    ) -> list[UnseenLevel]:
        """Return the levels of m cases that no training case had, by variable.

        A model has no coefficient for such a level; the case counts as at the reference.

        Parameters
        ----------
        clinical
            m rows.
        models
            Those whose variables count; all by default.
        """
        chosen = [self.models[name] for name in models or list(self.models)]
        terms = [term for model in chosen for term in model.terms if term.level]
        found = []
        for key in dict.fromkeys(term.variable for term in terms):
            own = {term.level: term.reference for term in terms if term.variable == key}
            known = {None, *own.keys(), *own.values()}
            rows = [row for row, text in enumerate(clinical.texts(key)) if text not in known]
            if rows:
                found.append(UnseenLevel(key, next(iter(own.values())), tuple(rows)))
        return found

    def unseen_together(
        self, clinical: ClinicalTable, models: Sequence[str] | None = None
    ) -> list[UnseenTogether]:
        """Return the pairs of levels of m cases of which a model knows each, but not both.

        Their interaction counts 0: the model takes the two effects as independent there.
        Parameters as `unseen_levels`.
        """
        chosen = [self.models[name] for name in models or list(self.models)]
        terms = list(dict.fromkeys(term for model in chosen for term in model.terms))
        pairs: dict[str, list[tuple[Term, ...]]] = {}
        for term in terms:
            if term.is_product and all(part.level for part in term.parts):
                pairs.setdefault(term.variable, []).append(term.parts)
        found: dict[tuple[tuple[str, str], tuple[str, str]], list[int]] = {}
        for own in pairs.values():
            one, other = own[0][0].variable, own[0][1].variable
            seen = {(first.level, second.level) for first, second in own}
            ones, others = (
                {term.level for term in terms if term.variable == key} for key in (one, other)
            )
            values = zip(clinical.texts(one), clinical.texts(other), strict=True)
            for row, (first, second) in enumerate(values):
                if first in ones and second in others and (first, second) not in seen:
                    found.setdefault(((one, other), (str(first), str(second))), []).append(row)
        return [UnseenTogether(keys, levels, tuple(rows)) for (keys, levels), rows in found.items()]

    def harmonised(
        self,
        features: Mapping[str, FeatureSet],
        clinical: ClinicalTable,
        centre: IntArray | None,
    ) -> dict[str, FeatureSet]:
        """Return features without the effects of training's centres; others stay as measured."""
        return {
            name: self.harmonisers[name].apply(given, clinical, centre)
            if name in self.harmonisers
            else given
            for name, given in features.items()
        }

    def design(
        self,
        model: HasTerms,
        features: Mapping[str, FeatureSet],
        clinical: ClinicalTable,
        centre: IntArray | None = None,
    ) -> FloatArray:
        """Return a model's terms for m cases, shape (m, q).

        Parameters
        ----------
        model
            One of these, or one whose signatures are these.
        features, clinical
            As measured, m rows each.
        centre
            Codes as in training, shape (m,), any other standing for another centre; None where
            they are not known.

        Raises
        ------
        InputError
            If a case lacks a value that the model needs; the variable and the rows are named.
        """
        features = self.harmonised(features, clinical, centre)
        tables = (clinical,) if self.imputation is None else self.imputation.completions(clinical)
        columns = [
            self.scores(term.variable, features) if term.is_signature else _mean(term, tables)
            for term in model.terms
        ]
        if not columns:
            return np.empty((len(clinical), 0))
        design = np.column_stack(columns)
        for term, column in zip(model.terms, design.T, strict=True):
            absent = np.flatnonzero(np.isnan(column))
            if absent.size:
                raise InputError(
                    f"model {model.name}: expected a value of {term.variable}, found none in"
                    f" {absent.size} cases, first in row {absent[0]}"
                )
        return design

    def scores(self, feature_set: str, features: Mapping[str, FeatureSet]) -> FloatArray:
        """Return one signature of m cases, shape (m,), from harmonised features."""
        if feature_set not in features:
            raise InputError(
                f"prediction: expected the features of {feature_set}, found sets {list(features)}"
            )
        given = self.represent({feature_set: features[feature_set]})[feature_set]
        return self.signatures[feature_set].score(given.values, given.names)

    def represent(self, features: Mapping[str, FeatureSet]) -> dict[str, FeatureSet]:
        """Return feature sets as the trained networks give them; what is so already, as it is.

        Raises
        ------
        InputError
            If the features of a trained network are needed and cannot be computed.
        """
        return with_blocks(features, self.blocks)

    def predict(
        self,
        features: Mapping[str, FeatureSet],
        clinical: ClinicalTable,
        times: Sequence[float],
        models: Sequence[str] | None = None,
        centre: IntArray | None = None,
    ) -> dict[str, ModelPrediction]:
        """Predict m cases by each model.

        Parameters
        ----------
        features
            Feature sets by name, m rows each.
        clinical
            m rows.
        times
            Horizons.
        models
            Names; all by default.
        centre
            As `design`.
        """
        predictions = {}
        features = self.represent(features)
        for name in models or list(self.models):
            model = self.models[name]
            design = self.design(model, features, clinical, centre)
            lp = model.linear_predictor(design)
            survival = model.predict_survival(design, np.asarray(times))
            predictions[name] = ModelPrediction(name, lp, survival, lp > model.risk_cut)
        return predictions
