"""Spacing: which attribute wins, what is corrected, and what is refused."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from trephine.errors import ImageError
from trephine.imaging.spacing import radiograph_spacing


def header(**attributes: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("attributes", "expected", "source"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "PixelSpacing"),
        (
            {
                "PixelSpacing": [0.13, 0.13],
                "ImagerPixelSpacing": [0.15, 0.15],
                "PixelSpacingCalibrationType": "FIDUCIAL",
                "EstimatedRadiographicMagnificationFactor": "1.5",
            },
            (0.13, 0.13),
            "PixelSpacing (calibrated: fiducial)",
        ),
        (
            {"PixelSpacing": [0.13, 0.13], "ImagerPixelSpacing": [0.15, 0.15]},
            (0.13, 0.13),
            "PixelSpacing (calibrated: differs from ImagerPixelSpacing)",
        ),
        (
            {
                "PixelSpacing": [0.15, 0.15],
                "ImagerPixelSpacing": [0.15, 0.15],
                "EstimatedRadiographicMagnificationFactor": "1.25",
            },
            (0.12, 0.12),
            "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
        ),
        (
            {
                "ImagerPixelSpacing": [0.15, 0.3],
                "EstimatedRadiographicMagnificationFactor": "1.25",
            },
            (0.12, 0.24),
            "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
        ),
        (
            {"ImagerPixelSpacing": [0.15, 0.15]},
            (0.15, 0.15),
            "ImagerPixelSpacing (at the detector, not corrected)",
        ),
        (
            {"NominalScannedPixelSpacing": [0.17, 0.17]},
            (0.17, 0.17),
            "NominalScannedPixelSpacing (film digitiser)",
        ),
        ({"PixelSpacing": [0, 0]}, (0.3, 0.3), "stated in the plan"),
        ({}, (0.3, 0.3), "stated in the plan"),
    ],
)
def test_the_source_of_spacing_follows_ps3_3_section_10_7(attributes, expected, source) -> None:
    found = radiograph_spacing(header(**attributes), 0.3, "x.dcm")
    assert found.mm == pytest.approx(expected)
    assert found.source == source


@pytest.mark.parametrize("attributes", [{}, {"PixelSpacing": [0, 0]}, {"PixelSpacing": None}])
def test_no_spacing_is_never_one_millimetre(attributes) -> None:
    with pytest.raises(ImageError, match=r"state it: spacing_mm under \[data\]"):
        radiograph_spacing(header(**attributes), None, "x.dcm")


def test_a_stated_spacing_must_agree_with_the_aspect_ratio() -> None:
    squashed = header(PixelAspectRatio=["2", "1"])
    assert radiograph_spacing(squashed, (0.4, 0.2), "x.dcm").mm == (0.4, 0.2)
    with pytest.raises(ImageError, match="Pixel Aspect Ratio"):
        radiograph_spacing(squashed, 0.2, "x.dcm")


@pytest.mark.parametrize("stated", [0.0, -0.2, float("nan"), 200.0, (0.2, 0.2, 0.2)])
def test_an_impossible_stated_spacing_is_refused(stated) -> None:
    with pytest.raises(ImageError, match="stated spacing_mm: expected"):
        radiograph_spacing(header(), stated, "x.dcm")
