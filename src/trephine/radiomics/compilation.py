"""Whether the kernels have been compiled on this machine before."""

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
