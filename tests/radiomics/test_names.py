"""Names: what each feature is, and that extraction yields what was announced."""

from __future__ import annotations

import pytest

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings, describe, extract_radiomics, feature_names
from trephine.radiomics.catalogue import FAMILIES, default_features
from trephine.radiomics.catalogue_ibsi import ALL_FAMILIES
from trephine.radiomics.ibsi_names import IBSI_NAMES


def test_the_classes_have_pyradiomics_numbers_of_features() -> None:
    counts = {family: len(default_features(family)) for family in FAMILIES}
    assert counts == {
        "shape": 14,
        "shape2D": 9,
        "firstorder": 18,
        "glcm": 24,
        "glrlm": 16,
        "glszm": 16,
        "gldm": 14,
        "ngtdm": 5,
    }


def test_a_name_is_described_by_its_parts_and_its_ibsi_code() -> None:
    described = describe("log-sigma-1-0-mm-3D_glcm_JointEntropy")
    assert described.image_type == "log-sigma-1-0-mm-3D"
    assert (described.family, described.feature) == ("glcm", "JointEntropy")
    assert (described.ibsi_code, described.ibsi_tag) == ("TU9B", "cm_joint_entr")
    assert described.ibsi_name == "Joint entropy"
    assert "log2" in described.definition
    assert "Haralick" in described.formula_source


def test_ibsi_codes_are_distinct_but_for_pyradiomics_twins() -> None:
    twins = {"Homogeneity1", "Homogeneity2"}
    codes = [
        entry.ibsi_id
        for entries in FAMILIES.values()
        for entry in entries
        if entry.ibsi_id and entry.name not in twins
    ]
    assert len(codes) == len(set(codes))
    assert all(len(code) == 4 for code in codes)


def test_every_ibsi_code_has_its_name_and_none_is_named_for_nothing() -> None:
    codes = {e.ibsi_id for entries in ALL_FAMILIES.values() for e in entries if e.ibsi_id}
    assert codes == set(IBSI_NAMES)


@pytest.mark.parametrize("name", ["Contrast", "original_gclm_Contrast", "original_glcm_Contrst"])
def test_a_name_that_is_none_is_refused(name) -> None:
    with pytest.raises(InputError, match="feature name"):
        describe(name)


@pytest.mark.parametrize("preset", ["native2d", "published-1562", "pyradiomics", "ibsi"])
def test_extraction_yields_the_names_that_were_announced(preset, pair, speckle, bean) -> None:
    settings = RadiomicsSettings.from_preset(preset)
    found = extract_radiomics(*pair(speckle * 40, bean, (0.8, 0.6)), settings)
    assert tuple(found.index) == feature_names(settings, 2)
    assert all(describe(name).name == name for name in found.index)


def test_features_asked_for_by_name_come_alone_deprecated_ones_too(pair, speckle, bean) -> None:
    settings = RadiomicsSettings(
        featureClass={"shape2D": ["SphericalDisproportion"], "glcm": ["Dissimilarity", "MCC"]}
    )
    found = extract_radiomics(*pair(speckle, bean), settings)
    assert list(found.index) == [
        "original_shape2D_SphericalDisproportion",
        "original_glcm_Dissimilarity",
        "original_glcm_MCC",
    ]
    assert found.notna().all()
