"""Maps on disk: whole or absent, and features from them in the order of the cases."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.deep.embed import Embedder
from trephine.deep.maps import BlockInputs, MapStore
from trephine.errors import InputError


@pytest.fixture
def inputs(tmp_path, small_settings) -> BlockInputs:
    """Five cases, the second rater having read two of them."""
    store = MapStore(tmp_path / "maps")
    rng = np.random.default_rng(0)
    for key in "abcdexy":
        store.write(key, rng.random((1, 512, 1, 1), dtype=np.float32))
    return BlockInputs(
        folder=store.folder,
        block=Embedder(small_settings).last_block(),
        keys=np.array(list("abcde")),
        raters={"b": np.array(["x", "", "y", "", ""])},
        repeats={},
    )


def test_features_follow_their_cases_however_they_are_taken(inputs):
    whole = inputs.features(inputs.block, inputs.keys)
    index = np.array([3, 0, 3, 4])
    np.testing.assert_array_equal(
        inputs.features(inputs.block, inputs.take(index).keys), whole[index]
    )
    np.testing.assert_array_equal(inputs.block.features(inputs.maps()), whole)


def test_a_case_that_a_rater_did_not_read_has_no_features(inputs):
    found = inputs.features(inputs.block, inputs.raters["b"])
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, True, False, False]
    assert inputs.take(np.array([2, 1])).raters["b"].tolist() == ["y", ""]


def test_absent_maps_are_reported(inputs):
    store = MapStore(inputs.folder)
    assert store.known(["a", "z"]) == {"a"}
    with pytest.raises(InputError, match="the maps of 2 cases in maps, found 1"):
        store.read(["a", "z"])
