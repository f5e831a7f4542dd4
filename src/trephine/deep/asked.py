"""What a reader of network files is asked for: the few settings that it needs, without the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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


@dataclass(frozen=True)
class AskedOfProcess:
    """The same in a process of its own, which imports as little as it can.

    Attributes
    ----------
    layer, threads, device
        As in `Asked`.
    seconds
        Of a processor for opening the file; None for a program.
    """

    layer: str | None
    threads: int | None
    device: str
    seconds: int | None
