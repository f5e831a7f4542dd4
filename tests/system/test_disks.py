"""Disks that are full, closed or gone, and damaged files: nothing that was saved is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import Command
from system.regions import NetworkFolder, mount, small_disk, write_regions
from trephine.store import FeatureStore
from trephine.store.cases import CaseLedger
from trephine.study.batch import measuring

pytestmark = [pytest.mark.system, pytest.mark.slow]
ROWS = 240
MEASURE = measuring.measure_item


@pytest.fixture(autouse=True)
def mounts() -> None:
    """Skip loudly where nothing may be mounted."""
    allowed = ["unshare", "--mount", "true"]
    if os.geteuid() != 0 or subprocess.run(allowed, capture_output=True).returncode:
        pytest.skip("a disk of its own cannot be mounted here: run these as root")


@pytest.fixture
def trephine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr("trephine.executors.available_workers", lambda: 1)
    return Command(monkeypatch, capsys)


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    write_regions(folder, ROWS)
    return folder


@pytest.fixture
def whole(trephine: Command, regions: Path) -> bytes:
    out = regions / "whole.csv"
    if not out.exists():
        extract(trephine, regions, "--out", out)
    return out.read_bytes()


def extract(trephine: Command, regions: Path, *options: object, code: int = 0) -> str:
    asked = (regions / "regions.csv", "--settings", regions / "few.toml", "--workers", 1)
    said = trephine("extract", *asked, *options)
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    return " ".join(said.err.split())


class Measured:
    """Counts what is measured, and does something before one of them."""

    def __init__(self, at: int = -1, happens: Callable[[], object] = lambda: None) -> None:
        self.names: list[str] = []
        self._at, self._happens = at, happens

    def __call__(
        self, work: measuring.Work, item: measuring.KeyedPair
    ) -> measuring.PairMeasurement:
        if len(self.names) == self._at:
            self._happens()
        answer = MEASURE(work, item)
        self.names.append(item.pair.name)
        return answer


@pytest.fixture
def goes_on(
    trephine: Command, regions: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, int], None]:
    """Finish a store in which so many regions at least are kept, and compare."""

    def finish(store: Path, kept: int) -> None:
        counts = Measured()
        monkeypatch.setattr(measuring, "measure_item", counts)
        extract(trephine, regions, "--store", store)
        assert len(counts.names) == len(set(counts.names)) <= ROWS - kept
        out = regions / "again.csv"
        assert trephine("merge", out, store).code == 0
        assert out.read_bytes() == whole
        found = [case.position for case in CaseLedger(store).ordered()]
        assert found == list(range(ROWS))

    return finish


def test_a_full_disk_keeps_what_was_measured(
    trephine: Command, regions: Path, tmp_path: Path, goes_on: Callable[[Path, int], None]
) -> None:
    with small_disk(tmp_path / "disk", "160k") as disk:
        said = extract(trephine, regions, "--store", disk / "store", code=2)
        assert "no space left" in said.lower()
        assert "run the same command again" in said
        kept = len(FeatureStore(disk / "store").listed())
        mount("-o", "remount,size=64m", disk)
        assert kept >= 2
        goes_on(disk / "store", 16)


def test_a_full_disk_leaves_the_table_that_stood_there(
    trephine: Command, regions: Path, tmp_path: Path, whole: bytes
) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        (disk / "out.csv").write_bytes(b"older\n")
        (disk / "filler").write_bytes(bytes(60 << 10))
        extract(trephine, regions, "--store", tmp_path / "store")
        said = trephine("merge", disk / "out.csv", tmp_path / "store")
        assert said.code == 2
        assert "no space left" in said.err.lower()
        assert (disk / "out.csv").read_bytes() == b"older\n"
        assert sorted(path.name for path in disk.iterdir()) == ["filler", "out.csv"]
        (disk / "filler").unlink()
        assert trephine("merge", disk / "out.csv", tmp_path / "store").code == 0
        assert (disk / "out.csv").read_bytes() == whole


def test_a_read_only_folder_is_named_and_told_from_a_damaged_store(
    trephine: Command, regions: Path, tmp_path: Path, goes_on: Callable[[Path, int], None]
) -> None:
    with small_disk(tmp_path / "disk", "64m") as disk:
        stopped = Measured(100, lambda: mount("-o", "remount,ro", disk))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(measuring, "measure_item", stopped)
            said = extract(trephine, regions, "--store", disk / "store", code=2)
        assert "read-only" in said
        said = extract(trephine, regions, "--store", disk / "store", code=2)
        assert "read-only" in said
        said = trephine("doctor", disk / "store")
        assert said.code == 0
        assert "All that is stored here is whole." in said.out
        mount("-o", "remount,rw", disk)
        assert not list(disk.rglob("*.corrupt*"))
        goes_on(disk / "store", 80)


@pytest.mark.parametrize("name", ["ledger.sqlite", "cases.sqlite"])
@pytest.mark.parametrize("doctor", [True, False])
def test_a_truncated_ledger_is_made_again_and_nothing_measured_twice(
    trephine: Command,
    regions: Path,
    tmp_path: Path,
    goes_on: Callable[[Path, int], None],
    name: str,
    doctor: bool,
) -> None:
    store = tmp_path / "store"
    extract(trephine, regions, "--store", store)
    path = store / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if doctor:
        said = trephine("doctor", store)
        assert said.code == 0
        assert f"{name}: damaged, kept as {name}.corrupt" in " ".join(said.out.split())
    goes_on(store, ROWS)


@pytest.mark.parametrize("doctor", [True, False])
def test_a_corrupted_shard_costs_its_own_regions(
    trephine: Command,
    regions: Path,
    tmp_path: Path,
    goes_on: Callable[[Path, int], None],
    doctor: bool,
) -> None:
    store = tmp_path / "store"
    extract(trephine, regions, "--store", store)
    shard = sorted((store / "shards").glob("*.parquet"))[3]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 8
    shard.write_bytes(content)
    if doctor:
        said = trephine("doctor", store)
        assert said.code == 0
        assert "damaged or missing: its cases will be extracted again" in " ".join(said.out.split())
    goes_on(store, ROWS - 16)


def test_a_network_folder_that_goes_away_keeps_what_was_measured(
    trephine: Command, regions: Path, tmp_path: Path, goes_on: Callable[[Path, int], None]
) -> None:
    if shutil.which("bindfs") is None:
        pytest.skip("bindfs is not installed: make test-system installs it (Debian)")
    with NetworkFolder(tmp_path / "served", tmp_path / "seen") as network:
        stopped = Measured(100, network.lost)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(measuring, "measure_item", stopped)
            said = extract(trephine, regions, "--store", network.seen / "store", code=2)
        assert "the network folder went away" in said
        said = extract(trephine, regions, "--store", network.seen / "store", code=2)
        assert "the network folder went away" in said
        network.back()
        goes_on(network.seen / "store", 80)


def test_images_on_a_network_folder_that_goes_away_fail_by_kind_and_are_measured_when_it_is_back(
    trephine: Command, regions: Path, tmp_path: Path, goes_on: Callable[[Path, int], None]
) -> None:
    moved = regions.with_name("moved")
    stopped = Measured(100, lambda: (regions / "images").rename(moved))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "measure_item", stopped)
        said = extract(trephine, regions, "--store", tmp_path / "store", code=1)
    assert "Failed, by kind: file" in said
    moved.rename(regions / "images")
    goes_on(tmp_path / "store", 99)


def test_a_store_that_is_renamed_away_is_named_and_goes_on_when_it_is_back(
    trephine: Command, regions: Path, tmp_path: Path, goes_on: Callable[[Path, int], None]
) -> None:
    store, moved = tmp_path / "store", tmp_path / "moved"
    stopped = Measured(100, lambda: store.rename(moved))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "measure_item", stopped)
        said = extract(trephine, regions, "--store", store, code=2)
    assert str(store) in said
    shutil.rmtree(store, ignore_errors=True)  # what was begun at the old place
    moved.rename(store)
    goes_on(store, 80)
