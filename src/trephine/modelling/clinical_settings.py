"""How clinical variables are encoded and chosen: the plan's choices and a protocol's own."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from trephine.choices import ClinicalSelection, Continuous, Missing, Separation
from trephine.modelling.encoding import key_of
from trephine.modelling.frozen_choices import FrozenChoices


class ClinicalSteps(FrozenChoices):
    """How clinical variables are chosen, as far as a plan may choose."""

    univariable_p: float = Field(
        default=0.1, gt=0, le=1, description="p that lets a clinical variable into the full model"
    )
    stay_p: float = Field(
        default=0.05, gt=0, le=1, description="p that lets it stay in backward elimination"
    )
    clinical: ClinicalSelection = Field(
        default="backward-aic", description="how clinical variables are chosen under `sound`"
    )
    missing_clinical: Missing = Field(
        default="drop",
        description="leave incomplete cases out, fill in once, or impute by chained equations",
    )
    imputations: int | None = Field(
        default=None, ge=2, le=500, description="data sets of `multiple`; by default 5 to 50"
    )
    separation: Separation = Field(
        default="leave out",
        description="a clinical variable that separates the events (a level without any) is left"
        " out of the models, or kept by Firth's penalised likelihood with profile intervals",
    )
    interactions: tuple[tuple[str, str], ...] = Field(
        default=(),
        description='pairs of clinical variables whose effects depend on one another: `[["age",'
        ' "arco"]]`; each enters with both of its variables, which stay while it does',
    )


class ClinicalSettings(ClinicalSteps):
    """How clinical variables are encoded and chosen: the plan's choices and the protocol's own."""

    continuous: Continuous = Field(
        default="linear", description="as measured, or cut in two at the training median"
    )

    def candidates(self, variables: Iterable[str]) -> tuple[str, ...]:
        """Return what may stay in a model: the variables, and the keys of interactions."""
        return (*variables, *(key_of(*pair) for pair in self.interactions))
