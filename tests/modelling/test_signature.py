"""A signature: scores, what is clipped, what is missing, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.modelling.signature import Signature, empty_signature

NAMES = ("a", "b")
PLAIN = Signature(
    feature_set="radiomics",
    names=NAMES,
    weights=np.array([0.5, -1.0]),
    centre=np.array([10.0, 0.0]),
    scale=np.array([2.0, 1.0]),
    low=np.array([0.0, -3.0]),
    high=np.array([20.0, 3.0]),
    reach=2.0,
)
BOUNDED = Signature(
    **{**vars(PLAIN), "floor": np.array([7.0, -1.5]), "ceiling": np.array([13.0, 1.5])}
)


def test_a_score_is_the_weighted_sum_of_z_scores_whatever_the_columns_order() -> None:
    values = np.array([[1.0, 99.0, 14.0]])
    assert PLAIN.score(values, ("b", "other", "a"))[0] == pytest.approx(0.5 * 2 - 1.0)


def test_values_beyond_the_bounds_count_as_the_bounds() -> None:
    far = BOUNDED.score(np.array([[1000.0, -1000.0]]), NAMES)
    at = BOUNDED.score(np.array([[13.0, -1.5]]), NAMES)
    inside = np.array([[9.0, 0.3]])
    assert far[0] == at[0] == pytest.approx(0.75 + 1.5)
    assert BOUNDED.score(inside, NAMES) == PLAIN.score(inside, NAMES)


def test_distance_is_not_clipped() -> None:
    values = np.array([[10.0, 0.0], [1000.0, 0.0]])
    np.testing.assert_allclose(BOUNDED.distance(values, NAMES), [0.0, 495 / np.sqrt(2)])


def test_a_missing_value_counts_as_the_mean_but_not_a_whole_missing_case() -> None:
    score = PLAIN.score(np.array([[np.nan, 1.0], [np.nan, np.nan]]), NAMES)
    assert score[0] == -1.0
    assert np.isnan(score[1])


def test_missing_features_are_named() -> None:
    with pytest.raises(InputError, match="1 of its 2 features are missing: b"):
        PLAIN.score(np.zeros((1, 1)), ("a",))


def test_an_empty_signature_scores_nobody() -> None:
    signature = empty_signature("deep")
    assert signature.empty
    np.testing.assert_array_equal(signature.score(np.ones((3, 2)), NAMES), np.zeros(3))


def test_parts_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="differ in length"):
        Signature(**{**vars(PLAIN), "weights": np.ones(3)})
    with pytest.raises(InputError, match="a floor needs a ceiling"):
        Signature(**{**vars(PLAIN), "floor": np.zeros(2)})


def test_a_case_that_lacks_just_the_features_of_the_signature_scores_their_means() -> None:
    one = Signature("set", ("b",), *(np.array([x]) for x in (2.0, 5.0, 1.0, 3.0, 7.0)), reach=2.0)
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [1.0, 6.0]])
    assert np.array_equal(one.score(values, ("a", "b")), [0.0, np.nan, 2.0], equal_nan=True)
