from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.dummies import dummy_coding
from trephine.regression.univariable import univariable_table
from trephine.types import Survival


def _cases() -> tuple[pd.DataFrame, Survival, Any]:
    generator = np.random.default_rng(9)
    n = 200
    stage = generator.choice(["I", "II", "IIIA"], size=n)
    age = np.round(generator.normal(60, 8, size=n))
    age[3] = np.nan
    risk = (stage == "IIIA") * 1.0 + np.nan_to_num(age - 60) * 0.02
    table = pd.DataFrame({"age": age, "stage": stage, "side": generator.choice(["L", "R"], n)})
    survival = Survival(generator.exponential(np.exp(-risk)), generator.random(n) < 0.7)
    return table, survival, np.repeat(np.arange(100), 2)


def test_a_factor_has_a_row_for_each_level_with_its_counts() -> None:
    table, survival, _ = _cases()
    found = univariable_table(table, survival, references={"stage": "II"})
    age, stage, _ = found.variables
    assert [(row.level, row.reference) for row in stage.rows] == [
        ("II", True),
        ("I", False),
        ("IIIA", False),
    ]
    for row in stage.rows:
        assert row.n == (table["stage"] == row.level).sum()
        assert row.n_events == survival.event[table["stage"] == row.level].sum()
    assert (age.rows[0].n, age.n_missing) == (199, 1)
    assert stage.rows[0].hazard_ratio.value == 1
    assert found.passing(0.1) == tuple(v.variable for v in found.variables if v.p_value < 0.1)
    assert "stage" in found.passing()
    assert len(found.frame()) == 6


def test_rows_are_those_of_the_cox_model() -> None:
    table, survival, patient = _cases()
    found = univariable_table(table, survival, variables=["stage"], cluster=patient, level=0.9)
    coding = dummy_coding(table[["stage"]])
    result = CoxModel(level=0.9).fit(coding.matrix, survival, cluster=patient).result_
    (stage,) = found.variables
    assert found.robust
    assert stage.p_value == result.wald.p_value
    assert stage.rows[2].hazard_ratio == result.hazard_ratio_of("stage=IIIA")
    assert stage.rows[2].p_value == result.p_values[1]
    assert stage.likelihood_ratio_p_value == result.likelihood_ratio.p_value


def test_the_choice_of_the_reference_does_not_change_the_overall_test() -> None:
    table, survival, patient = _cases()
    by_first = univariable_table(table, survival, variables=["stage"], cluster=patient)
    by_last = univariable_table(
        table, survival, variables=["stage"], references={"stage": "IIIA"}, cluster=patient
    )
    assert by_last.variables[0].p_value == pytest.approx(by_first.variables[0].p_value)


def test_a_variable_without_a_model_keeps_its_counts_and_says_why() -> None:
    _, survival, _ = _cases()
    safe = np.where(survival.event, "no", np.where(np.arange(200) % 2, "yes", "no"))
    odd = pd.DataFrame({"safe": safe, "flat": "x", "absent": np.nan})
    found = univariable_table(odd, survival)
    separated, flat, absent = found.variables
    assert "runs to infinity" in separated.problem
    assert [row.n_events for row in separated.rows] == [int(survival.event.sum()), 0]
    assert np.isnan(separated.p_value)
    assert "at least two different values" in flat.problem
    assert absent.n_missing == 200
    assert found.passing() == ()


def test_categories_keep_their_order_and_levels_that_do_not_occur_are_left_out() -> None:
    values = pd.Categorical(["b", "a", "b", None], categories=["c", "b", "a"])
    coding = dummy_coding(pd.DataFrame({"x": values, "flag": [True, False, True, False]}))
    assert coding.levels == {"x": ("b", "a"), "flag": (False, True)}
    assert list(coding.matrix.columns) == ["x=a", "flag=True"]
    assert np.array_equal(coding.matrix["x=a"], [0, 1, 0, np.nan], equal_nan=True)


def test_unknown_columns_and_references_are_named() -> None:
    table, survival, _ = _cases()
    with pytest.raises(InputError, match="bmi"):
        univariable_table(table, survival, variables=["bmi"])
    with pytest.raises(InputError, match="reference 'IV' among"):
        univariable_table(table, survival, references={"stage": "IV"})
    with pytest.raises(InputError, match="expected 200 rows"):
        univariable_table(table.iloc[:3], survival)
    with pytest.raises(InputError, match="bmi"):
        dummy_coding(table, ["bmi"])
    with pytest.raises(InputError, match="two levels"):
        dummy_coding(pd.DataFrame({"x": ["a", "a"]}))
