"""Osteonecrosis of the femoral head: stages, types, angles and index.

Sources are those of the study that Trephine implements: ARCO 2019 (Yoon 2020, J Arthroplasty
35:933), JIC types (Sugano 2002, J Orthop Sci 7:601), and the arc of necrosis on the mid-coronal
and mid-axial T1-weighted MRI slice, A and B, with the index of Cherian 2003 (J Bone Joint Surg Am
85:309).
"""

from __future__ import annotations

import re
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, MisfitError
from trephine.types import FloatArray

ArcoStage = Literal["I", "II", "IIIA", "IIIB", "IV"]
JicType = Literal["A", "B", "C1", "C2"]

ARCO_STAGES: tuple[ArcoStage, ...] = get_args(ArcoStage)
JIC_TYPES: tuple[JicType, ...] = get_args(JicType)
LARGEST_ARC_DEGREE = 180.0

_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def parse_arco(value: object) -> ArcoStage:
    """Return the ARCO 2019 stage behind a spelling such as "3a", "Stage IIIA" or "ARCO 2".

    I: radiograph normal, MRI abnormal. II: radiograph abnormal, head round. IIIA: subchondral or
    necrotic-zone fracture, depression of 2 mm or less. IIIB: depression of more than 2 mm. IV:
    osteoarthritis. (Yoon 2020, table 2.)

    Raises
    ------
    InputError
        If the spelling is none of these; a bare "III" or "3" is one, because 2 mm decide.
    """
    text = re.sub(r"ARCO|STAGE|[\s._-]", "", str(value).upper())
    text = re.sub(r"^[1-4]", lambda digit: _ROMAN[digit[0]], text)
    for stage in ARCO_STAGES:
        if text == stage:
            return stage
    advice = "; state IIIA (2 mm or less) or IIIB" if text == "III" else ""
    raise MisfitError("ARCO 2019", ", ".join(ARCO_STAGES), f"{value!r}{advice}")


def parse_jic(value: object) -> JicType:
    """Return the Japanese Investigation Committee type behind a spelling such as "type c1".

    By the part of the weight-bearing surface that the lesion takes on the mid-coronal T1 slice. A:
    the medial third or less. B: the medial two thirds or less. C1: more, short of the acetabular
    edge. C2: more, beyond the acetabular edge. (Sugano 2002.)

    Raises
    ------
    InputError
        If the spelling is none of these; a bare "C" is one.
    """
    text = re.sub(r"JIC|TYPE|[\s._-]", "", str(value).upper())
    for kind in JIC_TYPES:
        if text == kind:
            return kind
    advice = "; state C1 or C2 (beyond the acetabular edge)" if text == "C" else ""
    raise MisfitError("JIC type", ", ".join(JIC_TYPES), f"{value!r}{advice}")


def collapsed(stage: ArcoStage) -> bool:
    """Tell whether the head is depressed by more than 2 mm: ARCO IIIB or IV."""
    return stage in ("IIIB", "IV")


def combined_necrotic_angle(
    coronal_arc_degree: npt.ArrayLike, axial_arc_degree: npt.ArrayLike
) -> FloatArray:
    """Return A + B in degrees, 0 to 360; NaN where an arc is missing.

    The sum of the arcs of necrosis, here on the mid-coronal and mid-axial slice (the study's
    Methods; Kerboul measured radiographs, Cherian mid-coronal and mid-sagittal MRI).

    Parameters
    ----------
    coronal_arc_degree, axial_arc_degree
        A and B, equal shapes, each 0 to 180 or NaN.

    Raises
    ------
    InputError
        If an arc is impossible; the rows are numbered from 0.
    """
    coronal, axial = _arcs(coronal_arc_degree, axial_arc_degree)
    return coronal + axial


def necrosis_degree_index(
    coronal_arc_degree: npt.ArrayLike, axial_arc_degree: npt.ArrayLike
) -> FloatArray:
    """Return (A / 180) (B / 180) 100, from 0 to 100; NaN where an arc is missing.

    Cherian 2003, as the study's Methods state it. It cannot exceed 100: values printed above that
    (the study's own mean of 114.9) are A B / 100, another scale.

    Parameters
    ----------
    coronal_arc_degree, axial_arc_degree
        A and B, equal shapes, each 0 to 180 or NaN.

    Raises
    ------
    InputError
        If an arc is impossible; the rows are numbered from 0.
    """
    coronal, axial = _arcs(coronal_arc_degree, axial_arc_degree)
    return (coronal / LARGEST_ARC_DEGREE) * (axial / LARGEST_ARC_DEGREE) * 100.0


def index_limits(combined_angle_degree: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the smallest and the largest index that a combined angle allows.

    With A + B = S and both arcs from 0 to 180, A B is largest at A = B = S / 2 and smallest where
    one arc is 0, or 180 once S exceeds 180.

    Parameters
    ----------
    combined_angle_degree
        S, 0 to 360.
    """
    total = np.asarray(combined_angle_degree, dtype=np.float64)
    largest = (total / 2 / LARGEST_ARC_DEGREE) ** 2 * 100.0
    smallest = np.maximum(total - LARGEST_ARC_DEGREE, 0.0) / LARGEST_ARC_DEGREE * 100.0
    return smallest, largest


def _arcs(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    coronal = np.asarray(first, dtype=np.float64)
    axial = np.asarray(second, dtype=np.float64)
    if coronal.shape != axial.shape:
        raise InputError(
            f"arcs of necrosis: expected equal shapes, found {coronal.shape} and {axial.shape}"
        )
    for name, arc in (("coronal (A)", coronal), ("axial (B)", axial)):
        bad = np.flatnonzero((arc < 0) | (arc > LARGEST_ARC_DEGREE))
        if bad.size:
            raise InputError(
                f"{name} arc of necrosis: expected 0 to 180 degrees, found"
                f" {arc.ravel()[bad[0]]:g} in row {bad[0]} and {bad.size - 1} more"
            )
    return coronal, axial
