"""``--store ADDRESS``: a store where names do not change at a stroke, and its working copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from cli.command import Command
from cli.test_extract import SETTINGS, write_pair
from trephine.store import remote

ROWS = 24


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    (tmp_path / "few.toml").write_text(SETTINGS)
    rows = []
    for number in range(ROWS):
        image, mask = (Path(name) / f"{number:02d}.nii.gz" for name in ("images", "masks"))
        write_pair(tmp_path / image, tmp_path / mask, 100.0 + number)
        rows.append({"id": f"case {number}", "image": image, "mask": mask})
    pd.DataFrame(rows).to_csv(tmp_path / "regions.csv", index=False)
    return tmp_path


@pytest.fixture
def in_memory() -> Iterator[str]:
    yield "memory://bucket"
    fsspec.filesystem("memory").store.clear()


def extract(trephine: Command, folder: Path, *options: object, code: int = 0) -> str:
    given = ("--settings", folder / "few.toml", "--workers", 1)
    said = trephine("extract", folder / "regions.csv", *given, *options)
    assert said.code == code, said.err
    return " ".join(said.err.split())


def shards(address: str) -> list[str]:
    system, root = fsspec.core.url_to_fs(address)
    found = [str(name).rsplit("/", 1)[-1] for name in system.ls(f"{root}/shards", detail=False)]
    return sorted(name for name in found if name.endswith(".parquet"))


def test_shares_at_addresses_are_one_run_and_lose_nothing_where_the_address_fails(
    trephine: Command, regions: Path, in_memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(trephine, regions, "--out", regions / "whole.csv")
    whole = (regions / "whole.csv").read_bytes()
    parts = [f"{in_memory}/parts/{number}" for number in range(2)]
    extract(trephine, regions, "--shard", "1/2", "--store", parts[1])
    send, sent = remote.RemoteStore.send_shard, []

    def failing(self: remote.RemoteStore, path: Path) -> None:
        if sent:
            with self._in_words():
                raise ConnectionResetError
        sent.append(path.name)
        send(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(remote.RemoteStore, "send_shard", failing)
        patch.setattr("trephine.study.batch.drive._SHARD", 4)
        said = extract(trephine, regions, "--shard", "0/2", "--store", parts[0], code=2)
    assert "found ConnectionResetError; what was sent is kept" in said
    assert shards(parts[0]) == sent
    said = extract(trephine, regions, "--shard", "0/2", "--store", parts[0])
    assert "8 regions measured" in said
    assert "4 were measured before" in said
    assert trephine("merge", regions / "merged.csv", *parts).code == 0
    assert (regions / "merged.csv").read_bytes() == whole


def test_half_a_shard_is_recognised_set_aside_by_doctor_and_measured_again(
    trephine: Command, regions: Path
) -> None:
    place = f"{(regions / 'bucket').as_uri()}/one"
    extract(trephine, regions, "--store", place, "--out", regions / "whole.csv")
    system, root = fsspec.core.url_to_fs(place)
    broken = f"{root}/shards/{shards(place)[0]}"
    system.pipe_file(broken, system.cat_file(broken)[:-9])
    assert trephine("merge", regions / "out.csv", place).code == 1
    said = trephine("doctor", place)
    assert "1 damaged ones renamed to .corrupt" in " ".join(said.out.split())
    assert system.exists(f"{broken}.corrupt")
    extract(trephine, regions, "--store", place, "--out", regions / "again.csv")
    assert (regions / "again.csv").read_bytes() == (regions / "whole.csv").read_bytes()
    assert "All that is stored here is whole." in trephine("doctor", place).out


def test_a_second_command_at_an_address_ends_the_first_which_loses_no_features(
    tmp_path: Path,
) -> None:
    stores = [remote.RemoteStore("memory://twice", tmp_path / name) for name in "ab"]
    for store in stores:
        store.begin()
    stores[1].send_cases()
    with pytest.raises(remote.StoreError, match=r"another has begun to.*an address of its own"):
        stores[0].send_cases()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("nosuch://bucket/x", "expected an address of s3://, gs://"),
        ("ftp://me:secret@localhost:1/x", "--store ftp://...: expected an address that can be"),
    ],
)
def test_an_address_that_cannot_be_reached_is_said_without_its_password(
    trephine: Command, regions: Path, place: str, expected: str
) -> None:
    said = extract(trephine, regions, "--store", place, code=2)
    assert expected in said
    assert "secret" not in said


def test_addresses_are_not_for_studies_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    with pytest.raises(remote.InputError, match="not open here"):
        remote.RemoteStore("memory://x", tmp_path)
