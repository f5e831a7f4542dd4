"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from trephine.writing import whole_file, write_text


def test_a_file_is_replaced_only_when_its_draft_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    write_text(path, "good")
    with pytest.raises(KeyError), whole_file(path) as draft:
        draft.write_bytes({}[draft.write_text("half")])
    assert path.read_text() == "good"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_with_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    with pytest.raises(OSError, match="No space") as caught, whole_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)


def test_drafts_of_killed_processes_are_removed_and_those_of_running_ones_stay(
    tmp_path: Path,
) -> None:
    dead, other = tmp_path / ".a[1].txt.999999999.part", tmp_path / ".b.txt.999999999.part"
    alive = tmp_path / f".a[1].txt.{os.getppid()}.part"
    for draft in (dead, other, alive):
        draft.touch()
    write_text(tmp_path / "a[1].txt", "text")
    assert not dead.exists()
    assert other.exists()
    assert alive.exists()
