"""Awkward studies end in a report that says what is missing, and prints no number that is none."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from study.small_study import SmallStudy, write_clinical_study, write_table_study
from trephine.facts import Facts
from trephine.study import run
from trephine.study.inputs import read_study
from trephine.study.locked.new_case import NewCase
from trephine.study.locked.predict import predict_case

NO_NUMBER = re.compile(r"(?<![A-Za-z])(nan|inf|none|null)(?![A-Za-z])", re.I)


def facts_of(study: SmallStudy) -> Facts:
    """Run a study, and look for what no table may print."""
    result = run.run_study(study.toml, formats=("csv",))
    for table in (study.results / "tables").glob("*.csv"):
        with table.open(encoding="utf-8") as lines:
            for row in csv.reader(lines):
                assert not any(NO_NUMBER.fullmatch(cell.strip()) for cell in row), table.name
                assert not any("nan" in re.split(r"[^a-z]+", cell) for cell in row), table.name
    return result.facts


@pytest.fixture
def clinical(tmp_path: Path) -> SmallStudy:
    return write_clinical_study(tmp_path / "study")


def add_awkward_columns(study: SmallStudy) -> None:
    """Add a variable that is constant, one with 40 % missing and one with 12 levels."""
    rng = np.random.default_rng(7)
    table = study.table()
    table["constant"] = "5"
    table["gappy"] = [f"{x:.1f}" for x in rng.normal(10, 2, len(table))]
    table.loc[rng.choice(len(table), int(0.4 * len(table)), replace=False), "gappy"] = ""
    table["ward"] = [f"w{j}" for j in rng.integers(0, 12, len(table))]
    study.write(table)
    levels = ", ".join(f'"w{j}"' for j in range(12))
    study.replace(
        "[clinical]\n",
        f"[clinical]\nconstant = {{}}\ngappy = {{}}\nward = {{ levels = [{levels}] }}\n",
    )


def test_constant_missing_and_twelve_levels_with_values_filled_in(clinical: SmallStudy) -> None:
    add_awkward_columns(clinical)
    clinical.replace("[selection]\n", '[selection]\nmissing_clinical = "impute"\n')
    facts = facts_of(clinical)
    assert facts.table1 is not None
    rows = {variable.name: variable for variable in facts.table1.variables}
    assert rows["constant"].p is None
    assert rows["constant"].note
    assert rows["gappy"].missing[0] == 24
    assert len(rows["ward"].levels) == 12
    assert facts.flow.exclusions == () or all(e.cases == 0 for e in facts.flow.exclusions)
    for table in facts.table2:
        constant = next(v for v in table.variables if v.name == "constant")
        assert "does not vary" in constant.note
        assert all(row.multivariable is None for row in constant.rows)


def test_cases_with_a_missing_value_are_left_out_and_counted(clinical: SmallStudy) -> None:
    add_awkward_columns(clinical)
    facts = facts_of(clinical)
    (missing,) = [e for e in facts.flow.exclusions if "missing" in e.reason]
    assert missing.cases == 24
    assert facts.flow.analysed.cases == facts.flow.enrolled.cases - 24
    assert facts.performance[0].n == facts.flow.analysed.cases


def test_a_horizon_past_the_last_follow_up_is_said_and_has_no_numbers(
    clinical: SmallStudy,
) -> None:
    clinical.replace("horizons = [12, 24]", "horizons = [12, 500]")
    facts = facts_of(clinical)
    assert any("500" in warning.text for warning in facts.run.warnings)
    for row in facts.performance:
        assert [at.horizon for at in row.auc] == [12]
        assert "500" in row.note
    assert not any(at.horizon == 500 for at in facts.calibration)
    assert not any(at.horizon == 500 for at in facts.decision_curves)
    for nomogram in facts.nomograms:
        assert [axis.horizon for axis in nomogram.survival] == [12]


def test_a_risk_group_without_an_event_is_said(clinical: SmallStudy) -> None:
    table = clinical.table()
    old = table["age"].astype(float) >= table["age"].astype(float).median()
    table["died"] = np.where(old, table["died"], "0")
    clinical.write(table)
    clinical.replace('stage = { levels = ["I", "II", "IIIA"] }\n', "")
    facts = facts_of(clinical)
    groups = next(g for g in facts.risk_groups if g.protocol == "sound" and g.kind == "apparent")
    assert groups.curves[0].events == 0
    assert groups.ratio is None
    assert groups.logrank_p is not None
    assert groups.notes


def test_nothing_selected_no_clinical_variable_and_one_model(tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study", clinical=False, features=3)
    table = study.table("features.csv")
    rng = np.random.default_rng(11)
    for column in table.columns[1:]:
        table[column] = [f"{x:.5f}" for x in rng.normal(size=len(table))]
    study.write(table, "features.csv")
    study.replace("[selection]\n", "[selection]\nrelevance_p = 0.0000001\n")
    study.replace("[selection]\n", '[selection]\nrelevance = "cox-score"\n')
    facts = facts_of(study)
    assert {row.model for row in facts.performance} == {"Features"}
    assert facts.table1 is None
    assert facts.table2 == facts.table_s2 == facts.nomograms == ()
    assert facts.comparisons == facts.reclassification == ()
    for model in facts.models:
        assert model.terms == ()
        assert model.notes
    for row in facts.performance:
        assert row.c_index.value is None
        assert all(at.estimate.value is None for at in row.auc)
        assert all(line.slope is line.ici is None for line in row.calibration)
        assert "no term entered the model" in row.note


def test_without_a_patient_column_every_case_is_a_patient(clinical: SmallStudy) -> None:
    facts = facts_of(clinical)
    assert facts.flow.analysed.patients == facts.flow.analysed.cases


def one_case(study: SmallStudy, folder: Path) -> NewCase:
    """Write the first case's rows as tables of their own."""
    clinical, features = folder / "case.csv", folder / "case_features.csv"
    study.table().head(1).to_csv(clinical, index=False)
    table = study.table("features.csv")
    table[table["case"] == study.table()["case"][0]].to_csv(features, index=False)
    return NewCase(clinical=clinical, features=features)


def test_risk_cuts_and_harm_of_the_plan_are_used(tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study", features=8)
    study.replace("[outcome]\n", "[outcome]\nrisk_cuts = [0.2, 0.5]\n")
    study.replace("[selection]\n", "[models.harm]\nFeatures = 0.02\n\n[selection]\n")
    free = write_table_study(tmp_path / "free", features=8)
    found, without = facts_of(study), facts_of(free)
    groups = found.risk_groups[0]
    assert groups.cuts == (0.2, 0.5)
    assert [curve.label for curve in groups.curves] == [
        "Low risk", "Intermediate risk", "High risk",
    ]  # fmt: skip
    assert groups.rule == "event probability at 12 months that the plan gives, 0.2 and 0.5"
    row = found.reclassification[0]
    assert row.risk_cuts == (0.2, 0.5)
    assert row.categorical_nri.value == pytest.approx(
        row.categorical_nri_events.value + row.categorical_nri_nonevents.value
    )
    told = predict_case(study.results / "model", one_case(study, tmp_path))
    ((_, survival),) = list(told.survival.items())[:1]
    names = ("low", "intermediate", "high")
    assert told.risk_group == names[sum(1 - survival.value > cut for cut in (0.2, 0.5))]
    for harmed, plain in zip(found.decision_curves, without.decision_curves, strict=True):
        for mine, other in zip(harmed.models, plain.models, strict=True):
            cost = 0.02 if mine.model == "Features" else 0.0
            assert mine.harm == cost
            assert mine.net_benefit[10] == pytest.approx(other.net_benefit[10] - cost)


def test_the_calibration_curve_of_the_plan_is_drawn_and_named(tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study", features=8)
    study.replace("[validation]\n", '[validation]\ncalibration_curve = "hazard regression"\n')
    free = write_table_study(tmp_path / "free", features=8)
    for found, other in zip(facts_of(study).calibration, facts_of(free).calibration, strict=True):
        assert found.smooth_method.startswith("hazard regression (HARE")
        assert other.smooth_method.startswith("Cox regression")
        assert found.smooth_predicted == other.smooth_predicted
        assert found.smooth_observed != other.smooth_observed
        assert len(found.smooth_low) == len(found.smooth_observed)
        for low, high in zip(found.smooth_low, found.smooth_high, strict=True):
            assert low <= high


def nobody_censored(study: SmallStudy) -> None:
    table = study.table()
    table["died"] = "1"
    study.write(table)


def test_where_nobody_is_censored_table_1_has_one_column_and_both_protocols_run(
    clinical: SmallStudy,
) -> None:
    nobody_censored(clinical)
    facts = facts_of(clinical)
    assert facts.table1 is not None
    assert facts.table1.columns == ("All",)
    assert facts.table1.sizes == (facts.flow.analysed.cases,)
    assert {row.protocol for row in facts.performance} == {"published", "sound"}


def test_a_protocol_that_cannot_be_fitted_leaves_the_other_its_study(tmp_path: Path) -> None:
    """The published test of features needs cases without the event; the sound one does not."""
    study = write_table_study(tmp_path / "study", features=6)
    nobody_censored(study)
    result = run.run_study(study.toml, formats=("csv",))
    assert {row.protocol for row in result.facts.performance} == {"sound"}
    assert "Mann-Whitney" in result.not_fitted["published"]
    assert any("not fitted" in warning.text for warning in result.facts.run.warnings)
    assert any("Published protocol: not fitted" in line for line in result.summary())
    assert result.bundle is not None
    study.replace("[study]\n", '[study]\nprotocol = "published"\n')
    again = run.run_study(study.toml, tmp_path / "elsewhere")
    assert again.bundle is None
    assert "none" in again.summary()[-1]


def test_where_all_variables_stay_table_2_has_their_model(clinical: SmallStudy) -> None:
    clinical.replace("[selection]\n", '[selection]\nclinical = "all"\n')
    facts = facts_of(clinical)
    (sound,) = [table for table in facts.table2 if table.protocol == "sound"]
    for variable in sound.variables:
        rows = [row for row in variable.rows if not row.reference]
        assert all(row.multivariable is not None for row in rows), variable.name


def test_levels_that_nobody_has_are_named_and_another_becomes_the_reference(
    clinical: SmallStudy,
) -> None:
    clinical.replace('levels = ["I", "II", "IIIA"]', 'levels = ["0", "I", "II", "IIIA", "IV"]')
    remarks = read_study(clinical.toml).remarks
    assert remarks == (
        "Stage: no case is at 0 or IV, so these levels are left out. Levels are compared with I,"
        " not 0.",
    )
    facts = facts_of(clinical)
    assert facts.table1 is not None
    stage = next(one for one in facts.table1.variables if one.name == "stage")
    assert [level.level for level in stage.levels] == ["I", "II", "IIIA"]
    for table in facts.table2:
        rows = next(one for one in table.variables if one.name == "stage").rows
        assert [row.level for row in rows] == ["I", "II", "IIIA"]
        assert [row.reference for row in rows] == [True, False, False]


def test_no_prediction_past_the_follow_up_is_said_and_is_null_in_json(
    clinical: SmallStudy,
) -> None:
    clinical.replace("horizons = [12, 24]", "horizons = [12, 500]")
    bundle = run.run_study(clinical.toml).bundle
    assert bundle is not None
    one = clinical.folder / "one.csv"
    clinical.table().head(1).to_csv(one, index=False)
    prediction = predict_case(bundle, NewCase(clinical=one))
    assert "nan" not in "\n".join(prediction.lines()).casefold()
    assert any("500" in line and "not available" in line for line in prediction.lines())
    survival = json.loads(prediction.to_json(), parse_constant=pytest.fail)["survival"]
    assert survival["500"] == {"value": None, "low": None, "high": None}
    assert survival["12"]["value"] is not None
