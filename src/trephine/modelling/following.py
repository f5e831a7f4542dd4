"""Which clinical variables follow from others, so that no model can hold them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.encoding import Encoding
from trephine.types import BoolArray, FloatArray

# Share of a column's variance, below which nothing of it is left beside other columns; the same
# bound as the Cox model's own.
_FOLLOWS = 1e-10
# Weight, in standard deviations, from which a column has a part in another.
_HEAVY = 1e-6


def following(
    variables: tuple[str, ...], table: ClinicalTable, encoding: Encoding
) -> dict[str, tuple[str, ...]]:
    """Return the variables that follow from others, and from which; the later ones of a circle.

    Of a variable only some of whose columns follow (a stage beside "late stage", which came first)
    the earlier variable that it contains goes in its place, where there is one.
    """
    columns = {key: _standardised(encoding.matrix(table, (key,))) for key in variables}
    found: dict[str, tuple[str, ...]] = {}
    taken: list[str] = []
    for key in variables:
        follows, sources = _explained(key, taken, columns)
        if follows.any() and not follows.all():
            for earlier in reversed(taken):
                rest = [*(one for one in taken if one != earlier), key]
                contained, others = _explained(earlier, rest, columns)
                if contained.all():
                    found[earlier] = others
                    taken.remove(earlier)
                    break
            follows, sources = _explained(key, taken, columns)
        if follows.any():
            found[key] = sources
        else:
            taken.append(key)
    return found


def _explained(
    key: str, others: Sequence[str], columns: Mapping[str, FloatArray]
) -> tuple[BoolArray, tuple[str, ...]]:
    """Say which columns of a variable are linear in those of others, and of which others."""
    own = columns[key]
    owner = [one for one in others for _ in range(columns[one].shape[1])]
    if not owner:
        return np.zeros(own.shape[1], dtype=np.bool_), ()
    basis = np.column_stack([columns[one] for one in others])
    weights, *_ = np.linalg.lstsq(basis, own, rcond=None)
    follows = ((own - basis @ weights) ** 2).mean(axis=0) < _FOLLOWS
    heavy = (np.abs(weights[:, follows]) > _HEAVY).any(axis=1)
    return follows, tuple(dict.fromkeys(np.array(owner)[heavy].tolist()))


def _standardised(columns: FloatArray) -> FloatArray:
    """Return columns with mean 0 and SD 1; one that does not vary is all 0, and so follows."""
    spread = columns.std(axis=0)
    scaled: FloatArray = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled
