"""Images and masks at addresses, copied here for as long as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from trephine.imaging.limits import ImageLimits
from trephine.scratch import scratch_folder
from trephine.store.addresses import fetch
from trephine.study.images.pairs import Pair


@contextmanager
def lying_here(pair: Pair) -> Iterator[Pair]:
    """Give a pair whose files this machine can open, for the time of a ``with`` block.

    Raises
    ------
    InputError
        If an address cannot be read.
    """
    if not any(pair.addresses):
        yield pair
        return
    with scratch_folder() as folder:
        image = _copied(pair.image, pair.addresses[0], folder, "image")
        mask = _copied(pair.mask, pair.addresses[1], folder, "mask")
        yield replace(pair, image=image, mask=mask, addresses=("", ""))


def _copied(path: Path, address: str, folder: Path, what: str) -> Path:
    if not address:
        return path
    own = folder / what
    own.mkdir()
    return fetch(address, own, ImageLimits.in_force().file_bytes, what)
