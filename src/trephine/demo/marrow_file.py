"""A simulated MR as the DICOM series that a PACS gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import MRImageStorage

from trephine.choices import Side
from trephine.demo.dicom_file import Subject, add_patient_and_study, empty_dataset, uid
from trephine.demo.marrow import SPACING_MM, MarrowStack


def write_marrow_series(
    folder: Path, stack: MarrowStack, subject: Subject, side: Side, seed: int
) -> None:
    """Write one file per slice into ``folder``, which is made; earlier files are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    direction = np.reshape(stack.geometry.direction, (3, 3))
    for number, pixels in enumerate(stack.pixels):
        dataset = _slice(subject, side, number, seed)
        corner = np.array(stack.geometry.origin_mm) + number * SPACING_MM[0] * direction[:, 2]
        # A decimal string holds sixteen letters.
        dataset.ImagePositionPatient = [f"{one:.8f}" for one in corner]
        cosines = [*direction[:, 0], *direction[:, 1]]
        dataset.ImageOrientationPatient = [f"{one:.10f}" for one in cosines]
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
        dataset.save_as(folder / f"IM{number + 1:04d}.dcm", enforce_file_format=True)


def _slice(subject: Subject, side: Side, number: int, seed: int) -> FileDataset:
    """Return the header of one slice but for its place."""
    own = (seed, subject.number, f"MR {side}")
    dataset = empty_dataset(MRImageStorage, uid(*own, number))
    add_patient_and_study(dataset, subject, seed)
    dataset.StudyInstanceUID = uid(seed, subject.number, "MR study")
    dataset.StudyDescription = "SIMULATED HIP MR"
    dataset.SeriesInstanceUID = uid(*own, "series")
    dataset.FrameOfReferenceUID = uid(*own, "frame")
    dataset.PositionReferenceIndicator = ""
    dataset.SeriesDescription = f"SIMULATED T1 COR OBL {side}"
    dataset.SeriesNumber = 1 if side == "R" else 2
    dataset.InstanceNumber = number + 1
    dataset.Modality = "MR"
    dataset.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
    dataset.Manufacturer = "Trephine simulator"
    dataset.ManufacturerModelName = "Simulated MR"
    dataset.InstitutionName = "SIMULATED"
    dataset.BodyPartExamined = "HIP"
    dataset.Laterality = side
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
    dataset.MRAcquisitionType = "2D"
    dataset.EchoTime, dataset.RepetitionTime, dataset.EchoTrainLength = 12, 560, 1
    dataset.MagneticFieldStrength = 1.5
    dataset.SliceThickness = SPACING_MM[0] - 0.4
    dataset.SpacingBetweenSlices = SPACING_MM[0]
    dataset.PixelSpacing = list(SPACING_MM[1:])
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 250, 500
    return dataset
