"""The agreement of readings of one region, as notes for the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from trephine.evaluation.agreement import compare_regions
from trephine.types import BoolArray


def overlap_notes(
    regions: Mapping[str, BoolArray], spacing_mm: Sequence[float]
) -> dict[str, dict[str, Any]]:
    """Return the agreement of every two readings of one region, as notes for the store.

    Parameters
    ----------
    regions
        Drawings of one region, by the key of their features.
    spacing_mm
        Of the image.
    """
    return {
        note_key(first, second): asdict(
            compare_regions(regions[first], regions[second], spacing_mm)
        )
        for first, second in combinations(regions, 2)
    }


def note_key(first: str, second: str) -> str:
    """Return the name of the note on two readings."""
    return f"overlap:{first}:{second}"
