"""The nomogram's points against the model that it draws."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError, ModelError
from trephine.regression.nomogram import Nomogram, NomogramPredictor, make_nomogram

STAGE = NomogramPredictor("stage", "Stage", (0.0, -0.35, 0.75), ("I", "II", "IIIA"))
AGE = NomogramPredictor("age", "Age (years)", (0.02,), low=21.0, high=68.0)
SIGNATURE = NomogramPredictor("radiomics", "Radiomics signature", (1.3,), low=-1.2, high=1.9)


def nomogram() -> Nomogram:
    return make_nomogram(
        [STAGE, AGE, SIGNATURE],
        centre=0.9,
        horizons=[36.0, 60.0],
        survival_at_zero=[0.75, 0.5],
        linear_predictor_range=(-2.0, 2.5),
    )


def test_points_reproduce_the_model_on_a_thousand_random_cases() -> None:
    drawn = nomogram()
    rng = np.random.default_rng(7)
    for _ in range(1000):
        level = str(rng.choice(STAGE.levels))
        values = {
            "stage": level,
            "age": float(rng.uniform(10, 90)),
            "radiomics": float(rng.normal(0, 2)),
        }
        lp = (
            STAGE.effects[STAGE.levels.index(level)]
            + 0.02 * float(values["age"])
            + 1.3 * float(values["radiomics"])
            - 0.9
        )
        total = np.array([drawn.total(values)])
        assert abs(drawn.linear_predictor(total)[0] - lp) <= 1e-10
        for horizon, at_zero in ((36.0, 0.75), (60.0, 0.5)):
            survival = drawn.survival_probability(total, horizon)[0]
            assert abs(survival - at_zero ** np.exp(lp)) <= 1e-10


def test_the_widest_axis_has_100_points_and_every_axis_starts_at_0() -> None:
    points = [axis.points for axis in nomogram().axes]
    assert max(p.max() for p in points) == pytest.approx(100)
    assert all(p.min() == 0 for p in points)


def test_survival_ticks_stand_where_the_total_gives_that_survival() -> None:
    drawn = nomogram()
    for axis in drawn.survival_axes:
        assert len(axis.points) > 3
        found = drawn.survival_probability(axis.points, axis.horizon)
        np.testing.assert_allclose(found, axis.probabilities, atol=1e-12)


def test_a_protective_predictor_gives_its_points_to_low_values() -> None:
    drawn = make_nomogram(
        [NomogramPredictor("bmi", "BMI", (-0.06,), low=18.0, high=34.0)],
        centre=0.0,
        horizons=[36.0],
        survival_at_zero=[0.7],
        linear_predictor_range=(-2.0, -1.0),
    )
    assert drawn.axes[0].points[0] > drawn.axes[0].points[-1]


def test_a_model_without_effect_and_an_unknown_value_are_refused() -> None:
    with pytest.raises(ModelError, match="changes the risk"):
        make_nomogram(
            [NomogramPredictor("age", "Age", (0.0,), low=1.0, high=2.0)],
            centre=0.0,
            horizons=[36.0],
            survival_at_zero=[0.7],
            linear_predictor_range=(0.0, 1.0),
        )
    with pytest.raises(InputError, match="IIIA"):
        nomogram().points("stage", "IV")
    with pytest.raises(InputError, match="stage"):
        nomogram().points("oedema", "yes")
