"""What an archive is asked and what it answers, whatever the protocol."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydicom.dataset import Dataset

from trephine.errors import ArchiveError, InputError

Result = TypeVar("Result")


_UID = re.compile(r"\A(0|[1-9]\d*)(\.(0|[1-9]\d*))+\Z", re.ASCII)
MOST_ANSWERS = 100_000
TOO_MANY = f"archive: expected at most {MOST_ANSWERS} answers to a question, found more; narrow it"


class TransientError(Exception):
    """A failure that may pass: no connection, a busy or restarting server."""


@dataclass(frozen=True)
class ArchiveQuery:
    """What to look for; every field given must match.

    Attributes
    ----------
    accessions
        Accession numbers, one search each; () for any.
    patient_id, study_date, modality, description
        DICOM matching: ``*`` and ``?`` in texts, ``20200101-20201231`` in dates; "" for any.
    """

    accessions: tuple[str, ...] = field(default=(), repr=False)
    patient_id: str = field(default="", repr=False)
    study_date: str = ""
    modality: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if not (self.accessions or self.patient_id or self.study_date):
            raise InputError(
                "query: expected accession numbers, a patient ID or a study date, found none;"
                " an archive is never asked for everything"
            )
        if any(set(accession) & set("*?\\") or not accession for accession in self.accessions):
            raise InputError("query: expected plain accession numbers, found wildcards or blanks")

    def searches(self) -> Iterator[dict[str, str]]:
        """Yield the matching keys of each search."""
        common = {
            "PatientID": self.patient_id,
            "StudyDate": self.study_date,
            "ModalitiesInStudy": self.modality,
            "StudyDescription": self.description,
        }
        for accession in self.accessions or ("",):
            keys = common | {"AccessionNumber": accession}
            yield {keyword: value for keyword, value in keys.items() if value}


@dataclass(frozen=True)
class StudyFound:
    """One study of an answer; identifies a patient, so it is shown only where it is asked for.

    Attributes
    ----------
    study_uid, accession, patient_id
        Identifiers.
    date, modalities, description
        What it is.
    """

    study_uid: str = field(repr=False)
    accession: str = field(repr=False)
    patient_id: str = field(repr=False)
    date: str
    modalities: str
    description: str


@dataclass(frozen=True)
class InstanceFound:
    """One image of a study."""

    study_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    instance_uid: str = field(repr=False)


class Archive(Protocol):
    """DICOMweb or DIMSE behind one face."""

    def find(self, query: ArchiveQuery) -> list[StudyFound]:
        """Return the studies that match."""

    def instances(self, study: StudyFound, modality: str) -> list[InstanceFound]:
        """Return the images of a study, of one modality or of all ("")."""

    def fetch(self, instance: InstanceFound) -> Dataset:
        """Return one image."""

    def close(self) -> None:
        """End the connection."""


def study_of(dataset: Dataset) -> StudyFound:
    """Return the study behind one item of an answer.

    Raises
    ------
    ArchiveError
        If it has no valid UID.
    """

    def text(keyword: str) -> str:
        value = dataset.get(keyword)
        if value is None:
            return ""
        return str(value) if isinstance(value, str) or not _is_many(value) else "\\".join(value)

    return StudyFound(
        study_uid=checked_uid(dataset, "StudyInstanceUID"),
        accession=text("AccessionNumber"),
        patient_id=text("PatientID"),
        date=text("StudyDate"),
        modalities=text("ModalitiesInStudy"),
        description=text("StudyDescription"),
    )


def is_uid(text: str) -> bool:
    """Tell whether a text is a UID, PS3.5 section 9."""
    return len(text) <= 64 and _UID.match(text) is not None


def checked_uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID of an answer: it becomes part of file names and of addresses.

    Raises
    ------
    ArchiveError
        If it is missing or no UID.
    """
    found = dataset.get(keyword)
    if not isinstance(found, str) or not is_uid(found):
        raise ArchiveError("archive: expected valid UIDs, found others; nothing was fetched")
    return str(found)


def unique_studies(found: Sequence[StudyFound]) -> list[StudyFound]:
    """Return each study once, in the order found."""
    return list({study.study_uid: study for study in found}.values())


def with_retries(
    action: Callable[[], Result],
    *,
    attempts: int = 5,
    first_wait_seconds: float = 0.5,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Try again after a transient failure, waiting twice as long each time.

    Raises
    ------
    ArchiveError
        If the last attempt fails too.
    """
    for attempt in range(attempts):
        try:
            return action()
        except TransientError as failure:
            if attempt == attempts - 1:
                raise ArchiveError(
                    f"archive: {failure}; tried {attempts} times. What was fetched is kept: the"
                    " same command continues where it stopped"
                ) from None
            sleep(first_wait_seconds * 2**attempt)
    raise AssertionError("unreachable")


def _is_many(value: object) -> bool:
    return hasattr(value, "__iter__")
