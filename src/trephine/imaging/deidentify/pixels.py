"""What pixels can give away: bits above the grey values, and text burned into the picture."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as Pillow
from pydicom.dataset import Dataset
from pydicom.uid import UID
from scipy import ndimage

from trephine.types import BoolArray, FloatArray

BurnedIn = Literal["flagged", "not found", "not checked"]

_TEXT_SIDE = (6, 0.06)  # pixels; part of the image's longer side
_TEXT_FILL = (0.08, 0.85)  # part of its bounding box that a letter fills
_OCR_SECONDS = 60


@dataclass(frozen=True)
class BurnedInText:
    """A hint at text in the picture; it proves nothing, a person decides.

    Attributes
    ----------
    finding
        "flagged": to be looked at. "not checked": pixels could not be decoded.
    reason
        Why, without any of the text.
    """

    finding: BurnedIn
    reason: str


def clear_unused_bits(dataset: Dataset, syntax: UID) -> None:
    """Set the bits above Bits Stored to 0: old overlays keep patient data there.

    Only uncompressed, unsigned pixels have such bits.
    """
    if syntax.is_encapsulated or "PixelData" not in dataset:
        return
    allocated, stored = int(dataset.get("BitsAllocated") or 0), int(dataset.get("BitsStored") or 0)
    unsigned = not int(dataset.get("PixelRepresentation") or 0)
    if allocated not in (8, 16, 32) or not 0 < stored < allocated or not unsigned:
        return
    order = "<" if syntax.is_little_endian else ">"
    width = allocated // 8
    content = bytes(dataset.PixelData)
    whole = len(content) // width * width
    values = np.frombuffer(content[:whole], f"{order}u{width}")
    cleared = values & np.array((1 << stored) - 1, dtype=values.dtype)
    dataset["PixelData"].value = cleared.tobytes() + content[whole:]


def burned_in_text(dataset: Dataset, pixels: FloatArray | None) -> BurnedInText:
    """Return a hint at burned-in text.

    Burned In Annotation (0028,0301) and secondary captures are flagged as they stand. Otherwise
    marks of a letter's size at the very end of the grey scale are sought, and read with tesseract
    where it is installed.

    Parameters
    ----------
    dataset
        The header.
    pixels
        Grey values, or None where they could not be decoded.
    """
    if str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        return BurnedInText("flagged", "Burned In Annotation says YES")
    if str(dataset.get("ConversionType") or "").strip():
        return BurnedInText("flagged", "a secondary capture: a screen or a scanned film")
    if pixels is None or pixels.ndim != 2:
        return BurnedInText("not checked", "the pixels cannot be decoded here")
    marks = _letter_marks(pixels)
    count = int(marks.max(initial=0))
    if count == 0:
        return BurnedInText("not found", "no marks of a letter's size at full brightness")
    characters = _read_text(marks > 0)
    if characters is None:
        return BurnedInText(
            "flagged", f"{count} marks of a letter's size; tesseract is not installed to read them"
        )
    if characters == 0:
        return BurnedInText("not found", f"{count} marks, none read as text by tesseract")
    return BurnedInText("flagged", f"{characters} characters read by tesseract")


def _letter_marks(pixels: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return numbered parts at either end of the grey scale that have a letter's size."""
    marks = np.zeros(pixels.shape, dtype=np.int64)
    longest = _TEXT_SIDE[1] * max(pixels.shape)
    number = 0
    for extreme in (pixels == pixels.max(), pixels == pixels.min()):
        labels, _ = ndimage.label(extreme, structure=np.ones((3, 3)))
        for label, box in enumerate(ndimage.find_objects(labels), start=1):
            sides = [part.stop - part.start for part in box]
            if not (_TEXT_SIDE[0] <= max(sides) <= longest):
                continue
            part = labels[box] == label
            if _TEXT_FILL[0] <= part.mean() <= _TEXT_FILL[1]:
                number += 1
                marks[box][part] = number
    return marks


def _read_text(marks: BoolArray) -> int | None:
    """Return how many letters and digits tesseract reads; None where it is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    picture = Pillow.fromarray(np.where(marks, 0, 255).astype(np.uint8))
    ppm = f"P5 {picture.width} {picture.height} 255\n".encode() + picture.tobytes()
    try:
        found = subprocess.run(
            [program, "stdin", "stdout", "--psm", "11"],
            input=ppm,
            capture_output=True,
            timeout=_OCR_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return sum(character.isalnum() for character in found.stdout.decode(errors="ignore"))
