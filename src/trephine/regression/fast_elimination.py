"""Backward elimination without refitting (Lawless and Singhal 1978), as rms::fastbw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.errors import InputError
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.types import FloatArray

FastRule = Literal["aic", "p"]


@dataclass(frozen=True)
class FastStep:
    """One term deleted.

    Attributes
    ----------
    removed
        The term.
    test
        Wald test of the term in the (approximate) model before it went.
    residual
        Wald test, in the full model, of all terms deleted so far.
    aic
        Residual chi-square minus twice its degrees of freedom.
    """

    removed: str
    test: ChiSquareTest
    residual: ChiSquareTest
    aic: float


@dataclass(frozen=True)
class FastElimination:
    """Backward elimination on the full model's coefficients and covariance.

    Attributes
    ----------
    rule
        As asked for.
    kept, removed
        Terms that stay, and those that went, in the order they went.
    steps
        One a removal.
    names, coefficients, covariance
        Columns that stay, with the approximate estimates of the reduced model: the full ones,
        given that the deleted coefficients are 0.
    """

    rule: FastRule
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    steps: tuple[FastStep, ...]
    names: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray


def fast_backward_elimination(
    result: CoxResult,
    *,
    rule: FastRule = "aic",
    stay_p: float = 0.05,
    groups: Mapping[str, Sequence[str]] | None = None,
    forced: Sequence[str] = (),
) -> FastElimination:
    """Delete terms from one fitted model by individual Wald tests.

    Equal to ``rms::fastbw(fit, rule, type = "individual", sls = stay_p)``. With a cluster-robust
    fit the robust covariance is used throughout, which plain AIC cannot do.

    Parameters
    ----------
    result
        The full model.
    rule
        "aic": the term with the smallest chi-square minus 2 d.f. goes while that is negative;
        "p": the term with the largest p value goes while that is >= ``stay_p``.
    stay_p
        For rule "p".
    groups
        Columns of each term, for factors; each column its own where None.
    forced
        Terms that stay.

    Raises
    ------
    InputError
        Unknown rule, terms or columns.
    """
    if rule not in ("aic", "p"):
        raise InputError(f"rule: expected 'aic' or 'p', found {rule!r}")
    terms = {name: (name,) for name in result.names} if groups is None else dict(groups)
    listed = [column for columns in terms.values() for column in columns]
    if sorted(listed) != sorted(result.names):
        raise InputError("groups: expected every column of the model in exactly one term")
    unknown = [term for term in forced if term not in terms]
    if unknown:
        raise InputError(f"forced: expected terms of the model, found {unknown}")
    where = {term: [result.names.index(c) for c in columns] for term, columns in terms.items()}
    left = list(terms)
    deleted: list[int] = []
    steps: list[FastStep] = []
    while True:
        kept, beta, covariance = _given_zero(result, deleted)
        tests = {
            term: _wald(beta, covariance, [kept.index(j) for j in where[term]])
            for term in left
            if term not in forced
        }
        weakest = _weakest(tests, rule, stay_p)
        if weakest is None:
            break
        left.remove(weakest)
        deleted += where[weakest]
        residual = _wald(result.coefficients, result.covariance, deleted)
        aic = residual.statistic - 2 * residual.degrees_of_freedom
        steps.append(FastStep(weakest, tests[weakest], residual, aic))
    return FastElimination(
        rule=rule,
        kept=tuple(left),
        removed=tuple(step.removed for step in steps),
        steps=tuple(steps),
        names=tuple(result.names[j] for j in kept),
        coefficients=beta,
        covariance=covariance,
    )


def _given_zero(result: CoxResult, deleted: list[int]) -> tuple[list[int], FloatArray, FloatArray]:
    """Return the other columns with their estimates, given that ``deleted`` are 0."""
    kept = [j for j in range(len(result.names)) if j not in deleted]
    beta, covariance = result.coefficients, result.covariance
    if not deleted:
        return kept, beta, covariance
    cross = covariance[np.ix_(kept, deleted)]
    weights = np.linalg.solve(covariance[np.ix_(deleted, deleted)], cross.T).T
    reduced = covariance[np.ix_(kept, kept)] - weights @ cross.T
    return kept, beta[kept] - weights @ beta[deleted], reduced


def _wald(beta: FloatArray, covariance: FloatArray, index: list[int]) -> ChiSquareTest:
    block = covariance[np.ix_(index, index)]
    statistic = float(beta[index] @ np.linalg.solve(block, beta[index]))
    return ChiSquareTest.of(statistic, len(index))


def _weakest(tests: dict[str, ChiSquareTest], rule: FastRule, stay_p: float) -> str | None:
    if not tests:
        return None
    if rule == "aic":
        loss = {term: t.statistic - 2 * t.degrees_of_freedom for term, t in tests.items()}
        term = min(loss, key=lambda name: loss[name])
        return term if loss[term] < 0 else None
    term = max(tests, key=lambda name: tests[name].p_value)
    return term if tests[term].p_value >= stay_p else None
