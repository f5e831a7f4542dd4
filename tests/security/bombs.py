"""Every bomb through the door that it was made for, each in a process that may die of it.

``python tests/security/bombs.py [--write FILE] [NAME ...]`` prints what each one cost: peak memory
of the process (the program and its libraries included, with those that it starts) and seconds of a
processor. More than a gibibyte, more than ten seconds, an error outside the program's tree or a
process lost is a finding, and the end is 1. ``--write`` makes the table of
``benchmarks/results/security.md``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MOST_BYTES = 1 << 30
MOST_SECONDS = 10.0
# Above this an allocation fails by itself, so that a bomb does not take the machine with it.
ADDRESS_SPACE = 12 << 30
# On the wall, however busy the machine is; then the process is ended.
PATIENCE = 120.0
_MADE = ("x", "p", "study", "ledger")


@dataclass(frozen=True)
class Bomb:
    """A file and the door that it goes through.

    Attributes
    ----------
    name
        Of the table's row.
    make
        Writes it into a folder and returns its path.
    door
        Reads it as the program does.
    """

    name: str
    make: Callable[[Path], Path]
    door: Callable[[Path], object]


@dataclass(frozen=True)
class Cost:
    """What a bomb cost, and how it was taken: "refused", "read", or what must not be."""

    taken: str
    said: str
    sent_bytes: int
    peak_bytes: int
    seconds: float

    @property
    def findings(self) -> list[str]:
        """Return what must not be."""
        found = [] if self.taken in ("refused", "read") else [self.taken]
        if self.peak_bytes > MOST_BYTES:
            found.append(f"{self.peak_bytes >> 20} MiB")
        if self.seconds > MOST_SECONDS:
            found.append(f"{self.seconds:.1f} s")
        return found


def cost(bomb: Bomb, folder: Path) -> Cost:
    """Make a bomb and set it off."""
    fork = multiprocessing.get_context("fork")
    # Made elsewhere too: what a maker takes would be counted as what the bomb takes.
    maker = fork.Process(target=bomb.make, args=(folder,))
    maker.start()
    maker.join()
    path = place(folder)
    sent = path.stat().st_size if path.is_file() else 0
    ours, theirs = multiprocessing.Pipe(duplex=False)
    # A fork has the program's modules already, and its peak begins with what they take.
    process = fork.Process(target=_child, args=(bomb, path, theirs))
    process.start()
    theirs.close()
    answer: dict[str, Any] = {"taken": "process lost", "said": "", "peak": 0, "seconds": 0.0}
    try:
        if ours.poll(PATIENCE):
            answer = ours.recv()
        else:
            answer["taken"] = f"not done in {PATIENCE:g} s"
    except EOFError:
        pass
    process.kill()
    process.join()
    return Cost(answer["taken"], answer["said"], sent, answer["peak"], answer["seconds"])


def place(folder: Path) -> Path:
    """Return where a bomb was made: the one file ``x.*``, or else study, parameters or ledger."""
    inside = sorted(folder.rglob("*"))
    named = [path for path in inside if path.name.partition(".")[0] in _MADE]
    named = [path for path in named if path.name.startswith("x.")] or named
    if len(named) != 1:
        raise RuntimeError(f"expected one bomb, found {[path.name for path in inside]}")
    return named[0]


def _child(bomb: Bomb, path: Path, answers: Connection) -> None:
    from trephine.errors import TrephineError

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    begun = time.process_time()
    taken, said = "read", ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            bomb.door(path)
        except TrephineError as refusal:
            taken, said = "refused", str(refusal)
        except BaseException as error:
            taken, said = f"{type(error).__name__}", str(error)[:200]
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    answers.send(
        {
            "taken": taken,
            "said": said,
            "peak": max(_peak(), others.ru_maxrss << 10),
            "seconds": time.process_time() - begun + others.ru_utime + others.ru_stime,
        }
    )


def _peak() -> int:
    """Return the most memory in bytes; getrusage would count what the parent had when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def line(name: str, found: Cost) -> str:
    """Return a row of the table."""
    bytes_ = found.sent_bytes
    sent = f"{bytes_ / 1e6:.2f} MB" if bytes_ >= 10_000 else f"{bytes_ / 1e3:.1f} kB"
    taken = "; ".join(found.findings) or found.taken
    peak = f"{found.peak_bytes / 2**30:.2f}"
    return f"| {name} | {sent} | {taken} | {peak} | {found.seconds:.1f} |"


HEAD = """# Bombs

Files of a few bytes to megabytes that ask for gigabytes, hours or other files, each through the
program's own reader in a process of its own (`make bombs`). GiB: the most memory that the process
or one that it started had, the program and its libraries (0.4 GiB of it) included. Seconds of a
processor. None may take more than 1 GiB or 10 s, end in an error that is no sentence, or take the
process with it. Images "at the limit" are as large as is read by default and cost what honest ones
of their size do.

| file | sent | taken | GiB | s |
|---|---|---|---|---|
"""


def main() -> int:
    """Set off the bombs that are named, or all; return 1 if one was not held."""
    from security.all_bombs import BOMBS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", type=Path, help="file for the table")
    given = parser.parse_args()
    chosen = [b for b in BOMBS if not given.names or any(n in b.name for n in given.names)]
    rows, wrong = [], 0
    for bomb in chosen:
        with tempfile.TemporaryDirectory() as folder:
            found = cost(bomb, Path(folder))
        wrong += bool(found.findings)
        rows.append(line(bomb.name, found))
        print(rows[-1], json.dumps(found.said[:160]) if found.said else "", flush=True)
    if given.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from run import put_together, stamp

        given.write.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        stamp(given.write)
        put_together()
    print(f"{len(chosen)} bombs, {wrong} not held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
