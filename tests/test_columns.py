"""Tables of features in a file and in memory: the same numbers."""

from __future__ import annotations

import os

import numpy as np
import pytest

from trephine import columns
from trephine.columns import all_finite, blocks, roomy, take_columns, take_rows
from trephine.executors import executor
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_chain import FittedChain, fit_chain
from trephine.modelling.protocols import PROTOCOLS
from trephine.types import FloatArray, Survival

SMALL = 1 << 12


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "LARGE", SMALL)
    monkeypatch.setattr(columns, "AT_ONCE", SMALL)


def in_a_file(array: FloatArray) -> bool:
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


@pytest.mark.parametrize(("rows", "of"), [(1, 7), (100, 1), (100, 0), (10_000, 3), (10**8, 5)])
def test_blocks_are_all_columns_once_and_none_alone(rows: int, of: int) -> None:
    found = [list(range(of))[part] for part in blocks(rows, of)]
    assert [column for part in found for column in part] == list(range(of))
    assert of < 2 or min(map(len, found)) >= 2


@pytest.mark.usefixtures("in_files")
def test_what_is_taken_of_a_large_table_is_what_numpy_takes() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(400, 30))
    values[7, 4] = np.inf
    rows, mask = rng.integers(0, 400, 300), rng.random(400) < 0.7
    chosen = rng.permutation(30)
    for found, expected in (
        (take_rows(values, rows), values[rows]),
        (take_rows(values, mask), values[mask]),
        (take_columns(values, chosen), values[:, chosen]),
    ):
        assert in_a_file(found)
        assert found.flags.writeable
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, expected)
    assert np.flatnonzero(~all_finite(values)).tolist() == [4]


def test_a_small_one_stays_in_memory() -> None:
    assert not in_a_file(roomy((10, 10)))


@pytest.mark.usefixtures("in_files")
def test_a_disk_without_room_ends_in_an_error_that_names_its_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left") as said:
        roomy((100, 100))
    assert said.value.filename


def chain() -> FittedChain:
    rng = np.random.default_rng(2)
    n, names = 120, tuple(f"f{j:02d}" for j in range(25))
    values = rng.normal(size=(n, len(names)))
    values[:, 3] = values[:, 2] + 0.1 * rng.normal(size=n)
    time = rng.exponential(np.exp(-values[:, 0]))
    values[rng.random(values.shape) < 0.01] = np.nan
    features = FeatureSet("f", names, values, {"b": values + rng.normal(0, 0.2, values.shape)})
    settings = PROTOCOLS["published"].chain.model_copy(update={"max_missing": 0.1})
    survival = Survival(np.minimum(time, 2.0), time <= 2.0)
    return fit_chain(features, survival, np.arange(n), settings, np.random.default_rng(3))


def test_selection_and_model_are_the_same_to_the_bit_in_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = chain()
    monkeypatch.setattr(columns, "LARGE", SMALL)
    monkeypatch.setattr(columns, "AT_ONCE", SMALL)
    there = chain()
    assert len(here.signature.names) > 0
    assert there.signature.names == here.signature.names
    assert there.audit == here.audit
    for name in ("weights", "centre", "scale"):
        expected = getattr(here.signature, name)
        np.testing.assert_array_equal(getattr(there.signature, name), expected)
    np.testing.assert_array_equal(there.training_score, here.training_score)
    np.testing.assert_array_equal(there.agreements[0].icc, here.agreements[0].icc)


def looked_at(shared: FloatArray, item: int) -> tuple[float, bool, bool, bool]:
    first = float(shared[item, 0])
    shared[item, 0] = -1.0  # for this worker alone
    return first, shared.flags.owndata, shared.flags.c_contiguous, shared.flags.aligned


def test_workers_look_at_one_copy_of_a_large_array_and_may_write_to_their_view() -> None:
    shared = np.arange(400_000.0).reshape(1000, 400)
    with executor(2, (shared,)) as run:
        found = list(run.map(looked_at, range(6)))
    assert found == [(400.0 * item, False, True, True) for item in range(6)]
    assert shared[0, 0] == 0.0
