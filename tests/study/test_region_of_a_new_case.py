"""Which region of a mask a locked model measures: the one that the study would have."""

from __future__ import annotations

import pytest

from study.bundle_contexts import locked_model
from trephine.errors import BundleError, InputError
from trephine.modelling.prediction import Predictor
from trephine.radiomics import ENGINE_VERSION
from trephine.study.locked.model import LockedModel
from trephine.study.locked.network import check_engine
from trephine.study.locked.new_case import NewCase, label_of_region

NOTHING = Predictor({}, {}, None, {})


def model(mask_label: int | dict[str, int], *, sides: bool) -> LockedModel:
    return locked_model(NOTHING, mask_label=mask_label, sides=sides)


@pytest.mark.parametrize(("side", "label"), [("R", 1), ("L", 2)])
def test_a_side_has_the_label_that_it_had_in_the_study(side: str, label: int) -> None:
    assert label_of_region(model({"R": 1, "L": 2}, sides=True), NewCase(side=side)) == label


def test_a_label_that_is_given_counts() -> None:
    case = NewCase(side="L", label=7)
    assert label_of_region(model({"R": 1, "L": 2}, sides=True), case) == 7
    assert label_of_region(model(3, sides=False), NewCase()) == 3


@pytest.mark.parametrize("side", [None, "left"])
def test_a_side_is_asked_for_where_the_study_had_sides(side: str | None) -> None:
    with pytest.raises(InputError, match="expected R or L"):
        label_of_region(model(1, sides=True), NewCase(side=side, label=1))


def test_features_of_another_engine_are_refused() -> None:
    check_engine(locked_model(NOTHING, engine_version=ENGINE_VERSION))
    with pytest.raises(BundleError, match=r"radiomics engine 'another'.*\(0\.0\)"):
        check_engine(locked_model(NOTHING, engine_version="another"))
