"""How much a stored shard may hold: it may come from somebody else's folder."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.limits import OperatorLimits


@dataclass(frozen=True)
class ShardLimits(OperatorLimits):
    """What one shard of a feature store may hold; one that holds more counts as damaged.

    Attributes
    ----------
    file_bytes
        Of the file.
    values
        Features times regions, unpacked. A run writes some hundred regions to a shard.
    text_bytes
        Of the features' names, the regions' keys and the notes on them.
    """

    kind = "store"
    variable = "TREPHINE_STORE_LIMITS"
    example = "values=50000000"

    file_bytes: int = 268_435_456
    values: int = 16_777_216
    text_bytes: int = 16_777_216
