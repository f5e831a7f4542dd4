"""What running a study leaves in memory, before it becomes facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trephine.choices import ProtocolName
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.prediction import Prediction
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe
from trephine.study.agreement import Comparison
from trephine.study.extraction import ExtractedFeatures
from trephine.study.inputs import StudyInputs
from trephine.types import Survival
from trephine.validation.bootstrap_optimism import BootstrapValidation
from trephine.validation.null_check import NullCheck
from trephine.validation.resampling import OutOfFold

# Times between 0 and the last horizon at which the Brier score is integrated.
GRID_POINTS = 40


def prediction_times(horizons: tuple[float, ...], survival: Survival) -> tuple[float, ...]:
    """Return the times at which every model predicts: the horizons, then a grid up to the last.

    The grid follows the events, of which it takes quantiles, so that the Brier score is integrated
    where it changes. A horizon past the last follow-up is predicted as NaN and bounds no grid.
    """
    reached = [horizon for horizon in horizons if horizon <= survival.time.max()]
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
    apparent: Mapping[str, Prediction]
    out_of_fold: OutOfFold | None
    bootstrap: BootstrapValidation | None = None
    null: NullCheck | None = None
    features: Mapping[str, FeatureSet] = field(default_factory=dict)
    centres: OutOfFold | None = None


@dataclass(frozen=True)
class Analysis:
    """A study's cases and both protocols on them.

    Attributes
    ----------
    inputs
        As read and checked.
    extracted
        Features from images; None where the study has none.
    cases
        What the recipes learned from.
    protocols
        By name: published, sound.
    timings
        Seconds by stage, in order.
    warnings
        Where and what the reader must know.
    drawings
        The raters' regions compared; empty with one reading.
    """

    inputs: StudyInputs
    extracted: ExtractedFeatures | None
    cases: Cases
    protocols: Mapping[ProtocolName, ProtocolResult]
    timings: Mapping[str, float]
    warnings: tuple[tuple[str, str], ...]
    drawings: tuple[Comparison, ...] = ()

    @property
    def reached(self) -> tuple[float, ...]:
        """The plan's horizons that follow-up reaches."""
        last = float(self.cases.survival.time.max())
        return tuple(h for h in self.inputs.plan.outcome.horizons if h <= last)
