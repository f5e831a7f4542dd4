"""``trephine new`` on a table of codes whose meaning stands beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cli.command import Command
from trephine.cohort.legends import find_legends, pairs_in
from trephine.cohort.reading.beside import SheetText
from trephine.study.inputs import StudyInputs, read_study

SEX = {"1": "男", "2": "女"}
STAGE = {"1": "I", "2": "II", "3": "IIIA"}
N = 60


def coded(**more: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "case": [f"h{n:02d}" for n in range(N)],
            "months": rng.exponential(40, N).round(1) + 0.1,
            "collapse": rng.choice(["1", "2"], N),
            "性别": rng.choice(["1", "2"], N),
            "stage": rng.choice(["1", "2", "3"], N),
            "smoker": rng.choice(["0", "1"], N),
        }
    )
    return frame.assign(**more)


def write(
    path: Path, frame: pd.DataFrame, beside: dict[str, str], sheet: dict[str, str] | None = None
) -> None:
    """Write a workbook with cells beside the table, and others on a second sheet."""
    book = Workbook()
    first = book.active
    first.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        first.append(list(row))
    for cell, text in beside.items():
        first[cell] = text
    if sheet is not None:
        second = book.create_sheet("Codes")
        for cell, text in sheet.items():
            second[cell] = text
    book.save(path)


def drafted(trephine: Command, folder: Path) -> tuple[StudyInputs, str]:
    said = trephine("new", folder)
    assert said.code == 0, said.err
    assert "TO DECIDE" not in (folder / "study.toml").read_text(encoding="utf-8")
    return read_study(folder / "study.toml"), said.out


def agrees(inputs: StudyInputs, frame: pd.DataFrame) -> None:
    """Compare what was read with what the codes mean."""
    of = frame.set_index("case")
    for place, case in enumerate(inputs.case_ids):
        row = of.loc[case]
        assert inputs.survival.event[place] == (row["collapse"] == "2")
        assert inputs.clinical.texts("性别")[place] == {"男": "M", "女": "F"}[SEX[row["性别"]]]
        assert inputs.clinical.texts("stage")[place] == STAGE[row["stage"]]
        assert inputs.clinical.texts("smoker")[place] == {"0": "no", "1": "yes"}[row["smoker"]]
    assert inputs.plan.clinical["stage"].levels == ("I", "II", "IIIA")


@pytest.mark.parametrize("place", ["beside", "below", "sheet", "book", "runs"])
def test_legends_are_read_wherever_they_stand(
    trephine: Command, tmp_path: Path, place: str
) -> None:
    whole = {
        "sex": "性别: 1=男, 2=女",
        "event": "collapse: 1 = alive; 2 = dead",
        "stage": "Stage 1=I 2=II 3=IIIA",
        "smoker": "smoker 0: no, 1: yes",
    }
    beside: dict[str, str] = {}
    sheet: dict[str, str] | None = None
    if place == "beside":
        beside = {f"I{2 + n}": text for n, text in enumerate(whole.values())}
    elif place == "below":
        beside = {"A64": "Note: " + "; ".join(t.replace(";", ",") for t in whole.values())}
    elif place == "sheet":
        sheet = {f"B{3 + 2 * n}": text.split(": ")[-1] for n, text in enumerate(whole.values())}
        sheet = {"A3": "性别", "B3": "1=男, 2=女", "A5": "Collapse", "B5": "1=no, 2=yes"}
        sheet |= {"A7": "stage", "B7": "1=I, 2=II, 3=IIIA", "A9": "smoker", "B9": "0=no, 1=yes"}
    elif place == "book":
        rows = [("Variable", "Code", "Meaning"), ("性别", "1", "男"), ("", "2", "女")]
        rows += [("collapse", "1", "no"), ("", "2", "yes"), ("stage", "1", "I"), ("", "2", "II")]
        rows += [("", "3", "IIIA"), ("smoker", "0", "no"), ("smoker", "1", "yes")]
        sheet = {f"{'ABC'[k]}{n}": t for n, r in enumerate(rows, 1) for k, t in enumerate(r) if t}
    else:
        beside = {"I2": "性别", "J2": "1=男", "J3": "2=女", "I5": "collapse", "J5": "1=no"}
        beside |= {"K5": "2=yes", "I7": "stage", "I8": "1=I", "I9": "2=II", "I10": "3=IIIA"}
        beside |= {"I12": "smoker", "J12": "0 - no", "K12": "1 - yes"}
    frame = coded()
    write(tmp_path / "t.xlsx", frame, beside, sheet)
    inputs, said = drafted(trephine, tmp_path)
    agrees(inputs, frame)
    assert "codes of 性别: 1 = 男, 2 = 女 (cell" in said
    if sheet is not None:
        assert "of sheet 'Codes')" in said


def test_a_legend_in_the_column_s_own_name_is_read(trephine: Command, tmp_path: Path) -> None:
    frame = coded()
    names = {
        "性别": "性别(1=男,2=女)",
        "collapse": "collapse (1=no, 2=yes)",
        "stage": "stage (1=I, 2=II, 3=IIIA)",
    }
    write(tmp_path / "t.xlsx", frame.rename(columns=names), {})
    inputs, _ = drafted(trephine, tmp_path)
    inputs_names = {name: name.split("(")[0].strip() for name in inputs.plan.clinical}
    assert sorted(inputs_names.values()) == ["smoker", "stage", "性别"]
    sexes = inputs.clinical.texts("性别(1=男,2=女)")
    of = frame.set_index("case")["性别"]
    assert [{"1": "M", "2": "F"}[of[case]] for case in inputs.case_ids] == list(sexes)


def test_a_legend_that_turns_zero_and_one_round_is_obeyed(
    trephine: Command, tmp_path: Path
) -> None:
    frame = coded(collapse=["0", "1"] * (N // 2))
    write(tmp_path / "t.xlsx", frame, {"I2": "collapse: 0 = dead, 1 = alive", "I3": "性别 1男 2女"})
    inputs, said = drafted(trephine, tmp_path)
    assert "codes of collapse: 0 = dead, 1 = alive (cell I2" in said
    of = frame.set_index("case")["collapse"]
    assert [of[case] == "0" for case in inputs.case_ids] == inputs.survival.event.tolist()


def test_sides_written_as_codes_are_read_by_their_legend(trephine: Command, tmp_path: Path) -> None:
    frame = coded().drop(columns="case")
    frame.insert(0, "PA no", [f"P{n // 2:02d}" for n in range(N)])
    frame.insert(1, "side", ["1", "2"] * (N // 2))
    write(tmp_path / "t.xlsx", frame, {"I2": "collapse 1=no 2=yes"}, {"A1": "Side: 1=左, 2=右"})
    inputs, _ = drafted(trephine, tmp_path)
    assert inputs.sides.count("L") == N // 2
    assert all(
        case.endswith(str(side)) for case, side in zip(inputs.case_ids, inputs.sides, strict=True)
    )
    first = inputs.case_ids.index("P00-L")
    assert inputs.survival.time[first] == pytest.approx(float(frame["months"][0]))


def test_a_legend_without_a_name_counts_only_where_one_column_has_its_codes() -> None:
    frame = pd.DataFrame({"a": ["1", "2", "1"], "b": ["0", "1", "1"], "c": ["1", "0", "0"]})
    text = (SheetText(None, 9, 1, "1=male, 2=female"), SheetText(None, 10, 1, "0=no, 1=yes"))
    assert set(find_legends(frame, text)) == {"a"}


def test_a_legend_without_a_name_is_of_the_one_column_that_holds_its_words_too() -> None:
    frame = pd.DataFrame(
        {"性别": ["1", "2", "男", "女", "F"], "stage": ["1", "2", "II", "2", "1"], "n": [*"12121"]}
    )
    text = (SheetText("说明", 1, 1, "1=男, 2=女"),)
    assert {name: legend.meanings for name, legend in find_legends(frame, text).items()} == {
        "性别": {"1": "男", "2": "女"}
    }
    # Of two columns that hold them nobody knows, and a code that it does not have is another's.
    twice = frame.assign(partner=frame["性别"])
    assert find_legends(twice, text) == {}
    assert find_legends(frame.replace({"F": "3"}), text) == {}


def test_a_legend_does_not_explain_a_column_that_holds_other_numbers() -> None:
    frame = pd.DataFrame({"stage": ["1", "2", "4"]})
    assert find_legends(frame, (SheetText(None, 9, 1, "stage: 1=I, 2=II"),)) == {}


@pytest.mark.parametrize(
    "text", ["12:30, 13:40", "2016-2020", "ratio 1:2", "age 10-20, 20-30", "1=a, 1=b", "stage I"]
)
def test_clocks_ranges_and_titles_are_no_legends(text: str) -> None:
    assert len(pairs_in(text)[0]) < 2


@given(
    st.lists(
        st.sampled_from(["male", "female", "alive", "男", "女", "无", "graft", "IIIA"]),
        min_size=2,
        unique=True,
    ),
    st.sampled_from(["=", " = ", ": ", "：", " - ", "→"]),
    st.sampled_from([", ", "; ", "；", "、", " / ", "\n"]),
    st.sampled_from(["", "Sex: ", "性别（"]),
)
def test_a_legend_is_read_however_its_codes_are_parted(
    meanings: list[str], sign: str, between: str, before: str
) -> None:
    text = before + between.join(f"{n}{sign}{m}" for n, m in enumerate(meanings))
    pairs, name = pairs_in(text)
    assert pairs == {str(n): meaning for n, meaning in enumerate(meanings)}
    assert name == before.strip(" :（")
