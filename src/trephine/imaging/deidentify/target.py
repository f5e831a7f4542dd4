"""The output folder: its owner's alone, of one key and setting, with an audit that only grows."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal

from trephine.choices import Times
from trephine.errors import InputError
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.paths import open_regular

AUDIT_NAME = "deidentification.jsonl"
SETTINGS_NAME = "deidentification.json"
_MOST_SETTINGS = 1 << 16

FileStatus = Literal["written", "duplicate", "refused"]


@dataclass(frozen=True)
class DeidentificationRow:
    """What became of one file.

    Attributes
    ----------
    source
        Keyed fingerprint of the input's bytes: only the key's holder can find out which file.
    status
        "written"; "duplicate", when the same run had written the same image before; "refused".
    file
        Name of the result, relative to the output folder; "" where there is none.
    detail
        Why it was refused; "" otherwise.
    burned_in, burned_in_reason
        A hint at text in the picture, for a person to look at.
    counts
        How many attributes were removed, emptied, replaced.
    edition
        Of the standard's table.
    """

    source: str
    status: FileStatus
    file: str
    detail: str
    burned_in: str
    burned_in_reason: str
    counts: dict[str, int]
    edition: str


def open_target(target: Path, key: PseudonymKey, times: Times) -> None:
    """Make the output folder, or see that an earlier run filled it under the same key.

    Raises
    ------
    InputError
        If another key or another setting filled it: one patient would have two pseudonyms in it.
    """
    make_folder(target)
    mine = {"key": key.fingerprint(b"folder"), "times_of_day": times}
    place = target / SETTINGS_NAME
    if not os.path.lexists(place):
        if (target / AUDIT_NAME).exists():
            raise InputError(
                "output: expected a new folder, found one of an earlier version, which did not"
                " note its key; name a new folder"
            )
        write_whole(place, (json.dumps(mine, sort_keys=True) + "\n").encode())
        return
    try:
        with open_own(place) as file:
            found = json.loads(file.read(_MOST_SETTINGS))
    except (OSError, ValueError, RecursionError):
        found = None
    if found == mine:
        return
    other_key = not isinstance(found, dict) or found.get("key") != mine["key"]
    what = "of the same key" if other_key else "with the same choice for times of day"
    raise InputError(
        f"output: expected a folder {what}, found one filled under another; give each its own"
        " folder"
    )


def append_audit(target: Path, rows: Sequence[DeidentificationRow]) -> None:
    """Add rows to the audit; what it held stays, and the order pairs nothing with the input's.

    Rows are sorted by the keyed fingerprint of their source.
    """
    lines = {json.dumps(asdict(row), sort_keys=True) for row in rows}
    place = target / AUDIT_NAME
    if os.path.lexists(place):
        with open_own(place) as file:
            lines |= set(file.read().decode("utf-8", "replace").splitlines())
    ordered = sorted(lines, key=lambda line: (_source(line), line))
    write_whole(place, "".join(f"{line}\n" for line in ordered).encode())


def _source(line: str) -> str:
    """Return whose row a line of the audit is; of one that a power cut tore, nobody's: it stays."""
    try:
        return str(json.loads(line)["source"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def open_own(place: Path) -> BufferedReader:
    """Open a file of the output folder for reading: a regular one, and no link to one elsewhere.

    Raises
    ------
    InputError
        If something else stands there.
    OSError
        If it cannot be read.
    """
    if place.is_symlink():
        raise InputError(
            f"output: expected a file of this folder as {place.name}, found a link; name a new"
            " folder, or put the file itself there"
        )
    return open_regular(place)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only their owner can enter."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def write_whole(place: Path, content: bytes) -> None:
    """Write a file that only its owner can read, so that it is never seen half-written."""
    partial = place.with_name(place.name + ".part")
    partial.unlink(missing_ok=True)  # of a run that was stopped; never written through a link
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    partial.replace(place)
