"""Values that a program gives are typed as a table of one row types them, or left to its reader."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalVariable
from trephine.cohort.typed_values import typed_clinical
from trephine.study.locked.case_row import one_row

VARIABLES = {
    "age": ClinicalVariable(unit="years", range=(0.0, 120.0)),
    "stage": ClinicalVariable(levels=("I", "II", "3")),
    "angle": ClinicalVariable(column="Angle (deg)", unit="deg"),
    "necrotic": ClinicalVariable(measure="necrosis_degree_index", arcs=("arc_a", "arc_b")),
    "combined": ClinicalVariable(measure="combined_necrotic_angle", arcs=("arc_a", "arc_c")),
}
ODD = (None, float("nan"), float("inf"), True, "", "II", "3", 3, 3.0, "50", "50 years", -1.0, 121.0,
       1e300, 12345678901234567, 0.1 + 0.2, 1e-7)  # fmt: skip
COLUMNS = ("age", "stage", "Angle (deg)", "arc_a", "arc_b", "arc_c")


def some_case(rng: np.random.Generator) -> dict[str, object]:
    """Return a case, mostly of plain values."""
    case: dict[str, object] = {
        "age": float(rng.uniform(0, 120)),
        "stage": ("I", "II", "3")[int(rng.integers(3))],
        "Angle (deg)": int(rng.integers(90, 300)),
        **{arc: float(rng.uniform(0, 180)) for arc in ("arc_a", "arc_b", "arc_c")},
        "other": "x",
    }
    for column in COLUMNS:
        if rng.random() < 0.08:
            case[column] = ODD[int(rng.integers(len(ODD)))]
        elif rng.random() < 0.01:
            del case[column]
    if rng.random() < 0.05:
        case["necrotic"] = 40.0
    return case


def test_a_value_is_the_one_that_a_table_of_one_row_would_hold() -> None:
    rng = np.random.default_rng(2)
    typed = left = 0
    for _ in range(600):
        case = some_case(rng)
        found = typed_clinical(case, VARIABLES)
        if found is None:
            left += 1
            continue
        typed += 1
        table, problems = read_clinical(one_row(case), VARIABLES, "case", locked=True)
        assert problems == []
        for key in VARIABLES:
            np.testing.assert_array_equal(found.values(key), table.values(key), err_msg=key)
    assert typed > 250
    assert left > 50


@pytest.mark.parametrize("given", ["50", "50 years", "", True, float("inf"), 121.0, -1, 1e15])
def test_what_has_to_be_read_or_refused_is_left_to_the_reader(given: object) -> None:
    assert typed_clinical({"age": given}, {"age": VARIABLES["age"]}) is None
    assert typed_clinical({"age": 50.0}, {"age": VARIABLES["age"]}) is not None


@pytest.mark.parametrize(
    "how", [{"read": {"50.0": "40"}}, {"strip": ["0"]}, {"decimal": ","}, {"thousands": "."}]
)
def test_where_the_plan_says_how_cells_are_read_nothing_is_taken_as_it_is(how: object) -> None:
    assert isinstance(how, dict)
    assert typed_clinical({"age": 50.0}, {"age": ClinicalVariable(**how)}) is None
