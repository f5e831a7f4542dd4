"""The values that identify: gathered from all items of the original, sought in what is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from trephine.imaging.deidentify.values import texts_of

_IDENTIFYING = frozenset(
    tag_for_keyword(word)
    for word in (
        "PatientID", "OtherPatientIDs", "IssuerOfPatientID", "MedicalRecordLocator",
        "PatientBirthDate", "AccessionNumber", "StudyID", "AdmissionID", "ServiceEpisodeID",
        "PatientAddress", "PatientTelephoneNumbers", "InsurancePlanIdentification",
        "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName",
        "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers", "PersonAddress",
        "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID",
        "FillerOrderNumberImagingServiceRequest", "PlacerOrderNumberImagingServiceRequest",
        "DeviceSerialNumber", "DetectorID", "PlateID", "CassetteID", "GantryID",
        "ClinicalTrialSubjectID", "ClinicalTrialSiteName", "ClinicalTrialSiteID",
    )
)  # fmt: skip
_NO_SECRET = frozenset({"removed", "unknown", "none", "anonymous", "anonymized", "n/a", "na"})

# One character is in everything; within longer texts short ones occur by chance.
_SHORTEST_WHOLE = 2
_SHORTEST_TEXT, _SHORTEST_NUMBER = 5, 8

# Values from lists so short, or so bound to the pixels, that a match says nothing.
_ESSENTIAL = frozenset(
    tag_for_keyword(word)
    for word in (
        "SpecificCharacterSet", "Modality", "PhotometricInterpretation", "LossyImageCompression",
        "PatientSex", "ImageType", "FrameType", "PresentationLUTShape", "NumberOfFrames",
        "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "SpacingBetweenSlices",
        "SliceThickness", "RescaleSlope", "RescaleIntercept", "RescaleType",
        "ImagePositionPatient", "ImageOrientationPatient", "CodeValue", "CodeMeaning",
        "CodingSchemeDesignator", "DeidentificationMethod",
        "EstimatedRadiographicMagnificationFactor", "SegmentationType", "SegmentAlgorithmType",
    )
)  # fmt: skip


def identifiers_of(dataset: Dataset) -> frozenset[str]:
    """Return every identifying value of a data set, from all levels, in lower case.

    Names count whole and by their parts. Private attributes are not looked at: what they hold is
    as often a technical term.
    """
    return frozenset(
        secret
        for element in dataset.iterall()
        if element.VR == "PN" or int(element.tag) in _IDENTIFYING
        for secret in _secrets(element)
    )


def remove_identifiers(dataset: Dataset, secrets: frozenset[str]) -> int:
    """Empty what is kept and equals an identifying value; return how many elements.

    Codes, texts and numbers are compared whole, at any length from two characters. What an image
    cannot be without is left: it comes from a short closed list or is a measure in a range.
    """
    emptied = 0
    for element in dataset.iterall():
        if element.VR not in ("CS", "LO", "SH", "DS", "IS", "AS", "UC") or _is_free(element):
            continue
        if any(_whole(text, secrets) for text in texts_of(element)):
            element.value = None
            emptied += 1
    return emptied


def surviving(content: bytes, secrets: frozenset[str], charsets: tuple[str, ...]) -> bool:
    """Tell whether a longer identifying value still stands in encoded bytes: the last defence."""
    lowered = content.lower()
    return any(
        encoded in lowered
        for secret in secrets
        if len(secret) >= (_SHORTEST_NUMBER if secret.isdecimal() else _SHORTEST_TEXT)
        for encoded in _encodings(secret, charsets)
    )


def _secrets(element: DataElement) -> Iterator[str]:
    for text in texts_of(element):
        for part in {text, *re.split(r"[\^=]", text), *re.split(r"[\^=\s,]+", text)}:
            secret = part.strip().lower()
            if len(secret) >= _SHORTEST_WHOLE and secret not in _NO_SECRET:
                yield secret
                if secret.isdecimal() and len(secret.lstrip("0")) >= _SHORTEST_WHOLE:
                    yield secret.lstrip("0")


def _whole(text: str, secrets: frozenset[str]) -> bool:
    lowered = text.lower()
    return lowered in secrets or any(
        secret in lowered
        for secret in secrets
        if len(secret) >= (_SHORTEST_NUMBER if secret.isdecimal() else _SHORTEST_TEXT)
    )


def _is_free(element: DataElement) -> bool:
    return int(element.tag) in _ESSENTIAL


def _encodings(secret: str, charsets: tuple[str, ...]) -> Iterator[bytes]:
    for charset in {"utf-8", "latin-1", *charsets}:
        try:
            yield secret.encode(charset).lower()
        except (UnicodeEncodeError, LookupError):
            continue
