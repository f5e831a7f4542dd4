from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.concordance import compare_concordance, concordance_index
from trephine.survival.concordance import concordance
from trephine.types import Survival


def _cases() -> tuple[Survival, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    good, noise = generator.normal(size=200), generator.normal(size=200)
    survival = Survival(generator.exponential(np.exp(-good)), generator.random(200) < 0.6)
    return survival, good, noise, np.repeat(np.arange(100), 2)


def test_the_interval_is_symmetric_about_the_estimate() -> None:
    survival, good, _, patient = _cases()
    found = concordance_index(survival, good, cluster=patient, level=0.9)
    kernel = concordance(survival.time, survival.event, good, cluster=patient)
    assert found.value == kernel.estimate
    assert found.high - found.value == pytest.approx(1.6448536269514722 * kernel.standard_error)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_two_scores_are_compared_on_their_joint_distribution() -> None:
    survival, good, noise, patient = _cases()
    found = compare_concordance(survival, noise, good, cluster=patient)
    assert found.difference.value == pytest.approx(found.second.value - found.first.value)
    variance = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
    assert found.difference.standard_error == pytest.approx(np.sqrt(variance))
    assert found.p_value < 0.01
    swapped = compare_concordance(survival, good, noise, cluster=patient)
    assert swapped.z == pytest.approx(-found.z)
    assert swapped.p_value == pytest.approx(found.p_value)
    alone = concordance_index(survival, good, cluster=patient)
    assert found.second.low == pytest.approx(alone.low)


def test_scores_that_order_cases_alike_do_not_differ() -> None:
    survival, good, _, _ = _cases()
    found = compare_concordance(survival, good, np.exp(good))
    assert found.difference.value == 0
    assert np.isnan(found.z)


def test_pairs_after_the_horizon_do_not_count() -> None:
    survival, good, _, _ = _cases()
    horizon = float(np.median(survival.time))
    cut = Survival(
        np.minimum(survival.time, horizon * (1 + 1e-6)),
        survival.event & (survival.time <= horizon),
    )
    assert concordance_index(survival, good, horizon=horizon).value == pytest.approx(
        concordance_index(cut, good).value
    )
    uno = concordance_index(survival, good, time_weight="n/G2", horizon=horizon)
    assert uno.value != concordance_index(survival, good, horizon=horizon).value


def test_levels_are_checked() -> None:
    survival, good, noise, _ = _cases()
    with pytest.raises(InputError, match="level"):
        concordance_index(survival, good, level=95)
    with pytest.raises(InputError, match="level"):
        compare_concordance(survival, good, noise, level=0)
