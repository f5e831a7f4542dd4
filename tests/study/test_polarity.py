"""Pictures with black and white exchanged among others: read as they are, and said by ``check``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import CASES, PATIENTS, SPACING, SmallStudy
from study.test_sides import as_dicom
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.study.images.polarity import Brightness, polarity_remarks, share_darker
from trephine.types import Geometry, Image

SAID = "black and white exchanged?"
NUMBERS = range(2, 100)


def brightened(study: SmallStudy) -> list[Path]:
    """Make the regions of a small study as bright as bone, and return its images."""
    paths = sorted((study.folder / "images").glob("*.nii.gz"))
    for path in paths:
        pixels = read_image(path).pixels.copy()
        pixels[read_mask(study.folder / "a" / path.name).labels > 0] += 60
        write_nifti(Image(pixels, SPACING), path)
    return paths


def exchange(path: Path) -> None:
    write_nifti(Image(255 - read_image(path).pixels, SPACING), path)


def of(*shares: float) -> list[str]:
    images = [Brightness([place], [share]) for place, share in enumerate(shares)]
    return list(polarity_remarks(images, NUMBERS))


def test_the_share_turns_round_with_the_greys_and_not_with_their_scale() -> None:
    pixels = np.random.default_rng(1).integers(0, 50, (30, 40)).astype(np.float64)
    region = np.zeros(pixels.shape, dtype=bool)
    region[5:8, 5:12] = True
    pixels[region] += 20
    counted = [np.sign(np.median(pixels[region]) - one) for one in pixels[~region]]
    share = share_darker(Image(pixels, SPACING), region)
    assert share == pytest.approx((np.mean(counted) + 1) / 2)
    assert share_darker(Image(4095 - pixels, SPACING), region) == pytest.approx(1 - share)
    assert share_darker(Image(pixels**3, SPACING), region) == pytest.approx(share)


def test_nothing_is_said_of_what_shows_nothing() -> None:
    flat = Image(np.ones((4, 4)), SPACING)
    assert share_darker(flat, np.eye(4, dtype=bool)) == 0.5
    assert share_darker(flat, np.ones((4, 4), dtype=bool)) == 0.5
    volume = np.zeros((3, 4, 4))
    region = np.zeros(volume.shape, dtype=bool)
    region[1, 1, 1] = True
    volume[region] = 9.0
    geometry = Geometry.plain((1.0, 0.5, 0.5))
    assert share_darker(Image(volume, geometry), region) == 0.5


def test_a_few_are_named_and_many_or_none_are_not() -> None:
    assert of(*[0.9] * 12) == []
    (said,) = of(*[0.9] * 7, 0.1, *[0.9] * 4)
    assert said.startswith("In row 9 (1 of 12 images) the region is darker than most of its image")
    assert "in 11 others brighter" in said
    (said,) = of(0.9, *[0.1] * 11)
    assert said.startswith("In row 2 (1 of 12 images) the region is brighter")
    assert of(*[0.9] * 6, *[0.1] * 6) == []  # a study of both kinds
    assert of(*[0.9] * 6, *[0.5] * 5, 0.1) == []  # most say nothing
    assert of(*[0.9] * 6, 0.1) == []  # too few


def test_an_image_whose_regions_disagree_says_nothing() -> None:
    images = [Brightness([place], [0.9]) for place in range(11)] + [Brightness([11], [0.9, 0.1])]
    assert list(polarity_remarks(images, NUMBERS)) == []


def test_check_names_the_rows_again_and_again(trephine: Command, image_study: SmallStudy) -> None:
    """Four of forty pictures were exchanged, and the study ran on them without a word."""
    images = brightened(image_study)
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert SAID not in said.out
    for path in images[-4:]:
        exchange(path)
    rows = ", ".join(str(CASES + 1 - back) for back in (3, 2, 1, 0))
    for _ in range(2):  # opened, then remembered
        said = trephine("check", image_study.toml)
        assert said.code == 0, said.err
        assert f"In rows {rows} (4 of {PATIENTS} images) the region is darker" in said.out
        assert SAID in said.out


def test_a_dicom_file_that_says_which_way_its_greys_run_is_not_named(
    trephine: Command, image_study: SmallStudy
) -> None:
    for number, path in enumerate(brightened(image_study)):
        pixels = np.rint(read_image(path).pixels * 8)
        turned = number % 8 == 0
        greys = (4095 - pixels if turned else pixels) / 8
        kind = "MONOCHROME1" if turned else "MONOCHROME2"
        as_dicom(greys, path.with_suffix("").with_suffix(".dcm"), PhotometricInterpretation=kind)
    image_study.replace("images/{patient}.nii.gz", "images/{patient}.dcm")
    image_study.replace("[data]\n", '[data]\naccept = ["orientation"]\n')
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert SAID not in said.out
