"""Lookup tables: the one that gives grey values their meaning stays, as far as pixels use it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from trephine.errors import ImageError

_PALETTE = tuple(
    f"{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue", "Alpha")
    for part in ("Descriptor", "Data")
) + tuple(
    f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue", "Alpha")
)  # fmt: skip


def keep_needed_tables(
    cleaned: Dataset, stored: npt.NDArray[np.generic], little_endian: bool, name: str
) -> None:
    """Remove every table but the modality's, and of that whatever no pixel points to.

    Parameters
    ----------
    cleaned
        Changed.
    stored
        Pixel values, any shape.
    little_endian
        Byte order in which the table was read.
    name
        What to call the file in messages.

    Raises
    ------
    ImageError
        If the modality's table is malformed: without it the values would mean something else.
    """
    for word in _PALETTE:
        cleaned.pop(word, None)
    sequence = cleaned.get("ModalityLUTSequence") or []
    for item in sequence[:1]:
        item["LUTData"].value = _used(item, stored, little_endian, name)
        item["LUTData"].VR = "OW"
    _drop_others(cleaned, sequence[0] if sequence else None)
    if len(sequence) > 1:
        raise ImageError(f"{name}: expected one modality table, found {len(sequence)}")


def _drop_others(dataset: Dataset, needed: Dataset | None) -> None:
    """Remove tables that lie anywhere else."""
    for element in list(dataset):
        if element.VR == "SQ":
            for item in element.value:
                if item is not needed:
                    item.pop("LUTData", None)
                    _drop_others(item, needed)


def _used(item: Dataset, stored: npt.NDArray[np.generic], little_endian: bool, name: str) -> bytes:
    """Return the table with its used entries, its ends and its extremes; the others at its least.

    Ends and extremes stay because the inversion of MONOCHROME1 refers to them.
    """
    descriptor = [int(value) for value in item.LUTDescriptor]
    entries, first = descriptor[0] or 65536, descriptor[1]
    if np.issubdtype(stored.dtype, np.signedinteger) and first > 32767:
        first -= 65536
    value = item["LUTData"].value
    if isinstance(value, bytes):
        table = np.frombuffer(value, "<u2" if little_endian else ">u2").astype(np.uint16)
    else:
        table = np.atleast_1d(np.asarray(value)).astype(np.uint16)
    if table.size < entries:
        raise ImageError(f"{name}: expected {entries} entries of the modality table, found fewer")
    table = table[:entries]
    used = np.zeros(entries, dtype=bool)
    used[np.clip(stored.astype(np.int64) - first, 0, entries - 1).ravel()] = True
    used[[0, -1, int(table.argmin()), int(table.argmax())]] = True
    return np.where(used, table, table.min()).astype("<u2").tobytes()
