"""A published equation as it is entered: coefficients, and baseline survival at horizons."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from trephine.errors import MisfitError
from trephine.plan.outcome_values import Horizons, RiskCuts
from trephine.plan.section import PlanSection
from trephine.types import TimeUnit

Ratio = Annotated[float, Field(gt=0)]


class EquationTerm(PlanSection):
    """``[terms.NAME]``: one variable of the equation, by the name of its column."""

    coefficient: float | None = Field(
        default=None, description="log hazard ratio for one step (`per`) of a number"
    )
    hazard_ratio: Ratio | None = Field(default=None, description="its hazard ratio, instead")
    per: float = Field(default=1.0, gt=0, description="the step, 10 for a ratio per ten years")
    centre: float = Field(
        default=0.0, description="value that is subtracted first, where the paper centres it"
    )
    range: tuple[float, float] | None = Field(
        default=None,
        description="lowest and highest value that the equation was made from; needed for a number"
        " that enters as it is",
    )
    at_least: float | None = Field(
        default=None, description="cut: the coefficient is that of values from here on"
    )
    unit: str = Field(default="", description="unit of a number")
    coefficients: dict[str, float] = Field(
        default_factory=dict, description="log hazard ratio of each level but the reference"
    )
    hazard_ratios: dict[str, Ratio] = Field(
        default_factory=dict, description="their hazard ratios, instead"
    )
    reference: str = Field(default="", description="reference level; needed with levels")
    label: str = Field(default="", description="name to show; made from the key by default")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        ways = ("coefficient", "hazard_ratio", "coefficients", "hazard_ratios")
        given = [key for key in ways if getattr(self, key) not in (None, {})]
        if len(given) != 1:
            expected = f"one of {', '.join(ways)}"
            raise MisfitError("", expected, " and ".join(given) or "none of them")
        if self.levels:
            if not self.reference or self.reference in self.log_ratios:
                expected = "the level that those with a ratio are compared with"
                raise MisfitError("reference", expected, repr(self.reference))
            of_numbers = {"per", "centre", "range", "at_least", "unit"} & self.model_fields_set
            if of_numbers:
                first = min(of_numbers)
                raise MisfitError(first, "none for a variable with levels", "one")
        elif self.reference:
            raise MisfitError("reference", "none for a number", repr(self.reference))
        return self

    @model_validator(mode="after")
    def _has_range(self) -> Self:
        if self.levels:
            return self
        if self.at_least is None and self.range is None:
            expected = "the lowest and highest value that the equation was made from"
            raise MisfitError("range", expected, "none")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise MisfitError("range", "the lower end first", str(list(self.range)))
        if self.at_least is not None and {"per", "centre"} & self.model_fields_set:
            raise MisfitError("at_least", "neither per nor centre beside a cut", "one")
        return self

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels with a ratio, in the order of the file; empty for a number."""
        return tuple(self.coefficients or self.hazard_ratios)

    @property
    def log_ratios(self) -> dict[str, float]:
        """Log hazard ratio by level; under an empty name that of one unit of a number."""
        if self.levels:
            return self.coefficients or {k: math.log(v) for k, v in self.hazard_ratios.items()}
        if self.coefficient is not None:
            return {"": self.coefficient / self.per}
        assert self.hazard_ratio is not None
        return {"": math.log(self.hazard_ratio) / self.per}


class Equation(PlanSection):
    """A published survival equation; docs/published-equations.md explains every key."""

    title: str = Field(min_length=1, description="title of the equation, with author and year")
    outcome: str = Field(default="event-free survival", description="what is predicted, in texts")
    event: str = Field(default="event", description="the event's name in texts")
    unit: TimeUnit = Field(default="months", description="of the horizons and of the table's time")
    horizons: Horizons = Field(
        min_length=1, max_length=4, description="times at which baseline survival is stated"
    )
    baseline_survival: tuple[float, ...] = Field(
        description="survival at each horizon of the case with the linear predictor below"
    )
    linear_predictor: float = Field(
        default=0.0,
        description="sum of the terms for the case that baseline survival is stated for: 0 where"
        " every value is at its centre or reference; the mean linear predictor where the paper"
        " states survival there",
    )
    cases: int = Field(ge=1, description="number of cases that the equation was made from")
    events: int = Field(ge=1, description="number of events among them")
    risk_cuts: RiskCuts = Field(
        default=(),
        max_length=3,
        description="event probabilities at the first horizon that divide the risk groups; by"
        " default they are divided at that of the case which baseline survival is stated for",
    )
    terms: dict[str, EquationTerm] = Field(min_length=1, description="variables by name")

    @model_validator(mode="after")
    def _a_curve(self) -> Self:
        stated = self.baseline_survival
        if len(stated) != len(self.horizons):
            expected = f"one for each of {len(self.horizons)} horizons"
            raise MisfitError("baseline_survival", expected, str(list(stated)))
        falling = all(a > b for a, b in zip((1.0, *stated), stated, strict=False))
        if not falling or stated[-1] <= 0:
            expected = "probabilities between 0 and 1 that fall from horizon to horizon"
            raise MisfitError("baseline_survival", expected, str(list(stated)))
        if self.events > self.cases:
            raise MisfitError("events", f"at most {self.cases}, the cases", str(self.events))
        return self
