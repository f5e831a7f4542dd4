"""What running a study leaves in memory, before it becomes facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trephine.choices import ProtocolName
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import ModelPrediction
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe
from trephine.study.agreement import Comparison
from trephine.study.extraction.extracted import ExtractedFeatures
from trephine.study.inputs import StudyInputs
from trephine.types import Survival
from trephine.validation.bootstrap_optimism import BootstrapValidation
from trephine.validation.held_out import OutOfFold
from trephine.validation.null_check import NullCheck

# Times between 0 and the last horizon at which the Brier score is integrated.
GRID_POINTS = 40


def horizons_reached(horizons: tuple[float, ...], survival: Survival) -> tuple[float, ...]:
    """Return the horizons up to which at least one case was followed."""
    last = float(survival.time.max())
    return tuple(horizon for horizon in horizons if horizon <= last)


def prediction_times(horizons: tuple[float, ...], survival: Survival) -> tuple[float, ...]:
    """Return the times at which every model predicts: the horizons, then a grid up to the last.

    The grid follows the events, of which it takes quantiles, so that the Brier score is integrated
    where it changes. A horizon past the last follow-up is predicted as NaN and bounds no grid.
    """
    reached = horizons_reached(horizons, survival)
    if not reached:
        return horizons
    seen = np.unique(survival.time[survival.event & (survival.time < reached[-1])])
    if seen.size > GRID_POINTS:
        seen = np.unique(np.quantile(seen, np.linspace(0, 1, GRID_POINTS), method="nearest"))
    grid = [time for time in (*seen.tolist(), reached[-1]) if time > 0]
    return (*horizons, *grid)


@dataclass(frozen=True)
class ProtocolResult:
    """One protocol's recipe, fitted to all cases and judged.

    Attributes
    ----------
    settings, fitted
        The recipe and its fit to all cases.
    apparent
        Predictions of the cases that it was fitted to, by model, at ``prediction_times``.
    out_of_fold
        Predictions by recipes refitted without the case's patient, at the same times; None where
        the plan asks for no repeats.
    bootstrap
        The recipe refitted to samples of patients; None where the plan asks for none.
    null
        The recipe on permuted outcomes; None where the plan asks for none.
    features
        Features of the study's cases as the recipe's networks give them, those of the trained
        network where one was trained; centres' effects are still in them.
    centres
        Each centre predicted by the recipe refitted without it, at the horizons; None where the
        study has not two centres that can be judged.
    """

    settings: RecipeSettings
    fitted: FittedRecipe
    apparent: Mapping[str, ModelPrediction]
    out_of_fold: OutOfFold | None
    bootstrap: BootstrapValidation | None = None
    null: NullCheck | None = None
    features: Mapping[str, FeatureSet] = field(default_factory=dict)
    centres: OutOfFold | None = None


@dataclass(frozen=True)
class Analysed:
    """Cases that were read and predicted: what a study and a validation have in common.

    Attributes
    ----------
    inputs
        As read and checked.
    extracted
        Features from images; None where there are none.
    cases
        With features, clinical values and outcome.
    timings
        Seconds by stage, in order.
    warnings
        Where and what the reader must know.
    """

    inputs: StudyInputs
    extracted: ExtractedFeatures | None
    cases: Cases
    timings: Mapping[str, float]
    warnings: tuple[tuple[str, str], ...]

    @property
    def reached(self) -> tuple[float, ...]:
        """The horizons that the follow-up of these cases reaches."""
        return horizons_reached(self.inputs.plan.outcome.horizons, self.cases.survival)


@dataclass(frozen=True)
class Analysis(Analysed):
    """A study's cases and both protocols on them.

    Attributes
    ----------
    protocols
        By name: published, sound.
    drawings
        The raters' regions compared; empty with one reading.
    """

    protocols: Mapping[ProtocolName, ProtocolResult]
    drawings: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class Validation(Analysed):
    """Outside cases and what a locked model's Cox models say of them; nothing is fitted.

    Attributes
    ----------
    protocol
        That fitted the model, elsewhere.
    models
        By name, as fitted elsewhere.
    predictions
        Of the outside cases by each, at ``prediction_times``.
    """

    protocol: ProtocolName
    models: Mapping[str, FittedModel]
    predictions: Mapping[str, ModelPrediction]
