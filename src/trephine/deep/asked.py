"""What a reader of network files is asked for: the few settings that it needs, without the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

AXES = {
    2: "(case, channel, row, column)",
    3: '(case, channel, and the three of the volume; slices = "volume" under [deep])',
}
"""What a network file must take, by the dimensions of an image."""


class Asked(Protocol):
    """Settings of `trephine.deep.settings.DeepSettings` that a reader uses; see there."""

    @property
    def layer(self) -> str | None:
        """The output or the inner layer to read."""
        ...

    @property
    def threads(self) -> int | None:
        """Threads to compute on."""
        ...

    @property
    def device(self) -> str:
        """Where to compute."""
        ...

    @property
    def dimensions(self) -> int:
        """Dimensions of an image: two or three."""
        ...


@dataclass(frozen=True)
class AskedOfProcess:
    """The same in a process of its own, which imports as little as it can.

    Attributes
    ----------
    layer, threads, device, dimensions
        As in `Asked`.
    seconds
        Of a processor for opening the file; None for a program.
    """

    layer: str | None
    threads: int | None
    device: str
    dimensions: int
    seconds: int | None
