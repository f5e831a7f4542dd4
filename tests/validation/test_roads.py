"""No road of the clinical variables lets the outcome of test cases into what a fold fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelling.simulated_cases import SOUND, simulate
from trephine.cohort.schema import ClinicalTable
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.survival.late_outcome import LateSurvival
from trephine.types import Survival
from trephine.validation.held_out import OutOfFold
from trephine.validation.null_check import null_check
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running

CASES = simulate(50)


def changed(cases: Cases, spline: int | None = None, gaps: float = 0.0) -> Cases:
    """Give age a spline, or take some ages away."""
    table = cases.clinical
    variables = {**table.variables}
    variables["age"] = variables["age"].model_copy(update={"spline": spline})
    columns: dict[str, Any] = {key: table.values(key) for key in ("age", "angle")}
    columns["age"][np.random.default_rng(4).random(len(cases)) < gaps] = np.nan
    columns["stage"] = table.values("stage").astype(int)
    return replace(cases, clinical=ClinicalTable(variables, columns, len(cases)))


def separated(cases: Cases) -> Cases:
    """Leave the first stage without an event."""
    first = cases.clinical.values("stage") == 0
    return cases.with_survival(Survival(cases.survival.time, cases.survival.event & ~first))


def came_late(cases: Cases) -> Cases:
    """Let every third case come some time after time zero."""
    late = np.arange(len(cases)) % 3 == 0
    time, event = cases.survival.time, cases.survival.event
    return cases.with_survival(LateSurvival(time, event, entry=np.where(late, 0.4 * time, 0.0)))


def sound(**clinical: object) -> RecipeSettings:
    return replace(SOUND, clinical=SOUND.clinical.model_copy(update=clinical))


ROADS = {
    "firth": (separated(CASES), sound(separation="firth", clinical="all")),
    "multiple": (changed(CASES, gaps=0.2), sound(missing_clinical="multiple", imputations=2)),
    "spline": (changed(CASES, spline=4), sound(clinical="all")),
    "late entry": (came_late(CASES), sound(clinical="all")),
    "interaction": (CASES, sound(interactions=(("age", "stage"),), clinical="all")),
}


@pytest.mark.parametrize("road", ROADS)
def test_the_outcome_of_test_cases_moves_nothing_that_a_fold_fits(road: str) -> None:
    cases, settings = ROADS[road]

    def nested(given: Cases) -> OutOfFold:
        return nested_cross_validation(
            given, settings, [24.0, 48.0], repeats=1, folds=3, seed=8, running=Running(1)
        )

    clean = nested(cases)
    test = clean.fold[0] == 0
    time = np.where(test, 1000 - cases.survival.time, cases.survival.time)
    other = nested(cases.with_survival(replace(cases.survival, time=time)))
    np.testing.assert_array_equal(other.fold, clean.fold)  # folds are drawn by events alone
    assert other.refits[0] == clean.refits[0]
    # The other refits train on these cases: the test can fail.
    assert other.refits[1] != clean.refits[1]
    for name, predicted in clean.linear_predictor.items():
        np.testing.assert_array_equal(
            other.linear_predictor[name][0, test], predicted[0, test], err_msg=name
        )


@pytest.mark.parametrize("road", ROADS)
def test_chance_is_chance(road: str) -> None:
    cases, settings = ROADS[road]
    found = null_check(cases, settings, permutations=8, folds=3, seed=1, running=Running(1))
    assert max(model.observed for model in found.models.values()) > 0.57
    for model in found.models.values():
        assert abs(float(np.nanmean(model.permuted)) - 0.5) < 0.08
