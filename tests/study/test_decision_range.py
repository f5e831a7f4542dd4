"""Decision curves are drawn over the thresholds that the plan names."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.study.assess.benefit_draws import decision_thresholds


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.99), (0.1, 0.4), (0.125, 0.333), (0.07, 0.29)])
def test_every_hundredth_of_the_range_and_its_ends_are_thresholds(low: float, high: float) -> None:
    found = decision_thresholds(low, high)
    assert found[0] == low
    assert found[-1] == high
    assert (np.diff(found) <= 0.01 + 1e-12).all()
    assert (np.diff(found) > 1e-6).all()
