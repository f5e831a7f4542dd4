"""Attenuation, noise and digitisation behave as in an x-ray room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.demo.physics import Detector, digitise, expose, optical_depth

DETECTOR = Detector(
    0.5, (256, 256), 12, photons=1e5, blur_mm=0.05, scatter_to_primary=0.0,
    equalisation=0.0, enhancement=0.0, latitude=3.0, border="white",
)  # fmt: skip


def slab(depth: float) -> np.ndarray:
    return np.full(DETECTOR.shape, depth, dtype=np.float32)


def test_without_scatter_the_signal_is_the_optical_depth() -> None:
    detector = replace(DETECTOR, photons=1e12)
    signal = expose(slab(2.0), detector, 1.0, np.random.default_rng(0))
    assert signal == pytest.approx(2.0, abs=1e-3)


def test_bone_replaces_more_beam_than_water() -> None:
    one, none = np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)
    assert optical_depth(one, none).min() > 2 * optical_depth(none, one).max()


@pytest.mark.parametrize("depth", [1.0, 4.0])
def test_noise_falls_with_the_root_of_the_photons_that_arrive(depth: float) -> None:
    noise = [
        expose(slab(depth), DETECTOR, exposure, np.random.default_rng(1)).std()
        for exposure in (1.0, 4.0)
    ]
    assert noise[0] == pytest.approx((1e5 * np.exp(-depth)) ** -0.5, rel=0.05)
    assert noise[0] / noise[1] == pytest.approx(2.0, rel=0.02)


def test_scatter_lowers_contrast() -> None:
    step = slab(3.0)
    step[:, 128:] = 3.5
    contrast = []
    for ratio in (0.0, 0.5):
        detector = replace(DETECTOR, scatter_to_primary=ratio, photons=1e12)
        signal = expose(step, detector, 1.0, np.random.default_rng(0))
        contrast.append(float(signal[:, 135].mean() - signal[:, 120].mean()))
    assert contrast[1] < 0.8 * contrast[0]


def test_stored_values_fit_the_bits_and_the_shadow_has_its_tone() -> None:
    signal = np.linspace(-10, 10, 256 * 256, dtype=np.float32).reshape(256, 256)
    inside = np.ones((256, 256), np.float32)
    inside[:, :10] = 0.0
    for bits, border in ((10, "white"), (12, "black")):
        detector = replace(DETECTOR, bits_stored=bits, border=border)
        stored = digitise(signal, inside, detector)
        assert stored[:, 10:].min() == 0
        assert stored.max() == 2**bits - 1
        shadow = np.unique(stored[:, :10])
        assert len(shadow) == 1
        assert (shadow[0] > 0.9 * 2**bits) == (border == "white")
