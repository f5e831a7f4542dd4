"""Stability of selection and of predictions, on counted examples."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.validation.refits import Refit
from trephine.validation.stability import selection_stability

REFITS = [
    Refit({"radiomics": {"a": 1.0, "b": -1.0}}, ("age",), {"radiomics": 0.1}, {"radiomics": 0.0}),
    Refit({"radiomics": {"a": 2.0, "b": 0.5}}, ("age", "stage"), {"radiomics": 0.3}, {}),
    Refit({"radiomics": {"c": 0.1}}, (), {"radiomics": 0.2}, {}),
    Refit({"radiomics": {}}, ("age",), {}, {}),
]


def test_features_are_counted_with_their_signs_the_commonest_first() -> None:
    found = selection_stability(REFITS)
    rows = [(f.name, f.selected, f.sign_change) for f in found.features["radiomics"]]
    assert rows == [("a", 0.5, 0.0), ("b", 0.5, 0.25), ("c", 0.25, 0.0)]
    assert found.clinical == {"age": 0.75, "stage": 0.25}


def test_the_range_of_a_weight_counts_0_where_the_feature_was_not_selected() -> None:
    a, b, _ = selection_stability(REFITS).features["radiomics"]
    assert (a.low, a.high) == tuple(np.quantile([1.0, 2.0, 0.0, 0.0], (0.025, 0.975)))
    assert b.low < 0 < b.high


def test_penalties_and_sizes_are_reported_by_their_median() -> None:
    found = selection_stability(REFITS)
    assert found.penalty["radiomics"].value == pytest.approx(0.2)
    assert found.penalty["radiomics"].low == pytest.approx(0.105)
    assert found.n_selected["radiomics"].value == 1.5


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(InputError, match="one refit at least"):
        selection_stability([])
