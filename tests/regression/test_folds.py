"""Folds keep patients whole and share out the events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.regression.folds import assign_folds, random_folds


@given(
    st.integers(2, 6),
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=30, max_size=60),
    st.integers(0, 2**32 - 1),
)
def test_patients_stay_whole_and_events_are_shared_out(
    n_folds: int, patients: list[tuple[int, bool]], seed: int
) -> None:
    patients = [(cases, event or k < n_folds) for k, (cases, event) in enumerate(patients)]
    patient = np.repeat(np.arange(len(patients)), [cases for cases, _ in patients])
    event = np.repeat([event for _, event in patients], [cases for cases, _ in patients])
    folds = assign_folds(n_folds, patient, event, np.random.default_rng(seed))
    for who in np.unique(patient):
        assert np.unique(folds[patient == who]).size == 1
    events = np.bincount(folds, weights=event, minlength=n_folds)
    assert events.min() > 0
    assert np.ptp(events) <= 3  # no more than the largest patient
    assert np.bincount(folds, minlength=n_folds).min() > 1


def test_same_generator_same_folds() -> None:
    patient, event = np.arange(40) // 2, np.arange(40) % 3 == 0
    first = assign_folds(5, patient, event, np.random.default_rng(1))
    np.testing.assert_array_equal(first, assign_folds(5, patient, event, np.random.default_rng(1)))
    assert not np.array_equal(first, assign_folds(5, patient, event, np.random.default_rng(2)))


def test_too_few_patients_or_events_are_refused() -> None:
    rng = np.random.default_rng(0)
    event = np.ones(12, bool)
    with pytest.raises(InputError, match="two patients a fold"):
        assign_folds(5, np.arange(12) // 2, event, rng)
    with pytest.raises(InputError, match="2 patients with one"):
        assign_folds(3, np.arange(12), np.arange(12) < 2, rng)
    with pytest.raises(InputError, match="expected 2 at least"):
        assign_folds(1, np.arange(12), event, rng)


def test_random_folds_are_of_one_size() -> None:
    folds = random_folds(10, 212, np.random.default_rng(0))
    assert set(np.bincount(folds)) == {21, 22}
    with pytest.raises(InputError, match="two cases a fold"):
        random_folds(10, 19, np.random.default_rng(0))
