"""Studies with a mistake: every mistake told at once, exit code 2, nothing written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command, Said
from study.small_study import CASES, SPACING, SmallStudy, write_table_study
from trephine.imaging import read_mask, write_nifti
from trephine.types import Geometry, Mask


def refused(trephine: Command, study: SmallStudy, *expected: str, verb: str = "check") -> str:
    """Run a verb, and see that it names each part of ``expected`` and leaves no trace."""
    before = sorted(study.folder.rglob("*"))
    said = trephine(verb, study.toml)
    assert said.code == 2, said.out + said.err
    assert "Traceback" not in said.out + said.err
    for part in expected:
        assert part in said.err, said.err
    assert sorted(study.folder.rglob("*")) == before
    assert not _identifiers(study, said)
    return said.err


def _identifiers(study: SmallStudy, said: Said) -> list[str]:
    """Return patients' and hips' names that a message gives away."""
    table = study.table()
    names = {cell for column in table.columns[:2] for cell in table[column] if len(cell) > 2}
    return [name for name in names if re.search(rf"(?<![\d.]){re.escape(name)}(?!\d)", said.err)]


def test_a_study_without_mistakes_passes_and_nothing_is_written(
    trephine: Command, image_study: SmallStudy
) -> None:
    before = sorted(image_study.folder.rglob("*"))
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert f"No problem found: {CASES} cases of 40 patients" in said.out
    assert sorted(image_study.folder.rglob("*")) == before


@pytest.mark.parametrize("role", ["case", "patient", "side", "time", "event"])
def test_a_missing_column_is_named_with_the_columns_there_are(
    trephine: Command, image_study: SmallStudy, role: str
) -> None:
    names = {
        "case": "hip",
        "patient": "patient",
        "side": "side",
        "time": "months",
        "event": "collapse",
    }
    table = image_study.table()
    image_study.write(table.rename(columns={names[role]: "other"}))
    told = refused(trephine, image_study, "clinical.csv, row 1", f"a column '{names[role]}'")
    assert "'other'" in told
    assert f"columns.{role}" in told


def test_a_missing_clinical_column_is_named(trephine: Command, image_study: SmallStudy) -> None:
    image_study.write(image_study.table().drop(columns="age"))
    refused(trephine, image_study, "a column 'age' for clinical variable age")


@pytest.mark.parametrize(
    ("old", "new", "place", "nearest"),
    [
        ("[outcome]", "[outcom]", "[outcom]", "'outcome'"),
        ("horizons =", "horizonts =", "[outcome.horizonts]", "'horizons'"),
        ("[validation]\nrepeats", "[validation]\nrepeat", "[validation.repeat]", "'repeats'"),
        ("mask_label =", "mask_labels =", "[data.mask_labels]", "'mask_label'"),
        ("reference =", "refrence =", "[clinical.stage.refrence]", "'reference'"),
        ("time = ", "times = ", "[data.columns.times]", "'time'"),
        ("binWidth", "binwidth", "[radiomics]", "'binWidth'"),
    ],
)
def test_an_unknown_key_is_reported_with_the_nearest_valid_name(
    trephine: Command, image_study: SmallStudy, old: str, new: str, place: str, nearest: str
) -> None:
    image_study.replace(old, new)
    refused(trephine, image_study, place, f"id you mean {nearest}?")


def test_a_study_file_that_is_missing_or_not_toml_is_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("[outcome]", "[outcome")
    refused(trephine, image_study, "a TOML file")
    image_study.toml.unlink()
    refused(trephine, image_study, "a study file, found no such file")


def test_a_missing_or_unreadable_table_is_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    path = image_study.folder / "clinical.csv"
    path.write_bytes(b"hip,months\n\x01\x00\x02,broken\n")
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "clinical.csv: expected a table that can be read" in said.err
    path.unlink()
    said = trephine("check", image_study.toml)
    assert (said.code, "no such file" in said.err) == (2, True)


def test_a_case_that_stands_twice_is_reported_by_its_rows(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(7, "hip", image_study.table()["hip"][0])
    told = refused(trephine, image_study, "rows 2, 7, column hip", "each case once")
    assert "one case 2 times" in told


def test_one_side_of_a_patient_twice_is_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(3, "side", "R")
    told = refused(trephine, image_study, "rows 2, 3", "each side of a patient once")
    assert "Remove the copies, or correct the side or the patient of these rows" in told


@pytest.mark.parametrize("time", ["0", "-3.5"])
def test_a_time_that_is_not_positive_is_reported(
    trephine: Command, image_study: SmallStudy, time: str
) -> None:
    image_study.set(11, "months", time)
    refused(trephine, image_study, f"row 11, column months: expected a time > 0, found {time}")


def test_a_time_that_is_no_number_is_reported_and_no_comma_is_guessed_at(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(4, "months", "3,5")
    refused(trephine, image_study, "row 4, column months: expected a time as a number", "'3,5'")


@pytest.mark.parametrize("event", ["2", "yes", "0.5"])
def test_an_event_that_is_neither_0_nor_1_is_reported(
    trephine: Command, image_study: SmallStudy, event: str
) -> None:
    image_study.set(9, "collapse", event)
    refused(trephine, image_study, f"row 9, column collapse: expected 0 or 1, found '{event}'")


def test_a_column_of_yes_and_no_is_a_problem_a_word_not_a_row(
    trephine: Command, image_study: SmallStudy
) -> None:
    for row, event in enumerate(image_study.table()["collapse"], start=2):
        image_study.set(row, "collapse", "yes" if int(event) else "no")
    said = trephine("check", image_study.toml)
    assert said.code == 2
    told = [line for line in said.err.splitlines() if "expected 0 or 1" in line]
    assert len(told) == 2
    assert "rows 2, " in "".join(told)
    assert all(" more, column collapse" in line for line in told)


def test_a_level_that_is_not_declared_is_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(5, "stage", "IIIa")
    refused(trephine, image_study, "row 5, column stage: expected 'I', 'II' or 'IIIA', found")


def test_a_value_out_of_its_range_or_not_a_number_is_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(5, "age", "460")
    image_study.set(6, "age", "old")
    refused(
        trephine,
        image_study,
        "row 5, column age: expected 18 to 90, found 460",
        "row 6, column age: expected a number, found 'old'",
    )


@pytest.mark.parametrize(("events", "found"), [(0, "no event at all"), (9, "found 9")])
def test_fewer_than_ten_events_are_refused(
    trephine: Command, image_study: SmallStudy, events: int, found: str
) -> None:
    table = image_study.table()
    table["collapse"] = ["1"] * events + ["0"] * (len(table) - events)
    image_study.write(table)
    refused(trephine, image_study, "column collapse: expected at least 10 events", found)


@pytest.mark.parametrize(("folds", "bearers", "needed"), [(5, 4, 5), (3, 1, 5), (2, 4, 6)])
def test_what_folds_of_patients_cannot_hold_is_refused_before_anything_is_fitted(
    trephine: Command, table_study: SmallStudy, folds: int, bearers: int, needed: int
) -> None:
    table = table_study.table()
    table["who"] = [f"p{row if row >= 15 else row % bearers}" for row in range(len(table))]
    table["died"] = ["1"] * 12 + ["0"] * (len(table) - 12)
    table_study.write(table)
    table_study.replace('case = "case"', 'case = "case", patient = "who"')
    table_study.replace("folds = 3\nbootstraps", f"folds = {folds}\nbootstraps")
    who = "1 patient" if bearers == 1 else f"{bearers} patients"
    expected = (f"at least {needed} patients with an event", f"found 12 events in {who}")
    refused(trephine, table_study, *expected)
    refused(trephine, table_study, *expected, verb="run")


def test_enough_patients_with_an_event_pass_whatever_the_folds(
    trephine: Command, table_study: SmallStudy
) -> None:
    table = table_study.table()
    table["who"] = [f"p{row if row >= 12 else row % 5}" for row in range(len(table))]
    table["died"] = ["1"] * 12 + ["0"] * (len(table) - 12)
    table_study.write(table)
    table_study.replace('case = "case"', 'case = "case", patient = "who"')
    table_study.replace("folds = 3\nbootstraps", "folds = 5\nbootstraps")
    assert trephine("check", table_study.toml).code == 0


def test_an_image_that_is_missing_is_reported_by_every_row_that_needs_it(
    trephine: Command, image_study: SmallStudy
) -> None:
    (image_study.folder / "images" / "002.nii.gz").unlink()
    told = refused(trephine, image_study, "rows 4, 5: expected an image at", "1 problem to fix")
    assert "images/{patient}.nii.gz" in told


def test_a_rater_s_missing_mask_is_reported(trephine: Command, image_study: SmallStudy) -> None:
    (image_study.folder / "a" / "030.nii.gz").unlink()
    refused(trephine, image_study, "row 51: expected rater a's mask at", "a/{patient}.nii.gz")


def test_a_second_reading_may_be_missing_for_some_cases_but_not_for_all(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("a2/{patient}", "nowhere/{patient}")
    refused(trephine, image_study, "repeats.a: expected at least one mask, found none")


def test_masks_that_are_empty_of_another_shape_or_without_the_label_are_reported(
    trephine: Command, image_study: SmallStudy
) -> None:
    masks = image_study.folder / "a"
    good = read_mask(masks / "001.nii.gz").labels
    write_nifti(Mask(np.zeros_like(good), SPACING), masks / "001.nii.gz")
    write_nifti(Mask(good[:-1], SPACING), masks / "002.nii.gz")
    write_nifti(Mask(np.where(good == 2, 3, good), SPACING), masks / "003.nii.gz")
    other_grid = Geometry.plain((0.7, 0.7))
    write_nifti(Mask(good, other_grid), masks / "004.nii.gz")
    told = refused(trephine, image_study, "label 1 in the mask of rater a, found", "an empty mask")
    for row in (2, 3, 7):
        assert f"clinical.csv, row {row}: expected a region with label" in told
    for rows in ("4, 5", "8, 9"):
        assert f"clinical.csv, rows {rows}: rater a, " in told
    assert "row 6:" not in told
    assert "a, found labels [1, 3]. Label 3 belongs to no side" in told


def test_a_file_that_is_no_image_is_reported(trephine: Command, image_study: SmallStudy) -> None:
    (image_study.folder / "images" / "040.nii.gz").write_bytes(b"not an image")
    refused(trephine, image_study, "row 61: image, ")


def test_fields_of_a_path_must_be_columns(trephine: Command, image_study: SmallStudy) -> None:
    image_study.replace('image = "images/{patient}', 'image = "images/{patient_id}')
    refused(trephine, image_study, "fields from the columns of clinical.csv", "{patient_id}")


def test_a_region_without_width_is_reported_before_any_work(
    trephine: Command, image_study: SmallStudy
) -> None:
    masks = image_study.folder / "a"
    line = np.array(read_mask(masks / "001.nii.gz").labels)
    rows, columns = np.nonzero(line == 2)
    line[line == 2] = 0
    line[rows[0], columns] = 2
    write_nifti(Mask(line, SPACING), masks / "001.nii.gz")
    refused(trephine, image_study, "in the mask of rater a, found 1 x")


def test_a_side_without_a_label_is_reported(trephine: Command, image_study: SmallStudy) -> None:
    image_study.replace("mask_label = { R = 1, L = 2 }", "mask_label = { R = 1 }")
    refused(trephine, image_study, "a label for side L")


def test_identifiers_such_as_007_stay_text(trephine: Command, image_study: SmallStudy) -> None:
    from trephine.study.inputs import read_study

    inputs = read_study(image_study.toml)
    assert inputs.patient_ids[0] == "001"
    assert inputs.files is not None
    assert inputs.files.images[0].name == "001.nii.gz"


def test_every_mistake_is_reported_at_once_and_run_makes_the_same_check(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.set(2, "months", "-1")
    image_study.set(3, "collapse", "yes")
    image_study.set(4, "stage", "V")
    image_study.set(6, "hip", image_study.table()["hip"][5])
    (image_study.folder / "images" / "020.nii.gz").unlink()
    parts = ("row 2,", "row 3,", "row 4,", "rows 6, 7,", "an image at")
    told = refused(trephine, image_study, *parts, "5 problems to fix")
    assert refused(trephine, image_study, *parts, verb="run") == told


def test_a_mistake_in_the_plan_is_reported_together_with_those_in_the_table(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("[selection]", '[models.parts]\nMine = ["radiomic"]\n\n[selection]')
    image_study.set(2, "months", "-1")
    refused(trephine, image_study, "['radiomics', 'clinical']", "['radiomic']", "a time > 0")


def test_harm_of_no_model_and_impossible_risk_cuts_are_refused(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("[selection]", "[models.harm]\nDLRX = 0.02\n\n[selection]")
    refused(trephine, image_study, "models.harm", "['DLRX']")
    image_study.replace("[outcome]\n", "[outcome]\nrisk_cuts = [0.5, 0.2]\n")
    refused(trephine, image_study, "outcome.risk_cuts", "ascending")


def test_a_misspelt_key_does_not_hide_what_is_wrong_with_the_table(
    trephine: Command, image_study: SmallStudy
) -> None:
    image_study.replace("horizons =", "horizon =")
    image_study.replace("inner_folds", "inner_fold")
    image_study.set(2, "months", "-1")
    parts = ("'horizons'", "'inner_folds'", "a time > 0", "3 problems to fix")
    refused(trephine, image_study, *parts)


def test_an_outcome_column_among_the_features_is_refused(
    trephine: Command, table_study: SmallStudy
) -> None:
    clinical = table_study.table().set_index("case")
    features = table_study.table("features.csv")
    copy = features.assign(months=list(clinical["months"][features["case"]]))
    table_study.write(copy, "features.csv")
    refused(trephine, table_study, "features only", "outcome columns ['months']")
    renamed = copy.rename(columns={"months": "gene_99"})
    table_study.write(renamed, "features.csv")
    refused(trephine, table_study, "column gene_99", "the values of the outcome's time")


def test_a_case_without_features_is_reported_by_its_row(
    trephine: Command, table_study: SmallStudy
) -> None:
    table_study.write(table_study.table("features.csv").iloc[1:], "features.csv")
    refused(trephine, table_study, f"the case of row {CASES + 1} of the study's table")


def test_features_that_are_no_numbers_are_reported_by_row_and_column(
    trephine: Command, table_study: SmallStudy
) -> None:
    table_study.set(4, "gene_3", "high", "features.csv")
    told = refused(trephine, table_study, "row 4, column gene_3: expected a number, found 'high'")
    assert "1 problem to fix" in told


def test_a_feature_set_without_columns_is_reported(
    trephine: Command, table_study: SmallStudy
) -> None:
    table_study.replace(
        'table = "features.csv"', 'table = "features.csv"\nsets.genes = { prefix = "rna_" }'
    )
    refused(trephine, table_study, "feature set genes: expected at least one column, found none")


def test_a_plan_with_nothing_to_predict_from_is_refused(trephine: Command, tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study", clinical=False)
    study.replace('\n[features]\ntable = "features.csv"\n', "")
    refused(trephine, study, "images, a feature table or clinical variables")


def test_events_that_were_all_seen_at_one_time_are_refused(
    trephine: Command, table_study: SmallStudy
) -> None:
    table = table_study.table()
    table.loc[table["died"] == "1", "months"] = "12"
    table_study.write(table)
    told = refused(trephine, table_study, "column months: expected events at two times at least")
    assert "at 12 months. Enter when each event was seen" in told


def test_invisible_letters_in_names_and_levels_are_named_by_row(
    trephine: Command, table_study: SmallStudy
) -> None:
    own = table_study.table()["case"]
    table_study.set(5, "case", f"{own[3][:1]}\u200b{own[3][1:]}")
    table_study.set(6, "case", f"\u00a0\u200b{own[4]}\u200b")
    table_study.set(7, "stage", "I\u200bI")
    told = refused(trephine, table_study, "row 7, column stage: expected 'I', 'II' or 'IIIA'")
    assert r'read = { "I\u200bI" = LEVEL }' in told
    assert "the case of row 5 of the study's table" in told
    assert "row 6" not in told
