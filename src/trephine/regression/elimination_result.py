"""What a backward elimination is asked for, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest, CoxResult

EliminationRule = Literal["wald", "lrt", "aic"]


@dataclass(frozen=True)
class DroppedTerm:
    """What a model loses without one term.

    Attributes
    ----------
    term
        Its name; "" for the model with all its terms.
    test
        That the term's coefficients are 0: likelihood ratio or Wald; None for the whole model.
    aic
        Of the model without the term.
    """

    term: str
    test: ChiSquareTest | None
    aic: float


@dataclass(frozen=True)
class EliminationStep:
    """One term removed.

    Attributes
    ----------
    removed
        The term.
    candidates
        What each term of that step's model would have cost.
    aic_before, aic_after
        Of the models with and without the term.
    """

    removed: str
    candidates: tuple[DroppedTerm, ...]
    aic_before: float
    aic_after: float

    @property
    def test(self) -> ChiSquareTest | None:
        """The removed term's test."""
        return next(drop.test for drop in self.candidates if drop.term == self.removed)


@dataclass(frozen=True)
class Elimination:
    """Backward elimination from a full model.

    Attributes
    ----------
    rule, stay_p
        By which terms went; ``stay_p`` is None for AIC.
    kept, removed
        Terms that stay, in the order of the design; terms that went, in the order they went.
    steps
        One a removal.
    model
        The final fit; None where no term stayed.
    """

    rule: EliminationRule
    stay_p: float | None
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    steps: tuple[EliminationStep, ...]
    model: CoxModel | None

    @property
    def result(self) -> CoxResult | None:
        """The final model's result; None where no term stayed."""
        return None if self.model is None else self.model.result_


@dataclass(frozen=True)
class EliminationSettings:
    """By which rule terms go, and which stay all the same.

    Attributes
    ----------
    rule
        "wald": the largest Wald p value goes while it is over ``stay_p`` (robust with
        ``cluster``; SPSS and most clinical papers). "lrt": the same with likelihood-ratio tests
        (R: repeated ``drop1(test = "Chisq")``). "aic": the removal that lowers AIC most, while
        one does (R: ``step(direction = "backward")``). The last two take cases as independent
        in choosing terms; with ``cluster`` the final standard errors are robust all the same.
    stay_p
        Terms with p <= ``stay_p`` stay; not used by "aic".
    forced
        Terms that stay whatever their p value.
    fewest
        Stop at this number of terms.
    rests_on
        Of an interaction, the terms that stay while it does, as R's ``drop.scope`` has it.

    Raises
    ------
    InputError
        Unknown rule.
    """

    rule: EliminationRule = "wald"
    stay_p: float = 0.05
    forced: tuple[str, ...] = ()
    fewest: int = 0
    rests_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rule not in get_args(EliminationRule):
            raise InputError(
                f"rule: expected one of {sorted(get_args(EliminationRule))}, found {self.rule!r}"
            )

    def weakest(self, candidates: tuple[DroppedTerm, ...], aic: float) -> DroppedTerm | None:
        """Return the term to remove from a model, or None where all earn their place."""
        if not candidates:
            return None
        if self.rule == "aic":
            best = min(candidates, key=lambda drop: drop.aic)
            return best if best.aic < aic else None
        worst = max(candidates, key=_p_value)
        return worst if _p_value(worst) > self.stay_p else None


DEFAULTS = EliminationSettings()


def _p_value(drop: DroppedTerm) -> float:
    return 0.0 if drop.test is None else drop.test.p_value
