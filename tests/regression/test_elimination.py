from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.dummies import dummy_coding
from trephine.regression.elimination import backward_elimination, drop_one_term
from trephine.regression.elimination_result import EliminationSettings
from trephine.regression.fast_elimination import fast_backward_elimination
from trephine.types import Survival

RULES = ("wald", "lrt", "aic")


@pytest.fixture
def cases() -> tuple[Any, Survival, Any]:
    generator = np.random.default_rng(11)
    n = 200
    table = pd.DataFrame(generator.normal(size=(n, 4)), columns=list("abcd"))
    table["stage"] = generator.choice(["I", "II", "III"], size=n)
    risk = table["a"] - 0.8 * table["b"]
    survival = Survival(generator.exponential(np.exp(-risk)), generator.random(n) < 0.7)
    return dummy_coding(table), survival, np.repeat(np.arange(100), 2)


@pytest.mark.parametrize("rule", RULES)
def test_strong_terms_stay_and_factors_go_as_a_whole(cases: Any, rule: Any) -> None:
    coding, survival, _ = cases
    found = backward_elimination(
        coding.matrix, survival, EliminationSettings(rule=rule), groups=coding.groups
    )
    assert {"a", "b"} <= set(found.kept)
    assert set(found.kept) | set(found.removed) == set(coding.groups)
    assert [step.removed for step in found.steps] == list(found.removed)
    assert found.result is not None
    columns = [column for term in found.kept for column in coding.groups[term]]
    assert list(found.result.names) == columns


@pytest.mark.parametrize("rule", ["wald", "lrt"])
def test_every_term_that_stays_has_earned_it(cases: Any, rule: Any) -> None:
    coding, survival, patient = cases
    found = backward_elimination(
        coding.matrix,
        survival,
        EliminationSettings(rule=rule, stay_p=0.2),
        groups=coding.groups,
        cluster=patient,
    )
    assert found.model is not None
    for step in found.steps:
        assert step.test is not None
        assert step.test.p_value > 0.2
        others = [drop.test.p_value for drop in step.candidates if drop.test is not None]
        assert step.test.p_value == max(others)
    if rule == "wald":
        assert found.model.result_.robust
        for term in found.kept:
            assert found.model.result_.wald_test(coding.groups[term]).p_value <= 0.2


def test_by_aic_no_single_removal_would_help_any_more(cases: Any) -> None:
    coding, survival, _ = cases
    found = backward_elimination(
        coding.matrix, survival, EliminationSettings(rule="aic"), groups=coding.groups
    )
    assert found.result is not None
    groups = {term: coding.groups[term] for term in found.kept}
    columns = [column for group in groups.values() for column in group]
    whole, *drops = drop_one_term(coding.matrix[columns], survival, groups=groups)
    assert whole.aic == pytest.approx(found.result.aic)
    assert min(drop.aic for drop in drops) > whole.aic
    after = [step.aic_after for step in found.steps]
    assert after == sorted(after, reverse=True)


def test_forced_terms_stay_and_the_fewest_are_kept(cases: Any) -> None:
    coding, survival, _ = cases
    noise = coding.matrix[["c", "d"]]
    forced = backward_elimination(noise, survival, EliminationSettings(stay_p=1e-9, forced=("c",)))
    assert (forced.kept, forced.removed) == (("c",), ("d",))
    assert (
        len(backward_elimination(noise, survival, EliminationSettings(stay_p=1e-9, fewest=1)).kept)
        == 1
    )
    nothing = backward_elimination(noise, survival, EliminationSettings(stay_p=1e-9))
    assert (nothing.kept, nothing.model, nothing.result) == ((), None, None)
    null = CoxModel().fit(noise, survival).result_.log_likelihood_null
    assert nothing.steps[-1].aic_after == pytest.approx(-2 * null)


def test_the_fast_way_agrees_with_refitting_when_terms_are_unrelated(cases: Any) -> None:
    coding, survival, _ = cases
    full = CoxModel().fit(coding.matrix, survival).result_
    fast = fast_backward_elimination(full, rule="p", groups=coding.groups)
    slow = backward_elimination(coding.matrix, survival, groups=coding.groups)
    assert fast.kept == slow.kept
    assert slow.result is not None
    assert fast.coefficients == pytest.approx(slow.result.coefficients, abs=0.03)
    residual = fast.steps[-1].residual
    assert residual.degrees_of_freedom == sum(len(coding.groups[t]) for t in fast.removed)
    gone = tuple(column for term in fast.removed for column in coding.groups[term])
    assert residual.statistic == pytest.approx(full.wald_test(gone).statistic)


def test_the_fast_way_can_delete_everything_but_what_is_forced(cases: Any) -> None:
    coding, survival, _ = cases
    full = CoxModel().fit(coding.matrix[["c", "d"]], survival).result_
    found = fast_backward_elimination(full, rule="p", stay_p=1e-9, forced=["d"])
    assert (found.kept, found.names) == (("d",), ("d",))
    assert fast_backward_elimination(full, rule="p", stay_p=1e-12).kept == ()
    assert fast_backward_elimination(full, rule="aic", forced=["c", "d"]).steps == ()


def test_terms_and_rules_are_checked(cases: Any) -> None:
    coding, survival, _ = cases
    with pytest.raises(InputError, match="rule"):
        backward_elimination(coding.matrix, survival, EliminationSettings(rule="bic"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="exactly one term"):
        backward_elimination(coding.matrix, survival, groups={"a": ("a",)})
    with pytest.raises(InputError, match="forced"):
        backward_elimination(coding.matrix, survival, EliminationSettings(forced=("stage",)))
    full = CoxModel().fit(coding.matrix, survival).result_
    with pytest.raises(InputError, match="rule"):
        fast_backward_elimination(full, rule="bic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="exactly one term"):
        fast_backward_elimination(full, groups={"a": ("a",)})
    with pytest.raises(InputError, match="forced"):
        fast_backward_elimination(full, forced=["stage"])
