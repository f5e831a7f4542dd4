"""``trephine tidy``: a clean table, every change listed, nothing changed in place."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pandas as pd

from cli.command import Command
from cli.hospital_sheet import hospital, write_wide
from trephine.cohort.reading import read_source
from trephine.study.inputs import read_study


def sheet(folder: Path) -> Path:
    write_wide(folder / "sheet.xlsx", hospital()[0])
    return folder / "sheet.xlsx"


def changes(folder: Path) -> list[dict[str, str]]:
    with (folder / "sheet-changes.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_sheet_becomes_one_row_a_case_and_the_original_stays(
    trephine: Command, tmp_path: Path
) -> None:
    path = sheet(tmp_path)
    before = path.read_bytes()
    hips = {hip.case: hip for hip in hospital()[1]}
    for kind in ("xlsx", "csv"):
        out = tmp_path / kind
        said = trephine("tidy", path, "--out", out, "--format", kind)
        assert said.code == 0, said.err
        assert "itself is unchanged" in said.out
        clean = read_source(out / f"sheet-tidy.{kind}").frame
        assert set(clean["case"]) == set(hips)
        for _, row in clean.iterrows():
            hip = hips[row["case"]]
            assert abs(float(row["time"]) * 30.4375 - hip.days) < 1e-9
            assert (row["event"], row["分期"], row["性别"]) == (
                str(int(hip.event)),
                hip.stage,
                hip.sex,
            )
            assert float(row["年龄"]) == hip.age
    assert path.read_bytes() == before


def test_the_study_file_beside_it_reads_the_original(trephine: Command, tmp_path: Path) -> None:
    path = sheet(tmp_path)
    assert trephine("tidy", path).code == 0
    inputs = read_study(tmp_path / "sheet-tidy" / "study.toml")
    assert inputs.plan.data.table.resolve() == path.resolve()
    assert set(inputs.case_ids) == {hip.case for hip in hospital()[1]}


def test_every_cell_that_differs_from_the_original_is_listed(
    trephine: Command, tmp_path: Path
) -> None:
    path = sheet(tmp_path)
    assert trephine("tidy", path, "--format", "csv").code == 0
    out = tmp_path / "sheet-tidy"
    listed = {(int(c["row"]), c["column"], c["from"], c["to"]) for c in changes(out)}
    original = read_source(path).frame
    clean = read_source(out / "sheet-tidy.csv").frame
    sides = {"R": "右", "L": "左"}
    numbers = {row["影像号"]: int(n) for n, row in original.iterrows()}
    for _, row in clean.iterrows():
        number = numbers[row["影像号"]]
        for column in clean.columns:
            own = sides[row["side"]] + column
            old = original.loc[number].get(column, original.loc[number].get(own, ""))
            if old != row[column]:
                assert (number, column, old, row[column]) in listed
    assert any(c["why"].startswith("side left out") for c in changes(out))
    assert all(c["from"] != c["to"] for c in changes(out))


def test_nothing_is_ever_overwritten(trephine: Command, tmp_path: Path) -> None:
    path = sheet(tmp_path)
    assert trephine("tidy", path).code == 0
    kept = {p: p.read_bytes() for p in (tmp_path / "sheet-tidy").iterdir()}
    said = trephine("tidy", path)
    assert said.code == 2
    assert "found one" in said.err
    assert {p: p.read_bytes() for p in (tmp_path / "sheet-tidy").iterdir()} == kept


def test_a_cell_that_a_spreadsheet_would_run_stays_a_text(
    trephine: Command, tmp_path: Path
) -> None:
    rows, _ = hospital()
    for row in rows[:3]:
        row["备注"] = '=HYPERLINK("http://x","y")'
    pd.DataFrame(rows).to_csv(tmp_path / "sheet.csv", index=False)
    for kind in ("xlsx", "csv"):
        said = trephine("tidy", tmp_path / "sheet.csv", "--out", tmp_path / kind, "--format", kind)
        assert said.code == 0, said.err
    book = openpyxl.load_workbook(tmp_path / "xlsx" / "sheet-tidy.xlsx")
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
    text = (tmp_path / "csv" / "sheet-tidy.csv").read_text(encoding="utf-8-sig")
    assert "=HYPERLINK" in text
    assert ",=HYPERLINK" not in text
    assert ',"=HYPERLINK' not in text


def test_cells_that_a_draft_leaves_open_stay_and_are_named(
    trephine: Command, tmp_path: Path
) -> None:
    rows, _ = hospital()
    rows[0]["性别"] = "1"
    write_wide(tmp_path / "sheet.xlsx", rows)
    said = trephine("tidy", tmp_path / "sheet.xlsx")
    assert said.code == 0
    assert "to decide; such cells are left as they are" in said.out
    clean = read_source(tmp_path / "sheet-tidy" / "sheet-tidy.xlsx").frame
    assert "1" in set(clean["性别"])
    strict = trephine(
        "tidy",
        tmp_path / "sheet.xlsx",
        "--study",
        tmp_path / "sheet-tidy" / "study.toml",
        "--out",
        tmp_path / "again",
    )
    assert strict.code == 2
    assert not (tmp_path / "again").exists()


def test_a_study_of_another_table_is_refused(trephine: Command, tmp_path: Path) -> None:
    path = sheet(tmp_path)
    assert trephine("tidy", path).code == 0
    other = tmp_path / "other.xlsx"
    other.write_bytes(path.read_bytes())
    said = trephine("tidy", other, "--study", tmp_path / "sheet-tidy" / "study.toml")
    assert said.code == 2
    assert "another table" in said.err
