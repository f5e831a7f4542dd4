"""Whether the kernels have been compiled on this machine before, and where that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trephine.radiomics import matrices


def is_compiled() -> bool:
    """Say whether numba's cache on disk holds the kernels.

    The first extraction of an installation compiles them, which takes half a minute; every later
    one, in any process, loads them.
    """
    kernel: Any = matrices._count_pairs
    cache = Path(kernel._cache.cache_path)
    return any(cache.glob("matrices._count_pairs-*.nbc"))


def keep_nothing() -> None:
    """Compile for this process alone from here on: it can write no files."""
    from numba.core.caching import Cache

    setattr(Cache, "save_overload", lambda self, sig, data: None)  # noqa: B010 - mypy knows it as a method
