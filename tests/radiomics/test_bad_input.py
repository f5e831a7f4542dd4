"""Input that cannot be measured: one clear line each."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import ImageError, InputError
from trephine.radiomics import RadiomicsSettings, extract_radiomics
from trephine.types import Geometry, Image, Mask


def refused(image, mask, match, **settings) -> None:
    with pytest.raises(InputError, match=match) as caught:
        extract_radiomics(image, mask, RadiomicsSettings(**settings))
    assert "\n" not in str(caught.value)


def test_a_mask_of_another_shape(pair, speckle, bean) -> None:
    image, _ = pair(speckle, bean)
    refused(image, pair(speckle[:-1], bean[:-1])[1], "shape")


def test_a_mask_of_another_geometry(pair, speckle, bean) -> None:
    image, _ = pair(speckle, bean, (1.0, 1.0))
    refused(image, pair(speckle, bean, (1.0, 1.1))[1], "geometry")


def test_a_mask_of_another_geometry_is_taken_where_it_is_to_be_corrected(
    pair, speckle, bean
) -> None:
    image, mask = pair(speckle, bean)
    shifted = Mask(mask.labels[2:, 3:], Geometry((1.0, 1.0), (3.0, 2.0), (1.0, 0.0, 0.0, 1.0)))
    settings = RadiomicsSettings()
    corrected = extract_radiomics(image, shifted, RadiomicsSettings(correctMask=True))
    direct = extract_radiomics(image, mask, settings)
    np.testing.assert_array_equal(corrected, direct)
    refused(image, Mask(mask.labels, Geometry((1.0, 1.0), (20.0, 2.0), (1.0, 0.0, 0.0, 1.0))),
            "beyond the edge", correctMask=True)  # fmt: skip


def test_an_empty_mask(pair, speckle, bean) -> None:
    refused(*pair(speckle, bean & False), "empty mask")


def test_an_absent_label(pair, speckle, bean) -> None:
    refused(*pair(speckle, bean), r"expected label 3, found labels \[1\]", label=3)


def test_a_float_mask(pair, speckle, bean) -> None:
    image, mask = pair(speckle, bean)
    refused(image, Mask(mask.labels * 0.5, mask.geometry), "float64")


def test_a_colour_image(pair, speckle, bean) -> None:
    _, mask = pair(speckle, bean)
    colour = Image(np.stack([speckle] * 3, axis=-1), Geometry.plain((1.0, 1.0, 1.0)))
    refused(colour, mask, "3 channels")


def test_a_volume_with_a_flat_mask(pair, speckle, bean) -> None:
    _, mask = pair(speckle, bean)
    volume = Image(np.stack([speckle] * 5), Geometry.plain((1.0, 1.0, 1.0)))
    refused(volume, mask, "3 dimensions")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_no_numbers(value, pair, speckle, bean) -> None:
    broken = speckle.copy()
    broken[3, 4] = value
    refused(*pair(broken, bean), "1 of 744 pixels")


def test_a_constant_image_that_is_to_be_normalised(pair, speckle, bean) -> None:
    refused(*pair(speckle * 0 + 7, bean), "vary", normalize=True)


def test_bins_too_narrow_for_the_range(pair, speckle, bean) -> None:
    refused(*pair(speckle, bean), "binWidth", binWidth=1e-5)


def test_a_region_smaller_than_asked_for(pair, speckle, bean) -> None:
    line = bean & (np.arange(24) == 5)[:, None]
    refused(*pair(speckle, line), "minimumROIDimensions")
    refused(*pair(speckle, bean), "minimumROISize", minimumROISize=10_000)


def test_a_spacing_of_other_dimensions(pair, speckle, bean) -> None:
    refused(*pair(speckle, bean), "resampledPixelSpacing", resampledPixelSpacing=[1, 1, 1])


def test_a_resegmentation_that_leaves_nothing(pair, speckle, bean) -> None:
    refused(*pair(speckle, bean), "resegmentRange", resegmentRange=[100, 200])


def test_an_image_error_is_an_input_error(pair, speckle, bean) -> None:
    with pytest.raises(ImageError):
        extract_radiomics(*pair(speckle, bean & False), RadiomicsSettings())
