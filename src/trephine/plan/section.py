"""What every section of a study file is."""

from __future__ import annotations

from pydantic import (
    BaseModel,
    ConfigDict,
)


class PlanSection(BaseModel):
    """A frozen section that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
