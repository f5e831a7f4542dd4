"""Rubin's rules: R's mice on the same fits, and the rules written out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.rubin import pool, pool_cox
from trephine.types import Survival

EXPECTED = json.loads(
    (Path(__file__).parents[1] / "reference/imputation/expected.json").read_text(encoding="utf-8")
)["rules"]
COEFFICIENTS = np.array(EXPECTED["coefficients"])
COVARIANCES = np.array(EXPECTED["covariances"]).reshape(-1, 4, 4)


def test_pooled_coefficients_and_their_degrees_of_freedom_are_mice_s() -> None:
    found = pool(COEFFICIENTS, COVARIANCES)
    np.testing.assert_allclose(found.coefficients, EXPECTED["estimate"], rtol=1e-10)
    errors = np.sqrt(np.diag(found.total))
    np.testing.assert_allclose(errors, EXPECTED["standard_error"], rtol=1e-10)
    np.testing.assert_allclose(found.degrees_of_freedom, EXPECTED["df"], rtol=1e-9)
    np.testing.assert_allclose(found.missing_information, EXPECTED["fmi"], rtol=1e-9)
    p = [found.test([j]).p_value for j in range(4)]
    np.testing.assert_allclose(p, EXPECTED["p"], rtol=1e-9)


def test_the_test_of_several_coefficients_is_mitml_s_d1() -> None:
    test = pool(COEFFICIENTS, COVARIANCES).test([2, 3])
    d1, k, _, p, _ = EXPECTED["d1"]
    assert test.degrees_of_freedom == k
    assert test.statistic / k == pytest.approx(d1, rel=1e-9)
    assert test.p_value == pytest.approx(p, rel=1e-9)


def cox_fits(seed: int, m: int) -> list[CoxModel]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(80, 2))
    outcome = Survival(rng.exponential(10 * np.exp(-x[:, 0])) + 0.01, rng.random(80) < 0.7)
    noise = [rng.normal(size=80) * (0.5 if m > 1 else 0.0) for _ in range(m)]
    return [CoxModel().fit(pd.DataFrame({"a": x[:, 0] + n, "b": x[:, 1]}), outcome) for n in noise]


def test_a_pooled_cox_model_is_rubins_rules_line_by_line() -> None:
    fits = [model.result_ for model in cox_fits(1, 5)]
    found = pool_cox(fits)
    for j, name in enumerate(("a", "b")):
        estimates = [one.coefficients[j] for one in fits]
        within = sum(one.covariance[j, j] for one in fits) / 5
        mean = sum(estimates) / 5
        between = sum((one - mean) ** 2 for one in estimates) / 4
        assert found.coefficients[j] == pytest.approx(mean, rel=1e-12)
        assert found.standard_errors[j] ** 2 == pytest.approx(within + 1.2 * between, rel=1e-12)
        ratio = found.hazard_ratio_of(name)
        assert ratio.low < ratio.value < ratio.high
        assert found.wald_test((name,)).p_value == pytest.approx(found.p_values[j], rel=1e-12)


def test_data_sets_that_agree_pool_to_what_each_of_them_says() -> None:
    same = cox_fits(2, 1) * 4
    found, one = pool_cox([model.result_ for model in same]), same[0].result_
    np.testing.assert_allclose(found.covariance, one.covariance, rtol=1e-12)
    np.testing.assert_allclose(found.p_values, one.p_values, rtol=1e-8)
    np.testing.assert_allclose(found.low, one.low, rtol=1e-8)
    assert found.wald_test(("a", "b")).p_value == pytest.approx(one.wald.p_value, rel=1e-8)


def test_one_data_set_is_not_pooled() -> None:
    with pytest.raises(InputError, match="two completed data sets or more"):
        pool(COEFFICIENTS[:1], COVARIANCES[:1])
