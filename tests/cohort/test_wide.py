"""One row per patient becomes one row per case, with row numbers and names that stay the file's."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.cohort.follow_up import DateRules
from trephine.cohort.sides import side_of
from trephine.cohort.tidy import TidyRules, TidyTable, absent_names, tidy_table
from trephine.cohort.wide import pair_columns, to_long

TODAY = date(2026, 11, 1)
SIDES = {"R": ["R "], "L": ["L "]}


def sheet(**columns: list[str]) -> pd.DataFrame:
    named = {name.replace("__", " "): cells for name, cells in columns.items()}
    n = len(next(iter(named.values())))
    return pd.DataFrame(named, index=range(4, 4 + n), dtype="str")


def wide() -> pd.DataFrame:
    return sheet(
        no=["p1", "p2", "p3"],
        op=["2018-01-01", "2018-02-01", "2018-03-01"],
        last=["2021-01-01", "2021-01-01", "2021-01-01"],
        R__stage=["I", "", ""],
        R__failed=["", "", ""],
        R__done=["√", "", ""],
        L__stage=["II", "III", ""],
        L__failed=["2019-01-01", "", ""],
        L__done=["√", "yes", ""],
    )


def tidied(frame: pd.DataFrame, **more: object) -> TidyTable:
    rules = {
        "case": None,
        "patient": "no",
        "spellings": SIDES,
        "dates": DateRules("op", "last", "failed"),
        "unit": "days",
        **more,
    }
    return tidy_table(frame, "t.xlsx", TidyRules(**rules), TODAY)  # type: ignore[arg-type]


def test_a_patient_becomes_a_case_for_each_side_that_has_something() -> None:
    tidy = tidied(wide())
    assert list(tidy.frame["case"]) == ["p1-R", "p1-L", "p2-L"]
    assert list(tidy.frame["side"]) == ["R", "L", "L"]
    assert list(tidy.frame["stage"]) == ["I", "II", "III"]
    assert list(tidy.frame["time"]) == ["1096", "365", "1065"]
    assert list(tidy.frame["event"]) == ["0", "1", "0"]
    assert list(tidy.frame.index) == [4, 4, 5]
    assert "3 rows, 3 cases; 3 sides left out" in tidy.assumed[0]
    assert not tidy.problems


def test_a_named_column_says_which_sides_are_cases() -> None:
    frame = wide()
    frame.loc[6, "R done"] = "否"
    tidy = tidied(frame, operated="done")
    assert list(tidy.frame["case"]) == ["p1-R", "p1-L", "p2-L"]
    assert "not marked in 'done'" in tidy.assumed[0]
    odd = wide()
    odd.loc[4, "R done"] = "maybe"
    (problem,) = tidied(odd, operated="done").problems
    assert (problem.rows, problem.column, problem.found) == ((4,), "R done", "'maybe'")


def test_a_side_without_a_start_of_its_own_is_no_case() -> None:
    frame = wide().drop(columns="op")
    frame["R op"], frame["L op"] = ["2018-01-01", "", ""], ["2018-01-01", "2018-01-01", ""]
    frame.loc[5, "R stage"] = "0"  # looked at, not operated on
    tidy = tidied(frame)
    assert list(tidy.frame["case"]) == ["p1-R", "p1-L", "p2-L"]
    assert "no 'op'" in tidy.assumed[0]


def test_a_problem_of_a_side_names_the_row_and_column_of_the_file() -> None:
    frame = wide()
    frame.loc[4, "L failed"] = "soon"
    frame.loc[5, "last"] = "2017-01-01"
    problems = tidied(frame).problems
    assert [(p.rows, p.column) for p in problems] == [((4,), "L failed"), ((5,), "last")]


def test_every_made_or_changed_cell_is_listed() -> None:
    frame = wide()
    frame.loc[5, "last"] = "2021年1月1日"
    changes = tidied(frame).changes
    written = {(c.row, c.column, c.before, c.after) for c in changes}
    assert (5, "last", "2021年1月1日", "2021-01-01") in written
    assert (5, "time", "", "1065") in written
    assert (6, "side", "R", "") in written


def test_a_table_that_has_a_column_of_that_name_keeps_it() -> None:
    frame = wide()
    frame["side"] = ["both", "left", "none"]
    tidy = tidied(frame)
    assert tidy.side == "side_made"
    assert list(tidy.frame["side"]) == ["both", "both", "left"]


@pytest.mark.parametrize(
    ("names", "right", "left"),
    [
        (["R ARCO", "L ARCO"], ["R "], ["L "]),
        (["右ARCO", "左ARCO"], ["右"], ["左"]),
        (["ARCO_re", "ARCO_li"], ["_re"], ["_li"]),
        (["ARCO (right)", "ARCO (left)"], ["(right)"], ["(left)"]),
        (["Right ARCO", "left ARCO"], ["x", "right "], ["y", "left "]),
    ],
)
def test_columns_pair_by_how_they_begin_or_end(
    names: list[str], right: list[str], left: list[str]
) -> None:
    (pair,) = pair_columns(["BMI", *names, "Remark"], {"R": right, "L": left})
    assert (pair.name, pair.of) == ("ARCO", {"R": names[0], "L": names[1]})


def test_columns_that_pair_with_nothing_stay_shared() -> None:
    assert [p.name for p in pair_columns(["R x", "L x", "R y", "Rest"], SIDES)] == ["x"]


def test_a_table_without_pairs_or_with_a_name_twice_is_a_problem() -> None:
    long, problems = to_long(sheet(no=["1"], x=["2"]), "t", SIDES)
    assert long is None
    assert "pairs" in problems[0].expected
    clash = sheet(x=["1"], R__x=["2"], L__x=["3"])
    long, problems = to_long(clash, "t", SIDES)
    assert long is None
    assert "Rename" in problems[0].advice


def test_no_case_at_all_is_a_problem() -> None:
    empty = sheet(no=["p1"], R__x=[""], L__x=[""])
    assert "at least one side" in to_long(empty, "t", SIDES)[1][0].expected


def test_names_that_the_table_lacks_are_found_without_their_side() -> None:
    columns = list(wide().columns)
    rules = TidyRules(None, "no", spellings=SIDES, dates=DateRules("op", "last", "failed"))
    assert absent_names(columns, rules) == {}
    rules = TidyRules(None, "nr", spellings=SIDES, dates=DateRules("op", "last", "R failed"))
    assert absent_names(columns, rules) == {"patient": "nr", "event_date": "R failed"}


@given(st.lists(st.sampled_from(["", "I", "II"]), min_size=2, max_size=12))
def test_no_cell_of_a_side_is_lost_or_moved(cells: list[str]) -> None:
    right, left = cells[::2], cells[1::2] + [""] * (len(cells[::2]) - len(cells[1::2]))
    frame = sheet(no=[str(n) for n in range(len(right))], R__x=right, L__x=left)
    long, _ = to_long(frame, "t", SIDES)
    assert long is not None
    back = {
        (no, side): x
        for no, side, x in zip(long.frame["no"], long.sides, long.frame["x"], strict=True)
    }
    expected = {(str(n), "R"): x for n, x in enumerate(right) if x}
    expected |= {(str(n), "L"): x for n, x in enumerate(left) if x}
    assert back == expected


def test_sides_are_known_in_many_languages_and_not_guessed() -> None:
    right, left = ("R", "右", "re", "rechts", "Right hip", "правая"), ("l", "左", "li.", "左髋")
    assert {side_of(cell) for cell in right} == {"R"}
    assert {side_of(cell) for cell in left} == {"L"}
    assert {side_of(cell) for cell in ("", "d", "g", "1", "2", "both", "双侧")} == {None}
