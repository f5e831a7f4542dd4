"""What ``trephine new`` makes of cells as clinics write them: never a wrong number unasked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.study.draft import draft_study
from trephine.study.draft_words import event_name, outcome_name
from trephine.study.value_doubts import value_doubts

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
    assert any("which column is the time" in line for line in found)


def test_limits_of_detection_and_shares_beside_percentages_are_asked(tmp_path: Path) -> None:
    crp = ["<0.5" if k % 3 == 0 else f"{k / 2}" for k in range(N)]
    area = [f"{k + 5}%" if k % 4 else "0.45" for k in range(N)]
    plan, found = drafted(tmp_path, crp=crp, area=area)
    assert any('which number stands for "<0.5"?' in line for line in found)
    assert any("is 0.45 there 45%?" in line for line in found)
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
    assert outcome_name("塌陷 Collapse") == "Collapse-free survival"
    assert event_name("塌陷 Collapse") == "Collapse"
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
    assert any("Row 2 holds units, no case" in line for line in draft.found)
