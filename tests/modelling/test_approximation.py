"""A short signature follows the long one, and shares of variance add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.modelling.approximation import approximate, contributions
from trephine.modelling.signature import Signature, empty_signature

N, P = 80, 60
NAMES = tuple(f"f{j}" for j in range(P))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def values_of(rng: np.random.Generator) -> np.ndarray:
    """Correlated features: five latent ones and noise."""
    latent = rng.standard_normal((N, 5))
    return latent @ rng.standard_normal((5, P)) + 0.3 * rng.standard_normal((N, P))


def signature_of(values: np.ndarray, weights: np.ndarray) -> Signature:
    return Signature(
        feature_set="radiomics",
        names=NAMES,
        weights=weights,
        centre=values.mean(axis=0),
        scale=values.std(axis=0, ddof=1),
        low=values.min(axis=0),
        high=values.max(axis=0),
        reach=3.0,
    )


def test_follows_the_long_score(rng: np.random.Generator) -> None:
    values = values_of(rng)
    long = signature_of(values, rng.normal(0, 0.05, P))
    found = approximate(long, values, NAMES)
    short = found.signature.score(values, NAMES)
    r = np.corrcoef(short, long.score(values, NAMES))[0, 1]
    assert 1 <= len(found.signature.names) <= 15
    assert r**2 == pytest.approx(found.r_squared, abs=1e-10)
    assert found.r_squared >= 0.95
    assert all(a < b for a, b in zip(found.explained, found.explained[1:], strict=False))


def test_each_step_takes_the_feature_that_explains_most(rng: np.random.Generator) -> None:
    """The slow version: every subset that is one longer, each fitted by least squares."""
    values = values_of(rng)
    long = signature_of(values, rng.normal(0, 0.05, P))
    z = long.standardise(values, NAMES)
    score = z @ long.weights

    def explained(columns: list[int]) -> float:
        fit, *_ = np.linalg.lstsq(z[:, columns], score, rcond=None)
        return 1 - np.var(score - z[:, columns] @ fit) / np.var(score)

    chosen: list[int] = []
    for _ in range(4):
        chosen.append(max(range(P), key=lambda j: explained([*chosen, j])))
    found = approximate(long, values, NAMES, most=4, enough=1.0)
    assert found.signature.names == tuple(NAMES[j] for j in chosen)
    assert found.r_squared == pytest.approx(explained(chosen), abs=1e-10)


def test_a_signature_of_few_features_stands_for_itself(rng: np.random.Generator) -> None:
    values = values_of(rng)
    weights = np.zeros(P)
    long = signature_of(values, weights)
    few = replace(
        long,
        names=NAMES[:3],
        weights=np.array([0.2, -0.1, 0.3]),
        **{part: getattr(long, part)[:3] for part in ("centre", "scale", "low", "high")},
    )
    assert approximate(few, values, NAMES).signature is few
    assert approximate(few, values, NAMES).r_squared == 1.0
    assert approximate(empty_signature("radiomics"), values, NAMES).signature.empty


def test_copies_of_a_feature_are_taken_once(rng: np.random.Generator) -> None:
    values = np.repeat(rng.standard_normal((N, 2)), P // 2, axis=1)
    long = signature_of(values, np.full(P, 0.1))
    found = approximate(long, values, NAMES, enough=1.0)
    assert len(found.signature.names) == 2
    assert found.r_squared == pytest.approx(1.0, abs=1e-12)


def test_shares_add_up_to_one(rng: np.random.Generator) -> None:
    values = values_of(rng)
    long = signature_of(values, rng.normal(0, 0.05, P))
    shares = contributions(long, values, NAMES)
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)
    score = long.score(values, NAMES)
    part = long.weights[7] * long.standardise(values, NAMES)[:, 7]
    assert shares[7] == pytest.approx(np.cov(part, score)[0, 1] / np.var(score, ddof=1))


def test_unrelated_features_share_by_their_squared_weights(rng: np.random.Generator) -> None:
    values = rng.standard_normal((N, P))
    values, _ = np.linalg.qr(values - values.mean(axis=0))
    weights = rng.normal(0, 1, P)
    shares = contributions(signature_of(values, weights), values, NAMES)
    assert shares == pytest.approx(weights**2 / np.sum(weights**2), abs=1e-12)
