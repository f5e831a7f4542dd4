"""A study of MR on a standard scale: learned from images of no case, and kept in the model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from study.several_images import write_several_images
from study.small_study import SmallStudy
from trephine.errors import StudyProblemsError
from trephine.imaging import read_image, write_nifti
from trephine.imaging.nyul import landmarks, standard_scale
from trephine.store import FeatureStore
from trephine.study.extraction.several import extract_every_image
from trephine.study.grey_scale import grey_settings
from trephine.study.image_plans import image_plans
from trephine.study.inputs import read_study
from trephine.study.locked import NewCase, predict_case, read_model
from trephine.study.run import run_study
from trephine.types import Image

NYUL = 'radiomics = { normalise = "nyul", standard_images = "volunteers/*.nii.gz"'
CASES = 24


def brightened(path: Path, target: Path, gain: float) -> None:
    image = read_image(path)
    write_nifti(Image(image.pixels * gain, image.geometry), target)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a study of an AP film and an MR, and images of three volunteers."""
    own = tmp_path_factory.mktemp("scale") / "study"
    folder = write_several_images(own, cases=CASES, without_mr=()).folder
    (folder / "volunteers").mkdir()
    for number in range(3):
        source = folder / "t1" / f"{number + 1:03d}.nii.gz"
        brightened(source, folder / "volunteers" / f"v{number}.nii.gz", 1.5 + number)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    lateral, rest = text.index("[images.lateral]"), text.index("[images.T1]")
    text = text[:lateral] + text[rest:]
    text = text.replace(
        'modality = "MR"\n', f'modality = "MR"\n{NYUL}, bias_correction = "n4" }}\n'
    )
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def study(template: Path, tmp_path: Path) -> SmallStudy:
    return SmallStudy(shutil.copytree(template, tmp_path / "study"))


def refused(study: SmallStudy) -> str:
    with pytest.raises(StudyProblemsError) as error:
        read_study(study.toml, workers=1)
    return str(error.value)


def test_the_scale_is_that_of_the_volunteers_whatever_the_cases_are(study: SmallStudy) -> None:
    study.replace(', bias_correction = "n4"', "")
    plan = image_plans(read_study(study.toml, workers=1).plan)["T1.lesion"]
    images = sorted((study.folder / "volunteers").iterdir())
    expected = standard_scale(landmarks(read_image(path).pixels) for path in images)
    assert grey_settings(plan).scale == expected
    assert grey_settings(image_plans(read_study(study.toml, workers=1).plan)["AP"]).scale == ()


def test_features_do_not_know_the_other_cases(study: SmallStudy, tmp_path: Path) -> None:
    study.replace(', bias_correction = "n4"', "")
    first = extract_every_image(
        read_study(study.toml, workers=1), FeatureStore(tmp_path / "one"), workers=1
    ).features.sets["T1.lesion radiomics"]
    for number in range(2, CASES + 1):  # every other case shines twice as bright
        path = study.folder / "t1" / f"{number:03d}.nii.gz"
        brightened(path, path, 2.0)
    again = extract_every_image(
        read_study(study.toml, workers=1), FeatureStore(tmp_path / "two"), workers=1
    ).features.sets["T1.lesion radiomics"]
    np.testing.assert_array_equal(again.values[0], first.values[0])
    # Their own brightness is what the scale takes out.
    np.testing.assert_allclose(again.values[1:], first.values[1:], rtol=1e-6, atol=1e-6)


def test_a_scale_of_the_cases_own_images_is_refused(study: SmallStudy) -> None:
    shutil.copy(study.folder / "t1" / "004.nii.gz", study.folder / "volunteers" / "other.nii.gz")
    said = refused(study)
    assert "study.toml [images.T1.radiomics.standard_images]: expected images that are no" in said
    assert "found 1 of 4 that are" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (', standard_images = "volunteers/*.nii.gz"', "", "which the method needs"),
        ("volunteers/*", "nobody/*", "images at this path, found none"),
        ('normalise = "nyul", ', "", 'expected normalise = "nyul" beside it'),
        ('standard_images = "volunteers/*.nii.gz"', "standard_scale = [3, 2, 1]",
         "eleven ascending numbers"),
        ('modality = "MR"', 'modality = "CT"', "expected an image of MR, found 'CT'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(study: SmallStudy, old: str, new: str, told: str) -> None:
    study.replace(old, new)
    assert told in refused(study)


@pytest.mark.slow
def test_a_new_case_is_put_on_the_scale_that_the_model_holds(study: SmallStudy) -> None:
    result = run_study(study.toml, workers=1, formats=())
    shutil.rmtree(study.folder / "volunteers")  # the model needs them no more
    fitted = result.analysis.protocols["sound"].apparent["T1"]
    hip = result.analysis.inputs.case_ids[5]
    row = study.table().set_index("hip").loc[hip]
    case = NewCase(
        clinical={"age": row["age"]},
        images={"T1": study.folder / "t1" / f"{hip}.nii.gz"},
        masks={"T1": study.folder / "t1-a" / f"{hip}.nii.gz"},
    )
    model = read_model(result.bundle)
    found = predict_case(model, case, "T1")
    assert found.linear_predictor == pytest.approx(fitted.linear_predictor[5], abs=1e-9)
    settings = model.context.images["T1.lesion"]
    assert (settings.normalise, settings.bias_correction) == ("nyul", "n4")
    assert len(settings.standard_scale) == 11
    (told,) = {one.normalisation for one in result.facts.methods.images if one.name == "T1.head"}
    assert told.startswith("N4 bias field correction; then Nyul's mapping of percentiles to a")
    assert "learned once, from images of no case" in told
