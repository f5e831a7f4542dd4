"""``[validation]``: how often everything is refitted, and how the models are judged."""

from __future__ import annotations

from pydantic import Field, field_validator

from trephine.choices import CurveMethod, Relaxation
from trephine.errors import MisfitError
from trephine.plan.section import PlanSection


class ValidationSection(PlanSection):
    """``[validation]``: how performance is measured."""

    repeats: int = Field(
        default=10,
        ge=0,
        description="repeats of nested cross-validation; elastic net beside the signatures is"
        " fitted in the first two",
    )
    folds: int = Field(
        default=5,
        ge=2,
        description="outer folds, drawn by patient; 10 with `repeats = 5` are as many fits as 5"
        " with 10, of models that lack fewer cases",
    )
    bootstraps: int = Field(
        default=200,
        ge=0,
        description="bootstrap samples of patients to which the whole recipe is refitted: for"
        " optimism or .632+, instability, the intervals of predictions, and what the luck of the"
        " training cases adds to the intervals of nested figures; 0 does without all of these",
    )
    permutations: int = Field(
        default=200, ge=0, description="permuted outcomes, for the null check and p of signatures"
    )
    interval_bootstraps: int = Field(
        default=500,
        ge=50,
        description="resamples of patients for intervals that have no formula, as those of NRI and"
        " IDI; decision curves and calibration take 100 at most",
    )
    subgroups: tuple[str, ...] = Field(
        default=(),
        description='clinical variables, or "centre", in whose groups the fullest model is judged'
        " out of fold; a continuous one is divided at its median",
    )
    restricted_mean: bool = Field(
        default=False,
        description="whether risk groups and the levels of categorical variables are also compared"
        " by mean event-free time up to the last horizon that follow-up reaches, without"
        " assuming proportional hazards; beside the hazard ratios and the test of that assumption",
    )
    hazards: dict[str, Relaxation | float] = Field(
        default_factory=dict,
        description="clinical variables whose hazards need not be proportional, each with what the"
        " report shows beside the final model: `stratify` (a baseline hazard for each level),"
        " `log time` (a coefficient that changes with it), or a time after which the coefficient is"
        ' another: `{ stage = "stratify", angle = 24 }`; the locked model stays as it is',
    )
    decision_range: tuple[float, float] = Field(
        default=(0.0, 0.99),
        description="threshold probabilities of the event over which decision curves are drawn:"
        " those at which a clinician would think of acting",
    )
    calibration_curve: CurveMethod = Field(
        default="hazard",
        description="smooth calibration curve: Cox regression on the prediction (hazard), on a"
        " spline of it (hazard spline), hazard regression as in R's rms, or pseudo-values",
    )

    @field_validator("decision_range")
    @classmethod
    def _rising(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= ends[0] < ends[1] < 1:
            raise MisfitError("", "two probabilities, the lower one first, from 0 to below 1")
        return ends
