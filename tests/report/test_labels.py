"""Labels along an axis never touch, keep their order and stay near their ticks."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trephine.report.figures.labels import GAP_MM, spread_out, thin_out

AXIS_MM = 120.0


@st.composite
def crowded(draw, most=12):
    count = draw(st.integers(1, most))
    ticks = draw(st.lists(st.floats(0, AXIS_MM), min_size=count, max_size=count))
    widths = draw(st.lists(st.floats(1, 30), min_size=count, max_size=count))
    return ticks, widths


def touching(labels, widths):
    lanes = {}
    for label in labels:
        lanes.setdefault(label.lane, []).append(label)
    for lane in lanes.values():
        for a, b in pairwise(sorted(lane, key=lambda label: label.centre_mm)):
            if b.centre_mm - a.centre_mm < (widths[a.index] + widths[b.index]) / 2 + GAP_MM - 1e-6:
                yield a, b


@given(crowded())
def test_levels_are_all_shown_and_none_touch(case):
    ticks, widths = case
    labels = spread_out(ticks, widths, 0.0, AXIS_MM)
    assert sorted(label.index for label in labels) == list(range(len(ticks)))
    assert list(touching(labels, widths)) == []


@given(crowded())
def test_levels_stay_on_the_axis_and_in_order(case):
    ticks, widths = case
    labels = spread_out(ticks, widths, 0.0, AXIS_MM)
    for label in labels:
        half = widths[label.index] / 2
        assert label.centre_mm - half >= -1e-6
        assert label.centre_mm + half <= AXIS_MM + 1e-6
    for lane in {label.lane for label in labels}:
        members = sorted((b for b in labels if b.lane == lane), key=lambda b: b.tick_mm)
        centres = [label.centre_mm for label in members]
        assert centres == sorted(centres)


@given(crowded(most=40))
def test_a_scale_shows_what_fits_under_its_own_ticks(case):
    ticks, widths = sorted(case[0]), case[1]
    labels = thin_out(ticks, widths)
    assert labels
    assert list(touching(labels, widths)) == []
    assert all(label.centre_mm == label.tick_mm for label in labels)


def test_an_even_scale_is_thinned_evenly():
    ticks = list(np.linspace(0, 60, 21))
    shown = [label.index for label in thin_out(ticks, [5.0] * 21)]
    assert len(set(np.diff(shown))) == 1


def test_levels_with_room_stay_under_their_ticks():
    labels = spread_out([0.0, 40.0, 80.0], [5.0, 5.0, 5.0], -3.0, AXIS_MM)
    assert [(b.centre_mm, b.lane) for b in labels] == [(0.0, 1), (40.0, 1), (80.0, 1)]
