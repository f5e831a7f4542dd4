"""``trephine extract`` in shares, past failures, under a limit, and ``trephine merge``."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from cli.test_extract import SETTINGS, write_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import FeatureStore
from trephine.store.cases import CaseLedger
from trephine.study.batch import drive, measuring
from trephine.study.batch.keeping import forget_kept
from trephine.study.batch.left import Room, measure_and_leave
from trephine.study.batch.manifest import read_manifest
from trephine.study.batch.measuring import KeyedPair, PairMeasurement, Work, keyed_pair

ROWS = 24


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Twenty-four rows, of which two are the same region under two names."""
    (tmp_path / "few.toml").write_text(SETTINGS)
    rows = []
    for number in range(ROWS):
        same = 3 if number == 17 else number
        image, mask = (tmp_path / name / f"{same:02d}.nii.gz" for name in ("images", "masks"))
        if same == number:
            write_pair(image, mask, 100.0 + number)
        side = "L" if number % 2 else ""
        rows.append({"id": f"case {number}", "image": image, "mask": mask, "side": side})
    pd.DataFrame(rows).to_csv(tmp_path / "pairs.csv", index=False)
    return tmp_path


def extract(trephine: Command, folder: Path, *options: object, code: int = 0) -> str:
    settings = ("--settings", folder / "few.toml", "--workers", 1)
    said = trephine("extract", folder / "pairs.csv", *settings, *options)
    assert said.code == code, said.err
    return said.err


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def cases(path: Path) -> list[dict[str, object]]:
    return [line for line in lines(path) if line["event"] == "case"]


@pytest.fixture
def whole(trephine: Command, many: Path) -> bytes:
    extract(trephine, many, "--out", many / "whole.csv")
    return (many / "whole.csv").read_bytes()


@pytest.mark.parametrize("out", ["merged.csv", pytest.param("joined", marks=pytest.mark.slow)])
def test_shares_in_any_order_and_one_of_them_twice_are_one_run(
    trephine: Command, many: Path, whole: bytes, out: str
) -> None:
    shares = random.Random(4).sample(range(8), 8)
    for number in [*shares, shares[2]]:
        extract(trephine, many, "--shard", f"{number}/8", "--store", many / f"part-{number}")
    parts = [many / f"part-{number}" for number in random.Random(5).sample(range(8), 8)]
    for _ in range(2):
        assert trephine("merge", many / out, *parts, parts[3]).code == 0
    if out == "joined":
        assert trephine("merge", many / "merged.csv", many / out).code == 0
    assert (many / "merged.csv").read_bytes() == whole


@pytest.mark.slow
def test_a_cluster_measures_what_one_process_measures(
    trephine: Command, many: Path, whole: bytes
) -> None:
    by_dask = ("--executor", "dask:local", "--workers", 2, "--timeout", 60)
    extract(trephine, many, "--out", many / "cluster.csv", *by_dask)
    assert (many / "cluster.csv").read_bytes() == whole


def test_a_cluster_leaves_features_in_the_store_and_returns_a_status(
    trephine: Command, many: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[PairMeasurement] = []
    brought = Room.brought

    def seen(room: Room, answer: PairMeasurement) -> PairMeasurement:
        came.append(answer)
        return brought(room, answer)

    monkeypatch.setattr(Room, "brought", seen)
    by_dask = ("--executor", "dask:local", "--workers", 2)
    extract(trephine, many, "--store", many / "store", "--out", many / "cluster.csv", *by_dask)
    assert (many / "cluster.csv").read_bytes() == whole
    assert len(came) == ROWS - 1
    assert all(answer.left and not answer.names and not answer.values.size for answer in came)
    assert not list((many / "store" / "left").glob("*.parquet"))


def test_features_that_workers_left_outlive_the_command(
    trephine: Command, many: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the command is killed: workers end what they have begun, and leave it."""
    store, work = many / "store", Work(RadiomicsSettings.from_file(many / "few.toml"))
    extract(trephine, many, "--store", store, "--shard", "0/8")
    room = Room.of(FeatureStore(store))
    pairs = read_manifest(many / "pairs.csv", None)
    left = [measure_and_leave(work, room, keyed_pair(work, pair)).left for pair in pairs]
    damaged = room.folder / left[5]
    damaged.write_bytes(damaged.read_bytes()[:-10])
    measured: list[str] = []
    measure = measuring.measure_item

    def counts(work: Work, item: KeyedPair) -> PairMeasurement:
        measured.append(item.pair.name)
        return measure(work, item)

    monkeypatch.setattr(measuring, "measure_item", counts)
    extract(trephine, many, "--store", store, "--out", many / "again.csv")
    assert (many / "again.csv").read_bytes() == whole
    assert measured == ["case 5"]
    assert not list(room.folder.glob("*.parquet"))


def test_a_worker_that_sees_another_folder_returns_features(many: Path) -> None:
    work = Work(RadiomicsSettings.from_file(many / "few.toml"))
    item = keyed_pair(work, read_manifest(many / "pairs.csv", None)[0])
    (many / "elsewhere").mkdir()
    for folder in (many / "elsewhere", many / "none"):
        answer = measure_and_leave(work, Room(folder), item)
        assert not answer.left
        assert answer.values.size == 2
        assert not list(folder.glob("*"))


def test_a_link_in_the_place_of_what_is_left_is_refused(trephine: Command, many: Path) -> None:
    store, others = many / "store", many / "others"
    extract(trephine, many, "--store", store)
    others.mkdir()
    (others / "theirs.parquet").write_bytes(b"theirs")
    (store / "left").symlink_to(others, target_is_directory=True)
    said = extract(trephine, many, "--store", store, code=2)
    assert "found a link" in " ".join(said.split())
    forget_kept(store)
    assert (others / "theirs.parquet").exists()


def test_merging_says_what_is_missing_and_takes_it_later(
    trephine: Command, many: Path, whole: bytes
) -> None:
    for number in range(3):
        extract(trephine, many, "--shard", f"{number}/3", "--store", many / f"part-{number}")
    said = trephine("merge", many / "joined", many / "part-0", many / "part-2")
    assert said.code == 1
    assert "8 rows of the manifest are in none of these stores" in said.err.replace("\n", " ")
    assert trephine("merge", many / "joined", many / "part-1").code == 0
    assert trephine("merge", many / "all.csv", many / "joined").code == 0
    assert (many / "all.csv").read_bytes() == whole


def test_a_region_that_is_damaged_in_one_store_is_taken_from_another(
    trephine: Command, many: Path, whole: bytes
) -> None:
    for name in ("one", "two"):
        extract(trephine, many, "--store", many / name)
    for shard in (many / "one" / "shards").glob("*.parquet"):
        shard.write_bytes(shard.read_bytes()[:-3])
    assert trephine("merge", many / "out.csv", many / "one", many / "two").code == 0
    assert (many / "out.csv").read_bytes() == whole
    said = trephine("merge", many / "out.csv", many / "one")
    assert said.code == 1
    assert "24 rows of the manifest are damaged in their store" in said.err.replace("\n", " ")


def test_what_is_no_store_or_was_measured_otherwise_is_refused(
    trephine: Command, many: Path
) -> None:
    extract(trephine, many, "--store", many / "one")
    (many / "empty").mkdir()
    said = trephine("merge", many / "out.csv", many / "empty", many / "none", many / "one")
    assert said.code == 2
    assert "store 1: expected a folder" in said.err
    assert "store 2" in said.err
    (many / "few.toml").write_text(SETTINGS.replace("10", "20"))
    assert "found others" in extract(trephine, many, "--store", many / "one", code=2)
    extract(trephine, many, "--store", many / "two")
    said = trephine("merge", many / "out.csv", many / "one", many / "two")
    assert said.code == 2
    assert "the same settings" in said.err
    said = trephine("merge", many / "images", many / "one")
    assert said.code == 2
    assert "a folder with other files" in said.err.replace("\n", " ")


def test_a_file_that_changed_between_two_jobs_is_not_joined(trephine: Command, many: Path) -> None:
    extract(trephine, many, "--store", many / "one")
    write_pair(many / "images" / "05.nii.gz", many / "masks" / "05.nii.gz", 300.0)
    extract(trephine, many, "--store", many / "two")
    for out in ("out.csv", "joined"):
        said = trephine("merge", many / out, many / "one", many / "two")
        assert said.code == 2
        assert "manifest, row 7: expected the same image and mask" in said.err
    assert not (many / "joined").exists() or not list((many / "joined" / "shards").iterdir())


@pytest.mark.parametrize("text", ["8/8", "1", "-1/4", "a/b", "1/0", "¹/2"])
def test_a_share_that_is_none_is_refused(trephine: Command, many: Path, text: str) -> None:
    assert "expected i/n" in extract(
        trephine, many, f"--shard={text}", "--store", many / "one", code=2
    )


def test_a_share_of_few_rows_may_be_empty(trephine: Command, many: Path) -> None:
    extract(trephine, many, "--shard", "30/40", "--store", many / "none")
    extract(trephine, many, "--store", many / "all")
    assert trephine("merge", many / "out.csv", many / "none", many / "all").code == 0


def test_the_table_as_parquet_holds_the_same(trephine: Command, many: Path, whole: bytes) -> None:
    extract(trephine, many, "--out", many / "out.parquet")
    found = pd.read_parquet(many / "out.parquet")
    told = pd.read_csv(many / "whole.csv", keep_default_na=False)
    assert found.columns.tolist() == told.columns.tolist()
    assert found["name"].tolist() == told["name"].tolist()
    assert np.array_equal(found.iloc[:, 2:], told.iloc[:, 2:])


def test_a_failure_is_counted_by_kind_or_ends_the_work_and_the_log_names_no_file(
    trephine: Command, many: Path
) -> None:
    (many / "images" / "04.nii.gz").write_bytes(b"no image")
    (many / "masks" / "09.nii.gz").unlink()
    store = many / "store"
    said = extract(trephine, many, "--store", store, code=1)
    assert "Failed, by kind: " in said
    assert "image 1" in said
    assert "file 1" in said
    log = cases(store / "log.jsonl")
    failed = [(line["row"], line["state"], line["kind"]) for line in log if "kind" in line]
    assert sorted(failed) == [(6, "failed", "image"), (11, "failed", "file")]
    assert "nii" not in (store / "log.jsonl").read_text()
    assert not [line for line in log if str(many) in json.dumps(line)]
    end = lines(store / "log.jsonl")[-1]
    assert end["event"] == "end"
    assert (end["measured"], end["known"]) == (ROWS - 3, 1)
    said = trephine("merge", many / "out.csv", store)
    assert said.code == 1
    assert "2 rows of the manifest could not be measured" in said.err
    said = extract(trephine, many, "--out", many / "o.csv", "--failures", "stop", code=2)
    assert "row 6" in said or "row 11" in said
    assert not (many / "o.csv").exists()


def test_a_failed_region_counts_its_attempts_and_is_forgotten_once_it_is_measured(
    trephine: Command, many: Path
) -> None:
    broken = many / "images" / "04.nii.gz"
    right = broken.read_bytes()
    broken.write_bytes(b"no image")
    for attempt in (1, 2):
        extract(trephine, many, "--store", many / "store", code=1)
        (case,) = [one for one in CaseLedger(many / "store").ordered() if one.state == "failed"]
        assert (case.position, case.attempts, case.kind) == (4, attempt, "image")
    broken.write_bytes(right)
    extract(trephine, many, "--store", many / "store")
    found = list(CaseLedger(many / "store").ordered())
    assert [case.position for case in found] == list(range(ROWS))
    assert {case.state for case in found} == {"measured"}


def test_a_row_that_left_the_manifest_leaves_the_store(trephine: Command, many: Path) -> None:
    extract(trephine, many, "--store", many / "store")
    table = pd.read_csv(many / "pairs.csv")
    table.iloc[1:20].to_csv(many / "pairs.csv", index=False)
    extract(trephine, many, "--store", many / "store", "--out", many / "o.csv")
    assert trephine("merge", many / "m.csv", many / "store").code == 0
    assert (many / "m.csv").read_bytes() == (many / "o.csv").read_bytes()
    assert pd.read_csv(many / "m.csv")["name"].tolist() == table["id"].tolist()[1:20]


MEASURE = measuring.measure_item


def never(*_: object) -> measuring.PairMeasurement:
    raise AssertionError("a case was measured again")


def measure_or_die(work: measuring.Work, item: measuring.KeyedPair) -> measuring.PairMeasurement:
    if item.pair.name == "case 6":
        os._exit(9)
    if item.pair.name == "case 12":
        re.match(r"(a+)+$", "a" * 60 + "b")  # for ever, in compiled code that lets nobody in
    return MEASURE(work, item)


@pytest.fixture
def some_die(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "measure_item", measure_or_die)


@pytest.mark.slow
@pytest.mark.usefixtures("some_die")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_case_that_kills_its_worker_twice_and_one_that_never_ends_are_left_out(
    trephine: Command, many: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = many / "store"
    options = ("--store", store, "--timeout", "8", "--workers", workers)
    extract(trephine, many, *options, code=1)
    found = {case.position: case for case in CaseLedger(store).ordered()}
    assert sorted(found) == list(range(ROWS))
    odd = {position: case.state for position, case in found.items() if case.state != "measured"}
    assert odd == {6: "quarantined", 12: "timeout"}
    assert found[6].attempts == 2
    (limited,) = [line for line in cases(store / "log.jsonl") if line["row"] == 14]
    assert limited["kind"] == "timeout"
    asked: list[str] = []

    def counts(work: measuring.Work, item: measuring.KeyedPair) -> measuring.PairMeasurement:
        asked.append(item.pair.name)
        return MEASURE(work, item)

    monkeypatch.setattr(measuring, "measure_item", counts)
    again = ("--store", store, "--workers", 1)
    said = extract(trephine, many, *again, code=1)
    assert asked == ["case 12"]
    assert "not tried again without --retry" in said
    extract(trephine, many, *again, "--retry")
    assert asked == ["case 12", "case 6"]
    assert {case.state for case in CaseLedger(store).ordered()} == {"measured"}


def test_no_more_than_a_batch_is_held_at_a_time(
    trephine: Command, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "_BATCH", 5)
    asked: list[int] = []
    read = FeatureStore.read_each

    def counts(store: FeatureStore, keys: list[str]) -> object:
        asked.append(len(keys))
        return read(store, keys)

    monkeypatch.setattr(FeatureStore, "read_each", counts)
    extract(trephine, many, "--store", many / "store")
    extract(trephine, many, "--store", many / "store")
    assert max(asked) <= 5
    assert len(list(CaseLedger(many / "store").ordered())) == ROWS


def test_a_damaged_list_of_cases_is_set_aside_and_made_again_without_measuring(
    trephine: Command, many: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = many / "store"
    extract(trephine, many, "--store", store)
    (store / "cases.sqlite").write_bytes(b"damaged" * 1000)
    said = trephine("doctor", store)
    assert said.code == 0
    assert "cases.sqlite: damaged, kept as cases.sqlite.corrupt" in said.out.replace("\n", " ")
    monkeypatch.setattr(measuring, "measure_item", never)
    extract(trephine, many, "--store", store)
    assert trephine("merge", many / "out.csv", store).code == 0
    assert (many / "out.csv").read_bytes() == whole


def test_an_image_and_a_mask_of_one_name_are_told_apart_without_their_folder(
    trephine: Command, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (many / "images" / "04.nii.gz").unlink()
    (many / "images" / "05.nii.gz").write_bytes(b"no image")
    (many / "masks" / "09.nii.gz").unlink()
    said = " ".join(extract(trephine, many, "--out", many / "o.csv", code=1).split())
    assert "row 6: left out. image: expected a file or a folder, found nothing at the image" in said
    assert "row 7: left out. the image: " in said
    assert "row 11: left out. mask: expected a file or a folder, found nothing at the mask" in said
    assert str(many) not in said.replace(str(many / "o.csv"), "")
