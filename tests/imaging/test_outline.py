"""Outlines enclose exactly the pixels of the region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from trephine.errors import InputError
from trephine.imaging import region_outline


def enclosed_area(outlines: list[np.ndarray]) -> float:
    """Signed area by the shoelace formula; holes run the other way round."""
    total = 0.0
    for line in outlines:
        rows, columns = line[:, 0], line[:, 1]
        total += 0.5 * float(np.sum(columns[:-1] * rows[1:] - columns[1:] * rows[:-1]))
    return total


def test_a_single_pixel_has_its_four_corners() -> None:
    region = np.zeros((3, 3), dtype=bool)
    region[1, 1] = True
    (outline,) = region_outline(region)
    assert outline.shape == (5, 2)
    assert {tuple(point) for point in outline} == {(0.5, 0.5), (0.5, 1.5), (1.5, 1.5), (1.5, 0.5)}


def test_a_ring_has_two_outlines() -> None:
    region = np.ones((5, 5), dtype=bool)
    region[2, 2] = False
    assert sorted(len(line) for line in region_outline(region)) == [5, 5]


def test_pixels_that_touch_by_a_corner_are_two_outlines() -> None:
    assert len(region_outline(np.eye(2, dtype=bool))) == 2


@given(arrays(bool, (7, 6)))
def test_outlines_are_closed_and_enclose_the_regions_area(region: np.ndarray) -> None:
    outlines = region_outline(region)
    assert all(np.array_equal(line[0], line[-1]) for line in outlines)
    assert enclosed_area(outlines) == pytest.approx(region.sum())


@given(arrays(bool, (7, 6)))
def test_the_length_is_the_number_of_boundary_edges(region: np.ndarray) -> None:
    padded = np.pad(region, 1).astype(int)
    edges = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    length = sum(np.abs(np.diff(line, axis=0)).sum() for line in region_outline(region))
    assert length == pytest.approx(edges)


def test_a_volume_has_no_outline() -> None:
    with pytest.raises(InputError, match=r"expected \(rows, columns\)"):
        region_outline(np.ones((2, 2, 2), dtype=bool))
