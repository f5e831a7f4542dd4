"""A store from somebody else: its shards take no more than they may, its files lead nowhere."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from security.all_bombs import shard
from study.small_study import write_clinical_study
from trephine.errors import InputError, StoreError
from trephine.evaluation.agreement import RegionAgreement
from trephine.store import FeatureStore, TaskLedger
from trephine.store.cases import FILE, CaseLedger, ManifestRow, names_digest
from trephine.store.limits import ShardLimits
from trephine.store.repair import examine
from trephine.store.shards import write_shard
from trephine.store.shards_apart import ShardReader
from trephine.study import Study
from trephine.study.batch.log import log_in
from trephine.study.batch.merge import merge_stores
from trephine.study.extraction.drawings import _noted
from trephine.study.extraction.whole_study import _has_spacing

NAMES = ("f", "g")


def case(position: int, **changes: object) -> ManifestRow:
    given: dict[str, object] = {
        "position": position, "name": f"n{position}", "side": "", "label": "1",
        "key": f"k{position}", "work": "w", "names": names_digest(NAMES), **changes,
    }  # fmt: skip
    return ManifestRow(**given)  # type: ignore[arg-type]


def filled(folder: Path, positions: tuple[int, ...]) -> FeatureStore:
    """A store as a job of an array leaves it."""
    store = FeatureStore(folder)
    store.write(NAMES, {f"k{p}": np.array([p, np.nan]) for p in positions}, {"k0": {"a": 1}})
    cases = CaseLedger(folder)
    cases.expect(max(positions) + 1)
    cases.enter([case(position) for position in positions], [NAMES])
    return store


def test_what_another_process_unpacks_is_what_was_written(tmp_path: Path) -> None:
    store = filled(tmp_path, (0, 1))
    assert store.reader._pipe is None  # its own is read here
    own = store.read_each(["k0", "k1"])
    assert store.reader._pipe is None
    other = FeatureStore(tmp_path)
    found = other.read_each(["k0", "k1"])
    assert other.reader._pipe is not None
    for key, (names, values) in own.items():
        assert found[key][0] == names
        np.testing.assert_array_equal(found[key][1], values)
    (tmp_path / "ledger.sqlite").unlink()
    lost = FeatureStore(tmp_path)
    assert lost.restore(sorted(lost.shards.iterdir())) == 2
    assert lost.notes(["k0"]) == [{"a": 1}]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux holds memory")
@pytest.mark.parametrize("kind", ["values", "keys"])
def test_a_shard_that_holds_gigabytes_is_set_aside(tmp_path: Path, kind: str) -> None:
    path = shard(tmp_path, kind)
    assert path.stat().st_size < 1 << 20
    taken = pa.total_allocated_bytes()
    store = FeatureStore(path.parents[1])
    # Its footer keeps bounds that are this wide: the process is ended by its memory alone.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShardLimits, "in_force", lambda: ShardLimits(1 << 40, 1 << 40, 1 << 33))
        patch.setattr("trephine.store.shards_apart._COPIES", 0)
        with pytest.raises(StoreError, match="was damaged"):
            store.read_each(["a"])
    assert path.with_name("x.parquet.corrupt").is_file()
    assert store.known(["a"]) == set()
    assert pa.total_allocated_bytes() - taken < 1 << 20


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        ({}, True),
        ({"values": 3}, False),
        ({"text_bytes": 20}, False),
        ({"file_bytes": 100}, False),
    ],
)
def test_a_shard_is_held_to_limits_that_an_operator_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], fits: bool
) -> None:
    filled(tmp_path, (0, 1))
    stated = ",".join(f"{name}={most}" for name, most in limits.items())
    monkeypatch.setenv("TREPHINE_STORE_LIMITS", stated)
    if fits:
        assert len(FeatureStore(tmp_path).read_each(["k0", "k1"])) == 2
    else:
        store = FeatureStore(tmp_path)
        if "k0" in store.known(["k0"]):
            with pytest.raises(StoreError):
                store.read_each(["k0"])


@pytest.mark.parametrize("what", ["rows of other lengths", "no keys", "text for numbers", "cut"])
def test_what_is_no_shard_is_refused_where_it_is_unpacked(tmp_path: Path, what: str) -> None:
    name, _ = write_shard(tmp_path, NAMES, {"a": np.ones(2), "b": np.zeros(2)}, {})
    content = (tmp_path / name).read_bytes()
    table = pq.read_table(tmp_path / name)
    if what == "cut":
        content = content[: len(content) // 2]
    else:
        if what == "rows of other lengths":
            table = table.set_column(1, "values", pa.array([[1.0], [1.0, 2.0, 3.0]]))
        elif what == "no keys":
            table = table.drop_columns("key")
        else:
            table = table.set_column(1, "values", pa.array(["a", "b"]))
        pq.write_table(table, tmp_path / "x.parquet")
        content = (tmp_path / "x.parquet").read_bytes()
    reader = ShardReader()
    assert reader.unpack(content, ShardLimits()) is None
    whole = reader.unpack((tmp_path / name).read_bytes(), ShardLimits())
    assert whole is not None
    assert whole.keys == b"a\nb"


def super_journal(database: Path, precious: Path) -> None:
    """A journal as SQLite leaves it when it dies, and the name of a file to delete at its end."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("UPDATE t SET a = 'y' || a")
    journal = database.with_name(database.name + "-journal")
    held, own = journal.read_bytes(), database.read_bytes()
    connection.execute("ROLLBACK")
    connection.close()
    name, magic = os.fsencode(precious), bytes.fromhex("d9d505f920a163d7")
    end = struct.pack(">I", (1 << 30) // 4096 + 1) + name
    end += struct.pack(">II", len(name), sum(name)) + magic
    database.write_bytes(own)
    journal.write_bytes(held + end)


@pytest.mark.parametrize("name", ["ledger.sqlite", FILE, "resampling.sqlite"])
def test_a_journal_deletes_no_file_elsewhere(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("mine")
    folder = tmp_path / "received"
    folder.mkdir()
    super_journal(folder / name, precious)
    with pytest.raises(StoreError, match="a journal that names another file"):
        {
            "ledger.sqlite": FeatureStore,
            FILE: CaseLedger,
            "resampling.sqlite": lambda where: TaskLedger(where / name, "w"),
        }[name](folder)
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("rest", ["", "-journal", "-wal", "-shm"])
def test_no_file_of_a_database_is_written_through_a_link(tmp_path: Path, rest: str) -> None:
    filled(tmp_path / "store", (0,))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    place = tmp_path / "store" / f"ledger.sqlite{rest}"
    place.unlink(missing_ok=True)
    place.symlink_to(elsewhere)
    with pytest.raises(StoreError, match="found a link"):
        FeatureStore(tmp_path / "store")
    assert elsewhere.read_bytes() == b""


def test_a_database_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.sqlite")
    with pytest.raises(StoreError, match="found a pipe"):
        TaskLedger(tmp_path / "t.sqlite", "w")


def test_shards_behind_a_link_are_not_renamed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "precious.parquet").write_bytes(b"mine")
    received = tmp_path / "received"
    received.mkdir()
    (received / "shards").symlink_to(mine)
    with pytest.raises(StoreError, match="found a link"):
        FeatureStore(received)
    assert (mine / "precious.parquet").read_bytes() == b"mine"


def test_the_doctor_follows_no_link_to_another_store(tmp_path: Path) -> None:
    filled(tmp_path / "mine", (0,))
    (tmp_path / "mine" / "shards" / "precious.parquet").write_bytes(b"mine")
    filled(tmp_path / "received" / "features", (1,))
    (tmp_path / "received" / "other").symlink_to(tmp_path / "mine")
    said = [one.detail for one in examine(tmp_path / "received")]
    assert said[-1] == "1 of 1 whole"
    assert (tmp_path / "mine" / "shards" / "precious.parquet").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases SET position = 'first'",
        "UPDATE cases SET position = -1",
        "UPDATE cases SET name = x'ff'",
        "UPDATE cases SET state = 'bogus'",
        "UPDATE cases SET names = 'other'",
        "UPDATE lists SET names = 'h'",
        "UPDATE lists SET names = x'00'",
        "DELETE FROM lists",
    ],
)
def test_a_ledger_of_cases_in_another_form_is_refused_in_words(
    tmp_path: Path, statement: str
) -> None:
    filled(tmp_path / "a", (0, 1))
    with closing(sqlite3.connect(tmp_path / "a" / FILE)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(StoreError, match=r"cases\.sqlite: expected"):
        merge_stores(tmp_path / "t.csv", [tmp_path / "a"])
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    "changed", [{"dice": "x"}, {"dice": None}, {"more": 1.0}, {"dice": [0.5]}, None]
)
def test_a_note_of_another_form_is_looked_up_in_the_images_again(
    changed: dict[str, object] | None,
) -> None:
    note: dict[str, object] = {field.name: 1.0 for field in fields(RegionAgreement)}
    assert _noted(note) is not None
    assert _noted({} if changed is None else note | changed) is None


@pytest.mark.parametrize("spacing", ["x", None, 0.0, -1.0, float("nan"), float("inf"), [0.1]])
def test_an_image_whose_spacing_is_none_is_opened_again(spacing: object) -> None:
    assert _has_spacing({"spacing_row_mm": 0.1})
    assert not _has_spacing({"spacing_row_mm": spacing})
    assert not _has_spacing({})


@pytest.mark.parametrize("what", ["a link", "a link to nothing", "a pipe", "a folder"])
def test_no_log_is_written_elsewhere_or_waited_for(tmp_path: Path, what: str) -> None:
    assert log_in(tmp_path) == tmp_path / "log.jsonl"
    place, mine = tmp_path / "log.jsonl", tmp_path / "mine"
    if what == "a pipe":
        os.mkfifo(place)
    elif what == "a folder":
        place.mkdir()
    else:
        place.symlink_to(mine)
        if what == "a link":
            mine.write_text("mine")
    with pytest.raises(InputError, match=rf"found {what.removesuffix(' to nothing')}"):
        log_in(tmp_path)


def test_a_run_adds_nothing_to_a_file_that_its_log_links_to(tmp_path: Path) -> None:
    study = write_clinical_study(tmp_path / "study")
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "study" / "results").mkdir()
    (tmp_path / "study" / "results" / "log.jsonl").symlink_to(mine)
    with pytest.raises(InputError, match=r"log\.jsonl: expected a log"):
        Study.from_toml(study.toml).run(workers=1)
    assert mine.read_text() == "mine"
