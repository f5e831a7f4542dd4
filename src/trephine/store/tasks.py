"""Answers of finished tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trephine.store.database import Database, checksum, log

_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (work TEXT NOT NULL, task TEXT NOT NULL,"
    " answer TEXT NOT NULL, sha256 TEXT, PRIMARY KEY (work, task))"
)


class TaskLedger:
    """Answers of the tasks of one piece of work, so that an interrupted run does not redo them.

    A file that is no whole database is set aside and its answers are computed again; so is a
    single answer whose checksum is wrong. Answers of an earlier version, which have no checksum,
    count as long as they are JSON.

    Parameters
    ----------
    path
        SQLite file; made where it does not exist. Several pieces of work may share it.
    work
        Digest of everything that the answers depend on: other cases, settings or seeds are other
        work, whose answers are not seen.
    """

    def __init__(self, path: Path, work: str) -> None:
        self._work = work
        self._database = open_answers(path)

    def answers(self) -> dict[str, Any]:
        """Return the answers that are stored, by task."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT task, answer, sha256 FROM answers WHERE work = ?", (self._work,)
            ).fetchall()
        found = {
            task: json.loads(answer)
            for task, answer, own in rows
            if is_sound(self._key(task), answer, own)
        }
        if len(found) < len(rows):
            log.warning(
                "%s: %d of %d answers were damaged and are computed again.",
                self._database.path.name,
                len(rows) - len(found),
                len(rows),
            )
        return found

    def write(self, task: str, answer: Any) -> None:
        """Store one answer: JSON values only, which read back equal to the last bit."""
        text = json.dumps(answer)
        with self._database.connection() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answers (work, task, answer, sha256) VALUES (?, ?, ?, ?)",
                (self._work, task, text, text_checksum(self._key(task), text)),
            )

    def _key(self, task: str) -> str:
        return f"{self._work} {task}"


def open_answers(path: Path) -> Database:
    """Open the file of a ledger of tasks."""
    return Database(path, (_TABLE,), (("answers", "sha256", "TEXT"),))


def text_checksum(key: str, text: str) -> str:
    """Return the checksum of a stored text under its key: it must not wander to another."""
    return checksum(f"{key}\0{text}")


def is_sound(key: str, text: Any, own: str | None) -> bool:
    """Say whether a stored text is JSON and, where it has a checksum, what was written."""
    if not isinstance(text, str):
        return False
    if own is not None and text_checksum(key, text) != own:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
