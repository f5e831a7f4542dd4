"""Agreement of features between readings, also where a value is missing."""

from __future__ import annotations

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
