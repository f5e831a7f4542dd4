"""A study that is stopped or starved: in words, without orphans, and it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from study.small_study import SmallStudy, write_table_study

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.usefixtures("interrupts_heeded")]
COMMAND = [sys.executable, "-m", "trephine"]


@dataclass
class Bench:
    """A study with what an undisturbed run gives, and a temporary folder to look into."""

    folder: Path
    table: SmallStudy

    @property
    def environment(self) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        cache = str(self.folder / "cache")
        return {**os.environ, "TMPDIR": str(temporary), "TREPHINE_CACHE": cache}

    def start(self, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [*before, *COMMAND, *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, study: SmallStudy, out: Path, *options: object) -> str:
        """Run a study to its end and return its facts but for times and places."""
        process = self.start("run", study.toml, "--out", out, *options)
        _, said = process.communicate(timeout=900)
        assert process.returncode == 0, said
        return numbers(out)

    def undisturbed(self, study: SmallStudy) -> str:
        """Return the facts of a run that nobody disturbs, made once."""
        out = study.folder / "undisturbed"
        if not (out / "facts.json").exists():
            return self.finish(study, out, "--workers", 2)
        return numbers(out)

    def left(self, group: int) -> list[str]:
        """Return the processes and temporary folders that a group has left."""
        asked = ["ps", "-eo", "sid,stat,args"]
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        # One that has ended and that this machine's init has not reaped holds nothing.
        processes = [
            line
            for line in listed.splitlines()
            if line.split()[0] == str(group) and not line.split()[1].startswith("Z")
        ]
        folders = [path.name for path in (self.folder / "tmp").glob("trephine-*")]
        return processes + folders


def numbers(out: Path) -> str:
    facts = json.loads((out / "facts.json").read_text())
    for part in ("timings", "started"):
        facts["run"].pop(part)
    return json.dumps(facts, sort_keys=True).replace(str(out), "")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    table = write_table_study(folder / "table", features=8)
    table.replace("bootstraps = 0", "bootstraps = 20")
    table.replace("permutations = 0", "permutations = 6")
    return Bench(folder, table)


def wait_for(stage: str, state: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while not (state.exists() and stage in state.read_text()):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, stage
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("stage", "number", "to", "options"),
    [
        ("Null check, sound", signal.SIGINT, os.killpg, ("--workers", 2)),
        ("Writing the report", signal.SIGINT, os.kill, ("--workers", 2)),
        ("Bootstrap, sound", signal.SIGHUP, os.kill, ("--workers", 2)),
        ("Bootstrap, sound", signal.SIGTERM, os.kill, ("--executor", "serial")),
    ],
)
def test_a_signal_stops_a_run_within_two_seconds_and_the_same_command_goes_on(
    bench: Bench,
    tmp_path: Path,
    stage: str,
    number: signal.Signals,
    to: Callable[[int, int], None],
    options: tuple[object, ...],
) -> None:
    expected = bench.undisturbed(bench.table)
    out, state = tmp_path / "out", tmp_path / "state.json"
    given = ("run", bench.table.toml, "--out", out, "--state", state, *options)
    process = bench.start(*given)
    wait_for(stage, state, process)
    to(process.pid, number)
    began = time.monotonic()
    _, said = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 128 + number, said
    assert said.strip().endswith("Stopped. The same command continues where it stopped.")
    assert "Traceback" not in said
    # Two seconds, and what a machine with other work adds.
    assert took < 2 + 4 * os.getloadavg()[0] / (os.cpu_count() or 1)
    # Workers need a moment to end, longer on a busy machine.
    deadline = time.monotonic() + 30
    while (left := bench.left(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
    assert bench.finish(bench.table, out, *options) == expected


def test_too_little_memory_ends_in_words(bench: Bench, tmp_path: Path) -> None:
    little = ("prlimit", "--as=1500000000")
    given = ("run", bench.table.toml, "--out", tmp_path / "out", "--workers", 2)
    process = bench.start(*given, before=little)
    _, said = process.communicate(timeout=900)
    assert process.returncode == 2, said
    assert "memory: expected enough for this work, found too little" in " ".join(said.split())
    assert "Traceback" not in said
