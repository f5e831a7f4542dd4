"""Fine-tuning: what it learns, what it leaves alone, and that noise stays noise."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trephine.deep.cox_loss import cox_loss
from trephine.deep.embed import Embedder
from trephine.deep.finetune import finetune_last_block, hold_back, steps
from trephine.deep.last_block import LastBlock, block_to_bytes, state_from_bytes
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


@pytest.fixture(scope="module")
def block(embedder) -> LastBlock:
    """Its last block."""
    return embedder.last_block()


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
        found = one.last_block().features(trunk)
        np.testing.assert_allclose(found, one.extract(*cases), atol=1e-5)


def test_a_cases_features_do_not_depend_on_the_others(block):
    trunk = random_trunk(21, seed=1)
    together = block.features(trunk)
    apart = np.concatenate([block.features(trunk[i : i + 1]) for i in range(len(trunk))])
    np.testing.assert_array_equal(together, apart)


def test_a_signal_in_the_images_is_learnt_and_holds_for_new_patients(block):
    trunk, hidden = trunk_with_signal(300, seed=1)
    survival = follow_up(1.5 * hidden, seed=2)
    train, test = np.arange(200), np.arange(200, 300)
    tuned = finetune_last_block(
        block,
        trunk[train],
        survival.take(train),
        train,
        FineTuneSettings(epochs=10),
        np.random.default_rng(3),
    )
    score = tuned.risk_score(tuned.block.features(trunk[test]))
    assert tuned.best_epoch > 0
    assert tuned.held_back_loss.argmin() == tuned.best_epoch
    assert slow_concordance(score, survival.take(test)) > 0.65
    assert tuned.n_training_cases + tuned.n_held_back_cases == 200
    assert tuned.n_training_events + tuned.n_held_back_events == survival.take(train).event.sum()


def test_only_the_last_block_changes_and_the_given_network_not_at_all(embedder, block):
    trunk, hidden = trunk_with_signal(120, seed=1)
    before = {k: v.clone() for k, v in embedder.network.module.state_dict().items()}
    start = {k: v.copy() for k, v in block.state.items()}
    tuned = finetune_last_block(
        block,
        trunk,
        follow_up(hidden, seed=2),
        np.arange(120),
        FineTuneSettings(epochs=2, learning_rate=1e-3),
        np.random.default_rng(3),
    )
    assert tuned.best_epoch > 0
    assert all(np.array_equal(start[k], v) for k, v in block.state.items())
    trained = embedder.with_last_block(tuned.block)
    after = trained.network.module.state_dict()
    assert all(torch.equal(before[k], v) for k, v in embedder.network.module.state_dict().items())
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.startswith("layer4.1.") for key in changed)
    assert not any("running" in key for key in changed)
    assert trained.digest != embedder.digest
    assert trained.record.weights.source == "finetuned"
    assert trained.record.weights.sha256 == tuned.block.sha256


def test_the_network_with_the_trained_block_gives_the_blocks_features(embedder, block, hip):
    trunk, hidden = trunk_with_signal(60, seed=1)
    settings = FineTuneSettings(epochs=1, minimum_events=10)
    tuned = finetune_last_block(
        block, trunk, follow_up(hidden, 2), np.arange(60), settings, np.random.default_rng(3)
    )
    image, region = hip(1)
    maps = embedder.extract_trunk([image], [region], ["R"])
    found = embedder.with_last_block(tuned.block).extract([image], [region], ["R"])
    np.testing.assert_array_equal(found, tuned.block.features(maps))
    direct = embedder.network.with_last_block(tuned.block).features(
        next(embedder.batches([image], [region], ["R"]))[1]
    )
    np.testing.assert_allclose(found, direct, atol=2e-6)


def test_a_block_comes_back_from_its_bytes_to_the_last_bit(block):
    trained = replace(block, state={k: v * 2 for k, v in block.state.items()}, trained=True)
    again = replace(trained, state=state_from_bytes(block_to_bytes(trained)))
    assert again.sha256 == trained.sha256
    assert again.sha256 != block.sha256
    with pytest.raises(InputError, match=r"expected \.safetensors"):
        state_from_bytes(block_to_bytes(trained)[:-100])


def test_a_block_of_another_network_is_refused(embedder, block):
    with pytest.raises(InputError, match="the last block was trained, found resnet18"):
        embedder.with_last_block(replace(block, origin="0" * 64))
    with pytest.raises(InputError, match="expected the last block of a resnet50"):
        replace(block, backbone="resnet50").module()


def test_a_seed_gives_the_same_network_again(block):
    trunk, hidden = trunk_with_signal(120, seed=1)
    survival = follow_up(hidden, seed=2)

    def tune(seed):
        settings = FineTuneSettings(epochs=2)
        generator = np.random.default_rng(seed)
        return finetune_last_block(block, trunk, survival, np.arange(120), settings, generator)

    once, again, other = tune(1), tune(1), tune(2)
    np.testing.assert_array_equal(once.head, again.head)
    assert not np.array_equal(once.held_back_loss, other.held_back_loss)


def test_too_few_events_are_refused_with_what_to_do(block):
    trunk = random_trunk(60, seed=1)
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) < 20)
    with pytest.raises(
        ModelError, match=r"at least 30 events .* found 20 in 60.* leave deep\.fine"
    ):
        finetune_last_block(
            block,
            trunk,
            survival,
            np.arange(60),
            FineTuneSettings(),
            np.random.default_rng(0),
        )


def test_a_cohort_that_cannot_be_split_by_patient_is_refused(block):
    trunk = random_trunk(60, seed=1)
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) % 2 == 0)
    with pytest.raises(ModelError, match="among the training patients, found 0 in 0 cases"):
        finetune_last_block(
            block,
            trunk,
            survival,
            np.zeros(60),
            FineTuneSettings(),
            np.random.default_rng(0),
        )


def test_lengths_are_checked(block):
    survival = Survival(np.arange(1.0, 61.0), np.arange(60) % 2 == 0)
    with pytest.raises(InputError, match=r"found \(59, 1, 512, 1, 1\), 60 and 60"):
        finetune_last_block(
            block,
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
