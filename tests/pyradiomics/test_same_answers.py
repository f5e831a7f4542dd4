"""A script of PyRadiomics' gets the same answers from the package that stands in for it."""

from __future__ import annotations

import json
import logging
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trephine import pyradiomics as radiomics
from trephine.errors import ImageError, InputError
from trephine.pyradiomics import firstorder, glcm, imageoperations, shape
from trephine.pyradiomics.featureextractor import RadiomicsFeatureExtractor

REFERENCE = Path(__file__).parents[1] / "reference" / "operations"


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return runpy.run_path(str(REFERENCE / "call.py"))["answers"](radiomics)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((REFERENCE / "expected.json").read_text())


@pytest.fixture
def pair():
    return runpy.run_path(str(REFERENCE / "call.py"))["made"]()


def close(found: Any, wanted: Any, where: str) -> None:
    if isinstance(wanted, dict):
        assert list(found) == list(wanted), where
        for name in wanted:
            close(found[name], wanted[name], f"{where} {name}")
    elif isinstance(wanted, list) and any(isinstance(one, list) for one in wanted):
        assert len(found) == len(wanted), where
        for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
            close(one, other, f"{where} {number}")
    elif wanted is None:
        assert found is None, where
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5, err_msg=where)


@pytest.mark.parametrize("what", ["operations", "filters"])
def test_images_are_those_of_pyradiomics(answers, expected, what: str) -> None:
    found = answers[what]  # PyRadiomics' LBP3D needs modules that SciPy has no more
    close({n: v for n, v in found.items() if not n.startswith("lbp-3D")}, expected[what], what)


def test_features_of_the_classes_are_those_of_pyradiomics(answers, expected) -> None:
    for family, wanted in expected["classes"].items():
        close(answers["classes"][family], wanted, family)


def test_classes_give_what_the_extractor_gives(pair) -> None:
    extractor = RadiomicsFeatureExtractor(binWidth=12, label=2, additionalInfo=False)
    extractor.enableImageTypes(Original={}, LBP3D={"binWidth": 1})
    whole = extractor.execute(*pair)
    for image, name, given in imageoperations.getLBP3DImage(*pair, label=2, binWidth=1):
        for feature, value in (
            firstorder.RadiomicsFirstOrder(image, pair[1], **given).execute().items()
        ):
            np.testing.assert_allclose(value, whole[f"{name}_firstorder_{feature}"], rtol=1e-12)
    for family, kind in radiomics.getFeatureClasses().items():
        if family != "shape2D":
            for name, value in kind(*pair, binWidth=12, label=2).execute().items():
                np.testing.assert_allclose(value, whole[f"original_{family}_{name}"], rtol=1e-12)


def test_a_method_and_its_docstring_for_every_feature(pair) -> None:
    features = glcm.RadiomicsGLCM(*pair, binWidth=12, label=2)
    features.enableAllFeatures()
    found = features.execute()
    assert "SumVariance" not in found  # retired
    for name in ("Contrast", "Imc2"):
        method = getattr(features, f"get{name}FeatureValue")
        assert method() == found[name]
        assert name in method.__doc__
    features.disableAllFeatures()
    assert features.featureValues == {}


def test_what_cannot_be_is_refused(pair) -> None:
    image, mask = pair
    with pytest.raises(InputError, match=r"expected one of .*Mean.*'Average'"):
        firstorder.RadiomicsFirstOrder(image, mask).enableFeatureByName("Average")
    with pytest.raises(InputError, match="expected an image and a mask"):
        shape.RadiomicsShape(image, None)
    with pytest.raises(ImageError, match="label 1"):
        imageoperations.checkMask(image, mask)
    with pytest.raises(ImageError, match="minimumROISize"):
        imageoperations.checkMask(image, mask, label=2, minimumROISize=10_000)
    with pytest.raises(InputError, match="maskedKernel"):
        firstorder.RadiomicsFirstOrder(
            image, mask, label=2, voxelBased=True, maskedKernel=False
        ).execute()


def test_a_filter_that_cannot_be_applied_says_so(pair, caplog) -> None:
    small = pair[0][:3, :3, :3]
    with caplog.at_level(logging.WARNING, "radiomics"):
        assert list(imageoperations.getLoGImage(small, None, sigma=[1.0])) == []
    assert "log-sigma-1-0-mm-3D left out" in caplog.text


def test_test_cases_are_files_that_are_here(tmp_path, caplog) -> None:
    with caplog.at_level(logging.ERROR, "radiomics"):
        assert radiomics.getTestCase("brain1", tmp_path) == (None, None)
    assert "brain1_image.nrrd and brain1_label.nrrd" in caplog.text
    for name in ("brain1_image.nrrd", "brain1_label.nrrd", "brain1_label_2D.nrrd"):
        (tmp_path / name).touch()
    assert radiomics.getTestCase("Brain1", tmp_path)[1] == str(tmp_path / "brain1_label.nrrd")
    assert radiomics.getTestCase("brain1_2D", tmp_path)[1].endswith("brain1_label_2D.nrrd")
    with pytest.raises(InputError, match="expected one of brain1"):
        radiomics.getTestCase("hip1")


def test_messages_are_printed_from_the_level_that_is_asked_for(caplog) -> None:
    handler, level = radiomics.logger.handlers[0], radiomics.logger.level
    try:
        assert handler.level == logging.WARNING
        radiomics.setVerbosity(logging.INFO)
        assert handler.level == logging.INFO
        assert radiomics.logger.isEnabledFor(logging.INFO)
        radiomics.setVerbosity(99)
        assert handler.level == 60
    finally:
        handler.setLevel(logging.WARNING)
        radiomics.logger.setLevel(level)


def test_the_names_that_scripts_import() -> None:
    assert radiomics.__version__
    assert set(radiomics.getFeatureClasses()) == {
        "shape", "shape2D", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm",
    }  # fmt: skip
    assert "Wavelet" in radiomics.getImageTypes()
    assert radiomics.featureextractor.RadiomicsFeatureExtractor is RadiomicsFeatureExtractor
    with pytest.raises(AttributeError, match="no attribute 'mcc'"):
        _ = radiomics.mcc
