"""The luck of the training cases widens every interval out of fold, of differences too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from trephine.study.assess.training import (
    FEWEST_FOR_TRAINING,
    FEWEST_OF_A_KIND,
    TrainingLuck,
    widened,
)
from trephine.types import Estimate, FloatArray
from trephine.validation.bootstrap_optimism import BootstrapValidation

RNG = np.random.default_rng(2)
WITH, WITHOUT = ("radiomics",), ()


def luck(**values: FloatArray) -> TrainingLuck:
    """Of models that hold a signature in every bootstrap."""
    return mixed(
        dict.fromkeys(values, WITH),
        {model: (one, one, [WITH] * one.size) for model, one in values.items()},
    )


def mixed(
    reported: dict[str, tuple[str, ...]],
    bootstraps: dict[str, tuple[FloatArray, FloatArray, list[tuple[str, ...]]]],
) -> TrainingLuck:
    """Of models' figures on the original cases, on those left out, and the parts they hold."""
    found = SimpleNamespace(
        of=lambda model, index, horizon=None: SimpleNamespace(
            on_original=bootstraps[model][0], on_left_out=bootstraps[model][1]
        ),
        present={model: tuple(parts) for model, (_, _, parts) in bootstraps.items()},
    )
    return TrainingLuck(cast("BootstrapValidation", found), reported)


def half_without(original: float, left_out: float) -> tuple[FloatArray, FloatArray, list]:
    """A model that holds a signature in 120 of 200 bootstraps, with these figures in those."""
    has = np.arange(200) < 120
    RNG.shuffle(has)
    return (
        np.where(has, RNG.normal(original, 0.03, 200), 0.5),
        np.where(has, RNG.normal(left_out, 0.08, 200), 0.5),
        [WITH if one else WITHOUT for one in has],
    )


def test_it_is_the_deviation_of_a_normal_spread_and_a_few_lost_signatures_do_not_move_it() -> None:
    values = RNG.normal(0.7, 0.03, 2000)
    assert luck(a=values).error("a", "concordance") == pytest.approx(0.03, rel=0.05)
    values[:120] = 0.4
    assert luck(a=values).error("a", "concordance") == pytest.approx(0.03, rel=0.15)
    assert values.std() > 0.05


def test_two_models_that_share_their_luck_differ_without_it() -> None:
    values = RNG.normal(0.7, 0.03, 200)
    both = luck(a=values, b=values + 0.02)
    assert both.difference_error("a", "b", "concordance") == pytest.approx(0.0, abs=1e-12)


def test_without_bootstraps_enough_it_is_left_out() -> None:
    assert TrainingLuck(None).error("a", "concordance") == 0.0
    few = luck(a=np.r_[np.full(50, np.nan), RNG.normal(size=FEWEST_FOR_TRAINING - 1)])
    assert few.error("a", "concordance") == 0.0
    alone = Estimate(0.7, 0.6, 0.8, 0.95, 0.05)
    assert widened(alone, 0.0) == alone
    wider = widened(alone, 0.05)
    assert wider.high - wider.value == pytest.approx(1.96 * 0.05 * np.sqrt(2), rel=1e-3)


@pytest.mark.parametrize("reported", [WITH, WITHOUT])
def test_the_luck_is_that_of_the_reported_kind_and_its_distance_from_the_mean_of_all(
    reported: tuple[str, ...],
) -> None:
    original, left_out, parts = half_without(0.66, 0.6)
    found = mixed({"a": reported}, {"a": (original, left_out, parts)}).error("a", "concordance")
    own = [b for b in range(200) if parts[b] == reported]
    first, third = np.percentile([original[b] for b in own], [25, 75])
    away = sum(left_out) / 200 - sum(left_out[b] for b in own) / len(own)
    assert found == pytest.approx(np.sqrt(((third - first) / 1.34898) ** 2 + away**2), rel=1e-4)
    # All bootstraps together, two clumps far apart, would say far more.
    first, third = np.percentile(original, [25, 75])
    assert (third - first) / 1.34898 > 1.8 * found


def test_what_a_signature_owes_to_its_own_training_cases_widens_nothing() -> None:
    original, left_out, parts = half_without(0.55, 0.5)
    modest = mixed({"a": WITH}, {"a": (original, left_out, parts)}).error("a", "concordance")
    boastful = np.where([one == WITH for one in parts], original + 0.2, original)
    found = mixed({"a": WITH}, {"a": (boastful, left_out, parts)}).error("a", "concordance")
    assert found == pytest.approx(modest, rel=1e-9)


def test_where_every_bootstrap_is_of_the_reported_kind_the_figures_left_out_do_not_matter() -> None:
    original = RNG.normal(0.7, 0.03, 200)
    parts = [WITH] * 200
    one, other = (
        mixed({"a": WITH}, {"a": (original, RNG.normal(0.6, 0.1, 200), parts)}) for _ in range(2)
    )
    assert one.error("a", "concordance") == other.error("a", "concordance")
    first, third = np.quantile(original, (0.25, 0.75))
    assert one.error("a", "concordance") == pytest.approx((third - first) / 1.34898, rel=1e-5)


def test_of_few_of_the_kind_the_plain_deviation_counts_and_of_hardly_any_that_of_all() -> None:
    original = np.r_[RNG.normal(0.66, 0.03, FEWEST_FOR_TRAINING - 1), np.full(100, 0.5)]
    left_out = np.full(original.size, 0.5)

    def found(count: int) -> float:
        parts = [WITH if b < count else WITHOUT for b in range(original.size)]
        return mixed({"a": WITH}, {"a": (original, left_out, parts)}).error("a", "concordance")

    for count in (FEWEST_FOR_TRAINING - 1, FEWEST_OF_A_KIND):
        assert found(count) == pytest.approx(np.std(original[:count], ddof=1))
    assert found(FEWEST_OF_A_KIND - 1) == pytest.approx(np.std(original, ddof=1))


def test_a_difference_is_of_the_bootstraps_in_which_both_models_are_of_the_reported_kind() -> None:
    clinical = RNG.normal(0.65, 0.04, 200)
    clinical_out = RNG.normal(0.62, 0.08, 200)
    gain, gain_out, parts = half_without(0.58, 0.55)
    # Without a signature the second model is the first.
    both = (clinical + gain - 0.5, clinical_out + gain_out - 0.5, parts)
    kinds = {"Clinical": ("clinical",), "Both": WITH}
    bootstraps = {"Clinical": (clinical, clinical_out, [("clinical",)] * 200), "Both": both}
    found = mixed(kinds, bootstraps).difference_error("Clinical", "Both", "concordance")
    alone = mixed({"a": WITH}, {"a": (gain, gain_out, parts)}).error("a", "concordance")
    assert found == pytest.approx(alone, rel=1e-9)
