"""Every model's predictions of the study's cases, with what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations, groupby
from typing import TypeVar

import numpy as np

from trephine.choices import Kind, ProtocolName
from trephine.regression.cox_result import CoxResult
from trephine.study.assess.training import TrainingLuck
from trephine.study.results import Analysed, Analysis, ProtocolResult, Validation
from trephine.types import FloatArray, IntArray
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import (
    levelled_event_probability,
    pooled_event_probability,
    pooled_linear_predictor,
    varies_within_folds,
)

MOST_REPEATS = 0.5
"""Share of repeats above which a case is called high risk out of fold."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One model's predictions of one kind.

    Attributes
    ----------
    protocol, kind, model
        Which.
    risk_score
        Higher is worse, shape (n,).
    horizons
        Those that follow-up reaches and at which every case has a prediction.
    event_probability
        Shape (n, horizons).
    grid, grid_probability
        Times up to the last horizon that follow-up reaches, and event probabilities at them, shape
        (n, grid); NaN where a model's follow-up ends before.
    patient
        Whom intervals are drawn by, shape (n,); None where cases count as independent, which is
        the published protocol's apparent performance only.
    risk_cut
        Fixed in training: above it, high risk; of ``high_risk`` where there is one.
    out_of_fold
        Where each fold's cases were predicted by a model of their own: only cases of one fold can
        then be compared. None where one model predicted all.
    fit
        Of the model, where it was fitted to these very cases; None otherwise, and where it has no
        term.
    notes
        What could not be predicted, and why.
    levelled
        Event probabilities out of fold with the folds brought to one level, shape (n, horizons):
        what calibration curves and groups are made of. None: ``event_probability``.
    high_risk
        Out of fold, the share of repeats in which the case lies above the cut of its fold's model,
        shape (n,). None where ``risk_score`` itself is cut.
    training
        How figures out of fold vary with the luck of the training cases.
    without_term
        Whether no term entered the model that is reported. It ranks nobody then, even where one
        entered the models of some folds: a C-index of those would be that of other models.
    """

    protocol: ProtocolName
    kind: Kind
    model: str
    risk_score: FloatArray
    horizons: tuple[float, ...]
    event_probability: FloatArray
    grid: tuple[float, ...]
    grid_probability: FloatArray
    patient: IntArray | None
    risk_cut: float
    out_of_fold: OutOfFold | None = None
    fit: CoxResult | None = None
    notes: tuple[str, ...] = ()
    levelled: FloatArray | None = None
    high_risk: FloatArray | None = None
    training: TrainingLuck = field(default_factory=partial(TrainingLuck, None))
    without_term: bool = False

    @property
    def varies(self) -> bool:
        """Whether cases that can be compared differ in their prediction: else none is ranked."""
        return not self.without_term and self.varies_somewhere

    @property
    def varies_somewhere(self) -> bool:
        """Whether they differ in some fold at least, whatever the model that is reported."""
        if self.out_of_fold is None:
            return bool(np.ptp(self.risk_score) > 0)
        return varies_within_folds(self.out_of_fold, self.model)

    def calibrated_at(self, horizon: float) -> FloatArray:
        """Return the event probabilities that calibration is judged by, shape (n,)."""
        every = self.event_probability if self.levelled is None else self.levelled
        found: FloatArray = every[:, self.horizons.index(horizon)]
        return found

    def probability_at(self, horizon: float) -> FloatArray:
        """Return the event probabilities at one of ``horizons``, shape (n,)."""
        found: FloatArray = self.event_probability[:, self.horizons.index(horizon)]
        return found


_P = TypeVar("_P", bound=Predictions)


def pairs(predictions: Sequence[_P]) -> Iterator[tuple[_P, _P]]:
    """Yield (old, new) of one protocol and kind, in the models' order."""
    for _, group in groupby(predictions, key=lambda one: (one.protocol, one.kind)):
        yield from combinations(list(group), 2)


def shared_horizons(old: Predictions, new: Predictions) -> tuple[float, ...]:
    """Return the horizons at which both models predict every case."""
    return tuple(horizon for horizon in old.horizons if horizon in new.horizons)


def ranked_in_null_check(result: ProtocolResult, model: str) -> bool:
    """Say whether the model that chance is compared with tells any two cases apart."""
    if not result.fitted.models[model].terms:
        return False
    if result.null is not None and result.null.kind == "apparent":
        return True
    return result.out_of_fold is None or varies_within_folds(result.out_of_fold, model)


def predictions_of(analysis: Analysis) -> list[Predictions]:
    """Return every model's predictions: as fitted, and out of fold where there are repeats."""
    found: list[Predictions] = []
    for protocol, result in analysis.protocols.items():
        models = result.fitted.models
        found += [_as_fitted(analysis, protocol, result, model) for model in models]
        if result.out_of_fold is not None:
            reported = {name: model.present for name, model in models.items()}
            luck = TrainingLuck(result.bootstrap, reported)
            for model in models:
                nested = _nested(analysis, protocol, result.out_of_fold, model)
                empty = not models[model].terms
                found.append(replace(nested, training=luck, without_term=empty))
    return found


def outside_predictions(validation: Validation) -> list[Predictions]:
    """Return what each of a locked model's Cox models says of outside cases."""
    return [
        _predictions(
            validation,
            (validation.protocol, "external", name),
            predicted.linear_predictor,
            predicted.survival.times.tolist(),
            1 - predicted.survival.survival_probability,
            patient=validation.cases.patient,
            risk_cut=validation.models[name].risk_cut,
        )
        for name, predicted in validation.predictions.items()
    ]


def _as_fitted(
    analysis: Analysis, protocol: ProtocolName, result: ProtocolResult, model: str
) -> Predictions:
    predicted, fitted = result.apparent[model], result.fitted.models[model]
    predictions = _predictions(
        analysis,
        (protocol, "apparent", model),
        predicted.linear_predictor,
        predicted.survival.times.tolist(),
        1 - predicted.survival.survival_probability,
        patient=None if result.settings.independent else analysis.cases.patient,
        risk_cut=fitted.risk_cut,
    )
    return replace(predictions, fit=fitted.result)


def _nested(
    analysis: Analysis, protocol: ProtocolName, out_of_fold: OutOfFold, model: str
) -> Predictions:
    """Pool the repeats' predictions.

    Each fold's model has its own scale and its own cut, fixed in its training part; a case counts
    as high risk where most repeats say so.
    """
    score = pooled_linear_predictor(out_of_fold, model)
    pooled = _predictions(
        analysis,
        (protocol, "nested cross-validated", model),
        score,
        out_of_fold.horizons,
        pooled_event_probability(out_of_fold, model),
        patient=analysis.cases.patient,
        risk_cut=MOST_REPEATS,
    )
    planned = analysis.inputs.plan.outcome.horizons
    columns = [planned.index(horizon) for horizon in pooled.horizons]
    levelled = levelled_event_probability(out_of_fold, model)
    return replace(
        pooled,
        out_of_fold=out_of_fold,
        levelled=levelled[:, columns],
        high_risk=out_of_fold.high_risk[model].mean(axis=0),
    )


def _predictions(
    analysis: Analysed,
    which: tuple[ProtocolName, Kind, str],
    score: FloatArray,
    times: Sequence[float],
    probability: FloatArray,
    *,
    patient: IntArray | None,
    risk_cut: float,
) -> Predictions:
    """Part event probabilities, shape (n, times), into the plan's horizons and the grid behind."""
    planned = analysis.inputs.plan.outcome.horizons
    whole = np.flatnonzero(np.isfinite(probability[:, : len(planned)]).all(axis=0))
    horizons = tuple(planned[j] for j in whole)
    lost = [f"{h:g}" for h in planned if h not in horizons]
    unit = analysis.cases.survival.unit
    note = (
        f"No prediction at {' and '.join(lost)} {unit}: follow-up of the cases that a model"
        " learned from ends before."
    )
    protocol, kind, model = which
    return Predictions(
        protocol=protocol,
        kind=kind,
        model=model,
        risk_score=score,
        horizons=horizons,
        event_probability=probability[:, whole],
        grid=tuple(times[len(planned) :]),
        grid_probability=probability[:, len(planned) :],
        patient=patient,
        risk_cut=risk_cut,
        notes=(note,) if lost else (),
    )
