"""Backward elimination of Cox models, by p value or by AIC, a factor's columns going together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.choices import Ties
from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_checks import refuse_collinear, refuse_hopeless, refuse_unfinished
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.regression.elimination_result import (
    DEFAULTS,
    DroppedTerm,
    Elimination,
    EliminationRule,
    EliminationSettings,
    EliminationStep,
)
from trephine.regression.outcome import as_design, as_survival
from trephine.survival.late_outcome import entry_of
from trephine.survival.newton import maximise_partial_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import FloatArray, Survival


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
    model: CoxModel

    def fit(self, terms: Sequence[str]) -> CoxModel:
        names = [column for term in terms for column in self.groups[term]]
        columns = self.values[:, [self.position[name] for name in names]]
        return CoxModel(**self.model.get_params()).fit(
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
            entry=entry_of(self.survival),
            weights=self.weights,
            strata=self.strata,
        )
        if not names:
            return partial_likelihood(cases, np.zeros(0), self.model.ties).value
        refuse_hopeless(cases, names)
        fit = maximise_partial_likelihood(cases, self.model.ties)
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
    problem = _problem(X, y, groups, CoxModel(ties), None, strata, weights)
    terms = tuple(problem.groups)
    model = problem.fit(terms)
    return (
        DroppedTerm("", None, model.result_.aic),
        *_likelihood_ratio_drops(problem, terms, model.result_, terms),
    )


def backward_elimination(
    X: Any,
    y: Any,
    settings: EliminationSettings = DEFAULTS,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    model: CoxModel | None = None,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> Elimination:
    """Remove the weakest term and refit, until every term that is left earns its place.

    Parameters
    ----------
    X, y
        Design and outcome, as in `CoxModel.fit`.
    settings
        Rule, and terms that stay whatever it says, or while an interaction with them does.
    groups
        Columns of each term, for factors; each column its own term where None. Every column
        must be in exactly one term.
    model
        Ties, level and precision of every fit; those of `CoxModel` where None.
    cluster, strata, weights
        As in `CoxModel.fit`.

    Raises
    ------
    InputError
        Unknown terms or columns, and as in `CoxModel.fit`.
    ModelError
        As in `CoxModel.fit`.
    """
    problem = _problem(X, y, groups, model or CoxModel(), cluster, strata, weights)
    needs = settings.rests_on
    for what, named in (("forced", settings.forced), ("rests_on", [*needs, *_all_of(needs)])):
        unknown = [term for term in named if term not in problem.groups]
        if unknown:
            raise InputError(f"{what}: expected terms of the design, found {unknown}")
    drops = _RULES[settings.rule]
    terms = tuple(problem.groups)
    fitted: CoxModel | None = problem.fit(terms)
    steps: list[EliminationStep] = []
    while fitted is not None and len(terms) > settings.fewest:
        result = fitted.result_
        held = {*settings.forced, *_all_of({term: needs.get(term, ()) for term in terms})}
        free = tuple(term for term in terms if term not in held)
        candidates = drops(problem, terms, result, free)
        weakest = settings.weakest(candidates, result.aic)
        if weakest is None:
            break
        steps.append(EliminationStep(weakest.term, candidates, result.aic, weakest.aic))
        terms = tuple(term for term in terms if term != weakest.term)
        fitted = problem.fit(terms) if terms else None
    return Elimination(
        rule=settings.rule,
        stay_p=None if settings.rule == "aic" else settings.stay_p,
        kept=terms,
        removed=tuple(step.removed for step in steps),
        steps=tuple(steps),
        model=fitted,
    )


def _all_of(needs: Mapping[str, Sequence[str]]) -> list[str]:
    return [term for own in needs.values() for term in own]


def _problem(
    X: Any,
    y: Any,
    groups: Mapping[str, Sequence[str]] | None,
    model: CoxModel,
    cluster: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
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
        model=model,
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
_RULES: dict[EliminationRule, _Drops] = {
    "wald": _wald_drops,
    "lrt": _likelihood_ratio_drops,
    "aic": _likelihood_ratio_drops,
}
