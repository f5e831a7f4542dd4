"""The luck of the training cases widens every interval out of fold, of differences too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from trephine.study.assess.training import FEWEST_FOR_TRAINING, TrainingLuck, widened
from trephine.types import Estimate, FloatArray
from trephine.validation.bootstrap_optimism import BootstrapValidation

RNG = np.random.default_rng(2)


def luck(**values: FloatArray) -> TrainingLuck:
    found = SimpleNamespace(
        of=lambda model, index, horizon=None: SimpleNamespace(on_original=values[model])
    )
    return TrainingLuck(cast("BootstrapValidation", found))


def test_it_is_the_deviation_of_a_normal_spread_and_a_few_lost_signatures_do_not_move_it() -> None:
    values = RNG.normal(0.7, 0.03, 2000)
    assert luck(a=values).error("a", "concordance") == pytest.approx(0.03, rel=0.05)
    values[:120] = 0.5
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
