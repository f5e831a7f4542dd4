"""Texture of one region of a volume, by Trephine, pictologics or PyRadiomics, from arrays."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve

FAMILIES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")


def load(task: Path) -> tuple[Any, Any, dict[str, Any]]:
    data = np.load(task)
    return data["image"], data["mask"], json.loads(str(data["how"]))


def _kilobytes(name: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:"))


def timed(work: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """Run once: seconds of the processor and of the clock, and memory taken on top, in MB."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _kilobytes("VmRSS")
    clock, processor = time.perf_counter(), time.process_time()
    features = work()
    return {
        "seconds": time.process_time() - processor,
        "clock": time.perf_counter() - clock,
        "megabytes": (_kilobytes("VmHWM") - before) / 1024,
        "features": features,
    }


def trephine(task: Path) -> dict[str, Any]:
    from trephine.radiomics import RadiomicsSettings, describe, measure_region
    from trephine.types import Geometry, Image, Mask

    pixels, labels, how = load(task)
    geometry = Geometry.plain(tuple(how["spacing"]))
    image, mask = Image(pixels, geometry), Mask(labels, geometry)
    settings = RadiomicsSettings(
        binWidth=how["width"],
        weightingNorm="no_weighting" if how["merged"] else None,
        featureClass=dict.fromkeys(FAMILIES),
        threads=how["threads"],
    )

    def work() -> dict[str, float]:
        result = measure_region(image, mask, settings, label=1)
        return dict(zip(result.names, result.values.tolist(), strict=True))

    answer = timed(work)
    codes = {name: describe(name).ibsi_code for name in answer["features"]}
    answer["codes"] = codes
    return answer


def pictologics(task: Path) -> dict[str, Any]:
    from pictologics.features import calculate_all_texture_features
    from pictologics.threads import set_num_threads

    pixels, labels, how = load(task)
    set_num_threads(how["threads"])
    # Its discretisation is not counted against it.
    lowest = np.floor(pixels[labels != 0].min() / how["width"])
    levels = np.where(labels != 0, np.floor(pixels / how["width"]) - lowest + 1, 0.0)
    count = int(levels.max())
    families = ["ngldm" if name == "gldm" else name for name in FAMILIES]

    def work() -> dict[str, float]:
        found = calculate_all_texture_features(levels, labels, count, families=families)
        return {name: float(value) for name, value in found.items()}

    return timed(work)


def pyradiomics(task: Path) -> dict[str, Any]:
    import SimpleITK
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    import radiomics

    radiomics.setVerbosity(60)
    pixels, labels, how = load(task)
    image = SimpleITK.GetImageFromArray(pixels)
    mask = SimpleITK.GetImageFromArray(labels.astype(np.uint8))
    for each in (image, mask):
        each.SetSpacing(how["spacing"][::-1])
    setting = {"binWidth": how["width"]}
    if how["merged"]:
        setting["weightingNorm"] = "no_weighting"
    extractor = RadiomicsFeatureExtractor(
        {"setting": setting, "featureClass": {name: [] for name in FAMILIES}}
    )
    extractor.addProvenance(False)
    return timed(lambda: {k: float(v) for k, v in extractor.execute(image, mask).items()})


if __name__ == "__main__":
    serve(
        {"trephine": trephine, "pictologics": pictologics, "pyradiomics": pyradiomics}[sys.argv[1]]
    )
