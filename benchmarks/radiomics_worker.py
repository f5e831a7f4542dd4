"""One extraction a task, by Trephine or by PyRadiomics, from arrays in memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve


def load(task: Path) -> tuple[Any, Any, dict[str, Any]]:
    data = np.load(task)
    return data["image"], data["mask"], json.loads(str(data["how"]))


def trephine(task: Path) -> dict[str, Any]:
    from trephine.radiomics import RadiomicsSettings, measure_region
    from trephine.types import Geometry, Image, Mask

    pixels, labels, how = load(task)
    geometry = Geometry.plain(tuple(how["spacing"]))
    image, mask = Image(pixels, geometry), Mask(labels, geometry)
    settings = RadiomicsSettings(
        **how["setting"],
        imageType=how["imageType"],
        featureClass={name: tuple(only) or None for name, only in how["featureClass"].items()},
    )
    began = time.process_time()
    result = measure_region(image, mask, settings)
    seconds = time.process_time() - began
    values = dict(zip(result.names, result.values.tolist(), strict=True))
    return {"seconds": seconds, "features": values}


def pyradiomics(task: Path) -> dict[str, Any]:
    import SimpleITK
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    import radiomics

    radiomics.setVerbosity(60)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    pixels, labels, how = load(task)
    image, mask = SimpleITK.GetImageFromArray(pixels), SimpleITK.GetImageFromArray(labels)
    for each in (image, mask):
        each.SetSpacing(how["spacing"][::-1])
    parts = ("setting", "imageType", "featureClass")
    extractor = RadiomicsFeatureExtractor({part: how[part] for part in parts})
    extractor.addProvenance(False)
    began = time.process_time()
    found = extractor.execute(image, mask)
    seconds = time.process_time() - began
    return {"seconds": seconds, "features": {name: float(value) for name, value in found.items()}}


if __name__ == "__main__":
    serve({"trephine": trephine, "pyradiomics": pyradiomics}[sys.argv[1]])
