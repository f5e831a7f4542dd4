"""What knows the answer is no predictor: row numbers, identifiers, the outcome, a second one."""

from __future__ import annotations

import numpy as np
import pytest

from cli.command import Command
from study.small_study import CASES, SmallStudy, write_table_study
from trephine.study.table.suspects import (
    is_identifier,
    is_outcome_name,
    is_row_number,
    is_second_time,
    repeats_outcome,
)

RNG = np.random.default_rng(5)
TIME = np.round(RNG.exponential(30, 60) + 0.1, 1)
EVENT = (RNG.random(60) < 0.6).astype(float)
ALL = np.ones(60, dtype=bool)


@pytest.mark.parametrize(
    "name",
    ["OS_months", "pfs.event", "DFS", "Overall survival", "time to death", "follow-up (months)",
     "event", "Vital status", "censored", "生存时间", "随访时间", "死亡", "Event-free survival"],
)  # fmt: skip
def test_outcomes_are_known_by_their_whole_name(name: str) -> None:
    assert is_outcome_name(name)


@pytest.mark.parametrize(
    "name",
    ["smoking status", "ECOG_status", "osteopenia", "free T4", "PSA_free", "position", "age",
     "deadlift", "eventful", "cssr", "total_protein", "necrosis index"],
)  # fmt: skip
def test_other_names_are_not_taken_for_outcomes(name: str) -> None:
    assert not is_outcome_name(name)


def test_row_numbers_are_known_by_name_or_by_their_order() -> None:
    mixed = [str(k) for k in RNG.permutation(60)]
    assert is_row_number("Unnamed: 0", mixed)
    assert is_row_number("..1", mixed)
    assert is_row_number("score", [str(k) for k in range(12)])
    assert is_row_number("score", [str(112 - k) for k in range(12)])
    assert not is_row_number("score", mixed)
    assert not is_row_number("index", ["0.5", "0.7", "0.9"])
    assert not is_row_number("score", ["1", "2", "3"])


def test_identifiers_are_known_by_name_and_by_being_different() -> None:
    numbers = [str(k) for k in RNG.permutation(90000)[:40]]
    assert is_identifier("住院号 Hospital ID", numbers)
    assert is_identifier("patient_no", numbers)
    assert not is_identifier("lesion number", ["1", "2", "3"] * 12)
    assert not is_identifier("age", numbers)
    assert not is_identifier("node_no", [f"{x:.2f}" for x in RNG.random(40)])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (TIME, "the values of the outcome's time"),
        (TIME * 30.4375, "the order of the outcome's time"),
        (-np.log(TIME), "the order of the outcome's time"),
        (np.round(TIME), "the order of the outcome's time"),
        (EVENT, "the outcome's event"),
        (1 - EVENT, "the outcome's event"),
        (EVENT * 2 + 1, "the outcome's event"),
        (np.where(EVENT == 1, RNG.integers(2, 4, 60), 1), "the outcome's event"),
        (TIME + RNG.normal(0, 2, 60), ""),
        (RNG.normal(size=60), ""),
        (RNG.integers(0, 2, 60), ""),
        (np.full(60, 3.0), ""),
        (np.full(60, np.nan), ""),
    ],
)
def test_copies_and_transforms_of_the_outcome_are_found(values: np.ndarray, told: str) -> None:
    found = repeats_outcome(np.asarray(values, float), TIME, EVENT, ALL)
    assert told in found if told else found == ""


def test_without_known_outcomes_nothing_repeats_them() -> None:
    assert repeats_outcome(TIME, TIME, EVENT, ~ALL) == ""


def test_a_time_that_is_often_the_outcomes_and_never_longer_is_a_second_one() -> None:
    earlier = np.where(RNG.random(60) < 0.5, TIME, TIME * RNG.random(60))
    assert is_second_time(earlier, TIME, ALL)
    assert not is_second_time(RNG.permutation(TIME), TIME, ALL)
    assert not is_second_time(np.minimum(TIME, 1.0), TIME, ALL)


def clinical(study: SmallStudy, **columns: list[str]) -> None:
    """Add columns to the table and name each as a clinical variable."""
    study.write(study.table().assign(**columns))
    names = "\n".join(f"{column} = {{}}" for column in columns)
    study.replace("[clinical]\n", f"[clinical]\n{names}\n")


@pytest.fixture
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    study = write_table_study(tmp_path_factory.mktemp("s") / "study")
    if "[clinical]" not in study.toml.read_text():
        with study.toml.open("a") as file:
            file.write("\n[clinical]\n")
    return study


def test_suspicious_clinical_variables_are_refused_each_with_its_reason(
    trephine: Command, study: SmallStudy
) -> None:
    table = study.table()
    months = [str(float(cell) * 30) for cell in table["months"]]
    numbers = [str(k) for k in RNG.permutation(9000)[: len(table)]]
    clinical(study, days=months, MRN=numbers, order=[str(k) for k in range(len(table))])
    said = trephine("check", study.toml)
    assert said.code == 2
    assert (
        "column days: expected a variable known when follow-up began, found the order" in said.err
    )
    assert "column MRN: expected a variable known when follow-up began, found an iden" in said.err
    assert "column order: expected a variable known when follow-up began, found numbers" in said.err
    assert "order = { known_at_start = true }" in said.err
    study.replace("order = {}", "order = { known_at_start = true }")
    assert "column order" not in trephine("check", study.toml).err


def test_the_outcomes_own_columns_are_no_clinical_variables(
    trephine: Command, study: SmallStudy
) -> None:
    study.replace("[clinical]\n", "[clinical]\nmonths = {}\ndied = { known_at_start = true }\n")
    said = trephine("check", study.toml)
    assert "column months: expected a variable known" in said.err
    assert "found the column of [data] columns.event" in said.err


def test_what_is_no_feature_is_left_out_by_default_and_refused_by_name(
    trephine: Command, study: SmallStudy
) -> None:
    table = study.table("features.csv")
    feature = table.columns[1]
    table.insert(0, "", [str(k) for k in range(len(table))])
    table["Unnamed: 0"] = [str(k) for k in RNG.permutation(len(table))]
    table["Image"] = "images/x.nrrd"
    table["diagnostics_Mask-original_VoxelNum"] = "7"
    table["PFS_months"] = "3"
    study.write(table, "features.csv")
    said = trephine("check", study.toml)
    assert said.code == 0, said.err
    for told in (
        "Column A has no name, though values: left out",
        "not taken for features, numbers of rows: column 'Unnamed: 0'",
        "not taken for features, words, not numbers: column 'Image'",
        "not taken for features, diagnostics of PyRadiomics: column",
        "not taken for features, the name of another outcome: column 'PFS_months'",
    ):
        assert told in said.out
    named = f'sets = {{ a = ["{feature}", "Unnamed: 0", "Image"] }}'
    study.replace('"features.csv"\n', f'"features.csv"\n{named}\n')
    said = trephine("check", study.toml)
    assert "column Unnamed: 0: expected a feature, found numbers of rows" in said.err
    assert "column Image: expected a number, found text" in said.err
    assert "x.nrrd" not in said.err
    assert said.err.count("column Image") == 1


def test_copies_of_the_outcome_are_no_features(trephine: Command, study: SmallStudy) -> None:
    table = study.table("features.csv")
    cases = study.table().set_index("case")
    times = cases.loc[table["case"], "months"].astype(float)
    study.write(table.assign(g=[f"{t * 7:.3f}" for t in times]), "features.csv")
    told = trephine("check", study.toml).err
    assert "column g: expected a feature, found the order of the outcome's time" in told


def test_an_outcome_in_words_is_one_problem_a_word_and_no_leak(
    trephine: Command, study: SmallStudy
) -> None:
    words = {"0": "alive", "1": "dead"}
    study.write(study.table().replace({"died": words}))
    said = trephine("check", study.toml)
    assert "2 problems to fix" in said.err
    assert 'read = { "died" = {' in said.err
    study.replace("[data]\n", "[data]\nread = { died = { alive = 0, dead = 1 } }\n")
    assert trephine("check", study.toml).code == 0


def test_an_event_column_of_1_and_blanks_is_questioned(
    trephine: Command, study: SmallStudy
) -> None:
    study.write(study.table().replace({"died": {"0": ""}}))
    said = trephine("check", study.toml)
    assert "found only 1 and empty cells. Does empty mean that no event was seen?" in said.err
    study.replace("[data]\n", '[data]\nread = { "died" = { "" = "0" } }\n')
    said = trephine("check", study.toml)
    assert f"No problem found: {CASES} cases" in said.out


def test_errors_in_the_time_are_problems_and_gaps_are_named_by_rows(
    trephine: Command, study: SmallStudy
) -> None:
    study.set(4, "months", "#VALUE!")
    said = trephine("check", study.toml)
    assert "row 4, column months: expected a time as a number, found the spreadsheet" in said.err
    study.set(4, "months", "")
    study.set(7, "months", "8730")
    said = trephine("check", study.toml)
    assert "Left out for want of an outcome: cells without a value in months 1 (row 4)." in said.out
    assert "Row 7, column months: 8730, where all others are at most" in said.out


def test_names_that_lost_their_zeros_are_reported_once(
    trephine: Command, study: SmallStudy
) -> None:
    table = study.table("features.csv")
    cases = study.table()
    study.write(table.assign(case=[str(k) for k in range(1, len(table) + 1)]), "features.csv")
    study.write(cases.assign(case=[f"{k:03d}" for k in range(1, len(cases) + 1)]))
    said = trephine("check", study.toml)
    assert "1 problem to fix" in said.err
    assert "but for leading zeros or a final .0" in said.err


def test_a_study_file_that_begins_with_a_byte_order_mark_is_read(
    trephine: Command, study: SmallStudy
) -> None:
    text = study.toml.read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "utf-16"):
        study.toml.write_text(text, encoding=encoding)
        assert trephine("check", study.toml).code == 0
    study.toml.write_bytes(b"title = '\xb2'")
    assert "expected a TOML file in UTF-8" in trephine("check", study.toml).err
