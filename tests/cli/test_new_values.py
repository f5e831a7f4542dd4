"""What ``trephine new`` makes of cells as clinics write them: never a wrong number unasked."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.study.doubts.values import value_doubts
from trephine.study.draft.drafting import draft_study
from trephine.study.draft.words import event_name, outcome_name

N = 40
RNG = np.random.default_rng(1)
EVENT = [int(value) for value in RNG.random(N) < 0.5]
BASE = pd.DataFrame(
    {
        "hip_id": [f"H{k:02d}" for k in range(N)],
        "months": [f"{value:.1f}" for value in RNG.exponential(30, N) + 1],
        "collapse": [str(value) for value in EVENT],
    }
)


def drafted(folder: Path, **columns: list[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the study file drafted for a table with more columns, and what was found."""
    BASE.assign(**columns).to_csv(folder / "t.csv", index=False)
    draft = draft_study(folder)
    return tomllib.loads(draft.text), draft.found


def read_as(plan: dict[str, Any], name: str, cells: list[str]) -> tuple[list[float], int]:
    """Return what the drafted variable makes of its cells, and the number of cells refused."""
    variable = ClinicalVariable.model_validate(plan["clinical"][name])
    frame = pd.DataFrame({name: cells}, index=range(2, len(cells) + 2))
    table, problems = read_clinical(frame, {name: variable}, "t")
    return table.values(name).tolist(), sum(len(problem.rows) for problem in problems)


WHOLE = [1000 + 37 * (7 * k % N) for k in range(N)]


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "'", "’"])
def test_blanks_between_thousands_are_taken_out(tmp_path: Path, blank: str) -> None:
    cells = [f"{value:,}".replace(",", blank) for value in WHOLE]
    plan, _ = drafted(tmp_path, platelets=cells)
    assert read_as(plan, "platelets", cells) == ([float(value) for value in WHOLE], 0)


def test_commas_that_may_part_thousands_are_asked_and_refused_until_answered(
    tmp_path: Path,
) -> None:
    cells = [f"{value:,}" for value in WHOLE]
    plan, found = drafted(tmp_path, platelets=cells)
    assert any("do the commas part thousands" in line for line in found)
    assert read_as(plan, "platelets", cells)[1] == N
    sure = [f"{value:,}.5" for value in WHOLE]
    plan, found = drafted(tmp_path, platelets=sure)
    assert not any(line.startswith("To decide") for line in found)
    assert read_as(plan, "platelets", sure) == ([value + 0.5 for value in WHOLE], 0)


def test_a_column_in_one_unit_throughout_is_a_measurement(tmp_path: Path) -> None:
    area = [f"{k + 5}%" for k in range(N)]
    age = [f"{k + 30} {'y' if k % 3 else 'yrs.'}" for k in range(N)]
    plan, found = drafted(tmp_path, area=area, age=age)
    assert plan["clinical"]["area"] == {"unit": "%"}
    assert read_as(plan, "area", area) == ([k + 5.0 for k in range(N)], 0)
    assert read_as(plan, "age", age) == ([k + 30.0 for k in range(N)], 0)
    assert not any(line.startswith("To decide") for line in found)


def test_two_units_are_never_stripped_to_one_number(tmp_path: Path) -> None:
    cells = [f"{k + 30}岁" if k % 10 else f"{k + 3}月" for k in range(N)]
    plan, found = drafted(tmp_path, age=cells)
    assert any('cells are in "月" (4) beside "years"' in line for line in found)
    values, refused = read_as(plan, "age", cells)
    assert refused == 4
    assert np.isnan(values[::10]).all()


@pytest.mark.parametrize("words", [("months",), ("mo", "months"), ("个月",)])
def test_times_with_their_unit_are_the_time(tmp_path: Path, words: tuple[str, ...]) -> None:
    cells = [f"{value} {words[k % len(words)]}" for k, value in enumerate(BASE["months"])]
    BASE.rename(columns={"months": "follow-up"}).assign(**{"follow-up": cells}).to_csv(
        tmp_path / "t.csv", index=False
    )
    plan = tomllib.loads(draft_study(tmp_path).text)
    assert plan["data"]["columns"]["time"] == "follow-up"
    assert set(plan["data"]["read"]["follow-up"]["strip"]) == set(words)
    assert plan["outcome"]["unit"] == "months"


def test_times_in_two_units_are_no_time_yet(tmp_path: Path) -> None:
    cells = [f"{k + 3} months" if k % 5 else f"{k / 12:.1f} years" for k in range(N)]
    _, found = drafted(tmp_path, months=cells)
    assert any("'months' seems to be the time, but" in line for line in found)


def test_limits_of_detection_and_shares_beside_percentages_are_asked(tmp_path: Path) -> None:
    crp = ["<0.5" if k % 3 == 0 else f"{k / 2}" for k in range(N)]
    area = [f"{k + 5}%" if k % 4 else "0.45" for k in range(N)]
    plan, found = drafted(tmp_path, crp=crp, area=area)
    assert any('which number stands for "<0.5"?' in line for line in found)
    assert any("does 0.45 mean 45% there?" in line for line in found)
    assert read_as(plan, "crp", crp)[1] == len(crp[::3])


@pytest.mark.parametrize(
    ("seen", "not_seen"),
    [("+", "-"), ("＋", "－"), ("(+)", "(-)"), ("阳性", "阴性"), ("VRAI", "FAUX"),
     ("wahr", "falsch"), ("positive", "negative"), ("Ja", "Nein"),
     ("oui", "non"), ("是", "否"), ("да", "нет")],
)  # fmt: skip
def test_yes_and_no_of_many_kinds_are_events_and_levels_with_no_first(
    tmp_path: Path, seen: str, not_seen: str
) -> None:
    words = [seen if value else not_seen for value in EVENT]
    plan, found = drafted(tmp_path, collapse=words, marker=words[::-1])
    assert plan["data"]["read"]["collapse"] == {seen: "1", not_seen: "0"}
    assert plan["clinical"]["marker"]["levels"] == [not_seen, seen]
    assert not any(line.startswith("To decide") for line in found)


def test_a_dash_beside_plus_signs_is_the_lowest_level(tmp_path: Path) -> None:
    cells = [["-", "+", "++", "+++"][k % 4] for k in range(N)]
    plan, _ = drafted(tmp_path, pain=cells)
    assert plan["clinical"]["pain"]["levels"] == ["-", "+", "++", "+++"]
    assert read_as(plan, "pain", cells) == ([float(k % 4) for k in range(N)], 0)


def test_letters_of_two_alphabets_that_look_alike_are_one_level(tmp_path: Path) -> None:
    cells = ["\u0406" if k % 10 == 0 else ["I", "II"][k % 2] for k in range(N)]
    plan, _ = drafted(tmp_path, stage=cells)
    assert plan["clinical"]["stage"] == {"levels": ["I", "II"], "read": {"\u0406": "I"}}


def test_a_column_that_hardly_any_row_fills_is_no_variable(tmp_path: Path) -> None:
    _, found = drafted(tmp_path, legend=["I: early", "II: late", *[""] * (N - 2)])
    assert "  not used: legend (filled in 2 of 40 rows)" in found


def test_merged_names_and_dates_of_a_patient_stand_for_both_hips(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["patient_id", "side", "months", "collapse", "age"])
    for k in range(0, N, 2):
        for side, row in (("R", k), ("L", k + 1)):
            first = side == "R"
            own = [float(BASE["months"][row]), EVENT[row], 40 + k if first else None]
            sheet.append([f"P{k:02d}" if first else None, side, *own])
        sheet.merge_cells(f"A{k + 2}:A{k + 3}")
        sheet.merge_cells(f"E{k + 2}:E{k + 3}")
    sheet.merge_cells("D4:D5")
    book.save(tmp_path / "t.xlsx")
    draft = draft_study(tmp_path)
    plan = tomllib.loads(draft.text)
    assert plan["data"]["columns"]["patient"] == "patient_id"
    assert plan["data"]["read"] == {"patient_id": {"merged": "repeat"}}
    assert plan["clinical"]["age"]["merged"] == "repeat"
    assert any("in 'collapse', merged cells (1)" in line for line in draft.found)


def test_an_outcome_is_named_in_one_language() -> None:
    assert outcome_name("塌陷") == outcome_name("status") == "event-free survival"
    assert outcome_name("塌陷 Collapse") == "collapse-free survival"
    assert event_name("塌陷 Collapse") == "collapse"
    assert event_name("Ewing recurrence") == "Ewing recurrence"
    assert event_name("塌陷") == "塌陷"
    assert outcome_name("hip collapse") == "hip collapse-free survival"
    assert outcome_name("Death") == outcome_name("死亡") == "overall survival"


def test_codes_for_missing_values_are_asked_about() -> None:
    variables = {
        "age": ClinicalVariable(unit="years"),
        "t_score": ClinicalVariable(),
        "stage": ClinicalVariable(levels=("1-2", "2021-03-04", "I", "\u0406")),
    }
    columns = {
        "age": np.array([40.0, -9, 60, 999, -9]),
        "t_score": np.array([-2.5, -1, 0, 1, -3]),
        "stage": np.array([0, 1, 2, 3, 0]),
    }
    said = value_doubts(ClinicalTable(variables, columns, 5), range(2, 7))
    assert len(said) == 4
    assert said[0].startswith("Age is -9 in rows 3, 6, all others lie between 40 and 999.")
    assert said[1].startswith("Age is 999 in row 5, all others lie between -9 and 60.")
    assert "2 levels that look like 'I'" in said[2]
    assert "has the level 2021-03-04, a date" in said[3]


def test_footnotes_behind_numbers_are_taken_off_and_asked(tmp_path: Path) -> None:
    ages = [str(40 + k) + ("*" if k in (3, 7) else "†" if k == 9 else "") for k in range(N)]
    plan, found = drafted(tmp_path, age=ages)
    assert plan["clinical"]["age"]["strip"] == ["*", "†"]
    assert any('numbers bear the mark "*" and "†"' in line for line in found)
    assert read_as(plan, "age", ages) == ([40.0 + k for k in range(N)], 0)


def test_footnotes_in_the_time_are_taken_off_and_asked(tmp_path: Path) -> None:
    months = [f"{cell}*" if k == 5 else cell for k, cell in enumerate(BASE["months"])]
    plan, found = drafted(tmp_path, months=months)
    assert plan["data"]["columns"]["time"] == "months"
    assert plan["data"]["read"]["months"] == {"strip": ["*"]}
    assert any(line.startswith("To decide") and "mark" in line for line in found)


def test_a_row_of_units_gives_variables_and_time_their_units(tmp_path: Path) -> None:
    table = BASE.rename(columns={"months": "follow-up"}).assign(
        bmi=[f"{20 + k / 7:.1f}" for k in range(N)], gap=[str(50 + k) for k in range(N)]
    )
    units = pd.DataFrame([["", "(days)", "0/1", "kg/m2", "mm"]], columns=table.columns)
    pd.concat([units, table]).to_csv(tmp_path / "t.csv", index=False)
    draft = draft_study(tmp_path)
    plan = tomllib.loads(draft.text)
    assert plan["clinical"]["bmi"] == {"unit": "kg/m2"}
    assert plan["clinical"]["gap"] == {"unit": "mm"}
    assert plan["outcome"]["unit"] == "days"
    assert any("Row 2 holds units, not a case" in line for line in draft.found)


@pytest.mark.parametrize(
    "change",
    [
        lambda k, m: f">{m}" if k % 9 == 0 else m,
        lambda k, m: f"{m}+" if k % 2 else m,
        lambda k, m: f"{int(float(m)) // 12}y {int(float(m)) % 12}m",
        lambda k, m: "lost" if k == 7 else m,
    ],
    ids=["limit", "plus", "two units", "word"],
)
def test_a_time_of_which_some_cells_are_no_numbers_is_still_the_time(
    tmp_path: Path, change: Callable[[int, str], str]
) -> None:
    """As a clinical variable it would predict itself."""
    months = [change(k, cell) for k, cell in enumerate(BASE["months"])]
    plan, found = drafted(tmp_path, months=months)
    assert plan["data"]["columns"]["time"] == "months"
    assert "months" not in plan.get("clinical", {})
    assert any("'months' seems to be the time" in line for line in found)


def test_a_few_negative_times_leave_the_time_the_time(tmp_path: Path) -> None:
    months = ["-4.5" if k == 3 else cell for k, cell in enumerate(BASE["months"])]
    plan, _ = drafted(tmp_path, months=months)
    assert plan["data"]["columns"]["time"] == "months"
    assert "months" not in plan.get("clinical", {})


@pytest.mark.parametrize("stage", ["stage", "ARCO stage", "arco_stage"])
def test_a_stage_is_no_number_of_days_in_german(tmp_path: Path, stage: str) -> None:
    plan, _ = drafted(tmp_path, **{stage: [str(RNG.choice(["I", "II", "III"])) for _ in range(N)]})
    assert stage in [v.get("column", k) for k, v in plan["clinical"].items()]


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (("event", "censored", "lost"), {"event": "1", "censored": "0", "lost": "0"}),
        (("1", "0", "lost to FU"), {"lost to FU": "0"}),
        (("1", "0", "9"), {}),
    ],
)
def test_an_event_in_words_is_drafted_and_asked(
    tmp_path: Path, words: tuple[str, ...], read: dict[str, str]
) -> None:
    plan, found = drafted(tmp_path, collapse=[words[k % 3] for k in range(N)])
    assert plan["data"]["columns"]["event"] == "collapse"
    assert plan["data"].get("read", {}).get("collapse", {}) == read
    assert any(line.startswith("To decide: in 'collapse'") for line in found)


def test_a_side_that_is_both_is_asked_and_no_predictor(tmp_path: Path) -> None:
    plan, found = drafted(tmp_path, side=[["R", "L", "both"][k % 3] for k in range(N)])
    assert plan["data"]["columns"]["side"] == "side"
    assert any("which side is 'both'" in line for line in found)


def test_numbers_of_patients_with_a_point_and_zero_are_names(tmp_path: Path) -> None:
    plan, _ = drafted(
        tmp_path,
        hip_id=[f"{1000 + k}.0" for k in range(N)],
        patient=[f"{100 + k // 2}.0" for k in range(N)],
        side=["R", "L"] * (N // 2),
    )
    columns = plan["data"]["columns"]
    assert (columns["case"], columns["patient"]) == ("hip_id", "patient")
    assert "patient" not in plan.get("clinical", {})


def test_rows_that_repeat_others_whole_leave_the_names_names(tmp_path: Path) -> None:
    pd.concat([BASE, BASE.iloc[[4, 5]]]).to_csv(tmp_path / "t.csv", index=False)
    draft = draft_study(tmp_path)
    assert tomllib.loads(draft.text)["data"]["columns"]["case"] == "hip_id"
    assert any("2 rows repeat others whole" in line for line in draft.found)


def test_a_sheet_with_cases_in_columns_is_asked_about(tmp_path: Path) -> None:
    table = BASE.assign(age="50", side="R").T.reset_index()
    table.to_csv(tmp_path / "t.csv", index=False, header=False)
    found = draft_study(tmp_path).found
    assert any("do the cases stand in columns?" in line for line in found)


def clinical_of(unit: str, cells: list[str], name: str = "height") -> list[str]:
    variable = ClinicalVariable(unit=unit)
    frame = pd.DataFrame({name: cells}, index=range(2, len(cells) + 2))
    table, problems = read_clinical(frame, {name: variable}, "t")
    assert not problems
    return value_doubts(table, list(frame.index))


def test_two_units_and_a_lost_point_in_one_column_are_said() -> None:
    metres = [f"{1.5 + k / 200:.2f}" for k in range(30)]
    assert clinical_of("m", metres) == []
    (said,) = clinical_of("m", [f"{150 + k}" if k % 4 == 0 else m for k, m in enumerate(metres)])
    assert "none between: look at rows 2, 6, 10, 14, 18 and 3 more" in said
    (said,) = clinical_of("kg/m2", ["237" if k == 5 else f"{20 + k / 3:.1f}" for k in range(30)])
    assert "look at row 7" in said
    spread = [f"{10.0 ** (k / 5):.3g}" for k in range(30)]  # a load of viruses has no gap
    assert clinical_of("copies/ml", spread) == []


def test_an_age_that_nobody_has_is_said() -> None:
    ages = ["450" if k == 4 else str(30 + k) for k in range(30)]
    assert clinical_of("years", ages, "age") == [
        "Age is 450 in row 6, outside 0 to 120 years. Mistyped?"
    ]


def test_an_age_in_months_is_no_age_in_years() -> None:
    assert clinical_of("", [str(500 + k) for k in range(30)], "age_months") == []
    assert clinical_of("days", [str(500 + k) for k in range(30)], "age") == []


def test_levels_that_differ_by_a_footnote_are_said() -> None:
    variable = ClinicalVariable(levels=("I", "II", "II*"))
    frame = pd.DataFrame({"stage": ["I", "II", "II*"] * 5})
    table, _ = read_clinical(frame, {"stage": variable}, "t")
    (said,) = value_doubts(table, list(range(2, 17)))
    assert "the levels 'II' and 'II*', which differ by a mark" in said


@pytest.mark.parametrize(
    ("row", "written"),
    [(lambda k: k % 3 == 0, ">{}"), (lambda k: k % 3 == 0, "{}+"), (lambda k: k % 9 == 0, "lost")],
)
@pytest.mark.parametrize("digits", [0, 1])
def test_a_second_time_to_event_with_marks_on_its_numbers_is_no_predictor(
    tmp_path: Path, row: Callable[[int], bool], written: str, digits: int
) -> None:
    times = [round(float(cell) * 0.6, digits) for cell in BASE["months"]]
    cells = [written.format(f"{t:g}") if row(k) else f"{t:g}" for k, t in enumerate(times)]
    plan, found = drafted(tmp_path, PFS_months=cells)
    assert "PFS_months" not in plan.get("clinical", {})
    assert plan["data"]["columns"]["time"] == "months"
    assert any("PFS_months (it looks like another follow-up time)" in line for line in found), found


def test_the_way_to_keep_cases_with_gaps_is_shown_where_there_are_any(tmp_path: Path) -> None:
    whole = [str(20 + k % 30) for k in range(N)]
    for name, cells, shown in (
        ("whole", whole, False),
        ("gap", [*whole[:-1], ""], True),
        ("word", [("yes", "no", "unknown")[k % 3] for k in range(N)], True),
    ):
        folder = tmp_path / name
        folder.mkdir()
        plan, _ = drafted(folder, marker=cells)
        assert "marker" in plan["clinical"]
        assert ("selection" in plan) == shown, name


def test_what_differs_in_every_row_of_a_sheet_of_patients_names_them(tmp_path: Path) -> None:
    """A group's name merged over its columns, and a column that no list of names knows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["PA", "Sex", "Surgery", "Last visit", "Right hip", None, "Left hip", None])
    sheet.append([None, None, None, None, "ARCO", "Collapse date", "ARCO", "Collapse date"])
    for k in range(N):
        day, seen = f"2016-{k % 12 + 1:02d}-11", "2017-05-02" if EVENT[k] else None
        hips = [("I", "II")[k % 2], seen, "II", None]
        sheet.append([f"P{k:02d}", "FM"[k % 2], day, f"2019-03-{k % 28 + 1:02d}", *hips])
    for merged in ("E1:F1", "G1:H1", "A1:A2", "B1:B2", "C1:C2", "D1:D2"):
        sheet.merge_cells(merged)
    book.save(tmp_path / "t.xlsx")
    columns = tomllib.loads(draft_study(tmp_path).text)["data"]["columns"]
    assert columns["patient"] == "PA"
    assert set(columns["sides"]) == {"R", "L"}


@pytest.mark.parametrize(
    "name", ["Nachbeobachtung (Monate)", "Nachbeobachtung", "durata (mesi)", "takip süresi"]
)
def test_follow_up_in_more_languages_is_the_time_and_no_predictor(
    tmp_path: Path, name: str
) -> None:
    BASE.rename(columns={"months": name}).to_csv(tmp_path / "t.csv", index=False)
    plan = tomllib.loads(draft_study(tmp_path).text)
    assert plan["data"]["columns"]["time"] == name
    assert name not in plan.get("clinical", {})
