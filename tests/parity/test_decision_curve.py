"""Decision curves against dcurves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.evaluation_inputs import risk_case, survival_of
from parity.r_formula import case_names, data_set
from trephine.evaluation.decision_curve import TREAT_ALL, TREAT_NONE, decision_curves
from trephine.regression.cox import CoxModel

BOUND = 1e-10
OWN_NAMES = {"all": TREAT_ALL, "none": TREAT_NONE}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        names = case_names(metafunc.config, "08_dca")
        metafunc.parametrize("case", [name for name in names if name != "as_probability_check"])


def test_curves_equal_dca(case: str, expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("08_dca")
    variable = np.array(file[case, "variable"])
    threshold, harm = file.array(case, "threshold"), file.array(case, "harm")
    names = [name for name in dict.fromkeys(variable.tolist()) if name not in OWN_NAMES]
    cases = {name: risk_case(reference, name, case) for name in names}
    outcome = next(iter(cases.values()))[0]
    curves = decision_curves(
        outcome,
        {name: risk for name, (_, risk) in cases.items()},
        float(file[case, "time"]),
        threshold[variable == "all"],
        harm={name: float(harm[variable == name][0]) for name in names},
    )
    for name in dict.fromkeys(variable.tolist()):
        curve, rows = curves[OWN_NAMES.get(name, name)], variable == name
        found = {
            "pos_rate": np.full(rows.sum(), curve.event_rate),
            "tp_rate": curve.true_positive_rate,
            "fp_rate": curve.false_positive_rate,
            "net_benefit": curve.net_benefit,
            "net_intervention_avoided": curve.interventions_avoided,
        }
        for key, values in found.items():
            expected = file.array(case, key)[rows]
            # R's NA: besides threshold 0, where nobody acted on was followed up to the horizon
            # (ours is NaN too) or nobody's follow-up ends before it (ours is the plain answer).
            known = ~np.isnan(expected)
            parity.compare(
                f"dcurves {key}", f"{case} {name}", expected[known], values[known], bound=BOUND
            )
        np.testing.assert_array_equal(harm[rows], curve.harm)


def test_dcurves_gives_survival_where_it_says_risk(
    expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("08_dca")
    check = "as_probability_check"
    if not file.has(check):
        pytest.skip("no check of as_probability in this folder")
    try:
        _, table = data_set(reference, "hips")
    except LookupError as error:
        pytest.skip(str(error))
    outcome = survival_of(table)
    model = CoxModel().fit(table[["f01"]], outcome)
    free = model.predict_survival(table[["f01"]].iloc[:5], [36.0]).survival_probability[:, 0]
    wrong = file.array(check, "convert_to_risk_first5")
    right = file.array(check, "one_minus_S_first5")
    parity.compare("dcurves as_probability: 1 - S(t)", "hips", right, 1.0 - free, bound=BOUND)
    parity.compare("dcurves as_probability: its S(t)", "hips", wrong, free, bound=BOUND)
