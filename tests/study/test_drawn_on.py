"""Regions that were drawn on another image of the case, in the same frame of reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from imaging.conftest import radiograph
from study.several_images import write_several_images
from study.small_study import SmallStudy
from trephine.errors import InputError, StudyProblemsError
from trephine.imaging import correct_mask, read_image, read_mask, write_nifti
from trephine.radiomics.extract import measure_region
from trephine.report.methods.data import about_images
from trephine.report.trace import Trace, plain
from trephine.study.inputs import read_study
from trephine.study.locked import NewCase, predict_case, read_model
from trephine.study.run import StudyResult, run_study
from trephine.study.settings import radiomics_settings
from trephine.types import Geometry, Image

_T2 = """
[images.T2]
image = "t2/{hip}.nii.gz"
drawn_on = "T1"
measured = ["lesion"]
missing = "drop"

[outcome]"""


def with_t2(folder: Path) -> SmallStudy:
    """Write T1 with its regions, and T2 of finer pixels on which nobody drew."""
    study = write_several_images(folder)
    text = study.toml.read_text(encoding="utf-8")
    start = text.index("[images.AP]")
    text = text[:start] + text[text.index("[images.T1]") :]
    study.toml.write_text(text.replace("\n[outcome]", _T2), encoding="utf-8")
    study.replace("[validation]", "[models.parts]\nT2 = ['T2.lesion radiomics']\n\n[validation]")
    rng = np.random.default_rng(4)
    for path in sorted((folder / "t1").iterdir()):
        old = read_image(path)
        pixels = np.repeat(np.repeat(old.pixels, 2, axis=1), 2, axis=2)
        thick, row, column = old.geometry.spacing_mm
        fine = Geometry(
            (thick, row / 2, column / 2), old.geometry.origin_mm, old.geometry.direction
        )
        (folder / "t2").mkdir(exist_ok=True)
        noise = rng.normal(0, 5, pixels.shape)
        write_nifti(Image(2 * pixels + noise, fine), folder / "t2" / path.name)
    return study


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = with_t2(tmp_path_factory.mktemp("t2") / "study")
    return run_study(study.toml, workers=1, formats=())


def test_features_are_those_of_the_moved_mask(result: StudyResult) -> None:
    folder = result.folder.parent
    plan = result.analysis.inputs.plan
    assert list(result.analysis.cases.features) == [
        "T1.head radiomics", "T1.lesion radiomics", "T2.lesion radiomics",
    ]  # fmt: skip
    given = result.analysis.cases.features["T2.lesion radiomics"]
    settings = radiomics_settings(result.analysis.inputs.images["T2.lesion"].plan)
    assert settings is not None
    assert plan.images["T2"].raters == plan.images["T1"].raters
    for row in (0, 17):
        hip = result.analysis.inputs.case_ids[row]
        image = read_image(folder / "t2" / f"{hip}.nii.gz")
        for rater in ("a", "b"):
            mask = correct_mask(image, read_mask(folder / f"t1-{rater}" / f"{hip}.nii.gz"))
            alone = measure_region(image, mask, settings, label=2)
            np.testing.assert_allclose(given.reading(rater)[row], alone.values, rtol=1e-12)


def test_predict_takes_the_mask_of_the_image_that_was_drawn_on(result: StudyResult) -> None:
    apparent = result.analysis.protocols["sound"].apparent["T2"].linear_predictor
    folder, hip = result.folder.parent, result.analysis.inputs.case_ids[5]
    images = {name: folder / name.lower() / f"{hip}.nii.gz" for name in ("T1", "T2")}
    masks = {"T1": folder / "t1-a" / f"{hip}.nii.gz"}
    assert result.bundle is not None
    model = read_model(result.bundle)
    found = predict_case(model, NewCase(images=images, masks=masks))
    assert found.linear_predictor == pytest.approx(apparent[5], abs=1e-9)
    with pytest.raises(InputError, match="an image of T2 and a mask of T1"):
        predict_case(model, NewCase(images=images))


def test_the_methods_say_so(result: StudyResult) -> None:
    (text,) = about_images(Trace.start(result.facts))
    assert "Regions of T2.lesion were drawn on T1 and moved" in plain(text)


_FILMS = """
[images.A]
image = "ap/{hip}.dcm"
raters = { a = "ap-a/{hip}.nii.gz", b = "ap-b/{hip}.nii.gz" }

[images.B]
image = "lateral/{hip}.dcm"
drawn_on = "A"

[outcome]"""


def two_slices(folder: Path, own: set[str]) -> SmallStudy:
    """Write two DICOM images of a case in one frame of reference, but for the hips ``own``."""
    study = write_several_images(folder, cases=30, without_mr=())
    text = study.toml.read_text(encoding="utf-8")
    text = text[: text.index("[images.AP]")] + text[text.index("[outcome]") :]
    study.toml.write_text(text.replace("\n[outcome]", _FILMS), encoding="utf-8")
    rng = np.random.default_rng(5)
    for hip in study.table()["hip"]:
        frame = generate_uid()
        for name in ("ap", "lateral"):
            pixels = rng.integers(0, 4000, (28, 28)).astype(np.uint16)
            uid = generate_uid() if name == "lateral" and hip in own else frame
            film = radiograph(pixels, PixelSpacing=[0.5, 0.5], FrameOfReferenceUID=uid)
            film.save_as(folder / f"{name}/{hip}.dcm", enforce_file_format=True)
    return study


def test_images_of_another_frame_of_reference_are_told(tmp_path: Path) -> None:
    study = two_slices(tmp_path / "study", {"004", "011"})
    with pytest.raises(StudyProblemsError) as error:
        read_study(study.toml, workers=1)
    assert len(error.value.problems) == 1
    assert "clinical.csv, rows 5, 12: expected B in the frame of reference of A" in str(error.value)
    assert "register the images" in str(error.value)


def test_images_in_one_frame_of_reference_pass(tmp_path: Path) -> None:
    study = two_slices(tmp_path / "study", set())
    assert set(read_study(study.toml, workers=1).images) == {"A", "B"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('drawn_on = "T1"', 'drawn_on = "AP"', "an image that was drawn on, one of ['T1']"),
        ('drawn_on = "T1"', 'drawn_on = "T1"\nraters = { a = "x/{hip}.nii.gz" }', "both"),
        ('drawn_on = "T1"', 'drawn_on = "T1"\nmask_geometry = "adopt"', "which drawn_on asks for"),
        ('drawn_on = "T1"', "", "the masks of at least one rater, or drawn_on"),
        ('measured = ["lesion"]', 'measured = ["rim"]', "names of regions"),
    ],
)
def test_what_does_not_fit_is_told(
    result: StudyResult, tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (result.folder.parent / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "study.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyProblemsError) as error:
        read_study(tmp_path / "study.toml", workers=1)
    assert told in str(error.value)
