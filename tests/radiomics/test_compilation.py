"""Kernels are compiled before they are needed, by measuring a made-up image."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from trephine.radiomics import compilation
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
    assert is_compiled(settings)
    assert kept_in().is_dir()


@pytest.mark.parametrize(
    ("compiled", "settings", "expected"),
    [
        ("firstorder._moments", RadiomicsSettings(featureClass={"firstorder": None}), True),
        ("firstorder._moments", RadiomicsSettings(), False),
        # Neighbours at distance 1 alone are counted along lines; no other kernel counts pairs.
        ("matrices._count_lines", RadiomicsSettings(featureClass={"glcm": None}), True),
        ("matrices.count_pairs", RadiomicsSettings(featureClass={"glcm": None}), False),
    ],
)
def test_only_what_the_settings_call_has_to_be_compiled(
    compiled: str,
    settings: RadiomicsSettings,
    expected: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / f"{compiled}-36.py311.1.nbc").touch()
    monkeypatch.setattr(compilation, "_folder", lambda: tmp_path)
    assert is_compiled(settings) is expected


def test_every_kernel_that_is_looked_for_is_one() -> None:
    for place in set(compilation._KERNEL_OF.values()):
        module, name = place.split(".")
        assert hasattr(getattr(import_module(f"trephine.radiomics.{module}"), name), "_cache")
