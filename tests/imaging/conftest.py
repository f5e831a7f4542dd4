"""DICOM files made on the spot: no patient's file is part of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

from imaging.pacs_asked import ACCESSIONS

MakeDicom = Callable[..., FileDataset]
SaveDicom = Callable[..., Path]


def radiograph(stored: np.ndarray, *, bits: int = 12, **attributes: Any) -> FileDataset:
    """A CR image; further attributes by keyword, None removes one."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality = "CR"
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "P001"
    dataset.PixelSpacing = [0.2, 0.2]
    dataset.SamplesPerPixel = 1 if stored.ndim == 2 else stored.shape[2]
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[:2]
    dataset.BitsAllocated = stored.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(np.issubdtype(stored.dtype, np.signedinteger))
    raw = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def ct_slice(
    stored: np.ndarray, position_mm: tuple[float, float, float], **more: Any
) -> FileDataset:
    """One slice of an axial CT series."""
    dataset = radiograph(
        stored,
        Modality="CT",
        SOPClassUID=CTImageStorage,
        ImagePositionPatient=list(position_mm),
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[0.7, 0.5],
        SliceThickness="2.5",
        RescaleSlope="1",
        RescaleIntercept="-1024",
    )
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def make_dicom() -> MakeDicom:
    return radiograph


@pytest.fixture
def make_slice() -> MakeDicom:
    return ct_slice


@pytest.fixture
def save_dicom(tmp_path: Path) -> SaveDicom:
    """Write a data set and return its path."""

    def save(dataset: FileDataset, name: str = "image.dcm", **options: Any) -> Path:
        path = tmp_path / name
        dataset.save_as(path, enforce_file_format=True, **options)
        return path

    return save


@pytest.fixture
def stored() -> np.ndarray:
    """Twelve-bit stored values, 48 x 40."""
    return np.random.default_rng(7).integers(0, 4096, (48, 40), dtype=np.uint16)


@pytest.fixture
def images(make_dicom, stored) -> list[FileDataset]:
    """Three studies of one image each."""
    return [
        make_dicom(
            stored + number,
            bits=13,
            AccessionNumber=accession,
            PatientID=f"P00{number}",
            StudyDate=f"2020010{number + 1}",
            StudyDescription="XR PELVIS AP",
            PhotometricInterpretation="MONOCHROME1",
        )
        for number, accession in enumerate(ACCESSIONS)
    ]
