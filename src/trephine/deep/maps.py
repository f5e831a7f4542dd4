"""What enters the last block, case by case on disk, and which cases' maps a feature set has."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trephine.deep.last_block import LastBlock
from trephine.errors import InputError
from trephine.types import Float32Array, FloatArray, IntArray
from trephine.writing import whole_file

# Keys of cases' maps; an empty key where a case was not read.
Keys = npt.NDArray[np.str_]


_DIGEST_BYTES = 32


class MapStore:
    """Maps of shape (views, channels, h, w) by key, float32, a file each.

    ResNet18 at 224 pixels takes 100 kB a case and view. A file appears whole or not at all, and
    ends in the sha256 of what stands before: one that is damaged, or that an earlier version wrote
    without, is not known and is computed again.

    Parameters
    ----------
    folder
        Made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose maps are stored and whole."""
        return {key for key in keys if self._whole(key) is not None}

    def write(self, key: str, maps: Float32Array) -> None:
        """Store the maps of one case."""
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(maps, dtype=np.float32))
        content = buffer.getvalue()
        with whole_file(self._file(key)) as draft:
            draft.write_bytes(content + hashlib.sha256(content).digest())

    def read(self, keys: Sequence[str]) -> Float32Array:
        """Return the maps of ``keys`` in their order, (n, views, channels, h, w).

        Raises
        ------
        InputError
            If some are not stored, or damaged.
        """
        found = [content for content in map(self._whole, keys) if content is not None]
        if len(found) < len(keys):
            raise InputError(
                f"deep.finetune: expected the maps of {len(keys)} cases in {self.folder.name},"
                f" found {len(found)} whole; run the same command again: the others are computed"
                " again"
            )
        return np.stack([np.load(io.BytesIO(content), allow_pickle=False) for content in found])

    def _whole(self, key: str) -> bytes | None:
        """Return a file without its checksum; None if it is missing or damaged."""
        try:
            content = self._file(key).read_bytes()
        except FileNotFoundError:
            return None
        body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        return body if hashlib.sha256(body).digest() == digest else None

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npy"


@dataclass(frozen=True)
class BlockInputs:
    """From where the features of n cases can be computed anew, with any last block.

    The maps stay on disk: this is small, and a worker that is handed it reads what it needs.

    Attributes
    ----------
    folder
        Of the ``MapStore``.
    block
        The network's own last block, from which training starts.
    keys
        Of the first rater's regions, shape (n,).
    raters, repeats
        Of the other readings, as in a feature set, each (n,).
    """

    folder: Path
    block: LastBlock
    keys: Keys
    raters: Mapping[str, Keys]
    repeats: Mapping[str, Keys]

    def take(self, index: IntArray) -> BlockInputs:
        """Return the cases at ``index``."""
        return replace(
            self,
            keys=self.keys[index],
            raters={name: keys[index] for name, keys in self.raters.items()},
            repeats={name: keys[index] for name, keys in self.repeats.items()},
        )

    def maps(self) -> Float32Array:
        """Return the maps of the first rater's regions, (n, views, channels, h, w)."""
        return MapStore(self.folder).read(self.keys.tolist())

    def features(self, block: LastBlock, keys: Keys) -> FloatArray:
        """Return the features that a block gives, (n, dimension); NaN where there is no key.

        A case that stands there twice, as in a bootstrap sample, is computed once.
        """
        distinct, place = np.unique(keys, return_inverse=True)
        read = distinct != ""
        known = block.features(MapStore(self.folder).read(distinct[read].tolist()))
        values = np.full((distinct.size, known.shape[1]), np.nan)
        values[read] = known
        features: FloatArray = values[place.reshape(-1)]
        return features
