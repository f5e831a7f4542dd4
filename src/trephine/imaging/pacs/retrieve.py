"""Fetching studies: de-identified on the way in, resumed from a ledger, nothing lost or doubled."""

from __future__ import annotations

import io
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID

from trephine.errors import ArchiveError, ImageError, InputError
from trephine.imaging.deidentify.folder import admit
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.target import AUDIT_NAME, write_whole
from trephine.imaging.dicom import quiet_pydicom
from trephine.imaging.pacs.archive import Archive, ArchiveQuery, InstanceFound, with_retries

LEDGER_NAME = "retrieval.sqlite"


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
    """

    studies: int
    images: int
    fetched: int
    already_here: int
    refused: int
    accessions_missing: int
    missing_positions: tuple[int, ...]


def retrieve(
    archive: Archive,
    query: ArchiveQuery,
    target: Path,
    key: PseudonymKey | None,
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
    target.mkdir(parents=True, exist_ok=True)
    with Ledger(target, key) as ledger:
        studies = with_retries(lambda: archive.find(query), sleep=sleep)
        images: list[InstanceFound] = []
        for study in studies:
            images += with_retries(
                lambda study=study: archive.instances(study, query.modality),  # type: ignore[misc]
                sleep=sleep,
            )
        images = list({image.instance_uid: image for image in images}.values())
        if not all(UID(uid).is_valid for image in images for uid in _uids(image)):
            raise ArchiveError("archive: expected valid UIDs, found others; nothing was fetched")
        fetched = already = refused = 0
        for number, image in enumerate(images, start=1):
            if ledger.has(image):
                already += 1
            else:
                dataset = with_retries(
                    lambda image=image: _matching(archive, image),  # type: ignore[misc]
                    sleep=sleep,
                )
                written = ledger.keep(image, dataset)
                fetched, refused = fetched + written, refused + (not written)
            if progress is not None:
                progress(number, len(images))
    found = {study.accession for study in studies}
    missing = tuple(
        position
        for position, accession in enumerate(query.accessions, start=1)
        if accession not in found
    )
    return RetrievalReport(
        len(studies), len(images), fetched, already, refused, len(missing), missing
    )


def _uids(image: InstanceFound) -> tuple[str, str]:
    """Return the UIDs that may become file names."""
    return image.study_uid, image.instance_uid


def _matching(archive: Archive, image: InstanceFound) -> Dataset:
    dataset = archive.fetch(image)
    if str(dataset.get("SOPInstanceUID")) != image.instance_uid:
        raise ArchiveError("archive: expected the image asked for, found another instance")
    return dataset


class Ledger:
    """Which images are on disk: a row is written after its file, so that a row means a whole file.

    The ledger of a de-identified folder holds keyed pseudonyms only.

    Raises
    ------
    InputError
        If the folder was filled under another key.
    """

    def __init__(self, target: Path, key: PseudonymKey | None) -> None:
        self.target = target
        self.key = key
        foreign = any(target.iterdir()) and not (target / LEDGER_NAME).exists()
        if foreign:
            raise InputError("output: expected a new folder or an earlier run's, found another")
        self._rows = sqlite3.connect(target / LEDGER_NAME)
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS image"
            " (name TEXT PRIMARY KEY, file TEXT NOT NULL, status TEXT NOT NULL)"
        )
        self._rows.execute("CREATE TABLE IF NOT EXISTS run (kind TEXT PRIMARY KEY)")
        kind = "identified" if key is None else key.fingerprint(b"ledger")
        kinds = {row[0] for row in self._rows.execute("SELECT kind FROM run")}
        if kinds - {kind}:
            self._rows.close()
            raise InputError(
                "output: expected a folder of the same key, found one filled under another;"
                " give each key its own folder"
            )
        self._rows.execute("INSERT OR IGNORE INTO run VALUES (?)", (kind,))
        self._rows.commit()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def has(self, image: InstanceFound) -> bool:
        """Tell whether an image was dealt with and its file is still there."""
        row = self._rows.execute(
            "SELECT file, status FROM image WHERE name = ?", (self._name(image),)
        ).fetchone()
        return row is not None and (row[1] == "refused" or (self.target / row[0]).is_file())

    def keep(self, image: InstanceFound, dataset: Dataset) -> bool:
        """Write an image and then its row; return whether it was let through."""
        name = self._name(image)
        if self.key is None:
            file, written = self._keep_identified(image, dataset), True
        else:
            row = admit(dataset, self.target, self.key, "an image", name[5:21])
            file, written = row.file, row.status == "written"
            with (self.target / AUDIT_NAME).open("a") as audit:
                audit.write(json.dumps(asdict(row), sort_keys=True) + "\n")
        self._rows.execute(
            "INSERT OR REPLACE INTO image VALUES (?, ?, ?)",
            (name, file, "written" if written else "refused"),
        )
        self._rows.commit()
        return written

    def _name(self, image: InstanceFound) -> str:
        return image.instance_uid if self.key is None else self.key.uid(image.instance_uid)

    def _keep_identified(self, image: InstanceFound, dataset: Dataset) -> str:
        file = f"{image.study_uid}/{image.instance_uid}.dcm"
        buffer = io.BytesIO()
        try:
            with quiet_pydicom():
                dataset.save_as(buffer, enforce_file_format=True)
        except Exception as error:  # a malformed value that pydicom cannot write
            raise ImageError("an image: holds values that cannot be written again") from error
        (self.target / file).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.target / file, buffer.getvalue())
        return file
