"""A mask without the label of a case: swapped, mistyped, or not drawn; by what is there instead."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from trephine.cohort.cell_problems import nearest
from trephine.errors import ImageError
from trephine.types import Mask

# Labels that a message lists.
_LISTED = 5


def other_label(label: int | str, mask: Mask, labels: object) -> int | str | None:
    """Return the label of the other side where masks are labelled by side and it can be had."""
    if not isinstance(labels, dict):
        return None
    others = [value for value in labels.values() if value != label]
    if len(others) != 1 or not mask.knows(others[0]):
        return None
    found: int | str = others[0]
    return found


def holds(mask: Mask, label: int | str) -> bool:
    """Say whether a mask has pixels of a label or a named segment."""
    try:
        return bool(mask.region(label).any())
    except ImageError:
        return False


def not_drawn(mask: Mask, label: int | str, labels: object, claimed: Collection[int | str]) -> bool:
    """Say whether a reader who need not draw every case has left this side out.

    So it is where the mask holds the other side alone, and that side is another case of the same
    mask; else the label is wrong, or the side.
    """
    other = other_label(label, mask, labels)
    if other is None or other not in claimed or holds(mask, label):
        return False
    return holds(mask, other) and not _strangers(mask, labels)


def advice_on(mask: Mask, label: int | str, labels: object, claimed: Collection[int | str]) -> str:
    """Return what to do about a label that a mask lacks; empty where nothing more is known.

    Parameters
    ----------
    mask, label
        The mask, and the label that it should hold.
    labels
        The plan's ``mask_label``: one, or by side.
    claimed
        Labels that other cases have in the same mask.
    """
    if holds(mask, label):
        return ""  # the region is there, and something else is wrong with it
    if isinstance(label, str):
        near = nearest(label, list(mask.names)) if label not in mask.names else ""
        return f"Did you mean the segment {near!r}?" if near else ""
    if not isinstance(labels, dict):
        return _of_one_label(mask)
    strangers, other = _strangers(mask, labels), other_label(label, mask, labels)
    if strangers:
        named = ", ".join(map(str, strangers[:_LISTED]))
        belong = f"Label {named} belongs" if len(strangers) == 1 else f"Labels {named} belong"
        return (
            f"{belong} to no side in the study file: is this side drawn under another label?"
            " Correct the label in the mask, or mask_label"
        )
    if other is None or not holds(mask, other):
        return ""
    if other in claimed:
        return (
            "Only the other side is drawn in it: draw this one too, or correct the case's side or"
            " mask"
        )
    return "The other side's label is there: are the sides, or the labels, swapped?"


def _of_one_label(mask: Mask) -> str:
    present = _present(mask)
    if len(present) != 1:
        return ""
    return (
        f"Label {present[0]} is the only one there: if that is the region, correct it in the mask,"
        f" or set mask_label = {present[0]} where all masks have it so"
    )


def _present(mask: Mask) -> list[int]:
    return [int(value) for value in np.unique(mask.labels) if value != 0]


def _strangers(mask: Mask, labels: object) -> list[int]:
    """Return the labels of a mask that belong to no side in the plan; none if it goes by names."""
    own = set(labels.values()) if isinstance(labels, dict) else set()
    if any(isinstance(value, str) for value in own):
        return []
    return [value for value in _present(mask) if value not in own]
