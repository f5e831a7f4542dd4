"""Sample size: the published worked example, and each criterion by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.sample_size import (
    cases_for_shrinkage,
    largest_r2,
    sample_size,
    supported_parameters,
)

# Recurrence of venous thromboembolism: 30 parameters, 0.065 events a year, 2.07 years, horizon 2.
EXAMPLE = {"event_rate": 0.065, "mean_follow_up": 2.07, "horizon": 2.0}


def test_the_worked_example_of_riley_et_al() -> None:
    found = sample_size(30, **EXAMPLE, r2=0.051)
    assert found.n == found.shrinkage_n == 5143
    assert found.events == 692
    assert found.events_per_parameter == pytest.approx(23.07, abs=0.01)
    # pmsampsize rounds person-time and events before it takes the logarithm.
    assert found.r2_difference_n == pytest.approx(1039, abs=2)


def test_the_risk_is_known_to_the_margin_and_one_case_less_is_too_few() -> None:
    n = sample_size(1, **EXAMPLE, r2=0.4).risk_n
    risk = 1 - np.exp(-0.065 * 2)

    def widest(cases: int) -> float:
        error = 1.959963984540054 * np.sqrt(0.065 / (cases * 2.07))
        limits = 1 - np.exp(-(0.065 + np.array([-error, error])) * 2)
        return float(np.abs(limits - risk).max())

    assert widest(n) <= 0.05 < widest(n - 1)


def test_the_number_of_parameters_that_a_sample_supports_inverts_the_criterion() -> None:
    for parameters in (3, 10, 40):
        n = cases_for_shrinkage(parameters, 0.1, 0.9)
        assert supported_parameters(n, 0.1) == parameters
        assert supported_parameters(n - 1, 0.1) == parameters - 1


def test_more_signal_needs_fewer_cases_and_more_parameters_more() -> None:
    n = [sample_size(p, **EXAMPLE, r2=r2).n for p, r2 in ((10, 0.2), (10, 0.1), (20, 0.1))]
    assert n == sorted(n)


def test_without_an_r2_fifteen_percent_of_the_largest_is_taken() -> None:
    found = sample_size(10, **EXAMPLE)
    assert found.r2 == pytest.approx(0.15 * largest_r2(0.065 * 2.07))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"event_rate": 0.0}, "event rate: expected a number > 0"),
        ({"r2": 0.9}, "R2: expected a number between 0 and"),
        ({"r2": -0.1}, "R2: expected a number between 0 and"),
    ],
)
def test_impossible_numbers_are_refused(changed: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sample_size(10, **{**EXAMPLE, **changed})
