"""Radiomic features against PyRadiomics 3.0.1: whole extractions, classes and filters.

The same arrays in memory, one thread each, in turns; the ratio is that of the median processor
times. PyRadiomics gets an environment of its own (.peers-radiomics; TREPHINE_PYRADIOMICS names
another interpreter).
``python benchmarks/run.py radiomics``; ``bench_radiomics.py IMAGE MASK`` takes a radiograph of
your own instead of the simulated one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from peers import Worker, median_seconds
from trephine.radiomics.catalogue import FAMILIES

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".peers-radiomics"
TO_BUILD = ("numpy<2", "setuptools<70", "wheel", "versioneer", "cython")
TO_RUN = ("SimpleITK", "PyWavelets", "pykwalify", "six", "scikit-image")

TEXTURE = [name for name in FAMILIES if not name.startswith("shape")]
FILTERS: dict[str, dict[str, Any]] = {
    "Original": {},
    "Wavelet": {},
    "LoG": {"sigma": [1.0, 2.0, 3.0, 4.0, 5.0]},
    "Square": {},
    "SquareRoot": {},
    "Logarithm": {},
    "Exponential": {},
    "Gradient": {},
    "LBP2D": {},
}


@dataclass(frozen=True)
class Job:
    """One line of the table: what is extracted from which picture, how often."""

    work: str
    picture: str
    image_types: dict[str, dict[str, Any]]
    classes: list[str]
    rounds: int


def jobs() -> list[Job]:
    whole = [*TEXTURE, "shape2D"]
    return [
        Job("16 images x 93 features + shape", "radiograph", FILTERS, whole, 5),
        Job("16 images x 93 features + shape", "crop", FILTERS, whole, 5),
        Job("shape in 3-D", "stack", {"Original": {}}, ["shape"], 1),
        *(Job(f"class {name}", "crop", {"Original": {}}, [name], 3) for name in whole),
        *(
            Job(f"filter {name}, first order", "radiograph", {name: own}, ["firstorder"], 3)
            for name, own in FILTERS.items()
        ),
    ]


def pyradiomics_python() -> tuple[Path | None, str]:
    """Return the interpreter that has PyRadiomics, or None and the reason."""
    given = os.environ.get("TREPHINE_PYRADIOMICS")
    if given:
        return Path(given), ""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists():
        return python, ""
    if sys.version_info[:2] != (3, 11):
        return None, "PyRadiomics 3.0.1 builds on Python 3.11 at most"
    venv.create(ENVIRONMENT, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet"]
    for wanted in (TO_BUILD, TO_RUN, ("--no-build-isolation", "pyradiomics==3.0.1")):
        done = subprocess.run([*pip, *wanted], capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(ENVIRONMENT)
            return None, f"pip could not install {', '.join(wanted)}"
    return python, ""


def radiograph(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """A radiograph of 2140 x 1760 pixels, 10 bits, and a femoral head of 60 000 of them."""
    if arguments.image:
        from trephine.imaging import read_image, read_mask

        image = read_image(arguments.image, spacing_mm=0.2)
        return image.pixels, read_mask(arguments.mask, image=image).labels
    rng = np.random.default_rng(20250101)
    shape = (2140, 1760)
    pixels = sum(
        weight * gaussian_filter(rng.standard_normal(shape, dtype=np.float32), width) * width
        for weight, width in ((60, 1), (60, 8), (120, 60))
    )
    rows, columns = np.indices(shape)
    head = (rows - 870) ** 2 + (columns - 900) ** 2 < 139**2
    return np.clip(np.round(pixels * 2 + 500), 0, 1023).astype(np.float64), head


def pictures(pixels: Any, labels: Any) -> dict[str, tuple[Any, Any, list[float]]]:
    """The whole radiograph, 520 x 520 pixels round the region, and nine slices of those."""
    labels = labels.astype(np.uint8)
    rows, columns = np.nonzero(labels)
    top = min(max(int(rows.mean()) - 260, 0), pixels.shape[0] - 520)
    left = min(max(int(columns.mean()) - 260, 0), pixels.shape[1] - 520)
    part = slice(top, top + 520), slice(left, left + 520)
    stack = np.zeros((9, 520, 520), np.uint8)
    stack[4] = labels[part]
    return {
        "radiograph": (pixels, labels, [0.2, 0.2]),
        "crop": (pixels[part], labels[part], [0.2, 0.2]),
        "stack": (np.repeat(pixels[part][np.newaxis], 9, axis=0), stack, [1.0, 0.2, 0.2]),
    }


def write_task(folder: Path, number: int, job: Job, picture: tuple[Any, Any, list[float]]) -> Path:
    pixels, labels, spacing = picture
    how = {
        "spacing": spacing,
        "setting": {"normalize": True, "normalizeScale": 100, "binWidth": 25},
        "imageType": job.image_types,
        "featureClass": {name: [] for name in job.classes},
    }
    task = folder / f"{number}.npz"
    np.savez(task, image=pixels, mask=labels, how=json.dumps(how))
    return task


def largest_difference(ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Largest relative difference of what both have; an absolute one of MCC."""
    return max(
        abs(ours[name] - value) / (1.0 if name.endswith("MCC") else max(abs(value), 1e-8))
        for name, value in theirs.items()
    )


def report(rows: list[str], picture: Any, labels: Any) -> str:
    head = [
        "# Radiomics",
        "",
        f"Radiograph of {picture.shape[0]} x {picture.shape[1]} pixels, region of"
        f" {np.count_nonzero(labels)}; crop 520 x 520; stack: the crop nine times, the region on"
        " the middle slice. normalize, bins of 25. Median seconds of the"
        " processor in interleaved runs, one thread each: a busy neighbour does not count.",
        "",
        "| work | picture | PyRadiomics 3.0.1 | Trephine | ratio | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?", type=Path)
    parser.add_argument("mask", nargs="?", type=Path)
    arguments = parser.parse_args()
    out = HERE / "results" / "radiomics.md"
    out.parent.mkdir(exist_ok=True)
    peer, reason = pyradiomics_python()
    if peer is None:
        out.write_text(f"# Radiomics\n\nSkipped: {reason}.\n")
        print(f"skipped: {reason}")
        return
    pixels, labels = radiograph(arguments)
    seen = pictures(pixels, labels)
    rows = []
    worker = HERE / "radiomics_worker.py"
    with (
        tempfile.TemporaryDirectory() as folder,
        Worker(sys.executable, worker, "trephine") as ours,
        Worker(peer, "-W", "ignore", worker, "pyradiomics") as theirs,
    ):
        for number, job in enumerate(jobs()):
            task = write_task(Path(folder), number, job, seen[job.picture])
            ours.run(task)  # loads or compiles the kernels
            answers = [(theirs.run(task), ours.run(task)) for _ in range(job.rounds)]
            slow = median_seconds([first for first, _ in answers])
            fast = median_seconds([second for _, second in answers])
            difference = largest_difference(answers[0][1]["features"], answers[0][0]["features"])
            rows.append(
                f"| {job.work} | {job.picture} | {slow:.3f} | {fast:.4f} | {slow / fast:.1f} |"
                f" {difference:.0e} |"
            )
            print(rows[-1], flush=True)
    out.write_text(report(rows, pixels, labels))


if __name__ == "__main__":
    main()
