"""Features on disk."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trephine.errors import InputError, StoreError
from trephine.store import FeatureStore, TaskLedger, feature_key, features
from trephine.store.repair import examine


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


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def one_case(folder: Path) -> FeatureStore:
    store = FeatureStore(folder)
    store.write(["f", "g"], {"k1": np.array([1.0, 2.0])}, {"image:1": {"spacing_row_mm": 0.5}})
    return store


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=20, deadline=None)
def test_any_bit_that_flips_in_a_shard_is_found(position: int, bit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one_case(folder)
        (shard,) = shards(folder)
        content = bytearray(shard.read_bytes())
        content[position % len(content)] ^= 1 << bit
        shard.write_bytes(content)
        store = FeatureStore(folder)
        assert store.known(["k1"]) == set()
        assert [path.name for path in (folder / "shards").iterdir()] == [f"{shard.name}.corrupt"]


def test_a_damaged_shard_is_named_and_its_cases_can_be_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one_case(tmp_path)
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:100])
    assert FeatureStore(tmp_path).known(["k1"]) == set()
    assert shard.name in caplog.text
    again = one_case(tmp_path)
    assert again.known(["k1"]) == {"k1"}
    np.testing.assert_array_equal(again.read(["k1"]).values, [[1.0, 2.0]])


def test_a_shard_damaged_between_looking_and_reading_is_not_read(tmp_path: Path) -> None:
    store = one_case(tmp_path)
    assert store.known(["k1"]) == {"k1"}
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:-1] + b"\0")
    with pytest.raises(StoreError, match="run the same command again"):
        store.read(["k1"])
    assert store.known(["k1"]) == set()


def as_an_earlier_version_wrote(folder: Path) -> Path:
    """Leave a store without checksums, its shard under a random name and without notes."""
    one_case(folder)
    (shard,) = shards(folder)
    table = pq.read_table(shard).replace_schema_metadata({"names": "f\ng"})
    old = shard.with_name("0123456789abcdef0123456789abcdef.parquet")
    pq.write_table(table, old)
    shard.unlink()
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE features SET shard = ?", (old.name,))
        ledger.execute("DROP TABLE shards")
        ledger.execute("ALTER TABLE notes DROP COLUMN sha256")
    return old


def test_an_earlier_versions_store_is_trusted_once_and_held_to_its_checksum_after(
    tmp_path: Path,
) -> None:
    old = as_an_earlier_version_wrote(tmp_path)
    store = FeatureStore(tmp_path)
    assert store.known(["k1"]) == {"k1"}
    assert store.notes(["image:1"]) == [{"spacing_row_mm": 0.5}]
    content = bytearray(old.read_bytes())
    content[len(content) // 2] ^= 1
    old.write_bytes(content)
    assert FeatureStore(tmp_path).known(["k1"]) == set()


def test_an_earlier_versions_shard_that_is_cut_is_not_trusted(tmp_path: Path) -> None:
    old = as_an_earlier_version_wrote(tmp_path)
    old.write_bytes(old.read_bytes()[:200])
    assert FeatureStore(tmp_path).known(["k1"]) == set()


@pytest.mark.parametrize("damage", ["garbage", "half"])
def test_a_broken_ledger_is_set_aside_and_made_again_from_the_shards(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    one_case(tmp_path)
    ledger = tmp_path / "ledger.sqlite"
    content = ledger.read_bytes()
    ledger.write_bytes(content[: len(content) // 2] if damage == "half" else b"x" * 9000)
    store = FeatureStore(tmp_path)
    assert store.known(["k1"]) == {"k1"}
    assert store.notes(["image:1"]) == [{"spacing_row_mm": 0.5}]
    assert (tmp_path / "ledger.sqlite.corrupt").exists()
    assert "ledger.sqlite.corrupt" in caplog.text


def test_features_are_never_known_without_the_notes_that_came_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for part in ("_enter_notes", "_enter_shard"):
        with monkeypatch.context() as patch:
            patch.setattr(f"trephine.store.features.{part}", killed)
            with pytest.raises(KeyboardInterrupt):
                one_case(tmp_path)
        store = FeatureStore(tmp_path)
        assert (store.known(["k1"]), store.notes(["image:1"])) == (set(), [{}])


def test_a_kill_between_the_shards_of_one_batch_leaves_neither_known_and_both_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = [(["f"], {"radiomics": np.array([1.0])}), (["d"], {"deep": np.array([2.0])})]
    write = features.write_shard
    written: list[object] = []

    def killed(*arguments: object) -> tuple[str, str]:
        if written:
            raise KeyboardInterrupt
        written.append(write(*arguments))  # type: ignore[arg-type]
        return written[-1]  # type: ignore[return-value]

    with monkeypatch.context() as patch:
        patch.setattr(features, "write_shard", killed)
        with pytest.raises(KeyboardInterrupt):
            FeatureStore(tmp_path).write_all(sets, {"image:1": {"spacing_row_mm": 0.5}})
    store = FeatureStore(tmp_path)
    assert store.known(["radiomics", "deep"]) == set()
    store.write_all(sets, {"image:1": {"spacing_row_mm": 0.5}})
    assert FeatureStore(tmp_path).known(["radiomics", "deep"]) == {"radiomics", "deep"}
    assert len(list((tmp_path / "shards").glob("*.parquet"))) == 2


def test_a_damaged_note_counts_as_none(tmp_path: Path) -> None:
    store = one_case(tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE notes SET note = replace(note, '0.5', '0.7')")
    assert store.notes(["image:1"]) == [{}]


def answers(path: Path, work: str = "work") -> dict[str, object]:
    return TaskLedger(path, work).answers()


@pytest.mark.parametrize("damage", ["garbage", "half"])
def test_a_broken_file_of_answers_is_set_aside_and_starts_empty(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "resampling.sqlite"
    TaskLedger(path, "work").write("1", {"value": 0.1})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "half" else b"x" * 9000)
    assert answers(path) == {}
    assert (tmp_path / "resampling.sqlite.corrupt").exists()
    TaskLedger(path, "work").write("1", {"value": 0.1})
    assert answers(path) == {"1": {"value": 0.1}}


def test_a_changed_answer_and_one_under_anothers_name_are_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "resampling.sqlite"
    for task in ("1", "2", "3"):
        TaskLedger(path, "work").write(task, {"value": 0.1})
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("UPDATE answers SET answer = '{\"value\": 0.2}' WHERE task = '1'")
        ledger.execute("UPDATE answers SET task = '4' WHERE task = '2'")
    assert answers(path) == {"3": {"value": 0.1}}


def test_answers_of_an_earlier_version_count(tmp_path: Path) -> None:
    path = tmp_path / "resampling.sqlite"
    TaskLedger(path, "work").write("1", {"value": 0.1})
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("ALTER TABLE answers DROP COLUMN sha256")
    assert answers(path) == {"1": {"value": 0.1}}


def test_a_store_that_cannot_be_opened_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "resampling.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"resampling\.sqlite.*--out"):
        TaskLedger(tmp_path / "resampling.sqlite", "work")
    store = one_case(tmp_path / "removed")
    shutil.rmtree(tmp_path / "removed")
    with pytest.raises(StoreError, match=r"ledger\.sqlite.*was removed"):
        store.known(["k1"])


def test_the_doctor_restores_what_can_be_and_sets_the_rest_aside(tmp_path: Path) -> None:
    features = tmp_path / "features"
    store = one_case(features)
    store.write(["f", "g"], {"k2": np.array([3.0, 4.0])})
    TaskLedger(tmp_path / "resampling.sqlite", "work").write("1", {})
    assert {found.state for found in examine(tmp_path)} == {"ok"}
    lost = shards(features)[0]
    lost.write_bytes(b"PAR1")
    with closing(sqlite3.connect(features / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("DELETE FROM features WHERE shard != ?", (lost.name,))
    (features / "shards" / ".x.parquet.999999999.part").write_bytes(b"half")
    (tmp_path / "resampling.sqlite").write_bytes(b"x" * 9000)
    found = {(one.state, one.what) for one in examine(tmp_path)}
    assert {
        ("repaired", lost.name),
        ("repaired", "shards"),
        ("repaired", "resampling.sqlite"),
    } <= found
    assert {found.state for found in examine(tmp_path)} == {"ok"}
    assert len(FeatureStore(features).known(["k1", "k2"])) == 1
    assert not list((features / "shards").glob(".*"))


def test_the_doctor_refuses_a_folder_without_a_store(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found neither"):
        list(examine(tmp_path))
    with pytest.raises(InputError, match="found nothing"):
        list(examine(tmp_path / "nowhere"))
