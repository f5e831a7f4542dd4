"""The journal of a reading: a line for every operation, on disk before the page says Saved.

A line is JSON: the operation's number, when it came, itself, and a digest of all that and of the
digest before it. The digest shows damage, not forgery. If a process was killed while it wrote
its last line, the line has no end: it is set aside and reported. The page never called it Saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trephine.annotation.reading import (
    DrawnReading,
    ReadingChange,
    Redo,
    Undo,
    check_fits,
    operation_json,
    operation_of,
    reading_of,
)
from trephine.errors import InputError
from trephine.paths import open_regular

_START = "trephine-reading-1"
_MOST_BYTES = 256 << 20


class StaleReadingError(InputError):
    """A reading that somebody else changed since it was shown."""


@dataclass(frozen=True)
class Journal:
    """What a journal holds.

    Attributes
    ----------
    operations
        In their order.
    revision
        How many there are; what a page sends with the next one.
    digest
        Of the last line.
    whole_bytes
        Length of the file up to the end of its last whole line.
    torn
        Whether a line was begun and not finished after it.
    """

    operations: tuple[ReadingChange | Undo | Redo, ...] = ()
    revision: int = 0
    digest: str = _START
    whole_bytes: int = 0
    torn: bool = False

    @property
    def reading(self) -> DrawnReading:
        """What the operations come to."""
        return reading_of(self.operations)


def read_journal(path: Path) -> Journal:
    """Read a journal; one that is not there is empty.

    Raises
    ------
    InputError
        If a line that is not the unfinished last one is damaged: what follows it cannot be trusted.
    """
    if not path.exists():
        return Journal()
    with open_regular(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(f"journal: expected at most {_MOST_BYTES} bytes, found more")
    whole = content.rfind(b"\n") + 1
    operations: list[ReadingChange | Undo | Redo] = []
    digest = _START
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        operation, digest = _parsed(line, number, digest)
        operations.append(operation)
    return Journal(tuple(operations), len(operations), digest, whole, whole < len(content))


def append(
    path: Path,
    operation: ReadingChange | Undo | Redo,
    revision: int,
    known: Journal | None = None,
) -> Journal:
    """Add an operation, on disk when this returns.

    Parameters
    ----------
    path
        Of the journal; its folder is made.
    operation
        What was done.
    revision
        Of the journal as it was shown to whoever did it.
    known
        What it held when it was last read: not read again where its length is the same.

    Raises
    ------
    StaleReadingError
        If the journal has another revision now; nothing is written then.
    InputError
        If it is damaged, or has not what the operation is about.
    """
    with held(path):
        now = _as_known(path, known)
        if now.revision != revision:
            raise StaleReadingError(
                f"reading: expected revision {revision}, as it was shown, found {now.revision}:"
                " it was changed elsewhere since"
            )
        check_fits(operation, now.reading)
        line, digest = _written(operation, now)
        fresh = not path.exists()
        with path.open("r+b" if not fresh else "xb") as file:
            file.seek(now.whole_bytes)
            file.truncate()
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            _sync_folder(path.parent)
    return Journal(
        (*now.operations, operation), now.revision + 1, digest, now.whole_bytes + len(line)
    )


def _as_known(path: Path, known: Journal | None) -> Journal:
    """Return what a journal holds; lines are only ever added to one."""
    same = known is not None and not known.torn and path.exists()
    if known is not None and same and path.stat().st_size == known.whole_bytes:
        return known
    return read_journal(path)


def _written(operation: ReadingChange | Undo | Redo, now: Journal) -> tuple[bytes, str]:
    body = {
        "revision": now.revision + 1,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "operation": operation_json(operation),
    }
    digest = _digest(now.digest, body)
    return (json.dumps({**body, "digest": digest}, separators=(",", ":")) + "\n").encode(), digest


def _parsed(line: bytes, number: int, before: str) -> tuple[ReadingChange | Undo | Redo, str]:
    try:
        body = json.loads(line)
        digest = body.pop("digest")
        right = digest == _digest(before, body) and body["revision"] == number
        operation = operation_of(body["operation"]) if right else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        operation = None
    if operation is None:
        raise InputError(
            f"journal: expected a whole line {number}, found a damaged one; put the file back from"
            " a copy, or cut it off before that line"
        )
    return operation, digest


def _digest(before: str, body: dict[str, object]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Let one process at a time write a journal and what follows from it, where systems can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.with_name(f".{path.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    """Let a new file's name be on disk too."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
