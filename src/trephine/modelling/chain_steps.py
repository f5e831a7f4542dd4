"""The steps of the selection, in order: which screening of `trephine.selection` is asked, and when.

To add a step, write its screening beside the others in ``selection`` (what it keeps, and one audit
row), give its threshold a key in ``ChainSettings``, and add it to ``STEPS`` here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trephine.modelling.funnel import Funnel
from trephine.modelling.protocols import ChainSettings
from trephine.modelling.reliability import FEWEST_SUBJECTS, Agreement, smallest_icc
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.selection.completeness import keep_complete
from trephine.selection.icc import ICC_STEP, PERTURBED_STEP, keep_reliable
from trephine.selection.redundancy import prune_correlated
from trephine.selection.relevance import keep_by_cox_score, keep_by_mann_whitney
from trephine.types import Survival

_TOO_FEW_READ = (
    f"no feature removed: fewer than {FEWEST_SUBJECTS} of the training cases were read twice"
)


@dataclass(frozen=True)
class Training:
    """What a step may look at: features that are left, agreement and outcome of training cases."""

    funnel: Funnel
    agreements: tuple[Agreement, ...]
    survival: Survival
    settings: ChainSettings


def _complete(training: Training) -> SelectionStepResult:
    settings = training.settings
    return keep_complete(
        training.funnel.features.values,
        max_missing_share=settings.max_missing,
        fence=settings.outlier_fence,
        max_outlier_share=settings.max_outliers,
    )


def _standardised(training: Training) -> SelectionStepResult:
    width = training.settings.winsorise
    detail = "mean 0, SD 1"
    if np.isfinite(width):
        detail += f", values beyond {width:g} SD (by quartiles) clipped"
    return _keep_all("z-score", detail, training)


def _reliable(training: Training) -> SelectionStepResult | None:
    features, settings = training.funnel.features, training.settings
    if training.agreements:
        icc = smallest_icc(training.agreements, len(features.names))[training.funnel.left]
        kinds = {agreement.kind for agreement in training.agreements}
        forms = " and ".join(dict.fromkeys(each.form for each in training.agreements))
        step = PERTURBED_STEP if kinds == {"perturbed"} else ICC_STEP
        return keep_reliable(icc, settings.icc_threshold, forms, step)
    if features.raters or features.repeats or features.perturbed:
        return _keep_all(ICC_STEP, _TOO_FEW_READ, training)
    return None


def _relevant(training: Training) -> SelectionStepResult | None:
    settings, survival = training.settings, training.survival
    if settings.relevance == "none" or not len(training.funnel.left):
        return None
    values = training.funnel.values_left()
    if settings.relevance == "mann-whitney":
        return keep_by_mann_whitney(values, survival.event, settings.relevance_p)
    return keep_by_cox_score(values, survival, settings.relevance_p)


def _distinct(training: Training) -> SelectionStepResult | None:
    settings, funnel = training.settings, training.funnel
    if settings.correlation >= 1 or not len(funnel.left):
        return None
    return prune_correlated(funnel.values_left(), settings.correlation, names=funnel.names_left())


def _keep_all(step: str, detail: str, training: Training) -> SelectionStepResult:
    keep = np.ones(len(training.funnel.left), dtype=np.bool_)
    return step_result(step, keep, reason="", threshold=np.nan, detail=detail)


# Before the penalised fit, in the paper's order; each leaves one audit row, or None if a protocol
# does without it.
STEPS: tuple[Callable[[Training], SelectionStepResult | None], ...] = (
    _complete,
    _standardised,
    _reliable,
    _relevant,
    _distinct,
)
