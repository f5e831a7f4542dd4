"""What a selection step leaves behind: which features stay, and a row for the audit table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trephine.errors import InputError
from trephine.types import BoolArray


@dataclass(frozen=True)
class AuditRow:
    """One step of a selection, as a report prints it.

    Attributes
    ----------
    step
        The step's name, for example "ICC".
    n_in, n_out
        Features before and after.
    threshold
        The number that decided; NaN where the step has none.
    detail
        The rule in a sentence.
    removed
        Features removed by reason; the counts sum to ``n_in`` - ``n_out``.
    """

    step: str
    n_in: int
    n_out: int
    threshold: float = float("nan")
    detail: str = ""
    removed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(self.removed.values()) != self.n_in - self.n_out:
            raise InputError(
                f"audit of {self.step}: expected reasons for {self.n_in - self.n_out} removed"
                f" features, found {sum(self.removed.values())}"
            )


@dataclass(frozen=True)
class SelectionStepResult:
    """Outcome of one selection step.

    Attributes
    ----------
    keep
        Shape (p,), True for the features that stay.
    audit
        The step in numbers.
    """

    keep: BoolArray
    audit: AuditRow


def step_result(
    step: str, keep: BoolArray, *, reason: str, threshold: float, detail: str
) -> SelectionStepResult:
    """Return the result of a step that removes features for one reason."""
    n_out = int(np.count_nonzero(keep))
    removed = {reason: keep.size - n_out} if n_out < keep.size else {}
    return SelectionStepResult(keep, AuditRow(step, keep.size, n_out, threshold, detail, removed))
