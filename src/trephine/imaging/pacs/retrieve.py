"""Fetching studies: de-identified on the way in, resumed from a ledger, nothing lost or doubled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from trephine.errors import ArchiveError
from trephine.imaging.deidentify.folder import Choices
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.target import make_folder
from trephine.imaging.pacs.archive import (
    Archive,
    ArchiveQuery,
    InstanceFound,
    StudyFound,
    is_uid,
    with_retries,
)
from trephine.imaging.pacs.ledger import LEDGER_NAME, FetchOutcome, Ledger

__all__ = ["LEDGER_NAME", "RetrievalReport", "retrieve"]


@dataclass(frozen=True)
class RetrievalReport:
    """What a retrieval did.

    Attributes
    ----------
    studies, images
        Found in the archive.
    fetched, already_here, refused
        Images written now, written by an earlier run, and not let through by de-identification.
    accessions_missing
        How many of the accession numbers asked for have no study; which ones is for the caller to
        tell from his own list.
    missing_positions
        Their positions in that list, from 1.
    to_look_at
        Images written now that may show text, or could not be checked for it; the audit names them.
    """

    studies: int
    images: int
    fetched: int
    already_here: int
    refused: int
    accessions_missing: int
    missing_positions: tuple[int, ...]
    to_look_at: int = 0


def retrieve(
    archive: Archive,
    query: ArchiveQuery,
    target: Path,
    key: PseudonymKey | None,
    choices: Choices | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> RetrievalReport:
    """Fetch every image that matches.

    Parameters
    ----------
    archive
        DICOMweb or DIMSE.
    query
        What to fetch.
    target
        A new folder, or that of an earlier run, which is completed.
    key
        De-identifies each image before it touches the disk; None keeps it as the archive sent it,
        which the caller must have asked for.
    choices
        For de-identification: times of day, and images that cannot be checked for text.
    progress
        Called with (done, total).
    sleep
        Waits between attempts.

    Raises
    ------
    ArchiveError
        If the archive refuses, or does not come back after several attempts. What was fetched
        stays and is not fetched again.
    InputError
        If the folder belongs to another key, or to a run of the other kind.
    """
    make_folder(target)
    with Ledger(target, key, choices) as ledger:
        studies = with_retries(lambda: archive.find(query), sleep=sleep)
        images = ledger.ordered(_images(archive, studies, query, sleep))
        counts: Counter[FetchOutcome] = Counter()
        for number, image in enumerate(images, start=1):
            if ledger.has(image):
                counts["already here"] += 1
            else:
                dataset = with_retries(
                    lambda image=image: _matching(archive, image),  # type: ignore[misc]
                    sleep=sleep,
                )
                counts[ledger.keep(image, dataset)] += 1
            if progress is not None:
                progress(number, len(images))
    missing = _missing(query, studies)
    return RetrievalReport(
        studies=len(studies),
        images=len(images),
        fetched=counts["written"] + counts["to look at"],
        already_here=counts["already here"],
        refused=counts["refused"],
        accessions_missing=len(missing),
        missing_positions=missing,
        to_look_at=counts["to look at"],
    )


def _images(
    archive: Archive,
    studies: Sequence[StudyFound],
    query: ArchiveQuery,
    sleep: Callable[[float], None],
) -> list[InstanceFound]:
    """Return the images of some studies.

    Raises
    ------
    ArchiveError
        If a UID, which may become a file name, is none.
    """
    images: list[InstanceFound] = []
    for study in studies:
        images += with_retries(
            lambda study=study: archive.instances(study, query.modality),  # type: ignore[misc]
            sleep=sleep,
        )
    if not all(is_uid(uid) for image in images for uid in _uids(image)):
        raise ArchiveError("archive: expected valid UIDs, found others; nothing was fetched")
    return images


def _missing(query: ArchiveQuery, studies: Sequence[StudyFound]) -> tuple[int, ...]:
    """Return the places, from 1, of accession numbers that no study has."""
    found = {study.accession for study in studies}
    return tuple(
        place for place, accession in enumerate(query.accessions, start=1) if accession not in found
    )


def _uids(image: InstanceFound) -> tuple[str, str]:
    """Return the UIDs that may become file names."""
    return image.study_uid, image.instance_uid


def _matching(archive: Archive, image: InstanceFound) -> Dataset:
    dataset = archive.fetch(image)
    if str(dataset.get("SOPInstanceUID")) != image.instance_uid:
        raise ArchiveError("archive: expected the image asked for, found another instance")
    return dataset
