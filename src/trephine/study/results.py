"""What running a study leaves in memory, before it is told as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trephine.evaluation.resampling import OutOfFold
from trephine.modelling.cases import Cases
from trephine.modelling.prediction import Prediction
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe
from trephine.plan.sections import Protocol
from trephine.study.extraction import ExtractedFeatures
from trephine.study.inputs import StudyInputs


@dataclass(frozen=True)
class ProtocolResult:
    """One protocol's recipe, fitted to all cases and judged.

    Attributes
    ----------
    settings, fitted
        The recipe and its fit to all cases.
    apparent
        Predictions of the cases that it was fitted to, by model.
    out_of_fold
        Predictions by recipes refitted without the case's patient; None where the plan asks for
        no repeats.
    """

    settings: RecipeSettings
    fitted: FittedRecipe
    apparent: Mapping[str, Prediction]
    out_of_fold: OutOfFold | None


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
    """

    inputs: StudyInputs
    extracted: ExtractedFeatures | None
    cases: Cases
    protocols: Mapping[Protocol, ProtocolResult]
    timings: Mapping[str, float]
    warnings: tuple[tuple[str, str], ...]
