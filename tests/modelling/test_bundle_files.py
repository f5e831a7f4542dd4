"""What is no bundle is refused before it costs memory, and always as a BundleError."""

from __future__ import annotations

import os
import resource
import zipfile
from pathlib import Path

import pytest

from trephine.errors import BundleError
from trephine.modelling.bundle import read_bundle
from trephine.modelling.bundle_files import parse_json, read_files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"x":' + b"9" * 6000 + b"}", "endless number"),
        (b'{"x":NaN}', "NaN, which is not JSON"),
        (b'{"x":-Infinity}', "not JSON"),
        (b'{"x":1e999}', "beyond all bounds"),
        (b'{"x":1,"x":2}', "a key twice"),
        (b'{"x":"\xff"}', "not in UTF-8"),
        (b"[1]", "does not hold what it should"),
        (b'{"x":', "not JSON"),
    ],
)
def test_json_that_the_standard_or_sense_does_not_know_is_refused(content, message):
    with pytest.raises(BundleError, match=message):
        parse_json(content, "context.json")


def test_brackets_in_texts_are_no_depth():
    assert parse_json(b'{"x":"\\"' + b"[" * 500 + b'"}', "c")["x"].count("[") == 500


def zipped(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytearray:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("kind", ["crc", "encrypted", "method", "cut inside", "stream"])
def test_a_damaged_archive_is_refused_in_words(tmp_path, kind):
    path = tmp_path / "model.zip"
    how = zipfile.ZIP_DEFLATED if kind == "stream" else zipfile.ZIP_STORED
    raw = zipped(path, {"manifest.json": b"{}" * 400}, how)
    central = raw.index(b"PK\x01\x02")
    if kind in ("crc", "stream"):
        raw[60 if kind == "crc" else 45] ^= 0xFF
    elif kind == "encrypted":
        raw[6] |= 1
        raw[central + 8] |= 1
    elif kind == "method":
        raw[8] = raw[central + 10] = 99
    else:
        del raw[60:90]
    path.write_bytes(raw)
    with pytest.raises(BundleError, match="damaged, encrypted or unknown"):
        read_bundle(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "model.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("predictor.json", "w") as member,
    ):
        for _ in range(200):
            member.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BundleError, match="at most 32 MiB of JSON, found 200 MiB"):
        read_bundle(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_lying_size_does_not_help_a_bomb(tmp_path):
    path = tmp_path / "model.zip"
    raw = zipped(path, {"predictor.json": bytes(40 << 20)})
    place = raw.index(b"PK\x01\x02") + 24
    raw[22:26] = raw[place : place + 4] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(BundleError):
        read_bundle(path)


def test_an_operator_may_raise_a_limit_and_no_nonsense(tmp_path, monkeypatch):
    (tmp_path / "predictor.json").write_bytes(bytes(2 << 20))
    monkeypatch.setenv("TREPHINE_BUNDLE_JSON_MIB", "1")
    with pytest.raises(BundleError, match="set TREPHINE_BUNDLE_JSON_MIB to more"):
        read_files(tmp_path)
    monkeypatch.setenv("TREPHINE_BUNDLE_JSON_MIB", "3")
    assert len(read_files(tmp_path)["predictor.json"]) == 2 << 20
    monkeypatch.setenv("TREPHINE_BUNDLE_JSON_MIB", "lots")
    with pytest.raises(BundleError, match="whole number of MiB"):
        read_files(tmp_path)


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path, kind):
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "model"
    folder.mkdir()
    card = folder / "MODEL_CARD.md"
    if kind == "pipe":
        os.mkfifo(card)
    else:
        card.symlink_to(tmp_path / ("secret" if kind == "link" else "nothing"))
    with pytest.raises(BundleError, match="links, folders or devices"):
        read_bundle(folder)


def test_a_link_a_name_twice_and_other_folders_in_an_archive_are_refused(tmp_path):
    link = zipfile.ZipInfo("MODEL_CARD.md")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match="links"):
        read_bundle(tmp_path / "link.zip")
    for name in ("../../evil/", "/etc/"):
        zipped(tmp_path / "far.zip", {f"{name}manifest.json": b"{}"})
        with pytest.raises(BundleError, match="one folder"):
            read_bundle(tmp_path / "far.zip")


def test_lists_without_end_are_refused_before_they_are_parsed() -> None:
    content = b'{"a": [' + b"[]," * 1_000_001 + b"[]]}"
    with pytest.raises(BundleError, match="more lists than any model"):
        parse_json(content, "context.json")
