"""A simulated radiograph as a DICOM file whose header says that it is simulated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
)

from trephine.demo.physics import Detector
from trephine.demo.radiograph import Radiograph

#: The plane of the hips lies this much closer to the tube than the detector.
MAGNIFICATION = 1.15

SpacingTags = Literal["calibrated", "magnification factor"]


@dataclass(frozen=True)
class System:
    """A radiographic system with the habits of its files.

    Attributes
    ----------
    detector
        Pixels and physics.
    modality
        Digital radiography, or computed radiography with imaging plates.
    photometric
        Polarity of the stored values.
    compressed
        JPEG-LS, lossless, or plain little endian.
    spacing_tags
        ``calibrated``: Pixel Spacing holds the distance in the patient; ``magnification
        factor``: it repeats Imager Pixel Spacing beside the factor.
    """

    detector: Detector
    modality: Literal["DX", "CR"]
    photometric: Literal["MONOCHROME1", "MONOCHROME2"]
    compressed: bool
    spacing_tags: SpacingTags


@dataclass(frozen=True)
class FilmView:
    """What a header says of the direction of a film.

    Attributes
    ----------
    name
        Distinguishes the film's identifiers from those of the patient's others.
    description
        Series Description.
    position, orientation
        View Position and Patient Orientation.
    laterality
        Of the image.
    code
        Of the view: value and meaning in SNOMED CT.
    number
        Of the series.
    """

    name: str
    description: str
    position: str
    orientation: tuple[str, str]
    laterality: Literal["B", "R", "L"]
    code: tuple[str, str]
    number: int = 1


FRONTAL = FilmView(
    "image", "SIMULATED PELVIS AP", "AP", ("L", "F"), "B", ("399348003", "antero-posterior")
)


@dataclass(frozen=True)
class Subject:
    """What a header says about a simulated patient.

    Attributes
    ----------
    number
        Number of the patient in the cohort.
    sex
        As DICOM codes it.
    age_years
        Age at the examination.
    study_date
        A made-up day, YYYYMMDD.
    """

    number: str
    sex: Literal["F", "M"]
    age_years: int
    study_date: str


def build_dataset(
    radiograph: Radiograph, system: System, subject: Subject, seed: int, view: FilmView = FRONTAL
) -> FileDataset:
    """Build the file; the same arguments give the same bytes."""
    sop_class = (
        DigitalXRayImageStorageForPresentation
        if system.modality == "DX"
        else ComputedRadiographyImageStorage
    )
    dataset = empty_dataset(sop_class, uid(seed, subject.number, view.name))
    series = "series" if view.name == FRONTAL.name else f"series of {view.name}"
    dataset.SeriesInstanceUID = uid(seed, subject.number, series)
    add_patient_and_study(dataset, subject, seed)
    dataset.SeriesDescription = view.description
    dataset.SeriesNumber = view.number
    dataset.InstanceNumber = 1
    dataset.Modality = system.modality
    _add_acquisition(dataset, system, view)
    _add_spacing(dataset, system)
    _add_pixels(dataset, radiograph, system)
    if system.compressed:
        dataset.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    return dataset


def empty_dataset(sop_class: UID, instance: UID) -> FileDataset:
    """Return a file of one instance with nothing but what it is."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("trephine", "implementation")
    meta.ImplementationVersionName = "TREPHINE_DEMO"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = instance
    return dataset


def uid(*parts: object) -> UID:
    """Return a UID under 2.25 (a 128-bit number) from a hash of ``parts``."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def add_patient_and_study(dataset: FileDataset, subject: Subject, seed: int) -> None:
    """Write who is imaged and in which study: one study holds all images of a patient."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = f"SIMULATED^PELVIS {subject.number}"
    dataset.PatientID = f"TREPHINE-DEMO-{subject.number}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = subject.sex
    dataset.PatientAge = f"{subject.age_years:03d}Y"
    dataset.PatientComments = "Simulated by Trephine; no such person."
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Simulated: never identified anyone"
    dataset.BurnedInAnnotation = "NO"
    dataset.StudyInstanceUID = uid(seed, subject.number, "study")
    dataset.StudyDate = subject.study_date
    dataset.SeriesDate = subject.study_date
    dataset.AcquisitionDate = subject.study_date
    dataset.ContentDate = subject.study_date
    dataset.StudyTime = "120000"
    dataset.AcquisitionTime = "120000"
    dataset.ContentTime = "120000"
    dataset.StudyDescription = "SIMULATED PELVIS AP"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = subject.number


def _add_acquisition(dataset: FileDataset, system: System, view: FilmView) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.Manufacturer = "Trephine simulator"
    dataset.ManufacturerModelName = f"Simulated {system.modality}"
    dataset.InstitutionName = "SIMULATED"
    dataset.BodyPartExamined = "PELVIS"
    dataset.ViewPosition = view.position
    dataset.PatientOrientation = list(view.orientation)
    dataset.KVP = 75
    dataset.DistanceSourceToDetector = 1150
    if system.modality == "CR":
        dataset.PlateID = ""
        return
    dataset.ImageLaterality = view.laterality
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.DetectorType = "DIRECT"
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.AnatomicRegionSequence = Sequence([_code("12921003", "SCT", "Pelvis")])
    dataset.ViewCodeSequence = Sequence([_code(view.code[0], "SCT", view.code[1])])


def _add_spacing(dataset: FileDataset, system: System) -> None:
    pitch = system.detector.spacing_mm
    dataset.ImagerPixelSpacing = [pitch, pitch]
    if system.spacing_tags == "calibrated":
        in_patient = round(pitch / MAGNIFICATION, 6)
        dataset.PixelSpacing = [in_patient, in_patient]
        dataset.PixelSpacingCalibrationType = "GEOMETRY"
        dataset.PixelSpacingCalibrationDescription = "simulated, to the plane of the hips"
        return
    dataset.PixelSpacing = [pitch, pitch]
    dataset.EstimatedRadiographicMagnificationFactor = MAGNIFICATION


def _add_pixels(dataset: FileDataset, radiograph: Radiograph, system: System) -> None:
    bits = system.detector.bits_stored
    stored = radiograph.pixels
    inverted = system.photometric == "MONOCHROME1"
    if inverted:
        stored = np.uint16(2**bits - 1) - stored
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = system.photometric
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = 2 ** (bits - 1)
    dataset.WindowWidth = 2**bits
    dataset.LossyImageCompression = "00"
    if system.modality == "DX":
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
        dataset.RescaleIntercept = 0
        dataset.RescaleSlope = 1
        dataset.RescaleType = "US"
        dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.PixelData = np.ascontiguousarray(stored, dtype="<u2").tobytes()
