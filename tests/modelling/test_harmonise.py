"""ComBat: removes what centres add, keeps covariates, learns from training cases alone."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.modelling.harmonise import fit_combat
from trephine.types import FloatArray, IntArray


def cohort(n: int = 240, p: int = 40) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    """Return features as measured and as they truly are, centres, and a covariate."""
    rng = np.random.default_rng(3)
    centre: IntArray = np.repeat([2, 5, 9], n // 3)
    age = rng.normal(50, 10, n) + centre
    truth = rng.standard_normal((n, p)) + 0.05 * age[:, np.newaxis] * rng.standard_normal(p)
    where = np.searchsorted([2, 5, 9], centre)
    shift, spread = rng.normal(0, 2, (3, p)), rng.uniform(0.5, 2, (3, p))
    return truth * spread[where] + shift[where], truth, centre, age[:, np.newaxis]


def gap(values: FloatArray, centre: IntArray) -> float:
    means = np.array([values[centre == k].mean(axis=0) for k in np.unique(centre)])
    return float(means.std(axis=0).mean())


def test_what_centres_add_goes_in_location_and_spread() -> None:
    measured, _, centre, age = cohort()
    cleared = fit_combat(measured, centre, age).apply(measured, centre, age)
    adjusted = [
        values - age * np.polyfit(age[:, 0], values, 1)[0] for values in (measured, cleared)
    ]
    assert gap(adjusted[1], centre) < 0.15 * gap(adjusted[0], centre)
    spreads = np.array([cleared[centre == k].std(axis=0) for k in (2, 5, 9)])
    assert np.abs(np.log(spreads[0] / spreads[1])).mean() < 0.15


def test_the_covariate_keeps_its_effect() -> None:
    _, truth, centre, age = cohort()
    shifted = truth + 3.0 * (centre == 5)[:, np.newaxis]
    cleared = fit_combat(shifted, centre, age).apply(shifted, centre, age)
    slope = [np.polyfit(age[:, 0], values, 1)[0] for values in (truth, cleared)]
    assert np.corrcoef(slope)[0, 1] > 0.97


def test_a_shift_of_one_centre_is_undone_up_to_shrinkage() -> None:
    _, truth, centre, _ = cohort(n=1200)
    none = np.empty((len(centre), 0))
    shifted = truth + 4.0 * (centre == 9)[:, np.newaxis]
    combat = fit_combat(shifted, centre, none)
    difference = (combat.shift[2] - combat.shift[0]) * combat.scale
    naive = shifted[centre == 9].mean(axis=0) - shifted[centre == 2].mean(axis=0)
    np.testing.assert_allclose(difference, naive, atol=0.25)


def test_test_cases_are_cleared_by_what_training_cases_showed() -> None:
    measured, _, centre, age = cohort()
    train = np.arange(len(centre)) % 2 == 0
    combat = fit_combat(measured[train], centre[train], age[train])
    test = combat.apply(measured[~train], centre[~train], age[~train])
    changed = measured.copy()
    changed[~train] += 100
    again = fit_combat(changed[train], centre[train], age[train])
    np.testing.assert_array_equal(again.apply(measured[~train], centre[~train], age[~train]), test)
    assert gap(test, centre[~train]) < 0.5 * gap(measured[~train], centre[~train])


def test_units_of_a_feature_do_not_matter() -> None:
    measured, _, centre, age = cohort()
    given = fit_combat(measured, centre, age).apply(measured, centre, age)
    scaled = measured * 1000 + 7
    found = fit_combat(scaled, centre, age).apply(scaled, centre, age)
    np.testing.assert_allclose(found, given * 1000 + 7, rtol=1e-6, atol=1e-4)


def test_a_centre_that_training_never_saw_is_refused_with_advice() -> None:
    measured, _, centre, age = cohort()
    combat = fit_combat(measured, centre, age)
    with pytest.raises(InputError, match="1 other centres; fit the model with cases"):
        combat.apply(measured[:1], np.array([7]), age[:1])


def test_what_cannot_be_distinguished_is_refused() -> None:
    measured, _, centre, age = cohort()
    with pytest.raises(InputError, match="two centres at least"):
        fit_combat(measured, np.zeros_like(centre), age)
    with pytest.raises(InputError, match="covariates that vary within centres"):
        fit_combat(measured, centre, (centre == 5).astype(float)[:, np.newaxis])
    with pytest.raises(InputError, match="without missing values"):
        fit_combat(np.where(measured > 3, np.nan, measured), centre, age)
