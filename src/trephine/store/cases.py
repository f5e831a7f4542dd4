"""What became of each case of a long extraction: state, attempts, reason and seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from trephine.errors import StoreError
from trephine.store.database import Database

# "quarantined": it killed its worker twice, and is not measured again unless that is asked for.
CaseState = Literal["measured", "failed", "timeout", "quarantined"]

FILE = "cases.sqlite"
# Rows that are read at a time: a ledger is never held in memory as a whole.
_PAGE = 512


@dataclass(frozen=True)
class ManifestRow:
    """One row of a manifest, and what became of it.

    Attributes
    ----------
    position
        In the manifest, from 0.
    name, side, label
        As the manifest has them.
    key
        Of its features in the store; empty where a file could not be read at all.
    work
        Digest of settings and engine.
    names
        Digest of the list of its features' names; empty where it has none.
    state, kind, error
        What became of it, and why; ``kind`` is one word, ``error`` holds no file name.
    attempts
        How often it was begun.
    seconds, processor_seconds
        That its last attempt took.
    limit_s
        After which it was ended, where it was; else 0.
    """

    position: int
    name: str
    side: str
    label: str
    key: str
    work: str
    names: str = ""
    state: CaseState = "measured"
    kind: str = ""
    error: str = ""
    attempts: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    limit_s: float = 0.0

    @property
    def identity(self) -> tuple[int, str, str, str]:
        """What makes it the same row in two ledgers."""
        return self.position, self.name, self.side, self.label


_COLUMNS = ", ".join(field.name for field in fields(ManifestRow))
_TABLES = (
    "CREATE TABLE IF NOT EXISTS cases (position INTEGER NOT NULL, name TEXT NOT NULL,"
    " side TEXT NOT NULL, label TEXT NOT NULL, key TEXT NOT NULL, work TEXT NOT NULL,"
    " names TEXT NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL, error TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, seconds REAL NOT NULL, processor_seconds REAL NOT NULL,"
    " limit_s REAL NOT NULL, PRIMARY KEY (position, name, side, label))",
    "CREATE INDEX IF NOT EXISTS cases_by_key ON cases (key)",
    "CREATE TABLE IF NOT EXISTS lists (id TEXT PRIMARY KEY, names TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS manifest (one INTEGER PRIMARY KEY, rows INTEGER NOT NULL)",
)


# Of each column, what SQLite may give back: it holds no column to its type, and a ledger may come
# from somebody else.
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (float, int), "CaseState": (str,),
}  # fmt: skip
_COLUMN_KINDS = tuple(_KINDS[str(field.type)] for field in fields(ManifestRow))


def _case(row: Sequence[Any]) -> ManifestRow:
    """Return a row as a case.

    Raises
    ------
    StoreError
        If it holds what no run writes.
    """
    fits = all(isinstance(cell, kinds) for cell, kinds in zip(row, _COLUMN_KINDS, strict=True))
    if fits and row[0] >= 0:
        case = ManifestRow(*row)
        if case.state in get_args(CaseState):
            return case
    raise StoreError(
        f"{FILE}: expected rows as `trephine extract --store` writes them, found one of another"
        " form; fetch the store again, or measure its regions again in a new folder"
    )


def names_digest(names: Sequence[str]) -> str:
    """Return the digest of a list of features' names."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


class CaseLedger:
    """The cases of one feature store, in an SQLite file beside its own.

    Parameters
    ----------
    folder
        Of the store.

    Raises
    ------
    StoreError
        If it cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / FILE, _TABLES)

    def enter(self, cases: Sequence[ManifestRow], lists: Sequence[Sequence[str]]) -> None:
        """Enter cases, in place of what was known of them, and the lists that they name."""
        places = ", ".join("?" * len(fields(ManifestRow)))
        with self.database.connection() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO lists VALUES (?, ?)",
                [(names_digest(names), "\n".join(names)) for names in lists],
            )
            connection.executemany(
                f"INSERT OR REPLACE INTO cases ({_COLUMNS}) VALUES ({places})",  # noqa: S608
                [astuple(case) for case in cases],
            )

    def by_key(self, keys: Sequence[str]) -> dict[str, ManifestRow]:
        """Return one case of each key, of those that are known."""
        statement = f"SELECT {_COLUMNS} FROM cases WHERE key IN ({{}})"  # noqa: S608
        found = (_case(row) for row in self.database.rows(statement, [key for key in keys if key]))
        return {case.key: case for case in found}

    def ordered(self) -> Iterator[ManifestRow]:
        """Yield every case, by position and name, a page at a time."""
        last: tuple[int, str, str, str] = (-1, "", "", "")
        while True:
            with self.database.connection() as connection:
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM cases"  # noqa: S608
                    " WHERE (position, name, side, label) > (?, ?, ?, ?)"
                    " ORDER BY position, name, side, label LIMIT ?",
                    (*last, _PAGE),
                ).fetchall()
            cases = [_case(row) for row in rows]
            yield from cases
            if len(cases) < _PAGE:
                return
            last = cases[-1].identity

    def works(self) -> set[str]:
        """Return the digests of settings that its cases were measured with."""
        with self.database.connection() as connection:
            return {row[0] for row in connection.execute("SELECT DISTINCT work FROM cases")}

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Return the lists of features' names, by digest."""
        with self.database.connection() as connection:
            rows = connection.execute("SELECT id, names FROM lists").fetchall()
        lists = ((own, tuple(names.split("\n"))) for own, names in rows if isinstance(names, str))
        # One under another's digest is none of those that a case names.
        return {own: names for own, names in lists if names_digest(names) == own}

    def rows(self) -> int:
        """Return how many rows the manifest has of which these are some; 0 if none was entered."""
        with self.database.connection() as connection:
            found = connection.execute("SELECT rows FROM manifest").fetchone()
        return found[0] if found and isinstance(found[0], int) else 0

    def expect(self, rows: int) -> None:
        """Enter how many rows the manifest has, and remove what a longer one had beyond them."""
        with self.database.connection() as connection:
            connection.execute("INSERT OR REPLACE INTO manifest VALUES (1, ?)", (rows,))
            connection.execute("DELETE FROM cases WHERE position >= ?", (rows,))

    def replace_rows(self, cases: Sequence[ManifestRow]) -> None:
        """Remove what other manifests had at the positions of some cases."""
        with self.database.connection() as connection:
            connection.executemany(
                "DELETE FROM cases WHERE position = ? AND (name, side, label) <> (?, ?, ?)",
                [case.identity for case in cases],
            )

    def forget_other_work(self, work: str) -> None:
        """Remove cases that were measured with other settings."""
        with self.database.connection() as connection:
            connection.execute("DELETE FROM cases WHERE work <> ?", (work,))
