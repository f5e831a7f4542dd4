"""Times and probabilities at which an outcome is judged, held alike wherever a file states them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from trephine.errors import MisfitError


def _ascending(times: tuple[float, ...]) -> tuple[float, ...]:
    if any(time <= 0 for time in times) or list(times) != sorted(set(times)):
        raise MisfitError("", "times > 0 in ascending order")
    return times


def _probabilities(cuts: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0 < cut < 1 for cut in cuts) or list(cuts) != sorted(set(cuts)):
        raise MisfitError("", "probabilities between 0 and 1 in ascending order")
    return cuts


Horizons = Annotated[tuple[float, ...], AfterValidator(_ascending)]
"""Times after the start."""
RiskCuts = Annotated[tuple[float, ...], AfterValidator(_probabilities)]
"""Event probabilities that divide risk groups."""
