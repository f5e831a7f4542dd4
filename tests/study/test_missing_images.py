"""Cases that lack one of their images, kept: its signatures count as the mean for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelling.simulated_cases import simulate
from study.several_images import CASES, write_several_images
from trephine.errors import StudyProblemsError
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_chain import fit_chain
from trephine.modelling.protocols import PROTOCOLS
from trephine.study.inputs import read_study
from trephine.study.locked import NewCase, predict_case, read_model
from trephine.study.run import StudyResult, run_study

LACKING = (3, 8, 15, 21, 33, 40, 52)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_several_images(tmp_path_factory.mktemp("lacking") / "study", without_mr=LACKING)
    study.replace('missing = "drop"', 'missing = "impute"')
    study.replace("[validation]", "[models.parts]\nT1 = ['T1.lesion radiomics']\n\n[validation]")
    return run_study(study.toml, workers=1, formats=())


def test_they_stay_and_are_counted(result: StudyResult) -> None:
    inputs, facts = result.analysis.inputs, result.facts
    assert len(inputs.case_ids) == CASES
    assert inputs.flow.analysed_cases == CASES
    counts = {one.name: one.cases for one in facts.methods.images}
    assert counts == {"AP": 60, "lateral": 60, "T1.head": 53, "T1.lesion": 53}
    said = "T1: Cases without it, clinical.csv, rows 4, 9"
    assert any(one.startswith(said) for one in inputs.remarks)


def test_their_signature_is_the_mean_in_training_and_in_prediction(result: StudyResult) -> None:
    recipe = result.analysis.protocols["sound"].fitted
    chain = recipe.chains["T1.lesion radiomics"]
    lacking = np.isin(result.analysis.inputs.case_ids, [f"{number:03d}" for number in LACKING])
    assert (chain.training_score[lacking] == 0).all()
    assert (chain.out_of_fold_score[lacking] == 0).all()
    assert abs(chain.training_score[~lacking].mean()) < 1e-12
    fitted = result.analysis.protocols["sound"].apparent["T1"].linear_predictor
    assert np.ptp(fitted[lacking]) == 0
    found = predict_case(read_model(result.bundle), NewCase())
    assert found.linear_predictor == pytest.approx(fitted[lacking][0], abs=1e-9)
    assert any("no image of T1 was given" in warning for warning in found.warnings)
    hip = result.analysis.inputs.case_ids[0]
    folder = result.folder.parent
    files = {"T1": folder / f"t1/{hip}.nii.gz"}, {"T1": folder / f"t1-a/{hip}.nii.gz"}
    given = predict_case(read_model(result.bundle), NewCase(images=files[0], masks=files[1]))
    assert given.linear_predictor == pytest.approx(fitted[0], abs=1e-9)


def test_what_is_learned_is_learned_from_those_who_have_it() -> None:
    cases = simulate(80, seed=4)
    name, given = next(iter(cases.features.items()))
    present = np.arange(len(cases)) % 5 != 0
    holed = given.values.copy()
    holed[~present] = np.nan
    lacking = FeatureSet(name, given.names, holed, absent_is_mean=True)
    settings = PROTOCOLS["sound"].chain
    whole = fit_chain(lacking, cases.survival, cases.patient, settings, np.random.default_rng(1))
    some = fit_chain(
        replace(given, raters={}, repeats={}).take(present),
        cases.survival.take(present),
        cases.patient[present],
        settings,
        np.random.default_rng(1),
    )
    np.testing.assert_array_equal(whole.signature.weights, some.signature.weights)
    np.testing.assert_array_equal(whole.out_of_fold_score[present], some.out_of_fold_score)


def test_centres_are_not_harmonised_over_them(tmp_path: Path) -> None:
    study = write_several_images(tmp_path / "study")
    study.replace('missing = "drop"', 'missing = "impute"')
    table = study.table()
    study.write(pd.concat([table, pd.Series(["x", "y"] * 30, name="centre")], axis=1))
    study.replace('case = "hip"', 'case = "hip", centre = "centre"')
    study.replace("[selection]", '[selection]\nharmonise = "combat"')
    with pytest.raises(StudyProblemsError, match='harmonise = "none" beside missing'):
        read_study(study.toml)
