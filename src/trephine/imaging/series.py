"""A CT or MR series as a volume: slices sorted along their normal, gaps and mixtures refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from trephine.errors import ImageError
from trephine.imaging.dicom import defined_term, image_of, quiet_pydicom, read_dicom_dataset
from trephine.imaging.dicom_head import read_head
from trephine.imaging.functional_groups import with_functional_groups
from trephine.imaging.limits import check_pixels
from trephine.imaging.sniff import PackedImageError, file_kind
from trephine.types import FloatArray, Geometry, Image

MODALITIES = ("CT", "MR", "PT", "NM")
_POSITION_TOLERANCE_MM = 0.01
# Positions are written with few decimals, some with one: a slice may lie this part of a step, and
# this far, from an even grid. A missing slice puts its neighbours off by a good part of a step.
_OF_STEP, _MOST_ROUNDING_MM = 0.1, 0.1


@dataclass(frozen=True)
class PlacedSlice:
    """A slice and where it lies; ``name`` is what errors call it."""

    image: Image
    origin: FloatArray
    rows: FloatArray
    columns: FloatArray
    name: str


def read_series(folder: Path) -> Image:
    """Read the one CT, MR, PET or NM series in a folder.

    Parameters
    ----------
    folder
        Holds the single-frame slices of one series; files that are not DICOM are ignored.

    Returns
    -------
    Image
        (slices, rows, columns), slices in the order of their normal.

    Raises
    ------
    ImageError
        If the folder holds no series or several, if a slice is missing or doubled, or slices
        differ in size, spacing or orientation.
    """
    files = _dicom_files(folder)
    _check_one_series(files, folder.name)
    # A study's errors hide the names that its plan spells out; names inside a folder they do not
    # know, and an archive's export may name its files after the patient.
    slices: list[PlacedSlice] = []
    for number, path in enumerate(files, start=1):
        slices.append(_read_slice(path, f"{folder.name}, file {number} of {len(files)} by name"))
        if number == 1:
            check_pixels((len(files), *slices[0].image.pixels.shape), folder.name)
    if not slices:
        raise ImageError(f"{folder.name}: expected the DICOM slices of a series, found none")
    return stacked(slices, folder.name)


def stacked(slices: list[PlacedSlice], name: str) -> Image:
    """Return slices as a volume, in the order of their normal.

    Raises
    ------
    ImageError
        If one is missing or doubled, or they differ in size, spacing or orientation.
    """
    _check_alike(slices, name)
    first = slices[0]
    normal = np.cross(first.rows, first.columns)
    slices = sorted(slices, key=lambda item: float(item.origin @ normal))
    first = slices[0]
    step = _step_mm(slices, normal, name)
    pixels = np.stack([item.image.pixels for item in slices])
    direction = np.column_stack([first.rows, first.columns, normal])
    geometry = Geometry(
        (step, *first.image.geometry.spacing_mm),
        tuple(float(value) for value in slices[0].origin),
        tuple(float(value) for value in direction.ravel()),
    )
    provenance = dict(first.image.provenance) | {"slices": len(slices)}
    return Image(pixels, geometry, provenance, first.image.header)


def _dicom_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(item for item in folder.iterdir() if item.is_file()):
        try:
            kind = file_kind(path)
        except PackedImageError:
            raise ImageError(
                f"{folder.name}: expected DICOM slices as they are, found some packed with gzip;"
                " unpack them first (gunzip, 7-Zip)"
            ) from None
        except ImageError:
            continue  # a DICOMDIR's neighbours: text, thumbnails, viewers
        if kind == "dicom" and path.name.upper() != "DICOMDIR":
            found.append(path)
    return found


def _read_slice(path: Path, name: str) -> PlacedSlice:
    with quiet_pydicom():
        return placed_slice(with_functional_groups(read_dicom_dataset(path, name=name)), name)


def placed_slice(dataset: Dataset, name: str) -> PlacedSlice:
    """Return the one slice of a parsed data set, and take its pixels out of it.

    Raises
    ------
    ImageError
        If it is none of a CT, MR, PET or NM series, or does not say where it lies.
    """
    modality = defined_term(dataset, "Modality")
    if modality not in MODALITIES:
        raise ImageError(
            f"{name}: expected a slice of a CT or MR series, found modality"
            f" {modality or 'none'}; a radiograph is read by its own file name"
        )
    origin = _numbers(dataset, "ImagePositionPatient", 3, name)
    cosines = _numbers(dataset, "ImageOrientationPatient", 6, name)
    rows, columns = cosines[:3], cosines[3:]
    if not np.allclose([rows @ rows, columns @ columns, rows @ columns], [1, 1, 0], atol=1e-3):
        raise ImageError(f"{name}: expected orthogonal Image Orientation, found another")
    with quiet_pydicom():
        image = image_of(dataset, name, None)
    return PlacedSlice(image, origin, rows, columns, name)


def _numbers(dataset: Dataset, keyword: str, count: int, name: str) -> FloatArray:
    try:
        values = np.asarray([float(value) for value in dataset[keyword].value])
    except (KeyError, TypeError, ValueError):
        values = np.empty(0)
    if values.size != count or not np.isfinite(values).all():
        raise ImageError(
            f"{name}: expected {count} numbers as {keyword}, found none or others; the position"
            " of a slice cannot be guessed"
        )
    return values


def _check_one_series(files: list[Path], name: str) -> None:
    """Refuse several series before a pixel is read; damaged headers are reported by slice later."""
    counts: dict[tuple[str, str], int] = {}
    for path in files:
        try:
            head = read_head(path)
        except ImageError:
            continue
        if not (head.series or head.modality):
            continue  # cut short: told by its place when it is read
        key = (head.series, head.modality)
        counts[key] = counts.get(key, 0) + 1
    if len({series for series, _ in counts}) > 1:
        told = [
            f"{modality or 'no modality'} of {count} {'slices' if count > 1 else 'slice'}"
            for (_, modality), count in counts.items()
        ]
        listed = ", ".join(told[:5]) + (" and others" if len(told) > 5 else "")
        raise ImageError(
            f"{name}: expected one series in the folder, found {len(told)} ({listed}); give each"
            " its own folder"
        )


def _check_alike(slices: list[PlacedSlice], name: str) -> None:
    first = slices[0]
    for item in slices[1:]:
        same = (
            item.image.pixels.shape == first.image.pixels.shape
            and np.allclose(item.image.geometry.spacing_mm, first.image.geometry.spacing_mm)
            and np.allclose(item.rows, first.rows, atol=1e-4)
            and np.allclose(item.columns, first.columns, atol=1e-4)
        )
        if not same:
            raise ImageError(
                f"{name}: expected slices of one size, spacing and orientation, found another in"
                f" {item.name}; remove localisers and reformatted slices"
            )


def _step_mm(slices: list[PlacedSlice], normal: FloatArray, name: str) -> float:
    if len(slices) == 1:
        raise ImageError(f"{name}: expected at least two slices, found one; give the file itself")
    origins = np.array([item.origin for item in slices])
    steps = np.diff(origins @ normal)
    if steps.min() < _POSITION_TOLERANCE_MM:
        raise ImageError(f"{name}: expected one slice at each position, found doubled slices")
    step = float(steps.mean())
    even = np.arange(len(origins)) * step
    off = np.abs(origins @ normal - origins[0] @ normal - even).max()
    if off > max(_POSITION_TOLERANCE_MM, min(_OF_STEP * step, _MOST_ROUNDING_MM)):
        whole = np.rint(steps / steps.min())
        gaps = int(whole.sum()) - len(steps)
        missing = gaps and np.allclose(steps, whole * steps.min(), rtol=0.02)
        raise ImageError(
            f"{name}: expected equal distances between slices, found {steps.min():.3f} to"
            f" {steps.max():.3f} mm; "
            + (
                f"{gaps} slice{'s seem' if gaps > 1 else ' seems'} to be missing: fetch the series"
                " again"
                if missing
                else "the slices lie unevenly, or are of two series: resample them or keep one"
            )
        )
    drift = np.diff(origins, axis=0) - np.outer(steps, normal)
    if np.abs(drift).max() > _POSITION_TOLERANCE_MM:
        raise ImageError(
            f"{name}: expected slices stacked along their normal, found a tilted gantry;"
            " resample the series onto a rectangular grid first"
        )
    return step
