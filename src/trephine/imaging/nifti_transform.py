"""Which of NIfTI's two transforms places an image: chosen exactly as ITK 5.4 chooses.

Headers are often at odds with themselves: an sform of ones beside the right pixdim, a sheared
sform beside a good qform, two that differ. ITK takes the direction from one of the two, by the
rules below, and the spacing from pixdim always. PyRadiomics, 3D Slicer and ITK-SNAP read with ITK:
a mask drawn there lies where ITK put its image.
"""

from __future__ import annotations

import numpy as np

from trephine.types import FloatArray

_UNIT_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_SCANNER = 1


# What is not finite in a damaged header ends as NaN, which the caller refuses in words.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def affine_of_header(
    codes: tuple[int, ...],
    pixdim: tuple[float, ...],
    quatern: tuple[float, ...],
    srow: tuple[float, ...],
    units: int,
) -> FloatArray:
    """Return the affine, shape (4, 4), from array index to RAS millimetres.

    Parameters
    ----------
    codes
        qform_code, sform_code.
    pixdim
        Eight values; the first is the handedness of the qform.
    quatern
        b, c, d and the three offsets of the qform.
    srow
        Twelve values, row by row.
    units
        xyzt_units.

    Returns
    -------
    ndarray
        NaN throughout where neither transform can be used or the unit is unknown.
    """
    scale = _UNIT_MM.get(units & 0x07, float("nan"))
    # The library that ITK reads with takes 1 for a spacing that is not there; ITK turns the axis
    # of a negative one round.
    steps = np.array([step if np.isfinite(step) and step else 1.0 for step in pixdim[1:4]])
    if codes[0] <= 0 and codes[1] <= 0:
        # Neither is set: ITK takes the array axes for the patient's, in LPS, and no offset.
        return np.diag([-steps[0] * scale, -steps[1] * scale, steps[2] * scale, 1.0])
    chosen = _chosen(codes, _qform(steps, pixdim[0], quatern, codes[0]), _sform(srow, codes[1]))
    affine = np.eye(4)
    lengths = np.linalg.norm(chosen[:3, :3], axis=0)
    affine[:3, :3] = chosen[:3, :3] / lengths * steps
    affine[:3, 3] = chosen[:3, 3]
    affine[:3] *= scale
    return affine


def _chosen(codes: tuple[int, ...], qform: FloatArray, sform: FloatArray) -> FloatArray:
    if _are_similar(sform, qform):
        return sform
    preferred = codes[0] <= 0 or codes[1] == _SCANNER
    if codes[1] > 0 and _is_rigid(sform) and (preferred or _are_very_similar(sform, qform)):
        return sform
    return qform if codes[0] > 0 else np.full((4, 4), np.nan)


def _are_similar(sform: FloatArray, qform: FloatArray) -> bool:
    turned = np.abs(sform[:3, :3] - qform[:3, :3]).max() <= 1e-5
    return bool(turned and np.abs(sform[:, 3] - qform[:, 3]).sum() <= 1e-7)


def _is_rigid(sform: FloatArray) -> bool:
    """Return whether the columns are orthogonal; ITK compares in single precision."""
    linear = sform[:3, :3].astype(np.float32)
    lengths = np.linalg.norm(linear, axis=0)
    if not np.all(lengths > 0):
        return False
    unit = linear / lengths
    return bool(np.abs(unit @ unit.T - np.eye(3)).max() <= 1e-4)


def _are_very_similar(sform: FloatArray, qform: FloatArray) -> bool:
    """Compare scales and left singular vectors, as ITK does."""
    if not (np.isfinite(sform).all() and np.isfinite(qform).all()):
        return False
    u_s, scales_s, _ = np.linalg.svd(sform[:3, :3])
    u_q, scales_q, _ = np.linalg.svd(qform[:3, :3])
    return bool(
        np.abs(scales_s - scales_q).max() <= 1e-4
        and np.abs(u_s @ np.linalg.inv(u_q) - np.eye(3)).max() <= 1e-4
        and np.abs(sform[:3, 3] - qform[:3, 3]).max() <= 1e-4
    )


def _sform(srow: tuple[float, ...], code: int) -> FloatArray:
    if code <= 0:
        return np.zeros((4, 4))
    return np.vstack([np.reshape(np.asarray(srow, np.float64), (3, 4)), [0.0, 0.0, 0.0, 1.0]])


def _qform(steps: FloatArray, handed: float, quatern: tuple[float, ...], code: int) -> FloatArray:
    """NIfTI-1 method 2: quaternion (b, c, d), offsets, and the handedness in pixdim[0]."""
    affine = np.eye(4)
    if code <= 0:
        affine[:3, :3] = np.diag(steps)
        return affine
    b, c, d = quatern[:3]
    a = 1.0 - (b * b + c * c + d * d)
    if a < 1e-7:
        length = float(np.sqrt(b * b + c * c + d * d))
        a, b, c, d = 0.0, b / length, c / length, d / length
    else:
        a = float(np.sqrt(a))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    lengths = np.where(steps > 0, steps, 1.0)  # that library again
    affine[:3, :3] = rotation * lengths * np.array([1.0, 1.0, -1.0 if handed < 0 else 1.0])
    affine[:3, 3] = quatern[3:]
    return affine
