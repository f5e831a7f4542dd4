"""Sentences of the report that go by a setting; the facts carry the one that holds for a study."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.choices import (
    ClinicalSelection,
    CurveMethod,
    Missing,
    NetworkSlices,
    SlicePooling,
    VolumeAxes,
)
from trephine.facts import Facts
from trephine.types import TimeUnit, span_text

RANDOM_WEIGHTS = (
    "The deep features come from a network with random, untrained weights ({weights}). They act"
    " as any fixed filter does; nothing in them was learned from images."
)
"""Over the page of a study whose deep features come from such a network."""

COMBAT = (
    "Features were harmonised between centres by ComBat (parametric empirical Bayes, Johnson et"
    " al. 2007), fitted to the training cases of each fit alone with the clinical variables as"
    " covariates; cases of a centre without training cases are used as measured."
)
"""How features of several centres were made alike."""

MISSING_VALUES: dict[Missing, str] = {
    "drop": "Cases with a missing clinical value were left out.",
    "impute": "Missing clinical values were filled in with the median, or the most frequent level,"
    " of the training cases.",
    "multiple": "Missing clinical values were imputed several times by chained equations, in the"
    " training cases of every fit alone.",
}
"""What became of cases that lack a clinical value."""

OUTSIDE_MISSING = "Missing clinical values were filled in as the locked model fills them in."
"""What became of outside cases that lack one, where they were not left out."""

MATCHED = "predictive mean matching"
LOGISTIC = "logistic regression"
MULTINOMIAL = "multinomial logistic regression"
"""How missing values of a variable are drawn."""

POOLED_ELIMINATION: dict[ClinicalSelection, str] = {
    "univariable-backward": "Variables with a pooled univariable p below the entry threshold were"
    " entered; then the one with the largest pooled p was removed, one at a time, until no p"
    " exceeded the threshold for removal.",
    "backward-aic": "All variables that could be estimated were entered; then the one whose pooled"
    " Wald statistic was furthest below twice its degrees of freedom, as Akaike's criterion asks"
    " of one data set, was removed, one at a time, until none was below.",
    "all": "All variables that could be estimated were entered and kept.",
}
"""How clinical variables were selected where missing values were imputed several times."""

ELIMINATION: dict[ClinicalSelection, str] = {
    "univariable-backward": "Variables with a univariable p below the entry threshold were entered;"
    " then the one with the largest Wald p was removed, one at a time, until no p exceeded the"
    " threshold for removal.",
    "backward-aic": "All variables that could be estimated were entered; then the one whose"
    " removal lowered Akaike's criterion most was removed, one at a time, until no removal lowered"
    " it.",
    "all": "All variables that could be estimated were entered and kept.",
}
"""How clinical variables were selected."""


def elimination(how: ClinicalSelection, missing: Missing) -> str:
    """Say how clinical variables were selected, by one data set or by several as one."""
    return (POOLED_ELIMINATION if missing == "multiple" else ELIMINATION)[how]


SEPARATES = (
    "separates the events: Firth's penalised likelihood, with profile intervals, which take cases"
    " as independent"
)
"""Of a variable in Table 2."""

FIRTH = (
    "Fitted by Firth's penalised likelihood, because a clinical variable separates the events:"
    " without the penalty its coefficient would be infinite. Intervals and p are of the profile"
    " likelihood, which takes cases as independent; proportional hazards were not tested."
)
"""Of a model."""

INTERACTION = (
    "With an interaction, the hazard ratio of a variable is that where the other variable is at its"
    " reference level or 0, and that of a product is by how much it changes; effects at other"
    " values have a table of their own."
)
"""Of a model with one."""

CURVE_WORDS: dict[CurveMethod, str] = {
    "hazard": "Cox regression on log(-log(1 - predicted risk))",
    "hazard spline": "Cox regression on a restricted cubic spline of log(-log(1 - predicted risk))",
    "hazard regression": "hazard regression (HARE, splines in time and log(-log(1 - predicted"
    " risk)), as in R's rms)",
    "pseudo-values linear": "least squares of jackknife pseudo-values on predicted risk",
    "pseudo-values local": "local linear regression of jackknife pseudo-values on predicted risk",
}
"""How a smooth calibration curve is drawn, as the methods section says it."""


SLICES = {
    "largest": "",
    "orthogonal": "the largest slices of the region along each axis of the volume",
    "all": "all slices of the region",
    "volume": "",  # no square: `volume_crop`
}
POOLING = {"mean": "features are their mean", "max": "features are the largest of theirs"}


_AXES: dict[VolumeAxes, str] = {
    "zyx": "slices, rows, columns",
    "xyz": "columns, rows, slices",
}


def volume_crop(
    margin: float, lengths: tuple[int, int], *, mirrored: bool, axes: VolumeAxes
) -> str:
    """Return how the part of a volume was cut that a network of three dimensions was given.

    Parameters
    ----------
    margin
        As a share of the region's longest side.
    lengths
        Slices, and rows or columns.
    mirrored
        Whether left sides were.
    axes
        Their order.
    """
    depth, size = lengths
    sides = ", left sides mirrored" if mirrored else ""
    return (
        f"cube in mm around the region with a margin of {margin:.0%}, resized to {depth} slices of"
        f" {size} x {size} (axes: {_AXES[axes]}){sides}"
    )


def crop(
    margin: float, size: int, *, mirrored: bool, slices: NetworkSlices, pooling: SlicePooling
) -> str:
    """Return how the squares were cut out of an image that a network was given."""
    sides = ", left sides mirrored" if mirrored else ""
    several = f"; {SLICES[slices]}, and {POOLING[pooling]}" if SLICES[slices] else ""
    return (
        f"square around the region with a margin of {margin:.0%}, resized to {size} x {size}{sides}"
        f"{several}"
    )


def perturbed(
    *,
    copies: int,
    noise: float,
    rotation_degrees: float,
    translation_voxels: float,
    growth: float,
    supervoxels: bool,
) -> str:
    """Say how copies of the regions differ from what was taken and drawn."""
    changes = {
        "noise of the image's own size was added": noise == 1,
        f"noise of {noise:g} times the image's own was added": noise not in (0, 1),
        f"they were turned by up to {rotation_degrees:g} degrees": rotation_degrees > 0,
        f"shifted by up to {translation_voxels:g} voxels": translation_voxels > 0,
        f"the region grew or shrank by up to {growth:.0%}": growth > 0,
        "its contour was drawn anew along supervoxels": supervoxels,
    }
    listed = ", ".join(words for words, done in changes.items() if done)
    times = "one perturbed copy" if copies == 1 else f"{copies} perturbed copies"
    how = f": {listed}" if listed else ""
    return f"To see which features are robust, {times} of each region were measured too{how}"


BY_PATIENT = "All intervals are by patient."


def resampling_note(*, independent: bool) -> str:
    """Return what intervals go by."""
    if not independent:
        return BY_PATIENT
    return (
        "Intervals of apparent performance treat cases as independent, as published; all others"
        " are by patient."
    )


def cut_at_median(*, out_of_fold: bool) -> str:
    """Return where risk groups are cut by the linear predictor."""
    if out_of_fold:
        return (
            "median of the linear predictor in the training part of each fold, by the majority"
            " of repeats"
        )
    return "median of the linear predictor in training"


def cut_by_plan(cuts: Sequence[float], horizon: float, unit: TimeUnit) -> str:
    """Return where risk groups are cut by the event probabilities of the plan."""
    given = " and ".join(f"{cut:g}" for cut in cuts)
    return f"event probability at {span_text(horizon, unit)} that the plan gives, {given}"


def beside_signatures(model: str, *, clinical: bool) -> str:
    """Return what stands beside the signatures in a model of both (Table S2)."""
    beside = "the selected clinical variables" if clinical else "one another"
    return f"Multivariable: signatures adjusted for {beside}, as in the model {model}."


def estimator_of(facts: Facts) -> str:
    """Return by what the share with the event is estimated."""
    return "Kaplan-Meier" if facts.competing is None else "Aalen-Johansen"
