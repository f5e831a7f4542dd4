"""A made-up film with a letter of lead on it."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from trephine.types import FloatArray

FONTS = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf"
BOLD, SERIF = "DejaVuSans-Bold.ttf", "STIXGeneralBol.ttf"


def film(text: str = "", font: str = BOLD, at: float = 0.1, angle: float = 0.0) -> FloatArray:
    """Return a film of two round shadows with a text in its lower part, as bright as lead."""
    rows, columns = np.mgrid[0:500, 0:700]
    grey = 60 * np.exp(-(((rows - 220) / 150.0) ** 2))
    for centre in (200, 500):
        grey += 120 * (np.hypot(rows - 230, columns - centre) < 60)
    picture = Picture.new("L", (80, 60))
    letter = ImageFont.truetype(str(FONTS / font), 34)
    ImageDraw.Draw(picture).text((40, 30), text, 255, letter, anchor="mm")
    drawn = np.asarray(picture.rotate(angle)) / 255.0
    left = int(at * 700) - 40
    window = grey[400:460, left : left + 80]
    window[:] = window * (1 - drawn) + 250 * drawn
    grey += np.random.default_rng(2).normal(0, 3, grey.shape)
    return grey
