"""Texture of regions of a CT volume: Trephine, pictologics 0.9 and PyRadiomics 3.0.1 in turns.

The five families that the three have in common, bins of 25, the original image. pictologics sums
its matrices over directions before it measures them, which is ``weightingNorm: no_weighting`` in
PyRadiomics; so both ways are rows. It gets its grey levels ready-made, and cannot measure direction
by direction in one call. Every engine gets an environment of its own (.peers-radiomics,
.peers-pictologics; TREPHINE_PYRADIOMICS and TREPHINE_PICTOLOGICS name other interpreters).
``python benchmarks/run.py volumes``
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from bench_radiomics import pyradiomics_python
from peers import Worker, in_turns, median_seconds

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".peers-pictologics"
SHAPE = (200, 512, 512)
ROUNDS = 3


def pictologics_python() -> tuple[Path | None, str]:
    """Return the interpreter that has pictologics, or None and the reason."""
    given = os.environ.get("TREPHINE_PICTOLOGICS")
    python = Path(given) if given else ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        # It asks for Python 3.12, and runs on 3.11.
        wanted = ("--only-binary", ":all:", "--ignore-requires-python", "pictologics==0.9.0")
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *wanted], capture_output=True, text=True
        )
        if done.returncode:
            shutil.rmtree(ENVIRONMENT)
            return None, "pip could not install pictologics==0.9.0"
    return python, ""


def volume() -> Any:
    """A simulated CT: noise of two grains, whole Hounsfield units."""
    rng = np.random.default_rng(7)
    grains = ((2, 800), (12, 6000))
    pixels = sum(
        gaussian_filter(rng.standard_normal(SHAPE, dtype=np.float32), width) * weight
        for width, weight in grains
    )
    return np.round(pixels + 40).astype(np.float64)


def ellipsoid(radii: tuple[float, float, float], centre: tuple[float, float, float]) -> Any:
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    parts = [((a - c) / r) ** 2 for a, c, r in zip((z, y, x), centre, radii, strict=True)]
    return (sum(parts) < 1).astype(np.uint8)


def agreement(ours: dict[str, Any], theirs: dict[str, Any], *, by_code: bool) -> str:
    """Return how many values both have and their largest relative difference."""
    mine, others = ours["features"], theirs["features"]
    if by_code:
        mine = {ours["codes"][n]: value for n, value in mine.items() if ours["codes"][n]}
        others = {name.rsplit("_", 1)[1]: value for name, value in others.items()}
    both = sorted(mine.keys() & others.keys())
    worst = max(abs(mine[n] - others[n]) / max(abs(others[n]), 1e-12) for n in both)
    return f"{len(both)}, {worst:.0e}"


def cell(answers: list[dict[str, Any]]) -> str:
    clock = min(answer["clock"] for answer in answers)
    memory = max(answer["megabytes"] for answer in answers)
    return f"{median_seconds(answers):.3f} ({clock:.3f}) | {memory:.0f}"


def measure(task: Path, workers: dict[str, Worker], *, merged: bool) -> str:
    """Return a table's row of one task."""
    taking_part = {n: w for n, w in workers.items() if merged or n != "pictologics"}
    answers = in_turns(taking_part, task, ROUNDS, warm_up=True)
    cells = [cell(answers["trephine"])]
    for name in ("pictologics", "pyradiomics"):
        if name not in answers:
            cells.append("– | – | –")
            continue
        pair = answers["trephine"][0], answers[name][0]
        cells.append(f"{cell(answers[name])} | {agreement(*pair, by_code=name == 'pictologics')}")
    return " | ".join(cells)


def report(rows: list[str], missing: list[str]) -> str:
    head = [
        "# Radiomics of volumes",
        "",
        f"Simulated CT of {SHAPE[0]} x {SHAPE[1]} x {SHAPE[2]} voxels, GLCM, GLRLM, GLSZM, GLDM and"
        " NGTDM of the original image, bins of 25; warm, arrays in memory. Seconds of the processor"
        " (median; in brackets the best of the clock), memory on top of the image and mask in MB;"
        " how many values both have and their largest relative difference. merged: matrices summed"
        " over directions and measured once. pictologics is given its grey levels ready-made.",
        "",
        "| region | directions | threads | Trephine | MB | pictologics 0.9 | MB | values |"
        " PyRadiomics 3.0.1 | MB | values |",
        "|" + "---|" * 11,
        *rows,
        *(f"\nSkipped: {reason}." for reason in missing),
    ]
    return "\n".join(head) + "\n"


def main() -> None:
    found = {"pictologics": pictologics_python(), "pyradiomics": pyradiomics_python()}
    missing = [reason for python, reason in found.values() if python is None]
    commands = {"trephine": Path(sys.executable)}
    commands.update({name: python for name, (python, _) in found.items() if python is not None})
    pixels = volume()
    regions = {
        "50,000 voxels": ellipsoid((18, 26, 25.5), (100, 200, 300)),
        "2.3 M voxels": ellipsoid((70, 95, 83), (100, 256, 250)),
    }
    rows = []
    worker = HERE / "volumes_worker.py"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(python, "-W", "ignore", worker, name, threads=2))
            for name, python in commands.items()
        }
        for title, labels in regions.items():
            for merged, threads in ((True, 1), (True, 2), (False, 1)):
                how = {"spacing": [1.0, 0.8, 0.8], "width": 25.0}
                how |= {"merged": merged, "threads": threads}
                task = Path(folder) / "task.npz"
                np.savez(task, image=pixels, mask=labels, how=json.dumps(how))
                row = measure(task, workers, merged=merged)
                directions = "merged" if merged else "each"
                rows.append(f"| {title} | {directions} | {threads} | {row} |")
                print(rows[-1], flush=True)
    out = HERE / "results" / "volumes.md"
    out.parent.mkdir(exist_ok=True)
    out.write_text(report(rows, missing))


if __name__ == "__main__":
    main()
