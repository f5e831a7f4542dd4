"""The examples of docs/slurm.md on a SLURM from Debian; skipped loudly where it is missing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command import Command
from system.regions import write_regions
from system.slurm import Slurm, missing, slurm_running

pytestmark = [pytest.mark.system, pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples" / "slurm"
# So many that a job is still at work when it is killed.
ROWS, JOBS = 480, 4


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if missing():
        pytest.skip(
            f"SLURM is not installed ({', '.join(missing())}): make test-system installs it"
        )
    with slurm_running(tmp_path_factory.mktemp("slurm")) as cluster:
        write_regions(cluster.folder, ROWS)
        yield cluster


@pytest.fixture
def trephine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def whole(slurm: Slurm, trephine: Command) -> bytes:
    out = slurm.folder / "whole.csv"
    if not out.exists():
        settings = ("--settings", slurm.folder / "few.toml", "--workers", 1)
        assert trephine("extract", slurm.folder / "regions.csv", "--out", out, *settings).code == 0
    return out.read_bytes()


def array(slurm: Slurm, which: str, *options: str) -> str:
    """Give the array of jobs of the example; return its number."""
    said = slurm(
        *("sbatch", "--parsable", f"--array={which}", "--cpus-per-task=1", "--mem=1G", *options),
        *(EXAMPLES / "array.sh", "regions.csv", str(JOBS), "--settings", "few.toml"),
    )
    return said.strip()


def test_an_array_of_jobs_of_which_one_is_killed_goes_on_and_is_one_run(
    slurm: Slurm, trephine: Command, whole: bytes
) -> None:
    parts = slurm.folder / "parts"
    parts.mkdir()
    number = array(slurm, f"0-{JOBS - 1}")
    log = parts / "2" / "log.jsonl"
    deadline = time.monotonic() + 300
    while not (log.exists() and '"case"' in log.read_text()):
        assert time.monotonic() < deadline, slurm("squeue")
        time.sleep(0.02)
    slurm("scancel", "--signal=KILL", "--full", f"{number}_2")
    while slurm("squeue", "--noheader").strip():
        assert time.monotonic() < deadline, slurm("squeue")
        time.sleep(0.5)
    out = slurm.folder / "merged.csv"
    stores = [parts / str(job) for job in (3, 0, 2, 1, 3)]
    said = trephine("merge", out, *stores)
    assert said.code == 1, said.err
    assert "in none of these stores" in said.err.replace("\n", " ")
    array(slurm, "2", "--wait")
    assert trephine("merge", out, *stores).code == 0
    assert out.read_bytes() == whole
    assert '"how": "done"' in log.read_text()


def test_workers_of_dask_that_are_jobs_measure_what_one_process_measures(
    slurm: Slurm, whole: bytes
) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is missing: pip install it")
    done = subprocess.run(
        [
            *(sys.executable, EXAMPLES / "on_slurm.py", "--jobs", "2", "--memory", "2GB"),
            *("--interface", "lo", "extract", "regions.csv", "--settings", "few.toml"),
            *("--out", "by-dask.csv"),
        ],
        env=slurm.environment,
        cwd=slurm.folder,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (slurm.folder / "by-dask.csv").read_bytes() == whole
    assert sorted((slurm.folder / "dask-jobs").glob("*.out"))
    assert not list(slurm.folder.glob(".dask-jobqueue*")), "keys are left"
