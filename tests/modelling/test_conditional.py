"""What stands in for a later case's missing values: conditional means, the same every time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError
from trephine.modelling.conditional import (
    DRAWS,
    ChainedImputation,
    fit_conditional,
    imputation_from_json,
    imputation_to_json,
)
from trephine.modelling.level_model import fit_levels, level_probabilities

VARIABLES = {
    "x": ClinicalVariable(),
    "w": ClinicalVariable(),
    "z": ClinicalVariable(levels=("a", "b", "c")),
}


def cohort(n: int, seed: int) -> ClinicalTable:
    rng = np.random.default_rng(seed)
    z = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    x = 10 + 3 * (z == 2) + rng.normal(0, 2, n)
    w = 1 + 0.5 * x + rng.normal(0, 1, n)
    return ClinicalTable(VARIABLES, {"x": x, "w": w, "z": z}, n)


TRAINING = cohort(4000, 1)
MODELS = fit_conditional([TRAINING])


def lacking(**values: float) -> ClinicalTable:
    columns = {
        key: np.array([values.get(key, -1 if one.levels else np.nan)], int if one.levels else float)
        for key, one in VARIABLES.items()
    }
    return ClinicalTable(VARIABLES, columns, 1)


def mean(models: ChainedImputation, table: ClinicalTable, key: str) -> float:
    return float(np.mean([one.values(key)[0] for one in models.completions(table)]))


def test_one_missing_number_is_its_conditional_mean() -> None:
    """By least squares on the training cases, written out."""
    z = TRAINING.values("z")
    design = np.column_stack([np.ones(4000), TRAINING.values("x"), z == 1, z == 2])
    beta = np.linalg.lstsq(design, TRAINING.values("w"), rcond=None)[0]
    for x, level in ((10.0, 0), (14.0, 2)):
        expected = beta @ [1, x, level == 1, level == 2]
        found = mean(MODELS, lacking(x=x, z=level), "w")
        assert found == pytest.approx(expected, abs=0.02)


def test_a_missing_level_has_the_shares_of_like_cases() -> None:
    x, z = TRAINING.values("x"), TRAINING.values("z")
    near = np.abs(x - 13) < 0.4
    case = lacking(x=13.0, w=1 + 0.5 * 13)
    drawn = np.array([one.values("z")[0] for one in MODELS.completions(case)])
    for level in range(3):
        assert np.mean(drawn == level) == pytest.approx(np.mean(z[near] == level), abs=0.06)


def test_several_missing_values_have_the_means_of_the_training_cases() -> None:
    case = lacking()
    assert mean(MODELS, case, "x") == pytest.approx(TRAINING.values("x").mean(), abs=0.6)
    assert mean(MODELS, case, "w") == pytest.approx(TRAINING.values("w").mean(), abs=0.4)


def test_a_case_says_the_same_alone_among_others_and_again() -> None:
    table = cohort(30, 2)
    x, z = table.values("x"), table.values("z").astype(int)
    x[::3], z[::2] = np.nan, -1
    gaps = table.with_column("x", x).with_column("z", z)
    every = MODELS.completions(gaps)
    assert len(every) == DRAWS
    for row in (0, 2, 3, 4):
        for found, alone in zip(every, MODELS.completions(gaps.take([row])), strict=True):
            for key in VARIABLES:
                assert found.values(key)[row] == pytest.approx(alone.values(key)[0], rel=1e-12)


def test_a_variable_that_is_not_among_the_columns_counts_as_missing() -> None:
    part = lacking(x=13.0).only(["x", "w"])
    found = MODELS.completions(part)
    assert set(found[0].variables) == {"x", "w"}
    expected = mean(MODELS, lacking(x=13.0), "w")
    assert np.mean([one.values("w")[0] for one in found]) == expected


def test_nothing_outside_the_range_of_training_is_drawn() -> None:
    far = lacking(x=1000.0, z=2)
    drawn = [one.values("w")[0] for one in MODELS.completions(far)]
    assert max(drawn) == TRAINING.values("w").max()


def test_it_is_written_and_read_to_the_last_bit_and_holds_no_case() -> None:
    content = json.loads(json.dumps(imputation_to_json(MODELS)))
    again = imputation_from_json(content)
    assert isinstance(again, ChainedImputation)
    case = lacking(w=8.0)
    assert mean(again, case, "x") == mean(MODELS, case, "x")
    rows = [row for part in content["chained_imputation"].values() for row in part["coefficients"]]
    numbers = sum(map(len, rows))
    assert numbers == 4 + 4 + 2 * 3


def test_models_that_do_not_fit_the_variables_are_refused() -> None:
    content = json.loads(json.dumps(imputation_to_json(MODELS)))
    content["chained_imputation"]["x"]["coefficients"][0].append(1.0)
    with pytest.raises(InputError, match="imputation of x does not fit"):
        imputation_from_json(content)


def test_a_logistic_model_is_at_the_maximum_of_its_posterior() -> None:
    """Central differences of the penalised log likelihood, written out, are 0 there."""
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(120), rng.normal(size=(120, 2))])
    place = rng.choice(3, 120, p=[0.5, 0.3, 0.2])
    (beta,), (information,) = fit_levels(design[None], place, 3)

    def height(flat: np.ndarray) -> float:
        p = level_probabilities(design[None], flat.reshape(1, 2, 3))[:, 0]
        prior = np.tile([1e-4, 0.25, 0.25], 2)
        return float(np.log(p[place, np.arange(120)]).sum() - (prior * flat**2).sum() / 2)

    at, h = beta.ravel(), 1e-4
    steps = h * np.eye(6)
    slope = [(height(at + e) - height(at - e)) / (2 * h) for e in steps]
    np.testing.assert_allclose(slope, 0, atol=1e-5)
    bend = [(height(at + e) - 2 * height(at) + height(at - e)) / h**2 for e in steps]
    np.testing.assert_allclose(-np.array(bend), np.diag(information), rtol=1e-4)


def test_a_level_that_a_column_tells_apart_has_finite_coefficients() -> None:
    x = np.linspace(-2, 2, 40)
    (beta,), _ = fit_levels(np.column_stack([np.ones(40), x])[None], (x > 0).astype(int), 2)
    assert 1 < beta[0, 1] < 20
