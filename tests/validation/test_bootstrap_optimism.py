"""Optimism and .632+ by the bootstrap: hand-worked values, slow versions, patients drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, SOUND, simulate
from trephine import streams
from trephine.errors import InputError
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import fit_recipe
from trephine.survival.concordance import harrell_concordance
from trephine.types import Survival
from trephine.validation.bootstrap_optimism import (
    BootstrapValidation,
    bootstrap_validation,
    draw_patients,
)
from trephine.validation.corrected_index import (
    index_names,
    measure_indices,
    point_632_plus,
    scores_of,
)
from trephine.validation.tasks import Running

CASES = simulate(50)
HORIZONS = (24.0, 48.0)


def validated(settings: RecipeSettings = PUBLISHED, **options: object) -> BootstrapValidation:
    arguments = {"bootstraps": 6, "seed": 2, "running": Running(1), **options}
    return bootstrap_validation(CASES, settings, HORIZONS, **arguments)  # type: ignore[arg-type]


def test_632_plus_lies_between_its_parts_as_the_overfitting_says() -> None:
    assert point_632_plus(0.8, 0.8, 0.5) == pytest.approx(0.8)
    # R = 1: nothing but overfitting, the apparent index counts for nothing.
    assert point_632_plus(0.9, 0.5, 0.5) == pytest.approx(0.5)
    assert point_632_plus(0.9, 0.3, 0.5) == pytest.approx(0.5)
    # R = (0.9 - 0.7) / (0.9 - 0.5) = 0.5, weight .632 / (1 - .368 / 2).
    weight = 0.632 / (1 - 0.368 * 0.5)
    assert point_632_plus(0.9, 0.7, 0.5) == pytest.approx((1 - weight) * 0.9 + weight * 0.7)
    # The same for a loss, where less is better.
    assert point_632_plus(0.1, 0.15, 0.2) == pytest.approx((1 - weight) * 0.1 + weight * 0.15)


def test_a_bootstrap_draws_whole_patients_as_many_as_there_are() -> None:
    rows = draw_patients(CASES.patient, np.random.default_rng(1))
    size = np.bincount(CASES.patient)
    drawn = np.bincount(CASES.patient[rows], minlength=size.size)
    assert (drawn % size == 0).all()
    assert (drawn // size).sum() == size.size
    assert (drawn == 0).any()


def test_optimism_is_the_mean_gap_between_sample_and_original_cases() -> None:
    found = validated().of("Combined", "concordance")
    within, original, outside = [], [], []
    for child in streams.seeds(2, "bootstraps").spawn(6):
        drawing, fitting = child.spawn(2)
        rows = draw_patients(CASES.patient, np.random.default_rng(drawing))
        sample = CASES.take(rows)
        fitted = fit_recipe(sample, PUBLISHED, np.random.default_rng(fitting))
        out = CASES.take(~np.isin(CASES.patient, sample.patient))
        for cases, values in ((sample, within), (CASES, original), (out, outside)):
            lp = fitted.predict(cases, HORIZONS)["Combined"].linear_predictor
            values.append(harrell_concordance(cases.survival.time, cases.survival.event, lp))
    assert found.optimism == pytest.approx(np.mean(within) - np.mean(original))
    assert found.corrected.value == pytest.approx(found.apparent - found.optimism)
    assert found.out_of_bag == pytest.approx(np.mean(outside))
    below_the_mean = np.mean(within) - np.quantile(within, 0.025)
    assert found.corrected.low == pytest.approx(found.corrected.value - below_the_mean)


def test_every_index_of_every_model_is_there_and_optimistic_where_it_should_be() -> None:
    found = validated()
    for model in ("Clinical", "Radiomics", "Combined"):
        names = [(row.index, row.horizon) for row in found.indices[model]]
        assert [name for name, _ in names] == [name for name, _ in index_names(HORIZONS)]
        slope = found.of(model, "slope")
        assert slope.apparent == pytest.approx(1.0, abs=1e-6)
        assert np.isnan(slope.point_632_plus)
        assert found.of(model, "brier", 24.0).optimism < 0 < found.of(model, "auc", 24.0).optimism
    assert found.event_probability["Combined"].shape == (6, len(CASES), 2)
    with pytest.raises(InputError, match="expected auc"):
        found.of("Combined", "auc", 99.0)


def test_the_parts_of_each_bootstrap_s_model_are_those_that_have_a_term() -> None:
    noise = replace(
        CASES, survival=CASES.survival.take(np.random.default_rng(5).permutation(len(CASES)))
    )
    found = bootstrap_validation(
        noise, PUBLISHED, HORIZONS, bootstraps=6, seed=2, running=Running(1)
    )
    assert found.kept is not None
    kinds = set()
    for model, present in found.present.items():
        for parts, form in zip(present, found.kept.forms, strict=True):
            terms = form.models[model].terms
            assert set(parts) == {
                term.variable if term.is_signature else "clinical" for term in terms
            }
            kinds.add((model, parts))
    # Of one model there are several kinds, or nothing was put to the test.
    assert len(kinds) > len(found.present)


@pytest.mark.slow
def test_neither_workers_nor_an_interruption_matter(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    alone = validated(SOUND, bootstraps=4)
    for other in (
        validated(SOUND, bootstraps=4, running=Running(2, ledger=ledger)),
        validated(SOUND, bootstraps=4, running=Running(1, ledger=ledger)),
    ):
        assert other.refits == alone.refits
        assert repr(other.indices) == repr(alone.indices)


def test_indices_of_a_prediction_for_everyone_alike_are_uninformed() -> None:
    survival = Survival(np.arange(1.0, 9.0), np.arange(8) % 2 == 0)
    prediction = fit_recipe(CASES, PUBLISHED, np.random.default_rng(1)).predict(CASES, HORIZONS)
    scores = scores_of(prediction["Clinical"])
    same = scores._replace(linear_predictor=np.zeros(8), event_probability=np.full((8, 1), 0.5))
    concordance, slope, auc, brier = measure_indices(survival, same, [4.5])
    assert (concordance, auc) == (0.5, 0.5)
    assert np.isnan(slope)
    assert brier == pytest.approx(0.25)


def test_samples_that_cannot_be_fitted_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="bootstraps: expected 2 at least"):
        validated(bootstraps=1)
    few = replace(CASES, survival=Survival(CASES.survival.time, np.arange(len(CASES)) < 5))
    found = bootstrap_validation(
        few, PUBLISHED, HORIZONS, bootstraps=12, seed=2, running=Running(1)
    )
    assert len(found.failures) + len(found.refits) == 12
    assert found.event_probability["Combined"].shape[0] == len(found.refits)
