"""Cells that a spreadsheet could not calculate, or merged, where names and paths are expected."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from cli.command import Command
from study.small_study import SmallStudy
from trephine.errors import StudyProblemsError
from trephine.study.batch.manifest import read_manifest


def as_workbook(study: SmallStudy, spoil: dict[str, str], merge: tuple[str, ...] = ()) -> None:
    """Save the clinical table as xlsx, some cells changed and some merged."""
    table = study.table()
    table["picture"] = "images/" + table["patient"] + ".nii.gz"
    book = Workbook()
    sheet = book.active
    sheet.append(list(table.columns))
    for row in table.itertuples(index=False):
        sheet.append(list(row))
    for cell, value in spoil.items():
        sheet[cell] = value
    for cells in merge:
        sheet.merge_cells(cells)
    book.save(study.folder / "clinical.xlsx")
    study.replace('table = "clinical.csv"', 'table = "clinical.xlsx"')
    study.replace('image = "images/{patient}.nii.gz"', 'image = "{picture}"')


def refused(trephine: Command, study: SmallStudy, *parts: str) -> str:
    said = trephine("check", study.toml)
    assert said.code == 2, said.out
    for part in parts:
        assert part in said.err, said.err
    return said.err


# Columns of the sheet: hip, patient, side, months, collapse, age, stage, picture.
def test_errors_and_formulas_in_a_column_of_paths_are_named_as_such(
    trephine: Command, image_study: SmallStudy
) -> None:
    as_workbook(image_study, {"H4": "#VALUE!", "H5": "#VALUE!", "H9": '="images/"&B9&".nii.gz"'})
    told = refused(
        trephine,
        image_study,
        "rows 4, 5, column picture: expected the path of an image, found the spreadsheet error",
        "row 9, column picture: expected the path of an image, found a formula that was never",
        "2 problems",
    )
    assert "no such file" not in told


def test_merged_paths_are_named_with_the_key_that_repeats_them(
    trephine: Command, image_study: SmallStudy
) -> None:
    as_workbook(image_study, {}, ("H2:H3",))
    refused(
        trephine,
        image_study,
        "row 3, column picture: expected the path of an image, found a cell merged with another",
        '[data] read = { "picture" = { merged = "repeat" } }',
        "1 problem",
    )
    image_study.replace("[data]\n", '[data]\nread = { "picture" = { merged = "repeat" } }\n')
    assert trephine("check", image_study.toml).code == 0


def test_merged_patients_errors_in_cases_and_sides_are_each_reported_once(
    trephine: Command, image_study: SmallStudy
) -> None:
    as_workbook(image_study, {"A8": "#REF!", "A9": "#REF!", "C12": "#N/A"}, ("B2:B3", "B4:B5"))
    told = refused(
        trephine,
        image_study,
        "rows 3, 5, column patient: expected a name, found a cell merged with another",
        '[data] read = { "patient" = { merged = "repeat" } }',
        "rows 8, 9, column hip: expected a name, found the spreadsheet error #REF!",
        "row 12, column side: expected R or L, found the spreadsheet error #N/A",
    )
    assert "several times" not in told
    assert "one case 2 times" not in told


def test_a_list_of_files_names_its_own_rows(trephine: Command, image_study: SmallStudy) -> None:
    patients = sorted(set(image_study.table()["patient"]))
    listed = pd.DataFrame(
        {"patient": patients, "file": [f"images/{patient}.nii.gz" for patient in patients]}
    )
    listed.loc[[3, 6], "file"] = "#VALUE!"
    image_study.write(listed, "files.csv")
    image_study.replace('image = "images/{patient}.nii.gz"', 'image = "{file}"')
    image_study.replace("[data]\n", '[data]\nmanifest = "files.csv"\n')
    refused(
        trephine,
        image_study,
        "files.csv, rows 5, 8, column file: expected a name or a path, found the spreadsheet",
        "1 problem",
    )


def test_a_table_of_pairs_names_them_too(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "name,image,mask,label\n#N/A,a.nii,b.nii,1\nx,#VALUE!,#VALUE!,#DIV/0!\n"
    )
    with pytest.raises(StudyProblemsError) as error:
        read_manifest(tmp_path / "pairs.csv", None)
    found = {(problem.column, problem.rows) for problem in error.value.problems}
    assert found == {("name", (2,)), ("image", (3,)), ("mask", (3,)), ("label", (3,))}
    assert "no missing value" not in str(error.value)
