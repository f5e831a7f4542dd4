"""Outlines that were not filled, and stray strokes: measured as they are, and said by ``check``."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cli.command import Command
from study.small_study import CASES, LABELS, SPACING, SmallStudy
from trephine.imaging import read_mask, write_nifti
from trephine.study.images.region_form import has_specks, is_outline
from trephine.types import Mask

ROWS, COLUMNS = np.mgrid[:40, :40]
DISC = (ROWS - 20) ** 2 + (COLUMNS - 20) ** 2 <= 12**2
RING = DISC & ~ndimage.binary_erosion(DISC)


def test_a_ring_is_an_outline_and_a_region_with_a_hole_is_none() -> None:
    assert is_outline(RING)
    assert not is_outline(DISC)
    assert not is_outline(DISC & ~((ROWS - 20) ** 2 + (COLUMNS - 20) ** 2 <= 5**2))
    opened = RING.copy()
    opened[20, :20] = False  # a stroke that does not close encloses nothing
    assert not is_outline(opened)


def test_an_outline_of_a_volume_is_seen_in_its_slices() -> None:
    assert is_outline(np.stack([RING] * 3))
    assert not is_outline(np.stack([DISC] * 3))


def test_a_speck_lies_apart_and_is_small() -> None:
    speck = DISC.copy()
    speck[1:3, 1:3] = True
    assert has_specks(speck)
    assert not has_specks(DISC)
    touching = DISC.copy()
    touching[7, 20] = True
    assert not has_specks(touching)
    halves = DISC & (ROWS != 20)
    assert not has_specks(halves)


def test_check_names_them_by_reading_and_row(image_study: SmallStudy, trephine: Command) -> None:
    """Masks of which every one was an outline passed without a word about it."""
    first, second, *_ = sorted((image_study.toml.parent / "a").glob("*.nii.gz"))
    labels = read_mask(first).labels.copy()
    labels[ndimage.binary_erosion(labels > 0)] = 0
    speckled = read_mask(second).labels.copy()
    speckled[1:3, 1:3] = LABELS["R"]
    for path, drawn in ((first, labels), (second, speckled)):
        path.unlink()
        write_nifti(Mask(drawn, SPACING), path)
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    text = f"2 of {CASES} regions of rater a enclose more pixels than they hold (rows 2, 3)"
    assert text in said.out
    assert (
        f"1 of {CASES} regions of rater a have small parts apart from the rest (row 4)" in said.out
    )
    again = trephine("check", image_study.toml)
    assert text in again.out
