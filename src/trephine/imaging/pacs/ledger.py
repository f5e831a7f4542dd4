"""Which images of a retrieval are on disk, in an order that pairs nothing with what was asked."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from trephine.errors import ImageError, InputError
from trephine.imaging.deidentify.folder import Choices, admit
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.target import (
    AUDIT_NAME,
    append_audit,
    make_folder,
    open_own,
    open_target,
    write_whole,
)
from trephine.imaging.dicom import quiet_pydicom
from trephine.imaging.pacs.archive import InstanceFound
from trephine.store.database import is_plain, refuse_strange

LEDGER_NAME = "retrieval.sqlite"

FetchOutcome = Literal["written", "to look at", "refused", "already here"]

# Without row numbers: rows lie in the order of their names, not of their coming.
_TABLE = (
    "CREATE TABLE IF NOT EXISTS image"
    " (name TEXT PRIMARY KEY, file TEXT NOT NULL, status TEXT NOT NULL) WITHOUT ROWID"
)
_RUN = "CREATE TABLE IF NOT EXISTS run (kind TEXT PRIMARY KEY)"


class Ledger:
    """Which images are on disk: a row is written after its file, so that a row means a whole file.

    The ledger of a de-identified folder holds keyed pseudonyms only, and neither it nor the audit
    says in which order images came: who has the list of accession numbers could pair them.

    Raises
    ------
    InputError
        If the folder was filled under another key or another choice.
    """

    def __init__(self, target: Path, key: PseudonymKey | None, choices: Choices | None) -> None:
        self.target = target
        self.key = key
        self.choices = choices or Choices()
        place = target / LEDGER_NAME
        if any(target.iterdir()) and not place.exists():
            raise InputError("output: expected a new folder or an earlier run's, found another")
        refuse_strange(place)
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT, 0o600))
        self._rows = sqlite3.connect(place)
        try:
            self._open()
            if key is not None:
                open_target(target, key, self.choices.times)
        except BaseException:
            self._rows.close()
            raise

    def _open(self) -> None:
        if not is_plain(self._rows, (_TABLE, _RUN)):
            raise InputError(
                f"output: expected a ledger of retrievals as {LEDGER_NAME}, found one that computes"
                " when it is asked; it is of somebody else: name a new folder"
            )
        self._rows.execute("PRAGMA secure_delete = ON")
        self._rows.execute(_TABLE)
        self._rows.execute(_RUN)
        kind = "identified" if self.key is None else self.key.fingerprint(b"ledger")
        kinds = {row[0] for row in self._rows.execute("SELECT kind FROM run")}
        if kinds - {kind}:
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
        if self.key is not None:
            append_audit(self.target, [])  # sorts what was added

    def ordered(self, images: Sequence[InstanceFound]) -> list[InstanceFound]:
        """Return each image once, in the order of their pseudonyms: that is also a shuffle."""
        once = {image.instance_uid: image for image in images}.values()
        return list(once) if self.key is None else sorted(once, key=self._name)

    def has(self, image: InstanceFound) -> bool:
        """Tell whether an image was dealt with and its file is still there."""
        row = self._rows.execute(
            "SELECT file, status FROM image WHERE name = ?", (self._name(image),)
        ).fetchone()
        if row is None:
            return False
        if row[1] == "refused":
            return True
        return (self.target / str(row[0])).is_file()

    def keep(self, image: InstanceFound, dataset: Dataset) -> FetchOutcome:
        """Write an image and then its row; return what became of it."""
        name = self._name(image)
        outcome: FetchOutcome = "written"
        if self.key is None:
            file = self._keep_identified(image, dataset)
        else:
            row = admit(dataset, self.target, self.key, "an image", name[5:21], self.choices)
            file = row.file
            if row.status != "written":
                outcome = "refused"
            elif row.burned_in != "not found":
                outcome = "to look at"
            self._note(json.dumps(asdict(row), sort_keys=True))
        self._rows.execute(
            "INSERT OR REPLACE INTO image VALUES (?, ?, ?)",
            (name, file, "refused" if outcome == "refused" else "written"),
        )
        self._rows.commit()
        return outcome

    def _note(self, line: str) -> None:
        place = self.target / AUDIT_NAME
        if os.path.lexists(place):
            open_own(place).close()  # nothing is added to a file elsewhere
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as audit:
            audit.write(line + "\n")

    def _name(self, image: InstanceFound) -> str:
        return image.instance_uid if self.key is None else self.key.instance(image.instance_uid)

    def _keep_identified(self, image: InstanceFound, dataset: Dataset) -> str:
        file = f"{image.study_uid}/{image.instance_uid}.dcm"
        buffer = io.BytesIO()
        try:
            with quiet_pydicom():
                dataset.save_as(buffer, enforce_file_format=True)
        except Exception as error:  # a malformed value that pydicom cannot write
            raise ImageError("an image: holds values that cannot be written again") from error
        make_folder((self.target / file).parent)
        write_whole(self.target / file, buffer.getvalue())
        return file
