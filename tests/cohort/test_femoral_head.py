"""Femoral-head measures: the paper's formulas, the sources' levels, and impossible values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.cohort.femoral_head import (
    ARCO_STAGES,
    JIC_TYPES,
    collapsed,
    combined_necrotic_angle,
    index_limits,
    necrosis_degree_index,
    parse_arco,
    parse_jic,
)
from trephine.cohort.femoral_head_check import FemoralHeadColumns, check_femoral_head
from trephine.errors import InputError

arcs = st.floats(0, 180)


@pytest.mark.parametrize(
    ("spelling", "stage"),
    [
        ("I", "I"),
        ("ARCO stage II", "II"),
        ("3a", "IIIA"),
        ("iii-b", "IIIB"),
        ("Stage 4", "IV"),
        (2, "II"),
    ],
)
def test_arco_stage_is_read_from_its_usual_spellings(spelling: object, stage: str) -> None:
    assert parse_arco(spelling) == stage


@pytest.mark.parametrize("spelling", ["III", "3", "V", "", "IIIC", "I/II"])
def test_an_arco_stage_that_2019_does_not_know_is_refused(spelling: str) -> None:
    with pytest.raises(InputError, match="ARCO 2019: expected I, II, IIIA, IIIB, IV"):
        parse_arco(spelling)


def test_bare_stage_three_asks_for_the_two_millimetres() -> None:
    with pytest.raises(InputError, match="2 mm"):
        parse_arco("III")


@pytest.mark.parametrize(("spelling", "kind"), [("a", "A"), ("Type C1", "C1"), ("JIC c-2", "C2")])
def test_jic_type_is_read_from_its_usual_spellings(spelling: str, kind: str) -> None:
    assert parse_jic(spelling) == kind


def test_a_bare_c_asks_for_the_acetabular_edge() -> None:
    with pytest.raises(InputError, match="acetabular edge"):
        parse_jic("C")


def test_every_level_reads_as_itself() -> None:
    assert [parse_arco(stage) for stage in ARCO_STAGES] == list(ARCO_STAGES)
    assert [parse_jic(kind) for kind in JIC_TYPES] == list(JIC_TYPES)


def test_collapse_begins_with_arco_3b() -> None:
    assert [collapsed(stage) for stage in ARCO_STAGES] == [False, False, False, True, True]


def test_angle_and_index_of_a_hip_worked_by_hand() -> None:
    # A = 90, B = 120: sum 210; (90/180)(120/180)100 = 0.5 x 2/3 x 100.
    assert combined_necrotic_angle([90.0], [120.0]) == pytest.approx([210.0])
    assert necrosis_degree_index([90.0], [120.0]) == pytest.approx([100.0 / 3.0])


def test_a_missing_arc_gives_a_missing_measure() -> None:
    assert np.isnan(combined_necrotic_angle([np.nan, 10.0], [20.0, 20.0])).tolist() == [True, False]
    assert np.isnan(necrosis_degree_index([np.nan, 10.0], [20.0, 20.0])).tolist() == [True, False]


@given(arcs, arcs)
def test_the_index_stays_between_0_and_100_and_ignores_the_order(a: float, b: float) -> None:
    index = float(necrosis_degree_index(a, b))
    assert 0.0 <= index <= 100.0
    assert index == pytest.approx(float(necrosis_degree_index(b, a)))


@given(arcs, arcs)
def test_the_index_lies_within_the_limits_of_its_combined_angle(a: float, b: float) -> None:
    smallest, largest = index_limits(combined_necrotic_angle(a, b))
    index = float(necrosis_degree_index(a, b))
    assert smallest - 1e-9 <= index <= largest + 1e-9


@pytest.mark.parametrize("arc", [-1.0, 181.0, 360.0])
def test_an_impossible_arc_is_refused_with_its_row(arc: float) -> None:
    with pytest.raises(InputError, match=r"coronal \(A\) arc.*row 1 and 0 more"):
        combined_necrotic_angle([10.0, arc], [20.0, 20.0])


def test_arcs_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="equal shapes"):
        necrosis_degree_index([1.0, 2.0], [1.0])


COLUMNS = FemoralHeadColumns("arco", "jic", "a", "b", "angle", "index")


def sound_table() -> pd.DataFrame:
    a, b = np.array([60.0, 90.0, 120.0, np.nan]), np.array([80.0, 120.0, 150.0, 100.0])
    return pd.DataFrame(
        {
            "arco": ["I", "II", "IIIA", None],
            "jic": ["A", "B", "C1", "C2"],
            "a": a,
            "b": b,
            "angle": a + b,
            "index": np.round(necrosis_degree_index(a, b), 1),
        },
        index=range(2, 6),
    )


def test_a_sound_table_has_no_problems() -> None:
    assert check_femoral_head(sound_table(), COLUMNS) == []


def test_every_kind_of_impossible_value_is_found_at_its_row() -> None:
    table = sound_table()
    table.loc[2, "arco"] = "III"
    table.loc[3, "jic"] = "D"
    table.loc[4, "a"] = 200.0
    table.loc[3, "angle"] = 150.0
    table.loc[2, "index"] = 90.0
    places = {problem.where for problem in check_femoral_head(table, COLUMNS)}
    assert places == {
        "row 2, column arco",
        "row 3, column jic",
        "row 4, column a",
        "row 3, column angle",
        "row 2, column index",
    }


def test_an_index_on_the_papers_printed_scale_is_recognised() -> None:
    table = sound_table()
    table["index"] = table["a"] * table["b"] / 100.0
    over = [p for p in check_femoral_head(table, COLUMNS) if p.advice]
    assert [problem.where for problem in over] == ["row 3, column index", "row 4, column index"]
    assert "A x B / 100" in over[0].advice


def test_without_arcs_the_index_is_held_against_the_combined_angle() -> None:
    table = pd.DataFrame(
        {"angle": [200.0, 200.0, 300.0], "index": [30.0, 60.0, 20.0]}, index=[2, 3, 4]
    )
    columns = FemoralHeadColumns(combined_angle="angle", index="index")
    assert [p.where for p in check_femoral_head(table, columns)] == [
        "row 3, column index",
        "row 4, column index",
    ]


def test_a_collapsed_head_at_baseline_is_flagged_where_collapse_is_the_endpoint() -> None:
    table = pd.DataFrame({"arco": ["IIIA", "IIIB", "4"]}, index=[2, 3, 4])
    columns = FemoralHeadColumns(arco="arco")
    assert check_femoral_head(table, columns) == []
    found = check_femoral_head(table, columns, population="before collapse")
    assert [problem.where for problem in found] == ["row 3, column arco", "row 4, column arco"]
