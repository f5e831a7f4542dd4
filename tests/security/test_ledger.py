"""A results folder from elsewhere: its ledger runs nothing and leads to no file outside it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from security.all_bombs import LEDGERS, ledger, use_store
from trephine.store import FeatureStore
from trephine.store.shards import BrokenShardError, read_shard
from trephine.store.tasks import TaskLedger, text_checksum


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_that_computes_is_set_aside(tmp_path: Path, name: str) -> None:
    path = ledger(tmp_path, LEDGERS[name])
    use_store(path)
    assert path.with_name("ledger.sqlite.corrupt").is_file()


def test_a_ledger_of_an_earlier_version_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE features (key TEXT PRIMARY KEY, shard TEXT NOT NULL);"
            "CREATE TABLE notes (key TEXT PRIMARY KEY, note TEXT NOT NULL);"
            "CREATE TABLE of_that_time (x INTEGER);"
        )
    FeatureStore(folder).write(("f",), {"a": np.ones(1)})
    assert FeatureStore(folder).known(["a"]) == {"a"}
    assert not list(folder.glob("*.corrupt"))


@pytest.mark.parametrize(
    "shard",
    ["../../precious.parquet", "{precious}", "..", "", b"precious.parquet", 7, "a/b.parquet"],
)
def test_a_ledger_names_no_file_outside_its_folder(tmp_path: Path, shard: object) -> None:
    precious = tmp_path / "precious.parquet"
    precious.write_bytes(b"mine")
    store = FeatureStore(tmp_path / "store")
    named = str(precious) if shard == "{precious}" else shard
    with store.database.connection() as connection:
        connection.execute("INSERT INTO features VALUES ('a', ?)", (named,))
    assert store.known(["a"]) == set()
    assert store.listed() == {}
    if isinstance(named, str):
        store.forget(named)
    assert precious.read_bytes() == b"mine"
    store.write(("f",), {"a": np.ones(1)})
    assert store.known(["a"]) == {"a"}


@pytest.mark.parametrize("what", ["a pipe", "a link", "a folder"])
def test_a_shard_that_is_no_file_is_measured_again(tmp_path: Path, what: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    store = FeatureStore(tmp_path / "store")
    store.write(("f",), {"a": np.ones(1)})
    (shard,) = store.shards.iterdir()
    shard.unlink()
    if what == "a pipe":
        os.mkfifo(shard)
    elif what == "a link":
        shard.symlink_to(precious)
    else:
        shard.mkdir()
    assert FeatureStore(tmp_path / "store").known(["a"]) == set()
    assert precious.read_bytes() == b"mine"


@pytest.mark.parametrize("note", ["[1]", "3", "[" * 100_000, b"\xff", 5, "{"])
def test_a_note_that_is_none_counts_as_none(tmp_path: Path, note: object) -> None:
    store = FeatureStore(tmp_path)
    own = text_checksum("a", note) if isinstance(note, str) else "x"
    with store.database.connection() as connection:
        connection.execute("INSERT INTO notes VALUES ('a', ?, ?)", (note, own))
    assert store.notes(["a"]) == [{}]


def test_an_answer_nested_without_end_is_computed_again(tmp_path: Path) -> None:
    answers = TaskLedger(tmp_path / "t.sqlite", "w")
    deep = "[" * 100_000
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as connection, connection:
        row = ("w", "1", deep, text_checksum("w 1", deep))
        connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", row)
    assert answers.answers() == {}
    answers.write("1", {"x": 1})
    assert json.dumps(answers.answers()) == '{"1": {"x": 1}}'


def test_a_shard_whose_notes_are_nested_without_end_is_broken(tmp_path: Path) -> None:
    schema = pa.schema(
        [("key", pa.string()), ("values", pa.list_(pa.float64()))],
        metadata={"names": "a", "notes": "[" * 100_000},
    )
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"key": ["k"], "values": [[1.0]]}, schema=schema), path)
    with pytest.raises(BrokenShardError):
        read_shard(path, None, None)
