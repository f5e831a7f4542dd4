"""SQLite files that are held against damage: checked when opened, set aside when broken."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from trephine.errors import StoreError
from trephine.paths import irregular

# What happened to stored work is shown to whoever runs the command; see `trephine.cli.terminal`.
log = logging.getLogger("trephine.store")

# Two runs in one folder wait for each other this long.
_PATIENCE_S = 60
# SQLite takes a limited number of values in one statement.
_VALUES = 500
# A journal that ends so names a super-journal (https://sqlite.org/fileformat.html#rollbackjournal).
_JOURNAL_END = bytes.fromhex("d9d505f920a163d7")
# In a table's definition: what computes when a row is read or written. No table of ours has any.
_COMPUTES = re.compile(
    r"\b(AS|CHECK|COLLATE|DEFAULT|GENERATED|REFERENCES|VIRTUAL)\b", re.IGNORECASE
)


def checksum(text: str | bytes) -> str:
    """Return the sha256 of a text or of bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def set_aside(path: Path) -> Path:
    """Rename a damaged file to the next free ``NAME.corrupt`` and return that."""
    number = 1
    aside = path.with_name(f"{path.name}.corrupt")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt{number}")
    os.replace(path, aside)
    return aside


class Database:
    """One SQLite file.

    Parameters
    ----------
    path
        Made where it does not exist.
    tables
        Statements that make its tables where they are missing.
    columns
        (table, column, type) that an earlier version's file may lack.

    Raises
    ------
    StoreError
        If the file cannot be written to.
    """

    def __init__(
        self, path: Path, tables: Sequence[str], columns: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        self.path = path
        self._tables = tables
        self._columns = columns
        with _in_words(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        refuse_strange(path)
        self.set_aside = self._set_aside_if_broken()
        with self.connection() as connection:
            self._make_tables(connection)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Give a connection; everything in the ``with`` block is one transaction.

        Raises
        ------
        StoreError
            If the disk is full, the folder cannot be written to, or the file broke meanwhile.
        """
        with (
            _in_words(self.path),
            closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection,
            connection,
        ):
            # Damaged bytes in a text are for its checksum to find, not a reason to stop.
            connection.text_factory = lambda content: content.decode("utf-8", "replace")
            yield connection

    def rows(self, statement: str, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the rows that a statement with ``IN ({})`` at its end finds for ``keys``."""
        found: list[tuple[Any, ...]] = []
        distinct = list(dict.fromkeys(keys))
        with self.connection() as connection:
            for start in range(0, len(distinct), _VALUES):
                part = distinct[start : start + _VALUES]
                filled = statement.format(",".join("?" * len(part)))
                found += connection.execute(filled, part).fetchall()
        return found

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        for statement in self._tables:
            connection.execute(statement)
        for table, column, kind in self._columns:
            have = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            if column not in have:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def _set_aside_if_broken(self) -> Path | None:
        """Rename a file that is no whole database; return its new name."""
        if not self.path.is_file() or self.path.stat().st_size == 0:
            return None
        if self._is_whole():
            return None
        with _in_words(self.path):
            aside = set_aside(self.path)
        for rest in ("-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + rest).unlink(missing_ok=True)
        log.warning(
            "%s was damaged; it is kept as %s, and what it held is restored or computed again.",
            self.path.name,
            aside.name,
        )
        return aside

    def _is_whole(self) -> bool:
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
                if not is_plain(connection, self._tables):
                    return False
                answer = connection.execute("PRAGMA quick_check(1)").fetchone()
                return bool(answer and answer[0] == "ok")
        except sqlite3.OperationalError as error:
            # Locked, read-only, no space: the file itself may be sound.
            return _code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR)
        except sqlite3.DatabaseError:
            return False


def is_plain(connection: sqlite3.Connection, tables: Sequence[str]) -> bool:
    """Say whether a file holds tables alone, and none that computes.

    A trigger, a view or a computed column of a file from elsewhere would run at our questions: one
    without end hangs, one of a gigabyte takes a gigabyte. Reading the list runs nothing.

    Parameters
    ----------
    connection
        To the file.
    tables
        Statements that make those of ours.
    """
    ours = {_shape(statement) for statement in tables}
    rows = connection.execute("SELECT type, sql FROM sqlite_master").fetchall()
    return all(
        (kind == "index" and sql is None)
        or _shape(str(sql)) in ours
        or (kind == "table" and not _COMPUTES.search(str(sql)))
        for kind, sql in rows
    )


def refuse_strange(path: Path) -> None:
    """Refuse a database that leads to files elsewhere, before SQLite opens it.

    Whoever sent a folder may have put a link in the place of a file of SQLite's, which would be
    written through. A journal can name a journal of several databases (`super-journal`): at the
    next opening SQLite deletes the file of that name, wherever it lies. No database of ours has
    one.

    Raises
    ------
    StoreError
        If one of its files is a link or no regular file, or its journal names another file.
    """
    files = [path, *(path.with_name(path.name + rest) for rest in ("-journal", "-wal", "-shm"))]
    for file in files:
        found = _strange(file, is_journal=file.name.endswith("-journal"))
        if found is not None:
            raise StoreError(
                f"{file}: expected a database's own regular file, found {found}; if the folder"
                " came from somebody else, choose another with --out; else delete what stands there"
            )


def _strange(file: Path, *, is_journal: bool) -> str | None:
    with _in_words(file):
        if file.is_symlink():
            return "a link"
        if not file.exists():
            return None
        found = irregular(file)
        if found is None and is_journal:
            with file.open("rb") as journal:
                journal.seek(max(file.stat().st_size - len(_JOURNAL_END), 0))
                return (
                    "a journal that names another file" if journal.read() == _JOURNAL_END else None
                )
        return found


def _shape(statement: str) -> str:
    """Return a statement as SQLite keeps it."""
    return " ".join(statement.replace(" IF NOT EXISTS", "").split())


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one that names the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path}: {_advice(error)}") from None
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path}: expected a whole database, found a damaged one ({error}); run"
            f" `trephine doctor {path.parent}`, then the same command again"
        ) from None
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0 for an error of the wrapper's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _advice(error: sqlite3.Error) -> str:
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return (
            "no space left on the disk; free some and run the same command again: what was"
            " finished is kept"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return (
            "cannot be written to; the folder may be read-only or was removed: choose another with"
            " --out, or make it writable"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another run has held it for {_PATIENCE_S} s; wait for that to end"
    return f"cannot be used ({error}); run `trephine doctor` on its folder"
