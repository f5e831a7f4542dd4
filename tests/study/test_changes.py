"""Two films of a case: what changed between them, from the study file to the next case."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from study.several_images import write_two_times
from study.small_study import SmallStudy
from trephine.errors import StudyProblemsError
from trephine.modelling.cases import FeatureSet
from trephine.report.methods.data import about_images
from trephine.report.trace import Trace, plain
from trephine.study.extraction.changes import with_changes
from trephine.study.inputs import read_study
from trephine.study.locked import NewCase, predict_case, read_model, validate_bundle
from trephine.study.run import StudyResult, run_study


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return write_two_times(tmp_path_factory.mktemp("times") / "study")


@pytest.fixture(scope="module")
def result(written: SmallStudy) -> StudyResult:
    return run_study(written.toml, workers=1, formats=())


def test_changes_are_differences_and_shares_reader_by_reader() -> None:
    first = FeatureSet("a", ("x", "y", "z"), np.array([[1.0, -2.0, 0.0], [4.0, np.nan, 3.0]]))
    first = replace(first, raters={"b": first.values + 1}, perturbed=(first.values - 1,))
    later = FeatureSet("b", ("z", "x"), np.array([[2.0, 3.0], [6.0, 2.0]]))
    later = replace(later, raters={"b": later.values}, perturbed=(later.values,))
    found = with_changes(later, first)
    assert found.names == (
        "z", "x", "change_z", "change_x", "relative_change_z", "relative_change_x",
    )  # fmt: skip
    np.testing.assert_array_equal(found.values[0], [2, 3, 2, 2, np.nan, 2])
    np.testing.assert_array_equal(found.values[1], [6, 2, 3, -2, 1, -0.5])
    np.testing.assert_array_equal(found.raters["b"][0], [2, 3, 1, 1, 1, 0.5])
    np.testing.assert_array_equal(found.perturbed[0][0], [2, 3, 3, 3, 3, np.nan])


def test_what_changed_is_found(result: StudyResult) -> None:
    features = result.analysis.cases.features
    first, later = features["first radiomics"], features["later radiomics"]
    assert len(later.names) == 3 * len(first.names)
    column = later.names.index("change_original_firstorder_Mean")
    mean = first.names.index("original_firstorder_Mean")
    for rater in ("a", "b"):
        now, before = later.reading(rater), first.reading(rater)
        np.testing.assert_array_equal(now[:, column], now[:, mean] - before[:, mean])
    signature = result.analysis.protocols["sound"].fitted.predictor.signatures["later radiomics"]
    weights = dict(zip(signature.names, np.abs(signature.weights), strict=True))
    assert "change_" in max(weights, key=lambda name: weights[name])


def test_the_methods_say_so(result: StudyResult) -> None:
    (text,) = about_images(Trace.start(result.facts))
    assert "later was taken later, at month 6" in plain(text)
    assert "their change since first" in plain(text) or "its change since first" in plain(text)
    counts = {one.name: one.radiomics.features for one in result.facts.methods.images}
    assert counts["first"] == counts["later"]


def test_predict_and_validate_take_both_films(result: StudyResult, tmp_path: Path) -> None:
    assert result.bundle is not None
    apparent = result.analysis.protocols["sound"].apparent["Change"].linear_predictor
    folder, hip = result.folder.parent, result.analysis.inputs.case_ids[3]
    images = {name: folder / name / f"{hip}.nii.gz" for name in ("first", "later")}
    masks = {name: folder / f"{name}-a" / f"{hip}.nii.gz" for name in ("first", "later")}
    model = read_model(result.bundle)
    told = predict_case(model, NewCase(images=images, masks=masks))
    assert told.linear_predictor == pytest.approx(apparent[3], abs=1e-9)
    outside = SmallStudy(shutil.copytree(folder, tmp_path / "outside"))
    shutil.rmtree(outside.results)
    outside.replace('change_from = "first"', "")
    found = validate_bundle(result.bundle, outside.toml, tmp_path / "out", workers=1, formats=())
    own = next(
        row.c_index.value
        for row in result.facts.performance
        if (row.protocol, row.kind) == ("sound", "apparent")
    )
    assert own != 0.5
    assert [row.c_index.value for row in found.facts.performance] == [pytest.approx(own, abs=1e-9)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("landmark = 6\n", "", "shows what had happened"),
        ("landmark = 6\n", "landmark = 3\n", "landmark at this time or later"),
        ('change_from = "first"', 'change_from = "third"', "one of ['first']"),
        ('when = "month 6"\n', "", "no image is taken before this one"),
        ('change_from = "first"', 'change_from = "first"\nradiomics = { settings = { binWidth = 5.0'
         ' } }', "two images with the same [radiomics] settings"),
        ('change_from = "first"', 'change_from = "first"\nregions = { head = 1 }',
         "on both images"),
        (', b = "later-b/{hip}.nii.gz"', "", "the same raters"),
        ('change_from = "first"', 'change_from = "first"\nmissing = "impute"',
         "without one there is no change"),
    ],
)  # fmt: skip
def test_times_and_changes_that_cannot_be_are_told(
    written: SmallStudy, tmp_path: Path, old: str, new: str, told: str
) -> None:
    study = SmallStudy(tmp_path)
    text = written.toml.read_text(encoding="utf-8")
    assert old in text
    study.toml.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyProblemsError) as error:
        read_study(study.toml, workers=1)
    assert told in str(error.value)
