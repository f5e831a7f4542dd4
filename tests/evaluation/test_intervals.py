from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.intervals import patient_bootstrap
from trephine.types import IntArray


def test_a_draw_holds_all_cases_of_a_patient_or_none() -> None:
    patient = np.array(["a", "b", "a", "c", "b", "a"])
    rows_of = {label: set(np.flatnonzero(patient == label)) for label in "abc"}

    def whole_patients(rows: IntArray) -> float:
        counts = np.bincount(rows, minlength=6)
        return float(all(len({counts[i] for i in members}) == 1 for members in rows_of.values()))

    drawn = patient_bootstrap(whole_patients, patient, 50, np.random.default_rng(0))
    assert (drawn.draws == 1.0).all()
    assert (drawn.n_patients, drawn.n) == (3, 6)


def test_the_error_of_a_mean_is_right_and_that_of_doubled_cases_no_smaller() -> None:
    values = np.random.default_rng(1).normal(size=200)
    own = patient_bootstrap(
        lambda rows: values[rows].mean(), np.arange(200), 400, np.random.default_rng(2)
    ).estimate()
    assert own.standard_error == pytest.approx(values.std() / np.sqrt(200), rel=0.15)
    assert own.low < own.value < own.high
    doubled = np.repeat(values, 2)
    by_patient = patient_bootstrap(
        lambda rows: doubled[rows].mean(),
        np.repeat(np.arange(200), 2),
        400,
        np.random.default_rng(2),
    ).estimate()
    assert by_patient.standard_error == pytest.approx(own.standard_error, rel=1e-9)


def test_draws_without_an_answer_are_left_out_until_they_are_too_many() -> None:
    def sometimes(rows: IntArray) -> float:
        if 0 in rows:
            return 1.0
        raise InputError("no event in this draw")

    rare = patient_bootstrap(sometimes, np.zeros(5), 20, np.random.default_rng(0))
    assert rare.estimate().low == 1.0
    often = patient_bootstrap(sometimes, np.arange(30), 200, np.random.default_rng(0))
    assert np.isnan(often.estimate().low)
    assert often.estimate().value == 1.0


def test_no_repeats_are_refused() -> None:
    with pytest.raises(InputError, match="repeats"):
        patient_bootstrap(lambda rows: rows.size, np.arange(4), 0, np.random.default_rng(0))
