"""A part of an image round its regions, in grey and small enough to be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.types import BoolArray, FloatArray


@dataclass(frozen=True)
class PictureFrame:
    """A part of an image, and by how much it is made smaller."""

    rows: slice
    columns: slice
    step: int

    def cut(self, pixels: FloatArray) -> FloatArray:
        """Return the part, each pixel the mean of ``step`` x ``step``."""
        part = pixels[self.rows, self.columns]
        height = part.shape[0] // self.step * self.step
        width = part.shape[1] // self.step * self.step
        blocks = part[:height, :width].reshape(
            height // self.step, self.step, width // self.step, self.step
        )
        mean: FloatArray = blocks.mean(axis=(1, 3))
        return mean

    def place(self, points: FloatArray) -> FloatArray:
        """Return (row, column) points of the image in the picture's pixels."""
        placed: FloatArray = (points - [self.rows.start, self.columns.start]) / self.step
        return placed


def frame_round(region: BoolArray, margin: float, longest_side: int) -> PictureFrame:
    """Return a region's bounding box with a margin.

    Parameters
    ----------
    region
        Shape (rows, columns), not empty.
    margin
        As a share of the box's shorter side.
    longest_side
        Of the picture, in pixels.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    pad = int(margin * min(height, width))
    top, bottom = max(0, rows[0] - pad), min(region.shape[0], rows[-1] + 1 + pad)
    left, right = max(0, columns[0] - pad), min(region.shape[1], columns[-1] + 1 + pad)
    step = max(1, -(-max(bottom - top, right - left) // longest_side))
    return PictureFrame(slice(int(top), int(bottom)), slice(int(left), int(right)), int(step))


def as_bytes(pixels: FloatArray) -> npt.NDArray[np.uint8]:
    """Return grey values 0 to 255; half a per cent at either end is cut."""
    low, high = np.percentile(pixels, (0.5, 99.5))
    scaled = (pixels - low) / (high - low if high > low else 1.0)
    grey: npt.NDArray[np.uint8] = np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    return grey
