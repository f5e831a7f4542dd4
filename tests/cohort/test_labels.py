"""Names that a report shows for variables without a label."""

from __future__ import annotations

import pytest

from trephine.cohort.schema import ClinicalVariable, label_of


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("bmi", "BMI"),
        ("arco_stage", "ARCO stage"),
        ("hba1c", "HbA1c"),
        ("age", "Age"),
        ("necrotic_area", "Necrotic area"),
        ("contact", "Contact"),
        ("BMI_group", "BMI group"),
        ("年龄", "年龄"),
    ],
)
def test_medical_abbreviations_keep_their_capitals(key: str, label: str) -> None:
    assert label_of(key, ClinicalVariable()) == label


def test_the_plans_own_label_goes_first() -> None:
    assert label_of("bmi", ClinicalVariable(label="bmi at surgery")) == "bmi at surgery"


@pytest.mark.parametrize(
    ("key", "unit", "label"),
    [
        ("坏死面积 Area (%)", "%", "坏死面积 Area"),
        ("BMI（kg/m²）", "kg/m2", "BMI"),
        ("Area [cm]", "mm", "Area [cm]"),
        ("(%)", "%", "(%)"),
        ("Area (%)", "", "Area (%)"),
        ("Score (0-10)", "points", "Score (0-10)"),
    ],
)
def test_a_unit_that_the_name_ends_in_is_not_printed_twice(key: str, unit: str, label: str) -> None:
    """ "Area (%) (%)" stood in tables and on nomograms."""
    assert label_of(key, ClinicalVariable(unit=unit)) == label
    assert label_of("x", ClinicalVariable(unit=unit, label=key)) == label
