"""What an earlier check saw of images and masks that have not changed since: not opened again.

Images without a problem are remembered by what their files look like from outside (device, number,
size, times) and by the settings they were read with. Names, paths and headers are not kept: a
header, which is compared with the table, is read again. Nothing is remembered where other people's
studies are run, or where the user's cache cannot be written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trephine import __version__
from trephine.errors import ImageError
from trephine.imaging.dicom import read_dicom_dataset
from trephine.imaging.header import header_of
from trephine.imaging.sides import Facing
from trephine.paths import is_confined
from trephine.study.images.seen import SeenImage, SeenRegion
from trephine.writing import whole_file

# Folder of the cache; empty: nothing is remembered.
FOLDER = "TREPHINE_CACHE"
# To be raised when what is seen of an image changes.
_FORMAT = 6
_MOST = 20_000
_HEAD = 4096

# A region's place in its study: row among the image's rows, number of the reading.
MaskPaths = Mapping[tuple[int, str], Path]


class Remembered:
    """What is remembered for the studies of one table."""

    def __init__(self, table: Path) -> None:
        self._file = _file_of(table)
        self._known: dict[str, Any] = {}
        self._new: dict[str, Any] = {}
        if self._file is not None:
            try:
                content = json.loads(self._file.read_bytes())
                self._known = content if isinstance(content, dict) else {}
            except (OSError, ValueError):
                pass

    def recall(
        self, key: str, image: Path, rows: Sequence[int], masks: MaskPaths
    ) -> SeenImage | None:
        """Return what was seen under a key; None where nothing was, or its header is gone."""
        content = self._known.get(key)
        if content is None:
            return None
        try:
            seen = _unpack(content, image, rows, masks)
        except (ImageError, KeyError, TypeError, ValueError, IndexError):
            return None
        self._new[key] = content
        return seen

    def remember(self, key: str, seen: SeenImage) -> None:
        """Keep what was seen under a key."""
        self._new[key] = _pack(seen)

    def save(self) -> None:
        """Write what was used and what is new, and as much of the rest as there is room for."""
        if self._file is None or self._new.keys() <= self._known.keys():
            return
        kept = dict(list((self._new | self._known).items())[:_MOST])
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._file) as draft:
                draft.touch(mode=0o600)
                draft.write_text(json.dumps(kept), encoding="utf-8")
        except OSError:
            pass  # what cannot be remembered is opened again


def key_of(
    image: Path, masks: Sequence[tuple[Path | None, int | str]], settings: Sequence[object]
) -> str:
    """Return the key of an image with its masks and labels; empty where it cannot have one.

    Parameters
    ----------
    image, masks
        Files, in an order that a study always has.
    settings
        What else decides what is seen.
    """
    try:
        parts = [_looks(image), *([_looks(path), label] for path, label in masks)]
    except (OSError, ValueError):
        return ""
    text = json.dumps([_FORMAT, __version__, parts, settings], default=str)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _looks(path: Path | None) -> list[int] | None:
    """Return what a file looks like from outside.

    Raises
    ------
    ValueError
        If it is a folder, or its values lie in another file.
    """
    if path is None:
        return None
    if not path.is_file():
        raise ValueError
    with path.open("rb") as file:
        head = file.read(_HEAD).lower()
        found = os.fstat(file.fileno())
    elsewhere = b"data file:" in head or b"datafile:" in head
    if elsewhere or (b"elementdatafile" in head and b"local" not in head):
        raise ValueError
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _file_of(table: Path) -> Path | None:
    folder = os.environ.get(FOLDER)
    if is_confined() or folder == "":
        return None
    try:
        base = Path(folder) if folder else Path.home() / ".cache" / "trephine"
        name = hashlib.blake2b(str(table.resolve()).encode(), digest_size=16).hexdigest()
    except (OSError, RuntimeError):
        return None
    return base / "checked" / f"{name}.json"


def _pack(seen: SeenImage) -> dict[str, Any]:
    readings = list(dict.fromkeys(region.reading for region in seen.regions))
    return {
        "digest": seen.digest,
        "header": seen.header is not None,
        "facing": None if seen.facing is None else asdict(seen.facing),
        "view": seen.view,
        "laterality": seen.laterality,
        "shows_both": seen.shows_both,
        "radiograph": seen.radiograph,
        "alone": seen.alone,
        "position": seen.position,
        "letter": seen.letter,
        "letter_doubt": seen.letter_doubt,
        "readings": readings,
        "regions": [
            {
                "row": seen.rows.index(region.row),
                "reading": readings.index(region.reading),
                "place": region.place,
                "other_place": region.other_place,
                "digest": region.digest,
                "freehand": region.freehand,
                "edges": region.edges,
                "corrected": region.corrected,
                "plain_nifti": region.plain_nifti,
                "outline": region.outline,
                "specks": region.specks,
                "darker": region.darker,
                "alone": region.alone,
                "beside": region.beside,
                "dice": region.dice,
            }
            for region in seen.regions
        ],
    }


def _unpack(
    content: Mapping[str, Any], image: Path, rows: Sequence[int], masks: MaskPaths
) -> SeenImage:
    regions = []
    for found in content["regions"]:
        row, reading = rows[found["row"]], content["readings"][found["reading"]]
        known = {key: value for key, value in found.items() if key not in ("row", "reading")}
        regions.append(SeenRegion(row=row, reading=reading, mask=masks[row, reading], **known))
    header = None
    if content["header"]:
        header = header_of(read_dicom_dataset(image, stop_before_pixels=True))
    facing = None if content["facing"] is None else Facing(**content["facing"])
    return SeenImage(
        rows=tuple(rows),
        digest=content["digest"],
        header=header,
        facing=facing,
        view=content["view"],
        laterality=content["laterality"],
        shows_both=content["shows_both"],
        radiograph=content["radiograph"],
        regions=tuple(regions),
        alone=content["alone"],
        position=content["position"],
        letter=content["letter"],
        letter_doubt=content["letter_doubt"],
    )
