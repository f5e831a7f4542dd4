"""A hint at text burned into the picture: it proves nothing, a person decides."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from pydicom.dataset import Dataset

from trephine.imaging.deidentify.marks import Marks, find_marks
from trephine.imaging.deidentify.pixels import PixelKind
from trephine.types import BoolArray

BurnedIn = Literal["flagged", "not found", "not checked"]

_OCR_SECONDS = 60
_COLOUR_PART = 0.12  # of the grey scale, between the strongest and the weakest channel
_COLOURED_PIXELS = 20


@dataclass(frozen=True)
class BurnedInText:
    """What was found.

    Attributes
    ----------
    finding
        "flagged": to be looked at. "not checked": nothing here can look at such pixels.
    reason
        Why, without any of the text.
    """

    finding: BurnedIn
    reason: str


def burned_in_text(
    dataset: Dataset, pixels: npt.NDArray[np.generic] | None, kind: PixelKind = "grey"
) -> BurnedInText:
    """Return a hint at burned-in text.

    Burned In Annotation (0028,0301) and secondary captures are flagged as they stand. Otherwise
    marks are sought whose pixels are all alike, at any grey value, and that stand out from what is
    around them: letters, strokes, lines and boxes; and colour in a picture that is else grey.
    Where tesseract is installed, it says how many characters it reads.

    Parameters
    ----------
    dataset
        The header as read.
    pixels
        (rows, columns) or (frames, rows, columns), with a last axis of 3 for colour; None where
        they could not be decoded.
    kind
        What the pixels are.
    """
    if str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        return BurnedInText("flagged", "Burned In Annotation says YES")
    if str(dataset.get("ConversionType") or "").strip():
        return BurnedInText("flagged", "a secondary capture: a screen or a scanned film")
    if pixels is None:
        return BurnedInText("not checked", "the pixels cannot be decoded here")
    if kind in ("mask", "float"):
        return BurnedInText("not checked", "a mask or a map of numbers, no picture")
    last = 3 if kind == "colour" else 2
    frames = pixels if pixels.ndim > last else pixels[np.newaxis]
    lossy = str(dataset.get("LossyImageCompression") or "").strip() == "01"
    for frame in frames:
        hint = _look(frame, lossy)
        if hint is not None:
            return hint
    return BurnedInText("not found", "no marks that look drawn")


def _look(frame: npt.NDArray[np.generic], lossy: bool) -> BurnedInText | None:
    values = frame.astype(np.float64)
    if values.ndim == 3:
        reach = float(np.ptp(values))
        spread = values.max(axis=-1) - values.min(axis=-1)
        if np.count_nonzero(spread > _COLOUR_PART * max(reach, 1.0)) >= _COLOURED_PIXELS:
            return BurnedInText("flagged", "coloured marks")
        values = np.rint(values.mean(axis=-1))
    marks = find_marks(values, lossy=lossy)
    return None if marks.count == 0 else _describe(marks)


def _describe(marks: Marks) -> BurnedInText:
    found = f"{marks.letters} marks of a letter's size, {marks.lines} lines or boxes"
    characters = _read_text(marks.where)
    if characters is None:
        return BurnedInText("flagged", f"{found}; tesseract is not installed to read them")
    return BurnedInText("flagged", f"{found}; {characters} characters read by tesseract")


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
