"""Angles and lengths on a femoral head, in mm and degrees.

Arcs of necrosis are measured at the centre of the circle fitted to the head, on the mid-coronal and
on the mid-sagittal or mid-axial slice (Kerboul 1974, J Bone Joint Surg Br 56:291; on MRI: Ha 2006,
J Bone Joint Surg Am 88 Suppl 3:35, mid-sagittal; the study that Trephine implements: mid-axial).
Sum and index are those of `trephine.cohort.femoral_head`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.annotation.circle_fit import CircleFit
from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray

KerboulClass = Literal["1", "2", "3", "4"]
SteinbergExtent = Literal["A", "B", "C"]

# Ha 2006: below 200, 200 to 249, 250 to 299, 300 and more degrees.
_KERBOUL_DEGREE: tuple[tuple[float, KerboulClass], ...] = ((200.0, "1"), (250.0, "2"), (300.0, "3"))
# Yoon 2020, table 2: more than 2 mm parts ARCO IIIB from IIIA.
ARCO_DEPRESSION_MM = 2.0
# Steinberg 1995, J Bone Joint Surg Br 77:34: below 15 %, 15 to 30 %, above 30 % of the head.
_STEINBERG = (15.0, 30.0)


def arc_degree(head: CircleFit, first_mm: npt.ArrayLike, second_mm: npt.ArrayLike) -> float:
    """Return the angle at the head's centre between the two ends of the necrosis, 0 to 180.

    Parameters
    ----------
    head
        The circle of the head.
    first_mm, second_mm
        Ends of the necrosis on the joint surface, (x, y); their distance from the centre does not
        matter.

    Raises
    ------
    InputError
        If an end is the centre itself.
    """
    return angle_degree(first_mm, head.centre_mm, second_mm)


def angle_degree(
    first_mm: npt.ArrayLike, corner_mm: npt.ArrayLike, second_mm: npt.ArrayLike
) -> float:
    """Return the angle at a corner between two places, 0 to 180 degrees.

    Raises
    ------
    InputError
        If a place is the corner itself.
    """
    corner = np.asarray(corner_mm, dtype=np.float64)
    a, b = np.asarray(first_mm) - corner, np.asarray(second_mm) - corner
    if not (a.any() and b.any()):
        raise InputError("angle: expected places away from its corner, found one on it")
    # By both products: the arc cosine alone loses small angles.
    return float(np.degrees(np.arctan2(abs(a[0] * b[1] - a[1] * b[0]), a @ b)))


def modified_kerboul(combined_degree: float) -> KerboulClass:
    """Return the class of a combined necrotic angle, 0 to 360 degrees (Ha 2006)."""
    if not 0 <= combined_degree <= 360:
        raise InputError(f"combined angle: expected 0 to 360 degrees, found {combined_degree:g}")
    return next((name for limit, name in _KERBOUL_DEGREE if combined_degree < limit), "4")


def depression_mm(head: CircleFit, surface_mm: npt.ArrayLike) -> float:
    """Return how far the joint surface has sunk below the head's circle at most, in mm.

    Parameters
    ----------
    head
        The circle of the head as it was: fitted to its round part.
    surface_mm
        Places on the sunken surface, shape (n, 2), n >= 1.

    Returns
    -------
    float
        0 where no place lies inside the circle.
    """
    places = np.atleast_2d(np.asarray(surface_mm, dtype=np.float64))
    away: FloatArray = np.hypot(places[:, 0] - head.centre_mm[0], places[:, 1] - head.centre_mm[1])
    return float(max(0.0, head.radius_mm - away.min()))


def lesion_percent(lesion: BoolArray, head: BoolArray) -> float:
    """Return the part of the head that the lesion takes, in per cent of pixels.

    Of a plane an area, of a volume a volume, which is what Steinberg means.

    Raises
    ------
    InputError
        If there is no head.
    """
    whole = int(np.count_nonzero(head))
    if not whole:
        raise InputError("lesion: expected a head to be a part of, found none")
    return 100.0 * int(np.count_nonzero(lesion & head)) / whole


def steinberg_extent(percent: float) -> SteinbergExtent:
    """Return Steinberg's extent: A below 15 %, B to 30 %, C above."""
    if percent < _STEINBERG[0]:
        return "A"
    return "B" if percent <= _STEINBERG[1] else "C"


def centre_edge_degree(
    centre_mm: npt.ArrayLike,
    edge_mm: npt.ArrayLike,
    other_centre_mm: npt.ArrayLike | None = None,
) -> float:
    """Return Wiberg's centre-edge angle in degrees; negative where the edge lies medially.

    Wiberg 1939 (Acta Chir Scand 83 Suppl 58): at the head's centre, between the line to the lateral
    edge of the acetabular roof and the perpendicular on the line that joins both heads' centres.

    Parameters
    ----------
    centre_mm
        Of the head, (x, y), y downwards.
    edge_mm
        The lateral edge of the roof.
    other_centre_mm
        Of the other head. None takes the image's own upright, and the edge as lateral.

    Raises
    ------
    InputError
        If places coincide.
    """
    centre, edge = np.asarray(centre_mm, float), np.asarray(edge_mm, float)
    lateral = np.array([1.0 if edge[0] >= centre[0] else -1.0, 0.0])
    if other_centre_mm is not None:
        lateral = centre - np.asarray(other_centre_mm, float)
        length = float(np.hypot(*lateral))
        if length == 0.0:
            raise InputError("centre-edge angle: expected two heads, found one place for both")
        lateral = lateral / length
    upward = np.array([lateral[1], -lateral[0]])
    upward = upward if upward[1] < 0 else -upward
    to_edge = edge - centre
    if not to_edge.any():
        raise InputError("centre-edge angle: expected an edge away from the head's centre")
    return float(np.degrees(np.arctan2(to_edge @ lateral, to_edge @ upward)))


def distance_mm(first_mm: npt.ArrayLike, second_mm: npt.ArrayLike) -> float:
    """Return the distance between two places (x, y) in mm."""
    step = np.asarray(first_mm, dtype=np.float64) - np.asarray(second_mm, dtype=np.float64)
    return float(np.hypot(step[0], step[1]))
