"""What all choices of a recipe have in common: they are checked, and do not change."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class FrozenChoices(BaseModel):
    """Choices that do not change once they are made; keys that are not known are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def changed(self, **changes: Any) -> Self:
        """Return a copy with some choices changed.

        Raises
        ------
        pydantic.ValidationError
            If a change is not among the choices.
        """
        return type(self).model_validate({**dict(self), **changes})
