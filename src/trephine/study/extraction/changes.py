"""What changed between two images of a case, as features beside those of the later image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from trephine.errors import InputError
from trephine.modelling.cases import FeatureSet
from trephine.types import FloatArray

CHANGE = "change_"
RELATIVE_CHANGE = "relative_change_"


def with_changes(later: FeatureSet, earlier: FeatureSet) -> FeatureSet:
    """Return a later image's features with how each changed since an earlier one.

    The change of a feature is its later value less the earlier one; the relative change is that
    over the earlier value's size, and has no value where the earlier value is 0. Readings of a
    rater are held against the same rater's readings of the earlier image.

    Parameters
    ----------
    later, earlier
        Of the same cases, measured alike: what ``later`` has, ``earlier`` has too.

    Returns
    -------
    The later image's features, then the changes and the relative changes in their order, named
    ``change_...`` and ``relative_change_...``.

    Raises
    ------
    InputError
        If a feature of the later image is missing in the earlier one.
    """
    missing = sorted(set(later.names) - set(earlier.names))
    if missing:
        raise InputError(
            f"changes of {later.name}: expected its features in {earlier.name} too, found"
            f" {len(missing)} missing, such as {missing[0]}"
        )
    at = [earlier.names.index(name) for name in later.names]

    def joined(now: FloatArray, then: FloatArray) -> FloatArray:
        before = then[:, at]
        change = now - before
        size = np.abs(before)
        share = np.divide(change, size, out=np.full_like(change, np.nan), where=size > 0)
        return np.hstack((now, change, share))

    return replace(
        later,
        names=(
            *later.names,
            *(f"{prefix}{name}" for prefix in (CHANGE, RELATIVE_CHANGE) for name in later.names),
        ),
        values=joined(later.values, earlier.values),
        raters=_both(later.raters, earlier.raters, joined),
        repeats=_both(later.repeats, earlier.repeats, joined),
        perturbed=tuple(
            joined(now, then) for now, then in zip(later.perturbed, earlier.perturbed, strict=True)
        ),
    )


def _both(
    later: Mapping[str, FloatArray],
    earlier: Mapping[str, FloatArray],
    joined: Callable[[FloatArray, FloatArray], FloatArray],
) -> dict[str, FloatArray]:
    return {rater: joined(values, earlier[rater]) for rater, values in later.items()}


def measured_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of features that are measured on an image, without those of changes."""
    return tuple(name for name in names if not name.startswith((CHANGE, RELATIVE_CHANGE)))
