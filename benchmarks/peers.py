"""Peers run in processes of their own, one thread each, and take turns with us.

A worker reads a line (a task's file), does the task once and answers a line of JSON. So peers of
other environments and of R are timed inside their own process, in interleaved rounds.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".peers"
PACKAGES = ("scikit-survival", "lifelines", "SurvSet")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR")}


def peer_python() -> tuple[Path | None, str]:
    """Return the interpreter that has the Python peers, or None and the reason."""
    given = os.environ.get("TREPHINE_PEERS")
    python = Path(given) if given else ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *PACKAGES], capture_output=True, text=True
        )
        if done.returncode:
            shutil.rmtree(ENVIRONMENT)
            return None, f"pip could not install {', '.join(PACKAGES)}"
    return python, ""


def r_with(*packages: str) -> tuple[str | None, str]:
    """Return Rscript where R has the packages, or None and the reason."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None, "Rscript is not installed (make bench-r)"
    wanted = " && ".join(f"requireNamespace('{name}', quietly=TRUE)" for name in packages)
    done = subprocess.run([rscript, "-e", f"quit(status=!({wanted}))"], capture_output=True)
    if done.returncode:
        return None, f"R lacks one of {', '.join(packages)} (make bench-r)"
    return rscript, ""


class Worker:
    """One peer in its own process."""

    def __init__(self, *command: str | Path, threads: int = 1) -> None:
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **dict.fromkeys(ONE_THREAD, str(threads))},
        )

    def run(self, task: Path) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{task}\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return dict(json.loads(line))
        raise RuntimeError(f"{self.process.args} ended without an answer")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def in_turns(
    workers: Mapping[str, Worker], task: Path, rounds: int, *, warm_up: bool
) -> dict[str, list[dict[str, Any]]]:
    """Let each worker do a task once a round; once before, to import and compile, if asked."""
    for worker in workers.values() if warm_up else ():
        worker.run(task)
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            answers[name].append(worker.run(task))
    return answers


def serve(do: Any) -> None:
    """Answer tasks from standard input until it ends."""
    for line in sys.stdin:
        print(json.dumps(do(Path(line.strip()))), flush=True)


def median_seconds(answers: list[dict[str, Any]]) -> float:
    return statistics.median(answer["seconds"] for answer in answers)
