"""Studies of which nothing, or too little, is left to analyse are refused before any work."""

from __future__ import annotations

import numpy as np
import pytest

from study.small_study import SmallStudy, write_clinical_study
from trephine.errors import StudyProblemsError
from trephine.study import Study


def problems(study: SmallStudy) -> str:
    with pytest.raises(StudyProblemsError) as found:
        Study(study.toml).check()
    return str(found.value)


def test_a_variable_that_nobody_has_leaves_no_case(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    study = write_clinical_study(tmp_path_factory.mktemp("clinical"))
    study.write(study.table().assign(age=""))
    assert "10 events among the cases that can be analysed, found 0 in 0 of 60" in problems(study)


def test_a_case_without_any_feature_is_left_out_and_counted(table_study: SmallStudy) -> None:
    features = table_study.table("features.csv")
    features.iloc[4, 1:] = "NA"
    table_study.write(features, "features.csv")
    inputs = Study(table_study.toml).check()
    assert len(inputs.survival) == len(features) - 1
    assert features.case[4] not in inputs.case_ids
    reasons = {row.reason: row.n_cases for row in inputs.flow.exclusions}
    assert reasons["No value in feature set features"] == 1


def test_images_without_any_kind_of_feature_are_refused(image_study: SmallStudy) -> None:
    image_study.replace(
        "[radiomics.settings]", "[radiomics]\nenabled = false\n[radiomics.settings]"
    )
    text = image_study.toml.read_text(encoding="utf-8")
    start, stop = text.index("[clinical]"), text.index("[radiomics]")
    image_study.toml.write_text(text[:start] + text[stop:], encoding="utf-8")
    assert "found none of them" in problems(image_study)


@pytest.mark.parametrize("name", ["clinical", "radiomics"])
def test_a_set_of_ready_made_features_has_a_name_of_its_own(
    image_study: SmallStudy, name: str
) -> None:
    image_study.write(image_study.table()[["hip", "age"]], "ready.csv")
    with image_study.toml.open("a", encoding="utf-8") as file:
        file.write(f'\n[features]\ntable = "ready.csv"\nsets = {{ {name} = ["age"] }}\n')
    assert f"'{name}' already means something" in problems(image_study)


def test_patients_names_beside_ready_made_features_are_neither_features_nor_reported(
    table_study: SmallStudy,
) -> None:
    patients = [f"Mrs {row}" for row in range(60)]
    study_table = table_study.table()
    table_study.write(study_table.assign(who=patients))
    features = table_study.table("features.csv")
    table_study.write(features.assign(who="Mrs 1"), "features.csv")
    table_study.replace('case = "case", time', 'case = "case", patient = "who", time')
    assert "who" not in Study(table_study.toml).check().features["features"].names


def test_a_case_without_an_outcome_needs_no_features(table_study: SmallStudy) -> None:
    features = table_study.table("features.csv")
    case = features.case[4]
    table_study.write(features[features.case != case], "features.csv")
    assert "no such row" in problems(table_study)
    row = int(np.flatnonzero(table_study.table().case == case)[0]) + 2
    table_study.set(row, "months", "")
    inputs = Study(table_study.toml).check()
    assert case not in inputs.case_ids
    assert len(inputs.survival) == 59
    reasons = {one.reason: one.n_cases for one in inputs.flow.exclusions}
    assert reasons == {"Follow-up not recorded": 1, "Clinical value missing": 0}


def test_a_case_without_an_outcome_needs_no_image_and_no_mask(image_study: SmallStudy) -> None:
    last = len(image_study.table()) + 1
    patient = image_study.table().patient.iloc[-1]
    (image_study.folder / f"images/{patient}.nii.gz").unlink()
    (image_study.folder / f"a/{patient}.nii.gz").unlink()
    assert f"row {last}" in problems(image_study)
    image_study.set(last, "months", "")
    inputs = Study(image_study.toml).check()
    assert len(inputs.survival) == last - 2
