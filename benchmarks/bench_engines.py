"""All radiomics engines that install, on four tasks: a film, a CT, small regions, a filter bank.

First order and five texture families of the original image, bins of 25 (the filter bank: first
order of 13 images). Each engine has an environment of its own under .peers-engines, or under the
folder that TREPHINE_ENGINES names. Measurements are kept in that folder, so that tasks and engines
can be measured one at a time on a quiet machine:
``python benchmarks/bench_engines.py --task ct --engine mirp --threads 1``; without arguments, all
that are not yet there. ``python benchmarks/run.py engines``
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from bench_radiomics import TO_BUILD, TO_RUN, pictures, radiograph
from bench_volumes import ellipsoid, volume
from peers import Worker

HERE = Path(__file__).resolve().parent
PAGE = HERE / "results" / "engines.md"
ENVIRONMENTS = Path(os.environ.get("TREPHINE_ENGINES", HERE.parent / ".peers-engines"))
KEPT = ENVIRONMENTS / "measured.json"
INSTALLED: dict[str, tuple[tuple[str, ...], ...]] = {
    "pyradiomics": (TO_BUILD, TO_RUN, ("--no-build-isolation", "pyradiomics==3.0.1")),
    # It asks for Python 3.12 and runs on 3.11; what it needs has to be for the Python that is here.
    "pictologics": (
        ("nibabel", "numba>=0.62.1", "pandas", "pillow", "pydicom", "python-gdcm"),
        ("pywavelets<1.9", "pyyaml", "scipy>=1.16.3", "tqdm"),
        ("--ignore-requires-python", "--no-deps", "pictologics==0.9.0"),
    ),
    "flash": (
        ("flash-radiomics==1.0.0", "h5py", "pykwalify", "pywavelets", "scikit-learn", "scipy"),
        ("SimpleITK", "trimesh"),
    ),
    "fastrad": (("fastrad==1.0.0",),),
    "mirp": (("mirp==2.7.0",),),
    "zrad": (("z-rad==26.9.0",),),
    "nyxus": (("nyxus==0.11.0",),),
}
NAMES = {
    "trephine": "Trephine",
    "pyradiomics": "PyRadiomics 3.0.1",
    "pictologics": "pictologics 0.9.0",
    "flash": "flash-radiomics 1.0.0",
    "fastrad": "fastrad 1.0.0",
    "mirp": "MIRP 2.7.0",
    "zrad": "Z-Rad 26.9.0",
    "nyxus": "Nyxus 0.11.0",
}
THREADED = ("trephine", "pictologics", "flash", "fastrad", "nyxus")
BANK = {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}, "Gradient": {}}
TASKS = {
    "film": "(i) radiograph of 2140 x 1760 pixels, region of 60,665",
    "ct": "(ii) CT of 512 x 512 x 200 voxels, region of 2.3 million",
    "small": "(iii) 200 volumes of 48 x 48 x 48, a region of some 2,000 voxels in each",
    "bank": "(iv) 256 x 256 x 256 voxels, 13 images, first order of a region of 113,000",
}
# What else a task leaves out, and why.
CANNOT = {
    ("nyxus", "ct"): "takes volumes from files only",
    ("nyxus", "small"): "takes volumes from files only",
    **{
        (name, "bank"): "other filters"
        for name in ("pictologics", "fastrad", "mirp", "zrad", "nyxus")
    },
}
SLOW_S = 5.0


def python_of(name: str) -> tuple[Path | None, str]:
    """Return the interpreter that has an engine, or None and the reason."""
    if name == "trephine":
        return Path(sys.executable), ""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        for wanted in INSTALLED[name]:
            done = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", *wanted], capture_output=True
            )
            if done.returncode:
                python.unlink()
                return None, f"pip could not install {', '.join(wanted)}"
    return python, ""


def arrays(task: str) -> tuple[Any, Any, bool]:
    """Return images, masks, and whether these are several."""
    if task == "film":
        pixels, labels, _ = pictures(*radiograph(argparse.Namespace(image=None)))["radiograph"]
        return pixels, labels, False
    if task == "ct":
        return volume(), ellipsoid((70, 95, 83), (100, 256, 250)), False
    rng = np.random.default_rng(11)
    side = 256 if task == "bank" else 48
    count = 1 if task == "bank" else 200
    z, y, x = np.indices((side, side, side), dtype=np.float32) - side // 2
    images, masks = [], []
    for _ in range(count):
        grain = gaussian_filter(rng.standard_normal(z.shape, dtype=np.float32), 2) * 800
        images.append(np.round(grain + 40).astype(np.int16))
        radii = (30.0, 30.0, 30.0) if task == "bank" else rng.uniform(6.5, 9.5, 3)
        inside = (z / radii[0]) ** 2 + (y / radii[1]) ** 2 + (x / radii[2]) ** 2 < 1
        masks.append(inside.astype(np.uint8))
    if task == "bank":
        return images[0], masks[0], False
    return np.stack(images), np.stack(masks), True


def write_task(folder: Path, task: str, threads: int) -> Path:
    image, mask, several = arrays(task)
    how = {
        "several": several,
        "threads": threads,
        "image_types": BANK if task == "bank" else {"Original": {}},
    }
    path = folder / f"{task}.npz"
    np.savez(path, image=image, mask=mask, how=json.dumps(how))
    return path


def measured(name: str, task: str, threads: int) -> dict[str, Any]:
    """Run an engine on a task: once to warm up, and up to three times while that is quick."""
    python, reason = python_of(name)
    reason = CANNOT.get((name, task), reason)
    if reason:
        return {"reason": reason}
    assert python is not None
    with tempfile.TemporaryDirectory() as folder:
        once = write_task(Path(folder), task, threads)
        worker = HERE / "engines_worker.py"
        with Worker(python, "-W", "ignore", worker, name, threads=threads) as process:
            answers = [process.run(once)]  # loads and compiles
            quick = answers[0]["clock"] < SLOW_S or name == "trephine"
            answers += [process.run(once) for _ in range(3 if quick else 1)]
    best = min(answers[1:], key=lambda answer: answer["clock"])
    return {
        **best,
        "megabytes": max(answer["megabytes"] for answer in answers[1:]),
        "seconds": min(answer["seconds"] for answer in answers[1:]),
        "load": os.getloadavg()[0],
        "machine": machine(),
    }


def machine() -> str:
    """Name the processor: rows may come from several machines."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    name = next(line.split(":")[1].strip() for line in told if line.startswith("model name"))
    return f"{name}, {os.cpu_count()} cores"


def agreement(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> str:
    """Return how many values both have, and how many agree to 1e-6 and their largest difference."""
    mine = ours["features"]
    others = theirs["features"]
    if name == "pictologics":
        mine = {ours["described"][n][0]: v for n, v in mine.items() if ours["described"][n][0]}
        others = {n.rsplit("_", 1)[-1]: v for n, v in others.items()}
    if name in ("mirp", "zrad"):
        mine = {ours["described"][n][1]: v for n, v in mine.items() if ours["described"][n][1]}
        others = {_tag(n, mine): v for n, v in others.items()}
    both = sorted(mine.keys() & others.keys())
    if not both:
        return "other names"
    apart = np.array([abs(mine[n] - others[n]) / max(abs(others[n]), 1e-12) for n in both])
    equal = int((apart <= 1e-6).sum())
    return f"{equal} of {len(both)}; median {np.median(apart):.0e}"


def _tag(name: str, tags: dict[str, float]) -> str:
    """Return the IBSI tag that an engine's name starts with, the longest there is."""
    fitting = [tag for tag in tags if name.lower() == tag or name.lower().startswith(f"{tag}_")]
    return max(fitting, key=len, default=name)


def page(kept: dict[str, Any]) -> str:
    """Return the tables of all that was measured."""
    machines = {one["machine"] for one in kept.values() if "machine" in one}
    lines = [
        "# Radiomics engines",
        "",
        "First order, GLCM, GLRLM, GLSZM, GLDM (NGLDM) and NGTDM of the original image, bins of"
        " 25, arrays in memory, warm; seconds on the clock, best of three (of one where it takes"
        " long); memory on top of the images in MB; how many values are equal to Trephine's to"
        " 1e-6, of those with one name, and the median relative difference. pictologics sums its"
        " matrices over directions, which gives other values, and is given its grey levels"
        " ready-made. processor: seconds of the processor, which other programs on the machine"
        " bear on less; load: how many programs wanted it while the row was measured. ratio:"
        " PyRadiomics' seconds of the processor on one thread over these, with two threads its"
        " seconds on the clock over these.",
        "",
        f"Measured on {'; '.join(sorted(machines))}.",
    ]
    for task, title in TASKS.items():
        columns = ("engine", "threads", "seconds", "processor", "load", "ratio", "MB", "equal")
        lines += ["", f"## {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        base = kept.get(f"{task} pyradiomics 1", {})
        for name, shown in NAMES.items():
            for threads in (1, 2):
                found = kept.get(f"{task} {name} {threads}")
                if found is None:
                    continue
                if "reason" in found:
                    lines.append(f"| {shown} | – | {found['reason']} |{' – |' * 5}")
                    break
                ours = kept[f"{task} trephine 1"]
                by = "seconds" if threads == 1 else "clock"
                ratio = f"{base[by] / found[by]:.1f}" if by in base else "–"
                equal = "–" if name == "trephine" else agreement(ours, found, name)
                lines.append(
                    f"| {shown} | {threads} | {found['clock']:.3f} | {found['seconds']:.3f} |"
                    f" {found['load']:.0f} | {ratio} | {found['megabytes']:.0f} | {equal} |"
                )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=TASKS, action="append")
    parser.add_argument("--engine", choices=NAMES, action="append")
    parser.add_argument("--threads", type=int, choices=(1, 2), action="append")
    parser.add_argument("--anew", action="store_true")
    given = parser.parse_args()
    KEPT.parent.mkdir(exist_ok=True)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for task in given.task or TASKS:
        for name in given.engine or NAMES:
            for threads in given.threads or (1, 2):
                key = f"{task} {name} {threads}"
                if (key in kept and not given.anew) or (threads > 1 and name not in THREADED):
                    continue
                kept[key] = measured(name, task, threads)
                print(key, {k: kept[key].get(k) for k in ("clock", "seconds", "megabytes")})
                KEPT.write_text(json.dumps(kept))
    PAGE.write_text(page(kept))


if __name__ == "__main__":
    main()
