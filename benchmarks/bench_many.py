"""Many small regions through `trephine extract`: regions an hour, memory, and five kill -9.

For each number of regions one run that nobody stops, and of the largest one more that is killed at
five random moments and begun again each time: both tables must be the same, byte for byte.
``python benchmarks/run.py many``; ``--sizes 1000`` for a quick look.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from trephine.imaging import write_nifti
from trephine.types import Geometry, Image, Mask

HERE = Path(__file__).resolve().parent
KILLS = 5
SETTINGS = """binWidth = 10
imageType = { Original = {} }
featureClass = { firstorder = [], glcm = [] }
"""


def write_regions(folder: Path, rows: int) -> None:
    """Write images of their own, one mask for all, and the table."""
    plain = Geometry.plain((0.5, 0.5))
    region = np.zeros((32, 32), dtype=np.uint8)
    region[6:26, 8:24] = 1
    folder.mkdir()
    write_nifti(Mask(region, plain), folder / "mask.nii")
    (folder / "settings.toml").write_text(SETTINGS)
    rng = np.random.default_rng(19)  # a smaller table is the beginning of a larger one
    with (folder / "regions.csv").open("w") as table:
        table.write("id,image,mask\n")
        for number in range(rows):
            pixels = rng.normal(100.0, 20.0, region.shape)
            write_nifti(Image(pixels, plain), folder / f"{number}.nii")
            table.write(f"region {number},{number}.nii,mask.nii\n")


class Peaks(threading.Thread):
    """The largest memory of any process among some and their children, looked at while they run."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.main, self.worker = pid, 0, 0

    def run(self) -> None:
        """Look five times a second."""
        while (own := rss(self.pid)) is not None:
            self.main = max(self.main, own)
            for child in children(self.pid):
                self.worker = max(self.worker, rss(child) or 0)
            time.sleep(0.2)


def rss(pid: int) -> int | None:
    """Return a process's own memory in bytes; None of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return 1024 * int(found[0]) if found else None


def children(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in file.read_text().split()]
        except OSError:
            continue
    return [every for child in found for every in (child, *children(child))]


def begin(folder: Path, out: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "trephine", "extract", folder / "regions.csv", "--out", out]
    command += ["--store", store, "--settings", folder / "settings.toml", "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def whole_run(folder: Path, out: Path, store: Path) -> dict[str, float]:
    """Run without a stop."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = begin(folder, out, store)
    peaks = Peaks(run.pid)
    peaks.start()
    assert run.wait() == 0
    clock = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"clock": clock, "processor": used, "main": peaks.main, "worker": peaks.worker}


def killed_run(folder: Path, out: Path, store: Path, rows: int) -> list[int]:
    """Kill it when random numbers of regions are kept; return the numbers that were."""
    moments = sorted(random.Random(20261201).sample(range(rows // 100, rows - rows // 100), KILLS))
    done = []
    for moment in moments:
        run = begin(folder, out, store)
        while stored(store) < moment:
            assert run.poll() is None, "it ended before it was to be killed"
            time.sleep(0.1)
        run.send_signal(signal.SIGKILL)
        run.wait()
        done.append(stored(store))
        print(f"killed at {done[-1]:,} regions", flush=True)
    assert begin(folder, out, store).wait() == 0
    return done


def stored(store: Path) -> int:
    ledger = store / "ledger.sqlite"
    if not ledger.is_file():
        return 0
    with (
        suppress(sqlite3.OperationalError),  # it is just being made
        closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection,
    ):
        return int(connection.execute("SELECT COUNT(*) FROM features").fetchone()[0])
    return 0


def check(rows: int, store: Path, tables: tuple[Path, Path]) -> int:
    """Hold a killed run to one that was not; return how many regions were measured again."""
    first, second = (table.read_bytes() for table in tables)
    assert first == second, "the tables differ"
    assert first.count(b"\n") == rows + 1
    names = [line.partition(b",")[0] for line in first.splitlines()[1:]]
    assert names == [b"region %d" % number for number in range(rows)]
    with closing(sqlite3.connect(store / "cases.sqlite")) as connection:
        found = connection.execute("SELECT position, state FROM cases ORDER BY position").fetchall()
    assert found == [(number, "measured") for number in range(rows)]
    assert stored(store) == rows
    seen: Counter[int] = Counter()
    with (store / "log.jsonl").open() as log:
        for line in log:
            one = json.loads(line) if line.endswith("}\n") else {}  # a killed line may be torn
            if one.get("state") == "measured":
                seen[one["row"]] += 1
    return sum(seen.values()) - rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    sizes = parser.parse_args().sizes
    lines = []
    with tempfile.TemporaryDirectory() as room:
        for rows in sizes:
            folder = Path(room) / f"{rows}"
            write_regions(folder, rows)
            if rows == sizes[-1]:
                done = killed_run(folder, folder / "again.csv", folder / "again", rows)
            found = whole_run(folder, folder / "whole.csv", folder / "whole")
            hour = 3600 * rows / found["clock"]
            lines.append(
                f"| {rows:,} | {found['clock']:,.0f} s | {found['processor']:,.0f} s | {hour:,.0f}"
                f" | {found['main'] / 2**20:.0f} MiB | {found['worker'] / 2**20:.0f} MiB |"
            )
            print(lines[-1], flush=True)
        again = check(rows, folder / "again", (folder / "whole.csv", folder / "again.csv"))
    at = ", ".join(f"{one:,}" for one in done)
    ending = (
        f"{rows:,} regions killed with kill -9 when {at} were kept, and begun again each time: the"
        " same table as of a run that nobody stopped, byte for byte; none missing, none twice;"
        f" {again:,} regions that were measured but not kept yet were measured again."
    )
    print(ending, flush=True)
    (HERE / "results" / "many.md").write_text(
        "# A hundred thousand regions\n\nRegions of 320 pixels in images of 32 x 32, each in a"
        " file of its own, 42 features, two workers, `trephine extract` with a store and a table."
        " Memory: the largest that the command itself, and any worker, held of its own; that of the"
        " command is while it reads the table of all rows.\n\n"
        "| regions | clock | processor | regions an hour | command | worker |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n\n" + ending + "\n"
    )


if __name__ == "__main__":
    main()
