"""Features on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.store import FeatureStore, feature_key


def test_what_was_written_is_read_in_the_order_asked_for(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write(["f", "g"], {"k1": np.array([1.0, np.nan]), "k2": np.array([3.0, 4.0])})
    store.write(["f", "g"], {"k3": np.array([5.0, 6.0])})
    stored = FeatureStore(tmp_path).read(["k3", "k1"])
    assert stored.names == ("f", "g")
    np.testing.assert_array_equal(stored.values, [[5.0, 6.0], [1.0, np.nan]])


def test_a_shard_that_never_reached_the_ledger_is_not_known(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write(["f"], {"k1": np.array([1.0])})
    (tmp_path / "shards" / ".half-written.parquet").write_bytes(b"PAR1")
    assert store.known(["k1", "k2"]) == {"k1"}


def test_a_lost_shard_is_extracted_again_rather_than_trusted(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write(["f"], {"k1": np.array([1.0])})
    for shard in (tmp_path / "shards").glob("*.parquet"):
        shard.unlink()
    assert store.known(["k1"]) == set()


def test_a_missing_key_and_mixed_names_are_refused(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write(["f"], {"k1": np.array([1.0])})
    store.write(["g"], {"k2": np.array([1.0])})
    with pytest.raises(InputError, match="not stored"):
        store.read(["k9"])
    with pytest.raises(InputError, match="found two"):
        store.read(["k1", "k2"])


def test_a_key_depends_on_every_part_and_on_where_parts_end() -> None:
    assert feature_key("ab", "c") != feature_key("a", "bc")
    assert feature_key("image", "mask", 1, None) == feature_key("image", "mask", 1, None)


def test_notes_lie_beside_the_features(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write_notes({"k1": {"spacing": "PixelSpacing"}})
    assert FeatureStore(tmp_path).notes(["k1", "k2"]) == [{"spacing": "PixelSpacing"}, {}]
