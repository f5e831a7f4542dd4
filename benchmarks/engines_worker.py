"""First order and texture of the regions of one task, by one of the engines, from arrays.

A task holds one image and mask or several; what an engine needs besides the arrays (its own image
objects, grey levels where it takes them ready-made) is made before the clock starts.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve
from volumes_worker import timed

FAMILIES = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
WIDTH = 25.0
Values = dict[str, float]
Work = Callable[[], Values]


def pairs(task: Path) -> tuple[list[tuple[Any, Any]], dict[str, Any]]:
    """Return images and masks, and how they are to be measured."""
    data = np.load(task)
    how = json.loads(str(data["how"]))
    images = data["image"].astype(np.float64)
    if not how["several"]:
        return [(images, data["mask"])], how
    return list(zip(images, data["mask"], strict=True)), how


def plan(how: dict[str, Any]) -> dict[str, Any]:
    families = ("firstorder",) if how["image_types"] != {"Original": {}} else FAMILIES
    return {
        "setting": {"binWidth": WIDTH},
        "imageType": how["image_types"],
        "featureClass": {name: [] for name in families},
    }


def trephine(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    from trephine.radiomics import RadiomicsSettings, measure_region
    from trephine.types import Geometry, Image, Mask

    asked = plan(how)
    settings = RadiomicsSettings(
        **asked["setting"],
        imageType=asked["imageType"],
        featureClass=dict.fromkeys(asked["featureClass"]),
        threads=how["threads"],
    )
    geometry = Geometry.plain((1.0,) * found[0][0].ndim)
    made = [(Image(i, geometry), Mask(m, geometry)) for i, m in found]

    def work() -> Values:
        for image, mask in made:
            result = measure_region(image, mask, settings, label=1)
        return dict(zip(result.names, result.values.tolist(), strict=True))

    return work


def _itk(found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    import SimpleITK

    return [
        (SimpleITK.GetImageFromArray(i), SimpleITK.GetImageFromArray(m.astype(np.uint8)))
        for i, m in found
    ]


def _drop_in(extractor: Any, found: list[tuple[Any, Any]]) -> Work:
    made = _itk(found)

    def work() -> Values:
        for image, mask in made:
            result = extractor.execute(image, mask)
        return {k: float(v) for k, v in result.items() if not k.startswith("diagnostics")}

    return work


def pyradiomics(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    import SimpleITK
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    import radiomics

    radiomics.setVerbosity(60)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(how["threads"])
    extractor = RadiomicsFeatureExtractor(plan(how))
    extractor.addProvenance(False)
    return _drop_in(extractor, found)


def flash(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    from flash_radiomics.featureextractor import RadiomicsFeatureExtractor

    asked = plan(how)
    asked["setting"] |= {"additionalInfo": False, "segmentClassWorkers": how["threads"]}
    asked["setting"]["hdf5OutputDirectory"] = tempfile.mkdtemp()
    return _drop_in(RadiomicsFeatureExtractor(asked), found)


def pictologics(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    from pictologics.features import calculate_all_texture_features
    from pictologics.features.intensity import calculate_intensity_features
    from pictologics.threads import set_num_threads

    set_num_threads(how["threads"])
    made = []
    for image, mask in found:
        pixels, labels = (a[np.newaxis] if a.ndim == 2 else a for a in (image, mask))
        inside = labels != 0
        lowest = np.floor(pixels[inside].min() / WIDTH)
        levels = np.where(inside, np.floor(pixels / WIDTH) - lowest + 1, 0.0)
        made.append((levels, labels, int(levels.max()), pixels, inside))
    families = ["ngldm" if name == "gldm" else name for name in FAMILIES[1:]]

    def work() -> Values:
        for levels, labels, count, pixels, inside in made:
            result = calculate_all_texture_features(levels, labels, count, families=families)
            result |= calculate_intensity_features(pixels[inside])
        return {name: float(value) for name, value in result.items()}

    return work


def fastrad(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    import torch
    from fastrad.extractor import FeatureExtractor
    from fastrad.image import Mask, MedicalImage
    from fastrad.settings import FeatureSettings

    torch.set_num_threads(how["threads"])
    settings = FeatureSettings(feature_classes=list(FAMILIES), bin_width=WIDTH, device="cpu")
    made = [
        tuple(torch.tensor(a[np.newaxis] if a.ndim == 2 else a) for a in pair) for pair in found
    ]

    def work() -> Values:
        for image, mask in made:
            extractor = FeatureExtractor(settings)
            result = extractor.extract(MedicalImage(image), Mask(mask))
        return {
            f"original_{k.split(':')[0]}_{_camel(k.split(':')[1])}": float(v)
            for k, v in result.items()
        }

    return work


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def mirp(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    import logging

    import mirp as engine

    logging.disable(logging.INFO)
    families = ["statistics", "glcm", "glrlm", "glszm", "ngldm", "ngtdm"]
    flat = found[0][0].ndim == 2
    space = "2d" if flat else "3d"

    def work() -> Values:
        for image, mask in found:
            lowest = float(np.floor(image[mask != 0].min() / WIDTH) * WIDTH)
            (table,) = engine.extract_features(
                image=image[np.newaxis] if flat else image,
                mask=(mask != 0)[np.newaxis] if flat else mask != 0,
                image_modality="ct",
                by_slice=flat,
                base_discretisation_method="fixed_bin_size",
                base_discretisation_bin_width=WIDTH,
                resegmentation_intensity_range=[lowest, 1e6],
                base_feature_families=families,
                glcm_spatial_method=f"{space}_average",
                glrlm_spatial_method=f"{space}_average",
                glszm_spatial_method=space,
                ngldm_spatial_method=space,
                ngtdm_spatial_method=space,
            )
        row = table.iloc[0]
        return {
            name: float(value)
            for name, value in row.items()
            if name.startswith(("stat_", "cm_", "rlm_", "szm_", "ngl_", "ngt_"))
        }

    return work


def zrad(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    from zrad.image import Image
    from zrad.preprocessing import IntensityMaskBuilder, RoiData, TextureDiscretizer
    from zrad.preprocessing.resegmentation import RangeResegmenter
    from zrad.radiomics import Radiomics

    families = ["intensity_statistics", "glcm", "glrlm", "glszm", "ngldm", "ngtdm"]
    made = []
    for pair in found:
        arrays = [a[np.newaxis] if a.ndim == 2 else a for a in pair]
        where = {
            "origin": (0.0, 0.0, 0.0),
            "spacing": np.ones(3),
            "direction": tuple(np.eye(3).ravel()),
            "shape": arrays[0].shape[::-1],
        }
        # Its bins of a fixed width begin where a range does: a multiple of the width, as ours.
        lowest = float(np.floor(pair[0][pair[1] > 0].min() / WIDTH) * WIDTH)
        ranges = RangeResegmenter((lowest, float(pair[0].max())))
        made.append([*(Image(array=a.astype(np.float64), **where) for a in arrays), ranges])
    radiomics = Radiomics(aggr_dim="2D" if found[0][0].ndim == 2 else "3D", aggr_method="AVER")

    def work() -> Values:
        for image, mask, ranges in made:
            roi = IntensityMaskBuilder().apply(RoiData(image=image, morphological_mask=mask))
            roi = ranges.apply(roi)
            roi = TextureDiscretizer(bin_size=WIDTH).apply(roi)
            result = radiomics.extract_features(roi_data=roi, families=families)
        return {name: float(value) for name, value in result.items()}

    return work


def nyxus(found: list[tuple[Any, Any]], how: dict[str, Any]) -> Work:
    from nyxus import Nyxus

    # Its images are whole numbers from 0, so the darkest of the region's box becomes 0.
    kinds = ["*ALL_INTENSITY*", "*ALL_GLCM*", "*ALL_GLRLM*", "*ALL_GLSZM*", "*ALL_GLDM*"]
    engine = Nyxus([*kinds, "*ALL_NGTDM*"], n_feature_calc_threads=how["threads"])
    made = [((i - i.min()).astype(np.uint32), m.astype(np.uint32)) for i, m in found]

    def work() -> Values:
        for image, mask in made:
            table = engine.featurize(image, mask)
        numbers = table.select_dtypes("number").iloc[0]
        return {str(name): float(value) for name, value in numbers.items()}

    return work


ENGINES = {
    each.__name__: each
    for each in (trephine, pyradiomics, pictologics, flash, fastrad, mirp, zrad, nyxus)
}


def described(values: Values) -> dict[str, Any]:
    """Return IBSI's code and tag of Trephine's features, by which others' are found."""
    from trephine.radiomics import describe

    found = {name: describe(name) for name in values}
    return {name: [one.ibsi_code, one.ibsi_tag] for name, one in found.items()}


def main(name: str) -> None:
    warnings.simplefilter("ignore")
    answer_to = sys.stdout

    def do(task: Path) -> dict[str, Any]:
        found, how = pairs(task)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - some engines print
        work = ENGINES[name](found, how)
        answer = timed(work)
        if name == "trephine":
            answer["described"] = described(answer["features"])
        sys.stdout = answer_to
        return answer

    serve(do)


if __name__ == "__main__":
    main(sys.argv[1])
