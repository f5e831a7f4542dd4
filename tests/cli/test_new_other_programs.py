"""What ``trephine new`` makes of tables that registries, REDCap, SPSS and copies leave behind."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cli.command import Command
from trephine.errors import InputError
from trephine.study.draft.drafting import draft_study
from trephine.study.draft.words import event_name, outcome_name

N = 40
RNG = np.random.default_rng(4)
MONTHS = [round(float(value), 1) for value in RNG.exponential(30, N) + 1]
EVENT = [int(value) for value in RNG.random(N) < 0.5]
BASE = pd.DataFrame(
    {"hip_id": [f"H{k:02d}" for k in range(N)], "months": MONTHS, "collapse": EVENT}
)
AGE = [int(value) for value in RNG.integers(30, 60, N)]


def drafted(folder: Path, table: pd.DataFrame, name: str = "t.csv") -> tuple[dict[str, Any], str]:
    """Return the study file drafted for a table, and what was found."""
    table.to_csv(folder / name, index=False)
    draft = draft_study(folder)
    return tomllib.loads(draft.text), "\n".join(draft.found)


def test_a_copy_of_the_table_never_stands_in_for_it_unsaid(tmp_path: Path) -> None:
    """The first by name was taken without a word: "clinical - Copy" before "clinical"."""
    BASE.assign(age=AGE).to_csv(tmp_path / "clinical.csv", index=False)
    BASE.assign(age=AGE[::-1]).to_csv(tmp_path / "clinical - Copy.csv", index=False)
    BASE[["hip_id"]].assign(note="x").to_csv(tmp_path / "calls.csv", index=False)
    (tmp_path / "~$clinical.xlsx").write_bytes(b"\x04Anna")
    draft = draft_study(tmp_path)
    found = "\n".join(draft.found)
    assert found.startswith("Table clinical.csv\n")
    assert f"To decide: clinical - Copy.csv has the same columns, and {N} rows" in found
    assert f"Not used: table calls.csv ({N} rows)" in found


def test_sheets_that_hold_more_cases_or_more_columns_of_them_are_named(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        BASE.iloc[:20].to_excel(book, sheet_name="2019", index=False)
        BASE.iloc[20:].to_excel(book, sheet_name="2020", index=False)
        BASE[["hip_id"]].assign(age=AGE).to_excel(book, sheet_name="ages", index=False)
    found = "\n".join(draft_study(tmp_path).found)
    assert "sheet '2020' has the same columns, and 20 rows that are not used" in found
    assert "sheet 'ages' has the column 'hip_id' too, and is not used" in found


def test_an_archive_in_the_table_s_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "clinical.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match="an archive only: unpack it"):
        draft_study(tmp_path)


def test_what_redcap_adds_is_no_variable_and_rows_of_one_record_are_asked(tmp_path: Path) -> None:
    table = BASE.rename(columns={"hip_id": "record_id"}).assign(
        age=AGE, baseline_complete=[0, 2] * (N // 2), redcap_survey_identifier=""
    )
    plan, found = drafted(tmp_path, table)
    assert list(plan["clinical"]) == ["age"]
    assert "not used: baseline_complete (a program's own" in found
    longer = pd.concat([table, table]).assign(redcap_event_name=["a"] * N + ["b"] * N)
    _, found = drafted(tmp_path, longer)
    assert "To decide: REDCap wrote several rows per record" in found


def test_what_a_model_in_spss_gave_is_no_predictor(tmp_path: Path, trephine: Command) -> None:
    """PRE_1 holds predictions of a model that has seen the outcome."""
    filtered = ["Selected", "Not Selected"] * (N // 2)
    table = BASE.assign(age=AGE, PRE_1=RNG.random(N), ZRE_1=RNG.normal(size=N))
    plan, found = drafted(tmp_path, table.assign(**{"filter_$": filtered}))
    assert list(plan["clinical"]) == ["age"]
    assert "To decide: 'filter_$' marks rows that an analysis passed over" in found
    study = tmp_path / "study.toml"
    study.write_text(draft_study(tmp_path).text.replace("[clinical]", "[clinical]\nPRE_1 = {}"))
    said = trephine("check", study)
    assert said.code == 2
    assert "column PRE_1: expected a variable known when follow-up began" in said.err


def test_a_time_in_two_columns_is_asked_and_no_half_of_it_taken(tmp_path: Path) -> None:
    """As in GDC's files: a study of the dead alone passed the check."""
    days = [str(int(value * 30)) for value in MONTHS]
    table = pd.DataFrame({"case_id": BASE.hip_id, "age": AGE})
    table["vital_status"] = ["Dead" if one else "Alive" for one in EVENT]
    pairs = list(zip(EVENT, days, strict=True))
    table["days_to_death"] = [day if one else "'--" for one, day in pairs]
    table["days_to_last_follow_up"] = ["'--" if one else day for one, day in pairs]
    table["stage"] = ["'--", "Stage I", "Stage II", "Stage I"] * (N // 4)
    plan, found = drafted(tmp_path, table, "clinical.csv")
    assert "time" not in plan["data"]["columns"]
    assert "To decide: the time stands in 'days_to_death' for some rows" in found
    assert plan["outcome"]["name"] == "overall survival"
    assert plan["clinical"]["stage"]["levels"] == ["Stage I", "Stage II"]


def test_a_code_with_its_word_is_an_event_and_a_contradiction_is_asked(tmp_path: Path) -> None:
    words = ["1:DECEASED" if one else "0:LIVING" for one in EVENT]
    plan, _ = drafted(tmp_path, BASE.drop(columns="collapse").assign(OS_STATUS=words))
    assert plan["data"]["read"]["OS_STATUS"] == {"0:LIVING": "0", "1:DECEASED": "1"}
    assert (plan["outcome"]["name"], plan["outcome"]["event"]) == ("overall survival", "death")
    turned = ["1: living" if one else "0: event" for one in EVENT]
    plan, _ = drafted(tmp_path, BASE.drop(columns="collapse").assign(status=turned))
    assert plan["data"].get("read", {}).get("status", {}) == {}


@pytest.mark.parametrize(
    ("column", "name", "event"),
    [
        ("OS_STATUS", "overall survival", "death"),
        ("vital status", "overall survival", "death"),
        ("Vital status recode (study cutoff used)", "overall survival", "death"),
        ("Death (1=yes)", "overall survival", "death"),
        ("Death&nbsp;(1=yes)", "overall survival", "death"),
        ("PFS status", "progression-free survival", "PFS"),
        ("Collapse status", "collapse-free survival", "collapse"),
        ("status", "event-free survival", "status"),
        ("collapse", "collapse-free survival", "collapse"),
    ],
)
def test_an_outcome_is_named_by_its_event_and_not_by_its_column(
    column: str, name: str, event: str
) -> None:
    assert outcome_name(column.replace("_", " ")) == name
    assert event_name(column.replace("_", " ")) == event


@pytest.mark.parametrize("mark", ["x", "1", "yes", "✓", "●"])
def test_a_finding_that_is_ticked_or_empty_is_named_with_its_line(
    tmp_path: Path, trephine: Command, mark: str
) -> None:
    """It was "one value only", and gone; the line that is offered works as it stands."""
    ticked = [mark if age > 45 else "" for age in AGE]
    _, found = drafted(tmp_path, BASE.assign(steroids=ticked, bmi=24.5))
    assert "not used: bmi (one value only)" in found
    line = found.split("if empty means no: ")[1].split("\n")[0].removesuffix(")")
    study = tmp_path / "study.toml"
    text = draft_study(tmp_path).text.split("[clinical]")[0]
    text = "\n".join(row for row in text.splitlines() if not row.startswith("#"))
    study.write_text(f"{text}\n[clinical]\n{line}\n")
    said = trephine("check", study)
    assert said.code == 0, said.err
    assert f"{N} cases" in said.out


def test_a_name_in_the_first_row_of_a_patient_alone_is_asked(tmp_path: Path) -> None:
    names = [f"P{k // 2}" if k % 2 == 0 else "" for k in range(N)]
    table = BASE.drop(columns="hip_id").assign(patient=names, side=["R", "L"] * (N // 2))
    _, found = drafted(tmp_path, table)
    assert f"To decide: 'patient' is empty in {N // 2} rows: if the patient above is meant" in found


def test_a_date_in_parts_is_neither_time_nor_variable(tmp_path: Path) -> None:
    """The month of surgery, 1 to 12, was drafted as the time."""
    parts = {"surgery year": 2015, "surgery month": [k % 12 + 1 for k in range(N)]}
    parts |= {"surgery day": [k % 28 + 1 for k in range(N)]}
    plan, found = drafted(tmp_path, BASE.drop(columns="months").assign(age=AGE, **parts))
    assert "time" not in plan["data"]["columns"]
    assert list(plan["clinical"]) == ["age"]
    assert "are parts of one date: bring them into one column" in found
    months = [f"2019-{k % 12 + 1:02d}" for k in range(N)]
    _, found = drafted(tmp_path, BASE.drop(columns="months").assign(**{"last visit": months}))
    assert "'last visit' holds months such as '2019-01', without a day" in found


def test_times_that_a_spreadsheet_shows_as_dates_are_asked(tmp_path: Path) -> None:
    whole = BASE.assign(months=[int(value) + 1 for value in MONTHS])
    whole.to_excel(tmp_path / "t.xlsx", index=False)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for row in range(2, N + 2):
        book.worksheets[0].cell(row, 2).number_format = "yyyy-mm-dd"
    book.save(tmp_path / "t.xlsx")
    found = "\n".join(draft_study(tmp_path).found)
    assert "'months' holds dates from 1900 on: are they numbers" in found


@pytest.mark.parametrize("name", ["follow-up (weeks)", "weeks", "随访周数"])
def test_weeks_are_weeks(tmp_path: Path, name: str) -> None:
    """Drafted as months before: of 52 weeks more than four years."""
    table = BASE.drop(columns="months").assign(**{name: [value * 4 for value in MONTHS]})
    plan, _ = drafted(tmp_path, table)
    assert plan["data"]["columns"]["time"] == name
    assert plan["outcome"]["unit"] == "weeks"
    assert plan["outcome"]["horizons"][0] in (52, 156)


def test_drinks_per_week_are_no_time(tmp_path: Path) -> None:
    plan, _ = drafted(tmp_path, BASE.assign(**{"drinks per week": AGE, "units/week": AGE[::-1]}))
    assert plan["data"]["columns"]["time"] == "months"


def test_columns_that_hold_the_same_cells_are_drafted_once(tmp_path: Path) -> None:
    plan, found = drafted(tmp_path, BASE.assign(age=AGE, **{"age.1": AGE}))
    assert list(plan["clinical"]) == ["age"]
    assert "not used: age.1 (its cells are those of 'age')" in found


@pytest.mark.parametrize("word", ["unknown", "not recorded", "未知", "k.A."])
def test_a_level_that_says_unknown_is_read_as_missing_and_asked(tmp_path: Path, word: str) -> None:
    stage = ["I", "II", "III", word] * (N // 4)
    plan, found = drafted(tmp_path, BASE.assign(stage=stage))
    assert plan["clinical"]["stage"] == {"levels": ["I", "II", "III"], "read": {word: ""}}
    assert f"To decide: in 'stage', {word!r} is read as missing" in found
