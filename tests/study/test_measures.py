"""Measures of a rater in a study: from the table that drawing writes to the model and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from cli.command import Command
from study.small_study import SmallStudy, write_table_study
from trephine.cohort.schema import ClinicalVariable
from trephine.errors import StudyProblemsError
from trephine.plan.drawn_masks import drawn_masks
from trephine.plan.reading import read_plan
from trephine.study.annotating.measure_agreement import agreement_on_measures
from trephine.study.annotating.measure_table import COLUMNS
from trephine.study.inputs import StudyInputs, read_study

MEASURED = """
[clinical]
age = { unit = "years" }
angle = { measure = "combined_necrotic_angle", unit = "°" }
sunk = { measure = "depressed_over_2_mm" }
"""


def _measures(cases: list[str], side: str = "R", seed: int = 4) -> pd.DataFrame:
    """Return a table as drawing writes it: every hip measured and finished."""
    rng = np.random.default_rng(seed)
    arcs = rng.uniform(30, 150, (len(cases), 2)).round(3)
    return pd.DataFrame(
        {
            "case": cases,
            "side": side,
            "state": "drawn",
            "arc_coronal_degree": arcs[:, 0],
            "arc_axial_degree": arcs[:, 1],
            "combined_angle_degree": arcs.sum(axis=1),
            "depression_mm": rng.uniform(0, 4, len(cases)).round(3),
            "depressed_over_2_mm": rng.choice(["no", "yes"], len(cases)),
        },
        columns=list(COLUMNS),
    )


@pytest.fixture
def measured(tmp_path: Path) -> SmallStudy:
    """A study whose angle and depression come from rater a."""
    study = write_table_study(tmp_path / "study", clinical=False, features=1)
    study.replace('\n[features]\ntable = "features.csv"\n', MEASURED)
    study.replace('table = "clinical.csv"', 'table = "clinical.csv"\nmeasures = { a = "a.csv" }')
    _measures(list(study.table()["case"])).iloc[::-1].to_csv(study.folder / "a.csv", index=False)
    return study


def _problem(study: SmallStudy) -> str:
    with pytest.raises(StudyProblemsError) as caught:
        read_study(study.toml)
    return "\n".join(map(str, caught.value.problems))


def _by_case(inputs: StudyInputs, key: str) -> dict[str, float]:
    return dict(zip(inputs.case_ids, inputs.clinical.values(key).tolist(), strict=True))


def test_clinical_values_are_those_that_the_rater_measured(measured: SmallStudy) -> None:
    inputs = read_study(measured.toml)
    table = _measures(list(measured.table()["case"])).set_index("case")
    assert _by_case(inputs, "angle") == table["combined_angle_degree"].to_dict()
    sunk = dict(zip(inputs.case_ids, inputs.clinical.texts("sunk"), strict=True))
    assert sunk == table["depressed_over_2_mm"].to_dict()
    assert "Measures of rater a are there for 60 of 60 cases." in inputs.remarks
    assert measured.folder / "a.csv" in inputs.fingerprints


def test_the_angle_is_the_one_that_arcs_in_the_own_table_give(measured: SmallStudy) -> None:
    drawn = _by_case(read_study(measured.toml), "angle")
    arcs = _measures(list(measured.table()["case"]))[["arc_coronal_degree", "arc_axial_degree"]]
    measured.write(measured.table().assign(A=arcs.iloc[:, 0], B=arcs.iloc[:, 1]))
    measured.replace('necrotic_angle",', 'necrotic_angle", arcs = ["A", "B"],')
    assert _by_case(read_study(measured.toml), "angle") == pytest.approx(drawn, abs=1e-12)


def test_what_is_not_finished_is_missing_and_said(measured: SmallStudy) -> None:
    measured.set(2, "state", "open", "a.csv")
    measured.set(3, "case", "of nobody", "a.csv")
    inputs = read_study(measured.toml)
    assert len(inputs.case_ids) == 58
    said = next(one for one in inputs.remarks if one.startswith("Measures of rater a"))
    assert said == (
        "Measures of rater a are there for 58 of 60 cases; 1 that are not finished count as"
        " missing; 1 row belongs to no case."
    )


def test_both_hips_of_a_patient_have_their_own(measured: SmallStudy) -> None:
    """Images of MR are named by patients, and the study's cases by hips."""
    table = measured.table()
    patients = [f"P{place // 2:02d}" for place in range(len(table))]
    sides = ["R" if place % 2 else "L" for place in range(len(table))]
    measured.write(table.assign(patient=patients, side=sides))
    measured.replace('case = "case",', 'case = "case", patient = "patient", side = "side",')
    own = _measures(patients).assign(side=sides)
    own.sample(frac=1, random_state=3).to_csv(measured.folder / "a.csv", index=False)
    expected = dict(zip(table["case"], own["combined_angle_degree"], strict=True))
    assert _by_case(read_study(measured.toml), "angle") == expected


def test_tables_that_do_not_fit_are_refused(measured: SmallStudy) -> None:
    table = measured.table("a.csv")
    measured.write(pd.concat([table, table.iloc[[4]]]), "a.csv")
    assert "a.csv" in _problem(measured)
    assert "one row for each case" in _problem(measured)
    measured.write(table.drop(columns="combined_angle_degree"), "a.csv")
    assert "'combined_angle_degree' for clinical variable angle" in _problem(measured)
    measured.write(table.assign(case="x" + table["case"]), "a.csv")
    assert "none of them" in _problem(measured)
    (measured.folder / "a.csv").unlink()
    assert "trephine annotate study.toml --rater a" in _problem(measured)
    measured.write(table, "a.csv")
    measured.write(measured.table().assign(combined_angle_degree="1"))
    assert "the same column in a.csv" in _problem(measured)


def test_a_measure_without_a_table_of_measures_is_refused(measured: SmallStudy) -> None:
    measured.replace('measures = { a = "a.csv" }', "")
    assert "under [data] measures, or arcs" in _problem(measured)


def test_classes_know_their_levels() -> None:
    assert ClinicalVariable(measure="steinberg").levels == ("A", "B", "C")
    with pytest.raises(ValidationError, match="is a number"):
        ClinicalVariable(measure="depression_mm", levels=("a", "b"))
    with pytest.raises(ValidationError, match="measure beside them"):
        ClinicalVariable(measure="kerboul", arcs=("A", "B"))


@pytest.mark.slow
def test_a_model_of_measures_predicts_from_a_new_table(
    measured: SmallStudy, trephine: Command
) -> None:
    """The new table holds the measure itself, in a column of its name."""
    assert trephine("run", measured.toml).code == 0
    new = measured.table().head(1)[["case", "age"]]
    measured.write(new.assign(combined_angle_degree="250", depressed_over_2_mm="no"), "new.csv")
    given = ("--clinical", measured.folder / "new.csv")
    said = trephine("predict", measured.results / "model", *given)
    assert said.code == 0, said.err
    assert "Event-free survival at 24 months" in said.out
    report = (measured.results / "report.html").read_text("utf-8")
    assert "measures of rater a" in report


def test_agree_compares_the_tables_that_a_study_names(
    measured: SmallStudy, trephine: Command
) -> None:
    measured.replace('{ a = "a.csv" }', '{ a = "a.csv", b = "b.csv" }')
    first = measured.table("a.csv")
    moved = pd.to_numeric(first["combined_angle_degree"]) + 2.5
    measured.write(first.assign(combined_angle_degree=moved), "b.csv")
    measured.set(2, "state", "open", "b.csv")
    table = agreement_on_measures(measured.toml, "2,1").set_index("measure")
    row = table.loc["combined_angle_degree"]
    assert (row["comparison"], row["hips"]) == ("a and b", 59)
    assert row["bias"] == pytest.approx(2.5, abs=1e-9)
    assert table.loc["arc_coronal_degree", "icc"] == pytest.approx(1.0)
    out = measured.folder / "agreement"
    said = trephine("agree", measured.toml, "--out", out)
    assert said.code == 0, said.err
    assert pd.read_csv(out / "measures.csv")["bias"].max() == pytest.approx(2.5, abs=1e-9)


@pytest.mark.parametrize(
    ("image", "drawn"),
    [
        ("images/{hip}.dcm", "annotations/a/head/{hip}.nii.gz"),
        ("/far/images/{patient}/{side}.nii.gz", "annotations/a/head/{patient}/{side}.nii.gz"),
        ("{path}", "annotations/a/head/{path}.nii.gz"),
        ("mr/{patient}", "annotations/a/head/{patient}.nii.gz"),
        ("images/{hip}*.dcm", ""),
        ("", ""),
    ],
)
def test_drawn_masks_lie_as_their_images_do(image: str, drawn: str) -> None:
    assert drawn_masks(image, "a", "head") == drawn


def test_a_draft_of_a_folder_without_masks_leads_to_drawing(
    image_study: SmallStudy, trephine: Command
) -> None:
    for name in ("a", "b", "a2"):
        for path in (image_study.folder / name).iterdir():
            path.unlink()
    image_study.toml.unlink()
    said = trephine("new", image_study.folder)
    assert "trephine annotate study.toml --rater a" in said.out
    plan = read_plan(image_study.toml)
    (drawn,) = plan.data.raters.values()
    assert plan.data.shown(drawn) == "annotations/a/head/{patient}.nii.gz"
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "Draw them: `trephine annotate study.toml --rater a`" in " ".join(said.err.split())
