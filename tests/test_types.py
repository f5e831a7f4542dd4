"""The values that rooms hand to each other."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import ImageError, InputError
from trephine.types import Geometry, Image, Mask, Survival


def test_survival_takes_zero_and_one_as_event() -> None:
    survival = Survival(np.array([1.0, 2.0]), np.array([0, 1]))
    assert survival.event.dtype == np.bool_
    assert len(survival.take([1])) == 1


@pytest.mark.parametrize("rows", [[], np.zeros(2, dtype=bool), np.empty(0, dtype=np.int64)])
def test_nobody_can_be_taken(rows: list[int]) -> None:
    assert len(Survival(np.array([1.0, 2.0]), np.array([0, 1])).take(rows)) == 0


@pytest.mark.parametrize("event", [[1, 2], [0, -1]])
def test_survival_refuses_other_event_codes(event: list[int]) -> None:
    with pytest.raises(InputError, match="recode"):
        Survival(np.array([1.0, 2.0]), np.array(event))


@pytest.mark.parametrize("time", [0.0, -1.0, np.nan, np.inf])
def test_survival_refuses_times_that_are_not_positive(time: float) -> None:
    with pytest.raises(InputError, match="row 1"):
        Survival(np.array([1.0, time]), np.array([True, False]))


def test_survival_arrays_cannot_be_written() -> None:
    survival = Survival(np.array([1.0]), np.array([True]))
    with pytest.raises(ValueError, match="read-only"):
        survival.time[0] = 2.0


def test_mask_names_the_labels_that_it_has() -> None:
    mask = Mask(np.array([[0, 1], [2, 0]]), Geometry.plain((1.0, 1.0)))
    assert mask.region(2).sum() == 1
    with pytest.raises(ImageError, match=r"labels \[1, 2\]"):
        mask.region(3)


def test_image_needs_a_spacing_for_each_axis() -> None:
    with pytest.raises(ImageError, match="2 axes"):
        Image(np.zeros((3, 3)), Geometry.plain((1.0,)))
