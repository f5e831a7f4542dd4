"""Dates as people write them are read; what could be two dates is never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.cohort.date_forms import candidates
from trephine.cohort.dates import DateColumn, read_dates
from trephine.cohort.follow_up import DateRules, follow_up

TODAY = date(2026, 11, 1)
MONTHS = "January February March April May June July August September October November December"
MONTHS_DE = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
MONTHS_ES = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
)
MONTHS_RU = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"


def named(names: str, day: date) -> str:
    return names.split()[day.month - 1]


# Every form whose order is plain from the text itself.
PLAIN: dict[str, Callable[[date], str]] = {
    "iso": lambda d: d.isoformat(),
    "clock": lambda d: f"{d.isoformat()} 00:00:00",
    "zone": lambda d: f"{d.isoformat()}T08:30:00Z",
    "points": lambda d: f"{d.year}.{d.month}.{d.day}",
    "korean points": lambda d: f"{d.year}. {d.month}. {d.day}.",
    "slashes": lambda d: f"{d.year}/{d.month}/{d.day}",
    "Chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "Chinese spoken": lambda d: f"{d.year}年{d.month:02d}月{d.day:02d}号",
    "Korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일",
    "Heisei": lambda d: f"平成{d.year - 1988}年{d.month}月{d.day}日",
    "Heisei in short": lambda d: f"H{d.year - 1988}.{d.month:02d}.{d.day:02d}",
    "Heisei with points": lambda d: f"平成{d.year - 1988}/{d.month}/{d.day}",
    "eight digits": lambda d: f"{d:%Y%m%d}",
    "full width": lambda d: f"{d:%Y/%m/%d}".translate({48 + n: 0xFF10 + n for n in range(10)}),
    "American": lambda d: f"{named(MONTHS, d)[:3]} {d.day}, {d.year}",
    "American whole": lambda d: f"{named(MONTHS, d)} {d.day} {d.year}",
    "English": lambda d: f"{d.day}-{named(MONTHS, d)[:3]}-{d.year}",
    "English short": lambda d: f"{d.day}-{named(MONTHS, d)[:3]}-{d:%y}",
    "English ordinal": lambda d: f"{d.day}th {named(MONTHS, d)} {d.year}",
    "year and name": lambda d: f"{d.year}-{named(MONTHS, d)[:3].upper()}-{d.day:02d}",
    "German": lambda d: f"{d.day}. {named(MONTHS_DE, d)} {d.year}",
    "French": lambda d: f"{d.day} {named(MONTHS_FR, d)} {d.year}",
    "Spanish": lambda d: f"{d.day} de {named(MONTHS_ES, d)} de {d.year}",
    "Russian": lambda d: f"{d.day} {named(MONTHS_RU, d)} {d.year} г.",
    "Excel": lambda d: str((d - date(1899, 12, 30)).days),
}
# Forms whose order the column or the study file must settle.
OPEN: dict[str, tuple[str, Callable[[date], str]]] = {
    "German numbers": ("dmy", lambda d: f"{d.day:02d}.{d.month:02d}.{d.year}"),
    "English numbers": ("dmy", lambda d: f"{d.day}/{d.month}/{d.year}"),
    "American numbers": ("mdy", lambda d: f"{d.month}/{d.day}/{d.year}"),
    "German short": ("dmy", lambda d: f"{d.day}.{d.month}.{d:%y}"),
    "year first short": ("ymd", lambda d: f"{d:%y-%m-%d}"),
    "digits, day first": ("dmy", lambda d: f"{d:%d%m%Y}"),
}
days = st.dates(date(1990, 1, 1), date(2018, 12, 31))


def read(cells: list[str], **settings: object) -> DateColumn:
    rows = range(2, len(cells) + 2)
    names = ["seen"] * len(cells)
    return read_dates(cells, rows, "t.csv", names, today=TODAY, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", PLAIN)
@given(written=st.lists(days, min_size=1, max_size=4))
def test_a_date_in_a_plain_form_reads_back(form: str, written: list[date]) -> None:
    found = read([PLAIN[form](day) for day in written])
    assert not found.problems
    assert found.texts() == [day.isoformat() for day in written]


@pytest.mark.parametrize("form", OPEN)
@given(written=st.lists(days, min_size=1, max_size=4))
def test_a_date_in_an_open_form_reads_back_in_the_stated_order(
    form: str, written: list[date]
) -> None:
    order, write = OPEN[form]
    found = read([write(day) for day in written], order=order)
    assert not found.problems
    assert found.texts() == [day.isoformat() for day in written]


def test_the_first_year_of_an_era_and_the_eras_before_and_after_are_known() -> None:
    written = {"R1.5.1": (2019, 5, 1), "令和元/5/1": (2019, 5, 1), "S64-1-7": (1989, 1, 7)}
    for text, day in written.items():
        found = candidates(text)
        assert found is not None, text
        assert set(found.dates.values()) == {date(*day)}
    for text in ("R1.5", "H1.5-1", "T1.2.3", "H101.2.3"):
        assert candidates(text) is None, text


@pytest.mark.parametrize("form", OPEN)
@given(written=st.lists(days, min_size=1, max_size=6))
def test_an_open_form_is_read_right_or_asked_and_never_guessed(
    form: str, written: list[date]
) -> None:
    found = read([OPEN[form][1](day) for day in written])
    for text, day in zip(found.texts(), written, strict=True):
        # Without a second reading in any cell a column may be read; it is then read right.
        assert text in ("", day.isoformat())
    assert ("" in found.texts()) == bool(found.problems)


def test_a_cell_with_one_reading_settles_the_column_and_that_is_said() -> None:
    found = read(["05.06.2021", "23.10.2021"])
    assert found.texts() == ["2021-06-05", "2021-10-23"]
    assert "day, month, year" in found.assumed[0]


def test_cells_that_contradict_each_other_leave_the_others_asked() -> None:
    found = read(["05/06/2021", "23/10/2021", "10/23/2021"])
    assert found.texts() == ["", "2021-10-23", "2021-10-23"]
    (problem,) = found.problems
    assert problem.rows == (2,)
    assert "2021-05-06 or 2021-06-05" in problem.found
    assert "date_order" in problem.advice


def test_a_short_year_that_could_be_a_day_is_asked() -> None:
    assert read(["21.10.23"]).problems
    assert read(["21.10.23", "31.12.20"], order="dmy").texts() == ["2023-10-21", "2020-12-31"]
    assert read(["5.6.71"], order="dmy").texts() == ["1971-06-05"]


def test_an_order_under_which_a_cell_is_in_the_future_is_no_choice() -> None:
    found = read(["30.06.17", "05.07.18", "14.11.19"])
    assert found.texts() == ["2017-06-30", "2018-07-05", "2019-11-14"]


def test_the_stated_order_refuses_a_cell_that_it_does_not_fit() -> None:
    (problem,) = read(["23/10/2021"], order="mdy").problems
    assert "month, day, year" in problem.expected


def test_day_numbers_count_from_1900_or_from_1904() -> None:
    assert read(["44492"]).texts() == ["2021-10-23"]
    assert read(["43030"], serials=1904).texts() == ["2021-10-23"]
    assert "1904" in read(["43030"], serials=1904).assumed[0]


@pytest.mark.parametrize(
    "cell",
    ["2021-02-30", "31.04.2021", "2021.10", "2021", "lost", "12.5", "1850-01-01", "2099-01-01"],
)
def test_what_is_no_date_that_can_be_meant_is_refused_by_row(cell: str) -> None:
    found = read(["2020-01-01", cell])
    assert [problem.rows for problem in found.problems] == [(3,)]
    assert np.isnan(found.days[1])


def test_an_empty_cell_is_no_date_and_no_problem() -> None:
    assert read(["", "NA"]).texts() == ["", ""]
    assert not read(["", "NA"]).problems


def test_a_spreadsheet_error_is_named_as_such() -> None:
    assert "#VALUE!" in read(["#VALUE!"]).problems[0].found


def test_nothing_else_looks_like_a_date() -> None:
    for text in ("7", "1.5.2.1", "about 2020", "3 of 12, 2020", "45岁", "2021-10-23-1"):
        assert candidates(text) is None


def table(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["op", "seen", "last"], index=range(2, len(rows) + 2))


RULES = DateRules("op", "last", "seen")


def same(column: str) -> list[str]:
    return [column] * 99


@given(start=days, to_event=st.integers(1, 900), more=st.integers(0, 900))
def test_time_runs_to_the_event_or_to_the_last_visit(start: date, to_event: int, more: int) -> None:
    event = start + timedelta(days=to_event)
    last = event + timedelta(days=more)
    frame = table([(f"{start}", f"{event}", f"{last}"), (f"{start}", "", f"{last}")])
    found = follow_up(frame, "t", RULES, "days", same, TODAY)
    assert not found.problems
    assert found.time.tolist() == [to_event, to_event + more]
    assert found.event is not None
    assert found.event.tolist() == [1, 0]
    months = follow_up(frame, "t", RULES, "months", same, TODAY).time
    years = follow_up(frame, "t", RULES, "years", same, TODAY).time
    assert np.allclose(months, found.time / 30.4375)
    assert np.allclose(years * 365.25, found.time)


def test_dates_that_cannot_follow_each_other_are_problems_with_their_rows() -> None:
    frame = table(
        [
            ("2020-01-01", "2019-12-31", "2021-01-01"),
            ("2020-01-01", "2020-06-01", "2020-05-01"),
            ("2020-01-01", "", "2019-01-01"),
            ("2020-01-01", "", "2020-01-01"),
            ("", "2020-01-01", "2021-01-01"),
            ("2020-01-01", "", ""),
        ]
    )
    found = follow_up(frame, "t", RULES, "days", same, TODAY)
    assert [(problem.rows, problem.column) for problem in found.problems] == [
        ((4,), "last"),
        ((2,), "seen"),
        ((3,), "last"),
        ((5,), "last"),
        ((6,), "op"),
    ]
    assert found.event is not None
    assert np.isnan(found.event[5])


def test_without_a_date_of_the_event_only_the_time_is_made() -> None:
    frame = table([("2020-01-01", "x", "2020-01-31")])
    found = follow_up(frame, "t", DateRules("op", "last"), "days", same, TODAY)
    assert found.event is None
    assert found.time.tolist() == [30]


@pytest.mark.parametrize(
    "cell", ["110/6/7", "110-06-07", "110.6.7", "110年6月7日", "民國110年6月7日"]
)
def test_years_of_three_digits_are_those_of_the_republic_of_china_and_said(cell: str) -> None:
    column = read([cell, "111/01/05"])
    assert column.texts() == ["2021-06-07", "2022-01-05"]
    assert column.problems == ()
    assert any("110 is 2021" in sentence for sentence in column.assumed)


def test_a_year_of_two_digits_beside_them_is_asked() -> None:
    """99/12/07 was in 2010, and was read as 1999."""
    column = read(["110/06/07", "99/12/07", "98/01/31"])
    (problem,) = column.problems
    assert problem.rows == (3, 4)
    assert "民國99年5月6日" in problem.advice


def test_years_of_the_buddhist_era_are_one_problem_with_its_cause() -> None:
    column = read(["14/11/2559", "25/12/2560", "30/01/2561"])
    (problem,) = column.problems
    assert problem.rows == (2, 3, 4)
    assert problem.advice == "In years of the Buddhist era? Take 543 off"
    (typo,) = read(["14/11/2035"]).problems
    assert typo.advice == "Correct it"


def test_dates_make_weeks() -> None:
    frame = pd.DataFrame({"a": ["2020-01-01"], "b": ["2020-01-22"]}, index=[2])
    found = follow_up(frame, "t", DateRules("a", "b"), "weeks", lambda name: [name])
    assert found.time.tolist() == [3.0]
