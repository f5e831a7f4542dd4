import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.spreadsheet import csv_text, is_formula, safe_cell, write_csv_table

FORMULAS = [
    "=1+1", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tplain",
    " =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\x00=1", "＝1+1", "＋1", "－1", "＠A1", "﹦1",
    "-1 ", "-1;=2", "+1e", "-", "+", "--1", "-1\n", "+49 171 234", "-1 (=2 to 3)", "-1,2", "-٣",
]  # fmt: skip
NUMBERS = ["-1", "+1", "-1.5", "+.5", "-2.", "-1e-5", "+1.25E+07", "-3.5%", "-1,234", "-1,234.5"]
ESTIMATES = ["+0.12 (+0.02 to +0.21)", "-0.12 (-0.20 to +0.02)", "+1.00 (0.50–1.50)"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert is_formula(text)
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", [*NUMBERS, *ESTIMATES, "stage II", "a=b", "a-1", "", "x@y", "−1"])
def test_numbers_estimates_and_plain_texts_stay_as_they_are(text):
    assert safe_cell(text) == text


def test_a_formula_behind_another_countrys_separator_is_quoted_too():
    assert safe_cell("stage;=1+1") == "stage;'=1+1"
    assert safe_cell("stage\n@A1\t-2+3; -1") == "stage\n'@A1\t'-2+3;' -1"


@given(st.text(alphabet="=+-@ \t\r\n;1.,a\u00a0＝'\"", max_size=12))
def test_what_is_safe_stays_safe_and_keeps_its_letters(text):
    safe = safe_cell(text)
    assert not is_formula(safe)
    assert safe_cell(safe) == safe
    assert safe.replace("'", "") == text.replace("'", "")


def test_a_table_is_safe_in_its_cells_its_header_and_its_row_names(tmp_path):
    frame = pd.DataFrame(
        {"=a": ["=1", "b", None], "n": [-1.5, 2.0, float("nan")], "c": pd.Categorical(["@x"] * 3)},
        index=pd.Index(["-cmd", "y", "z"], name="+name"),
    )
    write_csv_table(frame, tmp_path / "t.csv", row_names=True)
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_text("utf-8"))))
    assert rows == [
        ["'+name", "'=a", "n", "c"],
        ["'-cmd", "'=1", "-1.5", "'@x"],
        ["y", "b", "2.0", "'@x"],
        ["z", "", "", "'@x"],
    ]
    assert frame.columns[0] == "=a"


def test_an_empty_table_and_numbers_are_written_as_pandas_does():
    frame = pd.DataFrame({"n": [0.1, -2.0], "i": [1, -2]})
    assert csv_text(frame) == frame.to_csv(index=False, lineterminator="\n")
    assert csv_text(pd.DataFrame()) == pd.DataFrame().to_csv(index=False, lineterminator="\n")
