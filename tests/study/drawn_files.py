"""Images of every kind that a rater may meet, and operations as the page sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from imaging.conftest import ct_slice, radiograph
from trephine.imaging import write_nifti
from trephine.types import Geometry, Image

SHAPE = (70, 90)
DISC = {"kind": "disc", "centre": [21.3, 30.2], "radius_mm": 3.1}
OTHER = {"kind": "disc", "centre": [66.6, 31.1], "radius_mm": 2.6}


def greys(seed: int = 1, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(100, 3000, shape, dtype=np.uint16)


def put(
    name: str, side: str | None, *shapes: dict[str, Any], region: str = "head", **part: int
) -> dict[str, Any]:
    """Return an operation that draws a region."""
    parts = [{"shape": shape, **part} for shape in shapes]
    content = {"region_id": name, "side": side, "name": region, "parts": parts}
    return {"do": "put region", "region": content}


def write_kinds(folder: Path) -> dict[str, Path]:
    """Write a radiograph as it is, inverted, mirrored and in NIfTI, and a series of CT."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}

    def save(name: str, dataset: Any) -> None:
        found[name] = folder / f"{name}.dcm"
        dataset.save_as(found[name], enforce_file_format=True)

    save("plain", radiograph(greys(), PatientOrientation=["L", "F"]))
    save("inverted", radiograph(4095 - greys(), PhotometricInterpretation="MONOCHROME1"))
    save("mirrored", radiograph(greys()[:, ::-1].copy(), PatientOrientation=["R", "F"]))
    turned = Geometry((0.2, 0.2), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    found["nifti"] = folder / "nifti.nii.gz"
    write_nifti(Image(greys().astype(np.float64), turned), found["nifti"])
    series = folder / "series"
    series.mkdir()
    uid = "1.2.3.4"
    for number in range(5):
        one = ct_slice(greys(number), (0.0, 0.0, 2.5 * number), SeriesInstanceUID=uid)
        one.StudyInstanceUID = one.FrameOfReferenceUID = "1.2.3"
        one.save_as(series / f"{number}.dcm", enforce_file_format=True)
    found["series"] = series
    return found
