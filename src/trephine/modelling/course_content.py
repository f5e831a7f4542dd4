"""The rates of every event in a refit as files and back, where others may come before the event.

Of refit 12 and the model Clinical the arrays are ``12/course/Clinical/times`` and ``hazard``, and
those of its first competing event ``12/course/Clinical/0/times`` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.modelling.absolute_risk import OtherCause
from trephine.modelling.refits import RiskCourse, steps_of
from trephine.types import FloatArray

# Parts of a competing event's rate that are kept as arrays, by the name that they have there.
_RATE = {
    "times": "times",
    "hazard": "cumulative_hazard",
    "coefficients": "coefficients",
    "centre": "centre",
}


def course_to_json(course: RiskCourse | None) -> dict[str, Any]:
    """Return what of the rates is no array; nothing where there is one event alone."""
    if course is None:
        return {}
    others = [
        {"name": other.name, "columns": list(other.columns), "events": other.n_events}
        for other in course.others
    ]
    return {"horizons": list(course.horizons), "others": others}


def course_arrays(course: RiskCourse | None, place: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the rates, each name beginning with ``place``."""
    if course is None:
        return {}
    base = course.baseline
    arrays: dict[str, npt.NDArray[Any]] = {
        f"{place}times": base.times,
        f"{place}hazard": base.cumulative_hazard,
    }
    for number, other in enumerate(course.others):
        arrays |= {f"{place}{number}/{part}": getattr(other, own) for part, own in _RATE.items()}
    return arrays


def course_from(
    content: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], place: str, n_terms: int
) -> RiskCourse | None:
    """Return the rates that were written; None where there is one event alone.

    Raises
    ------
    InputError, LookupError, TypeError, ValueError
        If they are another thing, or of other terms than the model's ``n_terms``.
    """
    if "others" not in content:
        return None
    base = steps_of(*_steps(arrays, place))
    others = []
    for number, part in enumerate(content["others"]):
        own = f"{place}{number}/"
        columns = tuple(int(column) for column in part["columns"])
        coefficients, centre = (
            np.asarray(arrays[f"{own}{one}"], dtype=np.float64)
            for one in ("coefficients", "centre")
        )
        known = all(0 <= column < n_terms for column in columns)
        if not known or not coefficients.shape == centre.shape == (len(columns),):
            raise InputError(f"{own}: expected a rate of the model's own terms, found others")
        times, hazard = _steps(arrays, own)
        name, events = str(part["name"]), int(part["events"])
        others.append(OtherCause(name, columns, coefficients, centre, times, hazard, events))
    horizons = tuple(float(horizon) for horizon in content["horizons"])
    return RiskCourse(horizons, base, tuple(others))


def _steps(arrays: Mapping[str, npt.NDArray[Any]], place: str) -> tuple[FloatArray, FloatArray]:
    """Return the times of a cumulative hazard and its values, both rising from 0 on."""
    times, hazard = (
        np.asarray(arrays[f"{place}{part}"], dtype=np.float64) for part in ("times", "hazard")
    )
    rising = all(not (np.diff(one, prepend=0.0) < 0).any() for one in (times, hazard))
    if times.ndim != 1 or times.shape != hazard.shape or not rising:
        raise InputError(f"{place}: expected times and a hazard that rise from 0 on")
    return times, hazard
