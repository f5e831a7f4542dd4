"""A small locked model that measures two features on images, and a case for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from study.bundle_contexts import context_of
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.radiomics import ENGINE_VERSION
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.locked import LockedModel
from trephine.types import Survival

NAMES = ("original_firstorder_Mean", "original_firstorder_Variance")


def write_image_model(folder: Path) -> Path:
    """Write a model of a radiomics signature, without clinical terms."""
    rng = np.random.default_rng(3)
    score = rng.normal(0, 1, 80)
    time = rng.exponential(30 / np.exp(score))
    survival = Survival(np.minimum(time, 50), time < 50, "months")
    term = Term("radiomics", "radiomics", "signature", "Radiomics signature")
    fitted = fit_model("Radiomics", ("radiomics",), [term], score[:, None], survival)
    one, centre = np.ones(2), np.array([100.0, 800.0])
    signature = Signature("radiomics", NAMES, 0.3 * one, centre, 50 * one, 0 * one, one, 4.0)
    settings = RadiomicsSettings(featureClass={"firstorder": ()}, imageType={"Original": {}})
    context = context_of("Radiomics", radiomics=settings, engine_version=ENGINE_VERSION)
    predictor = Predictor({"radiomics": signature}, {}, None, {"Radiomics": fitted})
    return LockedModel(predictor, context, "# Card\n").write(folder)


def write_case(folder: Path, side: int = 32) -> tuple[Path, Path]:
    """Write a picture and a region of it, of so many pixels a side."""
    values = np.random.default_rng(1).integers(0, 250, (side, side)).astype(np.int16)
    region = np.zeros((side, side), np.uint8)
    region[side // 4 : side * 5 // 8, side * 9 // 32 : side * 3 // 4] = 1
    paths = folder / "image.nii.gz", folder / "mask.nii.gz"
    for path, pixels in zip(paths, (values, region), strict=True):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels), str(path))
    return paths
