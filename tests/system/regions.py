"""A table of many small regions, and folders on disks that fill or go away."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from cli.test_extract import SETTINGS, write_pair


def write_regions(folder: Path, rows: int) -> None:
    """Write ``regions.csv`` with its images and masks, and ``few.toml``."""
    (folder / "few.toml").write_text(SETTINGS)
    lines = []
    for number in range(rows):
        image, mask = (Path(name) / f"{number:03d}.nii.gz" for name in ("images", "masks"))
        write_pair(folder / image, folder / mask, 100.0 + number)
        lines.append({"id": f"case {number}", "image": image, "mask": mask})
    pd.DataFrame(lines).to_csv(folder / "regions.csv", index=False)


def mount(*command: object) -> None:
    """Call mount, which only root may."""
    subprocess.run(["mount", *map(str, command)], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Give a folder on a disk of its own, of so many bytes."""
    folder.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "none", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class NetworkFolder:
    """A folder served by another process, which can be killed: what lies there stays."""

    def __init__(self, served: Path, seen: Path) -> None:
        self.served, self.seen = served, seen
        served.mkdir()
        seen.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> NetworkFolder:
        self.back()
        return self

    def __exit__(self, *_: object) -> None:
        self.lost()
        subprocess.run(["umount", "-l", self.seen], capture_output=True)

    def back(self) -> None:
        """Serve it, again."""
        subprocess.run(["umount", "-l", self.seen], capture_output=True)
        self._process = subprocess.Popen(["bindfs", "-f", self.served, self.seen])
        deadline = time.monotonic() + 120
        while not self.seen.is_mount():
            assert time.monotonic() < deadline, "bindfs does not start"
            time.sleep(0.05)

    def lost(self) -> None:
        """Kill the process that serves it: the next access ends in "not connected"."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
