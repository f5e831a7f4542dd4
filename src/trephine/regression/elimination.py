"""Backward elimination of Cox models, by p value or by AIC, a factor's columns going together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.choices import Ties
from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_checks import refuse_collinear, refuse_hopeless, refuse_unfinished
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.regression.outcome import as_design, as_survival
from trephine.survival.newton import maximise_partial_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import FloatArray, Survival

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
class _Problem:
    """The data and options of one elimination, so that submodels are fitted alike."""

    values: FloatArray
    position: Mapping[str, int]
    survival: Survival
    groups: Mapping[str, tuple[str, ...]]
    cluster: npt.NDArray[Any] | None
    strata: npt.NDArray[Any] | None
    weights: npt.NDArray[Any] | None
    ties: Ties
    level: float

    def fit(self, terms: Sequence[str]) -> CoxModel:
        names = [column for term in terms for column in self.groups[term]]
        columns = self.values[:, [self.position[name] for name in names]]
        return CoxModel(ties=self.ties, level=self.level).fit(
            pd.DataFrame(columns, columns=names),
            self.survival,
            cluster=self.cluster,
            strata=self.strata,
            weights=self.weights,
        )

    def log_likelihood(self, terms: Sequence[str]) -> float:
        """Return the partial log likelihood of a submodel, the empty one included.

        Coefficients are all that it takes, so nothing else of a Cox model is computed.
        """
        names = tuple(column for term in terms for column in self.groups[term])
        cases = prepare_risk_sets(
            self.values[:, [self.position[name] for name in names]],
            self.survival.time,
            self.survival.event,
            weights=self.weights,
            strata=self.strata,
        )
        if not names:
            return partial_likelihood(cases, np.zeros(0), self.ties).value
        refuse_hopeless(cases, names)
        fit = maximise_partial_likelihood(cases, self.ties)
        refuse_collinear(fit.null, names)
        refuse_unfinished(fit, names)
        return fit.fitted.value

    def n_columns(self, terms: Sequence[str]) -> int:
        return sum(len(self.groups[term]) for term in terms)


def drop_one_term(
    X: Any,
    y: Any,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    ties: Ties = "efron",
) -> tuple[DroppedTerm, ...]:
    """Refit without each term in turn: the likelihood-ratio test and AIC of R's ``drop1``.

    The first entry is the whole model; the others follow the order of the terms. Parameters and
    errors as in `backward_elimination`.
    """
    problem = _problem(X, y, groups, None, strata, weights, ties, 0.95)
    terms = tuple(problem.groups)
    model = problem.fit(terms)
    return (
        DroppedTerm("", None, model.result_.aic),
        *_likelihood_ratio_drops(problem, terms, model.result_, terms),
    )


def backward_elimination(
    X: Any,
    y: Any,
    *,
    rule: EliminationRule = "wald",
    stay_p: float = 0.05,
    groups: Mapping[str, Sequence[str]] | None = None,
    forced: Sequence[str] = (),
    fewest: int = 0,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> Elimination:
    """Remove the weakest term and refit, until every term that is left earns its place.

    Parameters
    ----------
    X, y
        Design and outcome, as in `CoxModel.fit`.
    rule
        "wald": the largest Wald p value goes while it is over ``stay_p`` (robust with
        ``cluster``; SPSS and most clinical papers). "lrt": the same with likelihood-ratio tests
        (R: repeated ``drop1(test = "Chisq")``). "aic": the removal that lowers AIC most, while
        one does (R: ``step(direction = "backward")``). The last two take cases as independent
        in choosing terms; with ``cluster`` the final standard errors are robust all the same.
    stay_p
        Terms with p <= ``stay_p`` stay; not used by "aic".
    groups
        Columns of each term, for factors; each column its own term where None. Every column
        must be in exactly one term.
    forced
        Terms that stay whatever their p value.
    fewest
        Stop at this number of terms.
    cluster, strata, weights, ties, level
        As in `CoxModel`.

    Raises
    ------
    InputError
        Unknown rule, terms or columns, and as in `CoxModel.fit`.
    ModelError
        As in `CoxModel.fit`.
    """
    problem = _problem(X, y, groups, cluster, strata, weights, ties, level)
    drops = _RULES.get(rule)
    if drops is None:
        raise InputError(f"rule: expected one of {sorted(_RULES)}, found {rule!r}")
    unknown = [term for term in forced if term not in problem.groups]
    if unknown:
        raise InputError(f"forced: expected terms of the design, found {unknown}")
    terms = tuple(problem.groups)
    model: CoxModel | None = problem.fit(terms)
    steps: list[EliminationStep] = []
    while model is not None and len(terms) > fewest:
        free = tuple(term for term in terms if term not in forced)
        candidates = drops(problem, terms, model.result_, free)
        weakest = _weakest(candidates, rule, stay_p, model.result_.aic)
        if weakest is None:
            break
        steps.append(EliminationStep(weakest.term, candidates, model.result_.aic, weakest.aic))
        terms = tuple(term for term in terms if term != weakest.term)
        model = problem.fit(terms) if terms else None
    return Elimination(
        rule=rule,
        stay_p=None if rule == "aic" else stay_p,
        kept=terms,
        removed=tuple(step.removed for step in steps),
        steps=tuple(steps),
        model=model,
    )


def _problem(
    X: Any,
    y: Any,
    groups: Mapping[str, Sequence[str]] | None,
    cluster: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    ties: Ties,
    level: float,
) -> _Problem:
    survival = as_survival(y)
    values, names = as_design(X, len(survival))
    if groups is None:
        terms: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    else:
        terms = {term: tuple(columns) for term, columns in groups.items()}
        listed = [column for columns in terms.values() for column in columns]
        if sorted(listed) != sorted(names):
            odd = sorted(set(listed) ^ set(names)) or "a column in two terms"
            raise InputError(f"groups: expected every column in exactly one term, found {odd}")
    return _Problem(
        values=values,
        position={name: column for column, name in enumerate(names)},
        survival=survival,
        groups=terms,
        cluster=None if cluster is None else np.asarray(cluster),
        strata=None if strata is None else np.asarray(strata),
        weights=None if weights is None else np.asarray(weights),
        ties=ties,
        level=level,
    )


def _likelihood_ratio_drops(
    problem: _Problem, terms: tuple[str, ...], result: CoxResult, free: Sequence[str]
) -> tuple[DroppedTerm, ...]:
    drops = []
    for term in free:
        rest = [other for other in terms if other != term]
        value = problem.log_likelihood(rest)
        test = ChiSquareTest.of(2 * (result.log_likelihood - value), len(problem.groups[term]))
        drops.append(DroppedTerm(term, test, -2 * value + 2 * problem.n_columns(rest)))
    return tuple(drops)


def _wald_drops(
    problem: _Problem, terms: tuple[str, ...], result: CoxResult, free: Sequence[str]
) -> tuple[DroppedTerm, ...]:
    """Return Wald tests; only the weakest term's submodel is fitted, for its AIC."""
    tests = {term: result.wald_test(problem.groups[term]) for term in free}
    if not tests:
        return ()
    weakest = max(tests, key=lambda term: tests[term].p_value)
    rest = [term for term in terms if term != weakest]
    aic = -2 * problem.log_likelihood(rest) + 2 * problem.n_columns(rest)
    return tuple(
        DroppedTerm(term, test, aic if term == weakest else float("nan"))
        for term, test in tests.items()
    )


_Drops = Callable[[_Problem, tuple[str, ...], CoxResult, Sequence[str]], tuple[DroppedTerm, ...]]
_RULES: dict[str, _Drops] = {
    "wald": _wald_drops,
    "lrt": _likelihood_ratio_drops,
    "aic": _likelihood_ratio_drops,
}


def _weakest(
    candidates: tuple[DroppedTerm, ...], rule: EliminationRule, stay_p: float, aic: float
) -> DroppedTerm | None:
    """Return the term to remove, or None where all earn their place."""
    if not candidates:
        return None
    if rule == "aic":
        best = min(candidates, key=lambda drop: drop.aic)
        return best if best.aic < aic else None
    worst = max(candidates, key=_p_value)
    return worst if _p_value(worst) > stay_p else None


def _p_value(drop: DroppedTerm) -> float:
    return 0.0 if drop.test is None else drop.test.p_value
