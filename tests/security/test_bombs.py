"""Small files that ask for much are refused in words: those that cost nothing here, all if slow."""

from __future__ import annotations

import resource
import zipfile
from pathlib import Path

import pytest

from security import bomb_files as files
from security import doors
from security.all_bombs import BOMBS
from security.bombs import MOST_BYTES, Bomb, Cost, cost
from trephine.archives import open_zip
from trephine.errors import TrephineError

# What the program and its libraries take of the most that a bomb may.
PROGRAM_BYTES = 400 << 20
BY_NAME = {bomb.name: bomb for bomb in BOMBS}
QUICK = [
    "DICOM, 2^31 - 1 frames",
    "DICOM, 1,000,000 items",
    "PNG, 500,000 chunks before its values",
    "PNG, iCCP of 1 GiB",
    "TIFF, 2^32 strips",
    "TIFF, 3,000 entries of the same 5 MB",
    "TOML of radiomics, 60,000 arrays in each other",
    "safetensors, a header of 2^63",
    "safetensors, numbers beyond the end",
    "safetensors, numbers that overlap",
    "safetensors, a nested header",
]
# As large as is read: they cost what honest ones of their size do.
READ = {name for name in BY_NAME if "at the limit" in name} | {"TIFF, directories in a circle"}
READ |= {f"ledger, {name}" for name in ("a view without end", "a trigger without end",
                                        "a computed gigabyte")}  # fmt: skip
READ |= {"xlsx, a dimension of all cells"}


@pytest.mark.parametrize("name", QUICK)
def test_a_bomb_that_costs_nothing_is_refused(tmp_path: Path, name: str) -> None:
    path = BY_NAME[name].make(tmp_path)
    with pytest.raises(TrephineError) as seen:
        BY_NAME[name].door(path)
    assert len(str(seen.value)) < 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in QUICK])
def test_no_bomb_takes_a_gibibyte(tmp_path: Path, name: str) -> None:
    """Seconds are for ``make bombs``: here other tests run beside it."""
    # The process is a fork of this one, which may hold what earlier tests have left.
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    found = cost(BY_NAME[name], tmp_path)
    assert found.taken == ("read" if name in READ else "refused"), found
    assert found.peak_bytes <= MOST_BYTES + max(ours - PROGRAM_BYTES, 0), found


@pytest.mark.parametrize("name", files.directories(b"x"))
@pytest.mark.parametrize(
    ("file", "member"),
    [("x.zip", b"manifest.json"), ("x.xlsx", b"xl/workbook.xml"), ("x.ods", b"content.xml")],
)
def test_an_archive_whose_directory_lies_is_refused(
    tmp_path: Path, name: str, file: str, member: bytes
) -> None:
    path = files.saved(tmp_path, file, files.directories(member)[name])
    with pytest.raises(TrephineError):
        (doors.bundle if file == "x.zip" else doors.table)(path)


@pytest.mark.parametrize("file", ["x.zip", "x.xlsx", "x.ods"])
def test_a_directory_of_many_entries_is_not_read(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_ARCHIVE_LIMITS", "directory_bytes=65536")
    lines = files.entry(b"") * 2000
    path = files.saved(tmp_path, file, lines + files.end(2000, len(lines), 0))
    with path.open("rb") as stream, pytest.raises(zipfile.BadZipFile, match="too large"):
        open_zip(stream)
    with pytest.raises(TrephineError):
        (doors.bundle if file == "x.zip" else doors.table)(path)


def test_a_whole_archive_is_opened_and_its_parts_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b", b"1" * 10_000_000)
    with (tmp_path / "x.zip").open("rb") as stream, open_zip(stream) as archive:
        assert archive.read("a/b") == b"1" * 10_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("door", "finding"),
    [
        (lambda _: bytearray(MOST_BYTES), "MiB"),
        (lambda _: [].remove(1), "ValueError"),
        (lambda _: __import__("os").abort(), "process lost"),
    ],
)
def test_what_must_not_be_is_seen(tmp_path: Path, door, finding: str) -> None:
    def make(folder: Path) -> Path:
        return files.saved(folder, "x.bin", b"x")

    found: Cost = cost(Bomb("x", make, door), tmp_path)
    assert any(finding in text for text in found.findings)
