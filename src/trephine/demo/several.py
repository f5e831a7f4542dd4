"""What the demonstration of several images adds to each patient: a lateral film and an MR a hip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from trephine.choices import Side
from trephine.demo.dicom_file import Subject, System, build_dataset
from trephine.demo.frog_leg import VIEWS, draw_frog_legs, turned_hip
from trephine.demo.marrow import MarrowStack, draw_marrow
from trephine.demo.marrow_file import write_marrow_series
from trephine.demo.marrow_masks import draw_marrow_mask
from trephine.demo.masks import RATER_A, RATER_B, Rater, draw_mask
from trephine.demo.pose import Pose
from trephine.demo.radiograph import SIDES, Hip, Radiograph
from trephine.demo.signs import other_hip
from trephine.demo.soft_tissue import Body
from trephine.imaging.nifti import write_nifti
from trephine.imaging.spacing import radiograph_spacing
from trephine.types import Geometry, Mask

_READINGS: tuple[tuple[str, Rater], ...] = (("a", RATER_A), ("b", RATER_B))
_FOLDERS = ("lateral", "t1", "masks/lateral/a", "masks/lateral/b", "masks/t1/a", "masks/t1/b")
# Each hip's MR has a stream of random numbers of its own, and so have the lateral films.
_LATERAL_STREAM, _MARROW_STREAM = 3_000_000, 4_000_000


@dataclass(frozen=True)
class Imaged:
    """Who is imaged, and on what.

    Attributes
    ----------
    rows
        The patient's rows of the cohort.
    pose, body
        As on the patient's other film.
    system, subject
        As there.
    """

    rows: pd.DataFrame
    pose: Pose
    body: Body
    system: System
    subject: Subject


def prepare_several(folder: Path) -> None:
    """Make the folders; images of an earlier demonstration go, since another hip may lack its MR.

    Raises
    ------
    OSError
        If they cannot be made.
    """
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for pattern in ("t1/[0-9]*-[RL]/IM[0-9]*.dcm", "masks/t1/[ab]/[0-9]*-[RL].nii.gz"):
        for path in folder.glob(pattern):
            path.unlink()


def without_marrow(hips: pd.DataFrame) -> str:
    """Return the one hip of the cohort of which there is no MR."""
    return str(hips["hip_id"].iloc[len(hips) // 3])


def write_several(folder: Path, patient: Imaged, lacking: str, seed: int) -> None:
    """Write a patient's lateral films and MRs, and what both raters drew on them.

    Parameters
    ----------
    folder
        The study's.
    patient
        The patient.
    lacking
        The hip that has no MR.
    seed
        The study's.
    """
    rows = list(cast("Any", patient.rows.itertuples(index=False)))
    _write_laterals(folder, patient, rows, seed)
    for row in rows:
        if row.hip_id == lacking:
            continue
        rng = _stream(seed, _MARROW_STREAM, row)
        stack = draw_marrow(row, rng)
        write_marrow_series(folder / "t1" / row.hip_id, stack, patient.subject, row.side, seed)
        _write_marrow_readings(folder, stack, row.hip_id, rng)


def _stream(seed: int, stream: int, row: Any) -> np.random.Generator:
    return np.random.default_rng([seed, stream + int(row.patient_id), int(row.side == "L")])


def _write_laterals(folder: Path, patient: Imaged, rows: Sequence[Any], seed: int) -> None:
    rng = _stream(seed, _LATERAL_STREAM, rows[0])
    films = draw_laterals(patient, rng)
    for row in rows:
        side = cast("Side", row.side)
        film = films[side]
        dataset = build_dataset(film, patient.system, patient.subject, seed, VIEWS[side])
        path = folder / "lateral" / f"{row.hip_id}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        geometry = Geometry.plain(radiograph_spacing(dataset, None, path.name).mm)
        for name, rater in _READINGS:
            labels = draw_mask(film, (side,), rater, rng).astype(bool).astype(np.uint8)
            out = folder / "masks" / "lateral" / name / f"{row.hip_id}.nii.gz"
            write_nifti(Mask(labels, geometry), out)


def draw_laterals(patient: Imaged, rng: np.random.Generator) -> dict[Side, Radiograph]:
    """Simulate the lateral film of each of a patient's natural hips."""
    rows = {cast("Side", row.side): row for row in cast("Any", patient.rows.itertuples())}
    laterality = str(patient.rows["laterality"].iloc[0])
    hips: dict[Side, Hip] = {
        side: turned_hip(rows[side], rng) if side in rows else other_hip(laterality, rng)
        for side in SIDES
    }
    return draw_frog_legs(patient.pose, patient.body, hips, patient.system.detector, rng)


def _write_marrow_readings(
    folder: Path, stack: MarrowStack, hip: str, rng: np.random.Generator
) -> None:
    for name, rater in _READINGS:
        labels = draw_marrow_mask(stack, rater, rng)
        write_nifti(Mask(labels, stack.geometry), folder / "masks" / "t1" / name / f"{hip}.nii.gz")
