"""Fine-tuning: what it learns, what it leaves alone, and that noise stays noise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trephine.deep.cox_loss import cox_loss
from trephine.deep.embed import Embedder
from trephine.deep.finetune import features_from_trunk, finetune_last_block, hold_back, steps
from trephine.deep.settings import DeepSettings, FineTuneSettings
from trephine.errors import InputError, ModelError
from trephine.types import Survival


def slow_loss(score, time, event) -> float:
    """The definition, event by event."""
    terms = [np.log(np.exp(score[time >= time[i]]).sum()) - score[i] for i in np.flatnonzero(event)]
    return float(np.mean(terms))


def slow_concordance(score, survival) -> float:
    """Harrell's C over all pairs of one simulated fold."""
    concordant = comparable = 0.0
    for i, j in itertools.permutations(range(len(score)), 2):
        if survival.event[i] and survival.time[i] < survival.time[j]:
            comparable += 1
            concordant += 0.5 * (score[i] == score[j]) + (score[i] > score[j])
    return concordant / comparable


def follow_up(score, seed: int, censored: float = 0.5) -> Survival:
    """Exponential times with log hazard ``score`` about its mean; censoring at random."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(np.exp(np.mean(score) - np.asarray(score)))
    stop = rng.exponential(1 / max(censored, 1e-9), time.size)
    return Survival(np.maximum(np.minimum(time, stop), 1e-6), time <= stop)


def random_trunk(n: int, seed: int) -> np.ndarray:
    """Maps as they enter the last block, one cell wide."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.normal(size=(n, 1, 512, 1, 1))).astype(np.float32)


def trunk_with_signal(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Maps a quarter of whose channels follow one hidden score, and the score."""
    score = np.random.default_rng(seed + 1).normal(size=n)
    trunk = random_trunk(n, seed)
    trunk[:, 0, ::4, 0, 0] += 0.5 * score[:, None].astype(np.float32)
    return trunk, score


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """Random weights on one thread."""
    return Embedder(DeepSettings(weights="random:3", input_size=64, threads=1, device="cpu"))


@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 10_000))
def test_the_loss_is_breslows_partial_likelihood_with_ties(n, n_times, seed):
    rng = np.random.default_rng(seed)
    score, time = rng.normal(size=n), rng.integers(1, n_times + 1, n).astype(float)
    event = rng.random(n) < 0.6
    event[0] = True
    found = cox_loss(torch.tensor(score), torch.tensor(time), torch.tensor(event))
    assert float(found) == pytest.approx(slow_loss(score, time, event), rel=1e-10)


def test_the_loss_does_not_overflow():
    score = torch.tensor([800.0, -800.0, 0.0])
    found = cox_loss(score, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, True, False]))
    assert float(found) == pytest.approx(400.0)


def test_the_trunk_and_the_last_block_give_the_embedders_features(embedder, hip):
    images, regions = zip(*(hip(seed) for seed in range(4)), strict=True)
    cases = images, regions, ["R", "L", "L", None]
    for augment in ("none", "shifts"):
        one = Embedder(embedder.settings.model_copy(update={"augment": augment}))
        trunk = one.extract_trunk(*cases)
        assert trunk.shape == (4, len(one.views), 512, 2, 2)
        np.testing.assert_allclose(features_from_trunk(one, trunk), one.extract(*cases), atol=1e-5)


def test_a_signal_in_the_images_is_learnt_and_holds_for_new_patients(embedder):
    trunk, hidden = trunk_with_signal(300, seed=1)
    survival = follow_up(1.5 * hidden, seed=2)
    train, test = np.arange(200), np.arange(200, 300)
    tuned = finetune_last_block(
        embedder,
        trunk[train],
        survival.take(train),
        train,
        FineTuneSettings(epochs=10),
        np.random.default_rng(3),
    )
    score = tuned.risk_score(tuned.features(trunk[test]))
    assert tuned.best_epoch > 0
    assert tuned.held_back_loss.argmin() == tuned.best_epoch
    assert slow_concordance(score, survival.take(test)) > 0.65
    assert tuned.n_training_cases + tuned.n_held_back_cases == 200
    assert tuned.n_training_events + tuned.n_held_back_events == survival.take(train).event.sum()


def test_only_the_last_block_changes_and_the_given_network_not_at_all(embedder, tmp_path):
    trunk, hidden = trunk_with_signal(120, seed=1)
    survival = follow_up(hidden, seed=2)
    before = {k: v.clone() for k, v in embedder.network.module.state_dict().items()}
    tuned = finetune_last_block(
        embedder,
        trunk,
        survival,
        np.arange(120),
        FineTuneSettings(epochs=2, learning_rate=1e-3),
        np.random.default_rng(3),
    )
    after = tuned.embedder.network.module.state_dict()
    assert tuned.best_epoch > 0
    assert all(torch.equal(before[k], v) for k, v in embedder.network.module.state_dict().items())
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.startswith("layer4.1.") for key in changed)
    assert not any("running" in key for key in changed)
    assert tuned.embedder.digest != embedder.digest
    assert tuned.embedder.record.weights.source == "finetuned"
    tuned.write_weights(tmp_path / "tuned.safetensors")
    settings = embedder.settings.model_copy(update={"weights": str(tmp_path / "tuned.safetensors")})
    np.testing.assert_array_equal(
        features_from_trunk(Embedder(settings), trunk), tuned.features(trunk)
    )


def test_a_seed_gives_the_same_network_again(embedder):
    trunk, hidden = trunk_with_signal(120, seed=1)
    survival = follow_up(hidden, seed=2)

    def tune(seed):
        settings = FineTuneSettings(epochs=2)
        generator = np.random.default_rng(seed)
        return finetune_last_block(embedder, trunk, survival, np.arange(120), settings, generator)

    once, again, other = tune(1), tune(1), tune(2)
    np.testing.assert_array_equal(once.head, again.head)
    assert not np.array_equal(once.held_back_loss, other.held_back_loss)


def noise_concordance(embedder, seed: int, n: int = 120) -> tuple[float, int]:
    """Twofold out-of-fold C where images and follow-up are unrelated, and how many fits moved."""
    trunk, survival = random_trunk(n, seed), follow_up(np.zeros(n), seed + 1000)
    patients = np.arange(n) // 2
    found, n_moved = [], 0
    for fold in (0, 1):
        train, test = np.flatnonzero(patients % 2 != fold), np.flatnonzero(patients % 2 == fold)
        tuned = finetune_last_block(
            embedder,
            trunk[train],
            survival.take(train),
            patients[train],
            FineTuneSettings(epochs=6, patience=2, minimum_events=10),
            np.random.default_rng(seed),
        )
        score = tuned.risk_score(tuned.features(trunk[test]))
        found.append(slow_concordance(score, survival.take(test)))
        n_moved += tuned.best_epoch > 0
    return float(np.mean(found)), n_moved


@pytest.mark.slow
def test_on_pure_noise_the_out_of_fold_concordance_is_one_half(embedder):
    found, n_moved = zip(*(noise_concordance(embedder, seed) for seed in range(10)), strict=True)
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    # Not because every training stopped where it began.
    assert sum(n_moved) >= 4


def test_too_few_events_are_refused_with_what_to_do(embedder):
    trunk = random_trunk(60, seed=1)
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) < 20)
    with pytest.raises(
        ModelError, match=r"at least 30 events .* found 20 in 60.* leave deep\.fine"
    ):
        finetune_last_block(
            embedder,
            trunk,
            survival,
            np.arange(60),
            FineTuneSettings(),
            np.random.default_rng(0),
        )


def test_a_cohort_that_cannot_be_split_by_patient_is_refused(embedder):
    trunk = random_trunk(60, seed=1)
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) % 2 == 0)
    with pytest.raises(ModelError, match="among the training patients, found 0 in 0 cases"):
        finetune_last_block(
            embedder,
            trunk,
            survival,
            np.zeros(60),
            FineTuneSettings(),
            np.random.default_rng(0),
        )


def test_lengths_are_checked(embedder):
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) % 2 == 0)
    with pytest.raises(InputError, match=r"found \(59, 1, 512, 1, 1\), 60 and 60"):
        finetune_last_block(
            embedder,
            random_trunk(59, seed=1),
            survival,
            np.arange(60),
            FineTuneSettings(),
            np.random.default_rng(0),
        )


@given(st.integers(4, 60), st.integers(0, 1000), st.floats(0.05, 0.45))
def test_whole_patients_are_held_back_in_both_kinds(n_patients, seed, share):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_patients), rng.integers(1, 3, n_patients))
    event = rng.random(groups.size) < 0.5
    held = hold_back(groups, event, share, rng)
    assert not set(groups[held]) & set(groups[~held])
    with_event = np.unique(groups[event]).size
    expected = sum(
        min(kind, max(1, round(share * kind))) for kind in (with_event, n_patients - with_event)
    )
    assert np.unique(groups[held]).size == expected


@given(st.integers(16, 200), st.integers(16, 80), st.integers(0, 1000))
def test_every_case_is_in_one_step_and_events_are_spread(n, size, seed):
    rng = np.random.default_rng(seed)
    event = rng.random(n) < 0.3
    cases = np.arange(n)
    dealt = list(steps(event, cases, size, rng))
    assert sorted(np.concatenate(dealt)) == cases.tolist()
    events = [int(event[part].sum()) for part in dealt]
    assert max(events) - min(events) <= 1
