"""Which files of a folder may be tables, by their names: nothing is opened."""

from __future__ import annotations

from pathlib import Path

from trephine.choices import TABLE_SUFFIXES


def tables_in(folder: Path, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names of a folder's tables, in order.

    Parameters
    ----------
    folder
        To look in, not below.
    more
        Endings of names that are wanted beside those of tables.
    """
    return tuple(
        path.name
        for path in sorted(folder.iterdir())
        if path.name.lower().endswith((*TABLE_SUFFIXES, *more))
        and not path.name.startswith((".", "~$"))
        and path.is_file()
    )


def table_ending(name: str) -> str:
    """Return the ending of a table's name, in small letters; empty where it is no table's."""
    low = name.lower()
    return max((end for end in TABLE_SUFFIXES if low.endswith(end)), key=len, default="")
