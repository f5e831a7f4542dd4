"""Kernels are compiled before they are needed, by measuring a made-up image."""

from __future__ import annotations

import pytest

from trephine.radiomics.compilation import compile_kernels, is_compiled, kept_in
from trephine.radiomics.settings import RadiomicsSettings


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_made_up_image_has_a_region_that_every_condition_lets_through(ndim: int) -> None:
    settings = RadiomicsSettings(
        imageType={"Original": {}, "LoG": {"sigma": [3.0]}, "Wavelet": {}},
        featureClass={"glcm": ("JointEnergy",)},
        resegmentRange=(-3.0, 3.0),
        minimumROISize=100_000,
    )
    compile_kernels(settings, ndim)
    assert is_compiled()
    assert kept_in().is_dir()
