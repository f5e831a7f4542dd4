"""All models of a study, assessed and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trephine.evaluation.decision_curve import DecisionCurve
from trephine.executors import Progress
from trephine.study.assess.comparisons import Compared, compared
from trephine.study.assess.drawn import AllKey
from trephine.study.assess.draws import draw_intervals
from trephine.study.assess.measures import Assessed, measured
from trephine.study.assess.predictions import Predictions, pairs
from trephine.study.results import Analysed


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Everything that was measured on a study's predictions.

    Attributes
    ----------
    models
        Every model, by protocol and kind.
    comparisons
        Every pair of models of one protocol and kind.
    decision
        Decision curves of all models together, by protocol, kind and horizon.
    number_draws, band_draws
        Resamples behind the intervals of NRI and IDI, and behind the bands of curves.
    """

    models: tuple[Assessed, ...]
    comparisons: tuple[Compared, ...]
    decision: Mapping[AllKey, Mapping[str, DecisionCurve]]
    number_draws: int
    band_draws: int


def assess(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Measure every model and compare every pair of them.

    Parameters
    ----------
    analysis
        The cases: a study that ran, or a validation.
    predictions
        Of these cases, by `predictions_of` or `outside_predictions`.
    workers, progress
        Of the bootstraps behind intervals; the numbers do not depend on the workers.
    """
    draws = draw_intervals(analysis, predictions, workers=workers, progress=progress)
    models = tuple(
        measured(
            analysis,
            one,
            tuple(draws.calibration[one.protocol, one.kind, one.model, h] for h in one.horizons),
        )
        for one in predictions
    )
    return Assessment(
        models=models,
        comparisons=tuple(compared(analysis, draws, old, new) for old, new in pairs(models)),
        decision=draws.decision,
        number_draws=draws.number_draws,
        band_draws=draws.band_draws,
    )
