"""Between which visits an event lies, from times and from dates, and what cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trephine.cohort.tidy import TidyRules, TidyTable, tidy_table
from trephine.cohort.visits import VisitRules


def tidied(cells: dict[str, list[str]], start: str | None = None) -> TidyTable:
    n = len(next(iter(cells.values())))
    frame = pd.DataFrame({"case": [f"c{k}" for k in range(n)], **cells}, dtype="str")
    frame.index = pd.Index(range(2, n + 2))
    rules = TidyRules("case", visits=VisitRules("intact", "seen", start))
    return tidy_table(frame, "t.csv", rules)


def numbers(tidy: TidyTable, column: str | None) -> list[float]:
    assert column is not None
    return [float(cell) if cell else np.nan for cell in tidy.frame[column]]


def test_visits_become_times_with_the_event() -> None:
    tidy = tidied({"intact": ["6", "12", "", ""], "seen": ["", "18", "3.5", ""]})
    assert not tidy.problems
    np.testing.assert_equal(numbers(tidy, tidy.last_intact), [6, 12, 0, np.nan])
    np.testing.assert_equal(numbers(tidy, tidy.first_seen), [np.nan, 18, 3.5, np.nan])
    np.testing.assert_equal(numbers(tidy, tidy.event), [0, 1, 1, np.nan])
    np.testing.assert_equal(numbers(tidy, tidy.time), [6, 18, 3.5, np.nan])
    assert any("1 with the event have no 'intact'" in said for said in tidy.assumed)


def test_dates_count_from_the_start() -> None:
    tidy = tidied(
        {"op": ["2020-01-01"] * 2, "intact": ["2020-07-01", ""], "seen": ["2021-01-01"] * 2},
        start="op",
    )
    assert not tidy.problems
    assert numbers(tidy, tidy.last_intact) == [182 / 30.4375, 0]
    assert numbers(tidy, tidy.first_seen) == [366 / 30.4375] * 2


def test_visits_out_of_order_are_listed_by_row() -> None:
    tidy = tidied({"intact": ["12", "-1", "0", "x", "5"], "seen": ["6", "4", "", "9", "0"]})
    said = [(one.column, one.rows, one.found) for one in tidy.problems]
    assert ("seen", (2,), "one before it") in said
    assert ("intact", (3,), "one before it") in said
    assert ("intact", (4,), "none after it") in said
    assert ("seen", (6,), "none after it") in said
    assert any(one.rows == (5,) for one in tidy.problems)
    assert len(said) == 5


def test_a_date_needs_the_start_and_stands_after_it() -> None:
    tidy = tidied(
        {"op": ["", "2020-03-01"], "intact": ["2020-07-01", "2020-02-01"], "seen": ["", ""]},
        start="op",
    )
    said = [(one.column, one.rows) for one in tidy.problems]
    assert said == [("op", (2,)), ("intact", (3,))]
