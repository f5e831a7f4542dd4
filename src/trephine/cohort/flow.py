"""Who was enrolled, who was left out and why, who was analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.types import BoolArray


@dataclass(frozen=True)
class Exclusion:
    """One reason and how many it left out.

    Attributes
    ----------
    reason
        As the flow diagram prints it.
    n_cases, n_patients
        Cases left out, and patients of whom no case is left because of it.
    """

    reason: str
    n_cases: int
    n_patients: int


@dataclass(frozen=True)
class Flow:
    """Numbers of the participant flow diagram."""

    enrolled_cases: int
    enrolled_patients: int
    exclusions: tuple[Exclusion, ...]
    analysed_cases: int
    analysed_patients: int

    def leaving_out(self, reason: str, patient: Sequence[object], out: BoolArray) -> Flow:
        """Return the numbers after one more reason.

        Parameters
        ----------
        reason
            As the flow diagram prints it.
        patient
            Patient of each analysed case, length n.
        out
            Which of them it leaves out, shape (n,).
        """
        further, _ = count_flow(patient, [(reason, out)])
        return replace(
            self,
            exclusions=(*self.exclusions, *further.exclusions),
            analysed_cases=further.analysed_cases,
            analysed_patients=further.analysed_patients,
        )


def count_flow(
    patient: Sequence[object], exclusions: Sequence[tuple[str, BoolArray]]
) -> tuple[Flow, BoolArray]:
    """Apply exclusions in order; a case counts under the first reason that leaves it out.

    Parameters
    ----------
    patient
        Patient of each enrolled case, length n.
    exclusions
        Reasons with the cases that each leaves out, shape (n,).

    Returns
    -------
    The numbers, and which cases stay, shape (n,).
    """
    names = np.asarray([str(name) for name in patient])
    stay = np.ones(len(names), dtype=np.bool_)
    rows = []
    for reason, excluded in exclusions:
        out = stay & excluded
        before = len(set(names[stay]))
        stay = stay & ~excluded
        rows.append(Exclusion(reason, int(out.sum()), before - len(set(names[stay]))))
    flow = Flow(
        enrolled_cases=len(names),
        enrolled_patients=len(set(names)),
        exclusions=tuple(rows),
        analysed_cases=int(stay.sum()),
        analysed_patients=len(set(names[stay])),
    )
    return flow, stay
