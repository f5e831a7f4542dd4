"""Agreement of features between readings, also where a value is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trephine.modelling.cases import FeatureSet
from trephine.modelling.reliability import agreements
from trephine.selection.icc import intraclass_correlation


def two_readings() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    first = rng.normal(size=(20, 3))
    return first, first + 0.4 * rng.normal(size=first.shape)


def test_a_feature_with_a_missing_value_is_judged_by_the_cases_that_have_it() -> None:
    first, second = two_readings()
    first[4, 1] = np.nan
    second[7, 1] = np.nan
    features = FeatureSet("radiomics", ("a", "b", "c"), first, {"b": second}, {}, "a")
    (found,) = agreements(features, "2,1")
    has = np.isfinite(first[:, 1]) & np.isfinite(second[:, 1])
    by_hand = intraclass_correlation(np.stack([first[has][:, [1]], second[has][:, [1]]], 1), "2,1")
    np.testing.assert_allclose(found.icc[1], by_hand.value[0])
    whole = intraclass_correlation(np.stack([first[:, ::2], second[:, ::2]], 1), "2,1")
    np.testing.assert_allclose(found.icc[::2], whole.value)


def test_a_feature_of_too_few_cases_has_no_icc() -> None:
    first, second = two_readings()
    first[4:, 1] = np.nan
    features = FeatureSet("radiomics", ("a", "b", "c"), first, {"b": second}, {}, "a")
    (found,) = agreements(features, "2,1")
    assert np.isnan(found.icc).tolist() == [False, True, False]


def read_by(*rows: slice) -> FeatureSet:
    """Rater a read 20 cases, each further rater those of a slice."""
    first, second = two_readings()
    raters = {}
    for name, some in zip("bc", rows, strict=False):
        raters[name] = np.full_like(second, np.nan)
        raters[name][some] = second[some]
    return FeatureSet("radiomics", ("a", "b", "c"), first, raters, {}, "a")


def test_a_second_rater_of_some_cases_is_compared_on_those() -> None:
    (found,) = agreements(read_by(slice(0, 8)), "2,1")
    first, second = two_readings()
    alone = intraclass_correlation(np.stack([first[:8], second[:8]], axis=1), "2,1")
    assert (found.n_subjects, found.subjects.tolist()) == (8, [8, 8, 8])
    np.testing.assert_allclose(found.icc, alone.value)
    np.testing.assert_allclose(found.low, alone.low)


def test_raters_of_different_cases_are_compared_two_by_two() -> None:
    found = agreements(read_by(slice(0, 10), slice(10, 20)), "2,1")
    assert [one.comparison for one in found] == ["raters a and b", "raters a and c"]
    together = agreements(read_by(slice(0, 10), slice(3, 20)), "2,1")
    assert [(one.readers, one.n_subjects) for one in together] == [("a, b and c", 7)]


def test_fewer_than_five_cases_are_not_compared() -> None:
    assert agreements(read_by(slice(0, 4)), "2,1") == ()


def with_copies(count: int = 4) -> FeatureSet:
    """Feature b changes in perturbed copies as much as between cases, the others little."""
    first, _ = two_readings()
    rng = np.random.default_rng(8)
    size = np.array([0.1, 2.0, 0.1])
    copies = tuple(first + size * rng.normal(size=first.shape) for _ in range(count))
    return FeatureSet("radiomics", ("a", "b", "c"), first, first_rater="a", perturbed=copies)


def test_perturbed_copies_have_an_icc_of_one_way_analysis() -> None:
    features = with_copies()
    (found,) = agreements(features, "2,1")
    by_hand = intraclass_correlation(np.stack([features.values, *features.perturbed], 1), "1,1")
    np.testing.assert_allclose(found.icc, by_hand.value)
    assert (found.form, found.copies) == ("1,1", 4)
    assert found.comparison == "rater a, perturbed 4 times"
    assert (found.icc > 0.75).tolist() == [True, False, True]


def test_cases_without_a_copy_are_not_compared_and_copies_stand_beside_raters() -> None:
    features = with_copies()
    for copy in features.perturbed:
        copy[:3] = np.nan
    second = features.values + 0.01
    both = replace(features, raters={"b": second})
    between, perturbed = agreements(both, "2,1")
    assert (between.kind, between.form, between.n_subjects) == ("between", "2,1", 20)
    assert (perturbed.kind, perturbed.n_subjects) == ("perturbed", 17)
    few = features.take(np.arange(7))
    assert agreements(few, "2,1") == ()
