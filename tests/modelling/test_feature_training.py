"""Fine-tuning inside the recipe: it learns, on training cases only, and noise stays noise."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable
from trephine.errors import BundleError, InputError, ModelError
from trephine.modelling.bundle import Bundle, read_bundle, write_bundle
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.feature_training import STEP, with_block
from trephine.modelling.protocols import PROTOCOLS, RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.regression.folds import assign_folds
from trephine.types import Survival

pytest.importorskip("torch")

from trephine.deep.embed import Embedder
from trephine.deep.maps import BlockInputs, MapStore
from trephine.deep.settings import DeepSettings, FineTuneSettings

QUICK = FineTuneSettings(epochs=4, patience=2, minimum_events=10)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """Random weights: nothing in its features is there by training."""
    return Embedder(DeepSettings(weights="random:3", input_size=64, threads=1, device="cpu"))


def some_cases(folder: Path, embedder: Embedder, n: int, seed: int, effect: float = 0.0) -> Cases:
    """Maps of n hips of n / 2 patients; a quarter of the channels follows the log hazard."""
    rng = np.random.default_rng(seed)
    maps = np.abs(rng.normal(size=(n, 1, 512, 1, 1))).astype(np.float32)
    hidden = rng.normal(size=n)
    if effect:
        maps[:, 0, ::4, 0, 0] += 0.5 * hidden[:, None].astype(np.float32)
    store = MapStore(folder)
    keys = np.array([f"{seed}-{i}" for i in range(n)])
    for key, case in zip(keys, maps, strict=True):
        store.write(key, case)
    again = maps + 0.01 * rng.random(maps.shape).astype(np.float32)
    for key, case in zip(keys, again, strict=True):
        store.write(f"{key}-b", case)
    block = embedder.last_block()
    raters = {"b": np.array([f"{key}-b" for key in keys])}
    inputs = BlockInputs(folder, block, keys, raters, {})
    features = FeatureSet(
        "deep",
        embedder.feature_names,
        inputs.features(block, keys),
        raters={"b": inputs.features(block, raters["b"])},
        first_rater="a",
        network=block.sha256,
        maps=inputs,
    )
    time = rng.exponential(np.exp(-effect * hidden))
    end = rng.exponential(1.5, n)
    survival = Survival(np.minimum(time, end) + 1e-6, time <= end, "years")
    return Cases(survival, np.arange(n) // 2, {"deep": features}, ClinicalTable({}, {}, n))


def settings(protocol: str, finetune: FineTuneSettings | None = QUICK) -> RecipeSettings:
    recipe = PROTOCOLS[protocol].recipe((("DL", ("deep",)),))
    chain = recipe.chain.changed(finetune=finetune, max_outliers=1.0, inner_folds=3)
    return replace(recipe, chain=chain)


def fit(cases: Cases, protocol: str, seed: int = 0) -> FittedRecipe:
    return fit_recipe(cases, settings(protocol), np.random.default_rng(seed))


def slow_concordance(score, survival: Survival) -> float:
    """Harrell's C by its definition; tied scores count one half."""
    first = survival.event[:, None] & (survival.time[:, None] < survival.time[None])
    right = (score[:, None] > score[None]) + 0.5 * (score[:, None] == score[None])
    return float(right[first].mean())


@pytest.mark.parametrize("protocol", ["published", "sound"])
def test_both_protocols_train_report_it_and_predict_new_cases(tmp_path, embedder, protocol):
    cases = some_cases(tmp_path, embedder, 220, seed=1, effect=1.5)
    train, test = cases.take(np.arange(140)), cases.take(np.arange(140, 220))
    fitted = fit(train, protocol)
    chain = fitted.chains["deep"]
    assert chain.tuned is not None
    assert chain.tuned.best_epoch > 0
    assert chain.audit[0].step == STEP
    assert "trained on" in chain.audit[0].detail
    score = fitted.predict(test, ())["DL"].linear_predictor
    assert slow_concordance(score, test.survival) > 0.65
    # A third way to the same scores: the block on the maps, then the signature.
    maps = test.features["deep"].maps
    values = chain.tuned.block.features(maps.maps())
    np.testing.assert_allclose(
        fitted.predictor.scores("deep", test.features),
        chain.signature.score(values, embedder.feature_names),
        rtol=1e-12,
    )


def test_the_training_scores_are_those_of_the_trained_network(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 120, seed=2, effect=1.5)
    fitted = fit(cases, "sound")
    np.testing.assert_allclose(
        fitted.predictor.scores("deep", cases.features),
        fitted.chains["deep"].training_score,
        atol=1e-9,
    )


def test_other_readings_come_from_the_same_network(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 120, seed=2, effect=1.5)
    chain = fit(cases, "published").chains["deep"]
    assert chain.tuned is not None
    given = cases.features["deep"]
    read = chain.features(given)
    expected = chain.tuned.block.features(MapStore(tmp_path).read(given.maps.raters["b"].tolist()))
    np.testing.assert_array_equal(read.raters["b"], expected)
    assert any(row.step.startswith("ICC") for row in chain.audit)


def test_an_out_of_fold_score_owes_nothing_to_its_own_fold(tmp_path, embedder):
    """Another follow-up of one patient leaves the scores of that patient's fold to the last bit."""
    cases = some_cases(tmp_path, embedder, 90, seed=3, effect=1.0)
    # One pass, whatever it finds, so that all draws are the same in both.
    chosen = settings("sound", FineTuneSettings(epochs=1, learning_rate=1e-3, minimum_events=10))
    time = cases.survival.time.copy()
    changed = cases.patient == cases.patient[np.argmax(cases.survival.event)]
    time[changed] *= 5
    other = cases.with_survival(Survival(time, cases.survival.event, cases.survival.unit))
    before, after = (
        fit_recipe(c, chosen, np.random.default_rng(5)).chains["deep"] for c in (cases, other)
    )
    same = before.out_of_fold_score == after.out_of_fold_score
    assert same[changed].all()
    assert 0.1 < same.mean() < 0.3
    assert not (before.training_score == after.training_score).any()


@pytest.mark.slow
def test_a_seed_decides_and_nothing_else(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 80, seed=2, effect=1.0)
    sent = pickle.loads(pickle.dumps(cases))
    once, again, other = fit(cases, "sound"), fit(sent, "sound"), fit(cases, "sound", seed=1)
    first = once.chains["deep"]
    np.testing.assert_array_equal(first.out_of_fold_score, again.chains["deep"].out_of_fold_score)
    assert first.tuned.block.sha256 == again.chains["deep"].tuned.block.sha256
    assert first.tuned.block.sha256 != other.chains["deep"].tuned.block.sha256


def test_a_worker_is_handed_names_of_maps_not_maps(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 120, seed=2)
    maps = cases.features["deep"].maps
    without_block = replace(maps, block=replace(maps.block, state={}))
    assert len(pickle.dumps(without_block)) < 120 * 2 * 64


def test_too_few_events_are_reported(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 120, seed=2)
    with pytest.raises(ModelError, match="expected at least 100 events among the training cases"):
        fit_recipe(
            cases,
            settings("sound", FineTuneSettings(minimum_events=100)),
            np.random.default_rng(0),
        )


def test_features_of_another_network_are_refused(tmp_path, embedder):
    cases = some_cases(tmp_path, embedder, 120, seed=2)
    fitted = fit(cases, "published")
    untrained = replace(cases.features["deep"], maps=None)
    with pytest.raises(InputError, match="whose last block was trained, found"):
        fitted.predictor.predict({"deep": untrained}, cases.clinical, ())
    block = fitted.predictor.blocks["deep"]
    trained = with_block(cases.features["deep"], block)
    assert with_block(replace(trained, maps=None), block) is not None


def test_a_bundle_brings_the_trained_block_back(tmp_path, embedder):
    cases = some_cases(tmp_path / "maps", embedder, 120, seed=2, effect=1.5)
    fitted = fit(cases, "sound")
    folder = write_bundle(Bundle(fitted.predictor, {}, "card"), tmp_path / "model")
    again = read_bundle(folder).predictor
    assert again.blocks["deep"].sha256 == fitted.predictor.blocks["deep"].sha256
    np.testing.assert_array_equal(
        again.predict(cases.features, cases.clinical, ())["DL"].linear_predictor,
        fitted.predict(cases, ())["DL"].linear_predictor,
    )
    file = folder / "deep-last-block.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match=r"deep-last-block\.safetensors was altered"):
        read_bundle(folder)
    file.unlink()
    with pytest.raises(BundleError, match=r"expected a file deep-last-block\.safetensors"):
        read_bundle(folder)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["published", "sound"])
def test_on_pure_noise_the_out_of_fold_concordance_is_one_half(tmp_path, embedder, protocol):
    found, moved = [], 0
    for seed in range(12):
        cases = some_cases(tmp_path / str(seed), embedder, 120, seed)
        folds = assign_folds(
            2, cases.patient, cases.survival.event, np.random.default_rng([seed, 7])
        )
        for fold in (0, 1):
            test = cases.take(folds == fold)
            fitted = fit(cases.take(folds != fold), protocol, seed)
            score = fitted.predict(test, ())["DL"].linear_predictor
            found.append(slow_concordance(score, test.survival))
            moved += fitted.chains["deep"].tuned.best_epoch > 0
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    # Not because every training stopped where it began, nor because the test cannot see anything.
    assert moved >= 6
    assert np.std(found) / math.sqrt(len(found)) < 0.015
