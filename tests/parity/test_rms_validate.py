"""Validation and calibration of a Cox model against rms: validate, calibrate, groupkm, val.surv.

Columns that rms gets by bootstrap (training, test, optimism, corrected) are Monte Carlo and are
read against 0.02 only where the index is an apparent one.

``calibrate(cmethod = "hare")`` and ``val.surv``'s ``actual`` are fits of polspline's hazard
regression. On hips212 that fit has no maximum (a time knot at the first event, month 2, below which
nobody has one: the likelihood rises without end as that coefficient falls), so its numbers are
those of the place where Newton's steps end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.r_formula import Model, case_names, data_set
from parity.test_rms_cox import _nomogram_model
from trephine.evaluation.calibration import calibration_groups, grouping_codes
from trephine.evaluation.calibration_curve import smooth_observed
from trephine.evaluation.validation_indices import validation_indices
from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, Survival

BOUND = 1e-6
ADAPTIVE = "polspline::hare"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = case_names(metafunc.config, "05_rms")
    for fixture, part in {
        "validate_case": "_validate_",
        "calibrate_case": "_calibrate_KM_",
        "hare_case": "_calibrate_hare_",
        "groupkm_case": "_groupkm_",
        "val_surv_case": "_val_surv_",
    }.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, [name for name in names if part in name])


def _fitted(file: Any, reference: Path, case: str) -> tuple[CoxModel, Model, Survival]:
    """Return the model that the script's validations are about: the nomogram's."""
    prefix, _ = data_set(reference, case)
    fit, model = _nomogram_model(file, reference, prefix)
    return fit, model, Survival(model.time, model.event)


def _horizon(case: str) -> float:
    return float(
        next(word for word in case.split("_") if word[0] == "u" and word[1:].isdigit())[1:]
    )


def _event_free(file: Any, reference: Path, case: str) -> tuple[FloatArray, Survival]:
    fit, model, outcome = _fitted(file, reference, case)
    free = fit.predict_survival(model.design, [_horizon(case)]).survival_probability[:, 0]
    return free, outcome


def test_apparent_indices_equal_validate(
    validate_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    fit, model, outcome = _fitted(file, reference, validate_case)
    found = validation_indices(outcome, fit.predict_linear_predictor(model.design))
    by_name = {
        "Dxy": found.somers_dxy,
        "R2": found.r_squared,
        "Slope": found.slope,
        "D": found.discrimination,
        "U": found.unreliability,
        "Q": found.quality,
        "g": found.gini_mean_difference,
    }
    assert file[validate_case, "cols"][0] == "index.orig"
    assert "index.orig" in file[validate_case, "note"]
    table = file.array(validate_case, "table")
    values = [by_name[name] for name in file[validate_case, "rows"]]
    parity.compare("rms validate index.orig", validate_case, table[:, 0], values, bound=BOUND)


def _groups(free: FloatArray, outcome: Survival, horizon: float, k: int) -> FloatArray:
    """Return rms's columns from the lowest survival up: predicted, n, events, KM, its error."""
    groups = calibration_groups(outcome, 1.0 - free, horizon, groups=k, grouping="equal sizes")[
        ::-1
    ]
    code = grouping_codes(1.0 - free, k, "equal sizes")
    events = [int(outcome.event[code == c].sum()) for c in range(len(groups))][::-1]
    return np.array(
        [
            [
                1.0 - g.mean_event_probability,
                g.n,
                n_events,
                1.0 - g.observed.value,
                g.observed.standard_error / (1.0 - g.observed.value),
            ]
            for g, n_events in zip(groups, events, strict=True)
        ]
    )


def test_groups_equal_groupkm(
    groupkm_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    assert file[groupkm_case, "cols"] == ["x", "n", "events", "KM", "std.err"]
    table = file.array(groupkm_case, "table")
    free, outcome = _event_free(file, reference, groupkm_case)
    found = _groups(free, outcome, _horizon(groupkm_case), len(table))
    parity.compare("rms groupkm", groupkm_case, table, found, bound=BOUND)


def test_groups_equal_calibrate(
    calibrate_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    columns = file[calibrate_case, "cols"]
    assert "deterministic" in file[calibrate_case, "note"]
    table = file.array(calibrate_case, "table")
    free, outcome = _event_free(file, reference, calibrate_case)
    found = _groups(free, outcome, _horizon(calibrate_case), len(table))
    own = {
        "mean.predicted": found[:, 0],
        "KM": found[:, 3],
        "std.err": found[:, 4],
        "index.orig": found[:, 3] - found[:, 0],
    }
    for name, values in own.items():
        parity.compare(
            f"rms calibrate {name}",
            calibrate_case,
            table[:, columns.index(name)],
            values,
            bound=BOUND,
        )


def _observed_free(
    outcome: Survival, free: FloatArray, horizon: float, at: FloatArray
) -> FloatArray:
    return 1.0 - smooth_observed(outcome, 1.0 - free, horizon, 1.0 - at, "hazard regression")


def test_the_adaptive_curve_equals_calibrate(
    hare_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    assert ADAPTIVE in file[hare_case, "note"]
    columns = file[hare_case, "cols"]
    table = file.array(hare_case, "table")
    expected = {name: table[:, columns.index(name)] for name in columns}
    free, outcome = _event_free(file, reference, hare_case)
    grid = expected["pred"]
    assert free.min() - BOUND <= grid.min() < grid.max() <= free.max() + BOUND
    found = _observed_free(outcome, free, _horizon(hare_case), grid)
    for name, values in {"calibrated": found, "index.orig": found - grid}.items():
        parity.compare(f"rms calibrate hare {name}", hare_case, expected[name], values, bound=BOUND)


def test_predictions_equal_val_surv(
    val_surv_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    free, outcome = _event_free(file, reference, val_surv_case)
    first = free[:10]
    for name, values in {
        "p": first,
        "actual": _observed_free(outcome, free, _horizon(val_surv_case), first),
    }.items():
        expected = file.array(val_surv_case, f"{name}_first10")
        parity.compare(f"rms val.surv {name}", val_surv_case, expected, values, bound=BOUND)
