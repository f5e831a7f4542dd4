"""From images and regions to deep features, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.choices import Side
from trephine.deep.case_checks import check_cases, finite
from trephine.deep.crop import Crop, Framing, region_crop
from trephine.deep.cube import region_cube
from trephine.deep.external import open_external
from trephine.deep.last_block import LastBlock
from trephine.deep.network import Network, ResidualNetwork
from trephine.deep.planes import Plane, planes_of
from trephine.deep.runtime import require_torch
from trephine.deep.settings import DeepSettings
from trephine.deep.views import View, views
from trephine.deep.weights import WeightsRecord, load_weights
from trephine.errors import ImageError, InputError
from trephine.types import BoolArray, Float32Array, FloatArray, Image


@dataclass(frozen=True)
class EmbedderRecord:
    """What made the features, for the study's record.

    Attributes
    ----------
    weights
        Which weights, with their sha256.
    runtime
        The library that computed, with its version.
    device
        Where.
    digest
        Of the settings and the weights: equal digests, equal features.
    """

    weights: WeightsRecord
    runtime: str
    device: str
    digest: str


class Embedder:
    """Computes deep features.

    Parameters
    ----------
    settings
        The study's ``[deep]`` section.
    network
        A network to use in place of the one that the settings name (a fine-tuned one).

    Raises
    ------
    MissingExtraError
        If torch (onnxruntime for an ONNX file) is not installed.
    InputError
        If the weights cannot be had or are refused.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Embedder, Geometry, Image
    >>> from trephine.deep import DeepSettings
    >>> grid = Geometry.plain((0.2, 0.2))
    >>> image = Image(np.random.default_rng(1).uniform(0, 255, (64, 64)), grid)
    >>> region = np.zeros((64, 64), dtype=bool)
    >>> region[20:40, 20:40] = True
    >>> embedder = Embedder(DeepSettings(backbone="resnet18", weights="random:1"))
    >>> embedder.extract([image], [region], ["R"]).shape
    (1, 512)
    """

    def __init__(self, settings: DeepSettings, network: Network | None = None) -> None:
        self.settings = settings
        self.network = network if network is not None else open_network(settings)
        self.views = views(settings.augment)
        self._block: LastBlock | None = None

    @property
    def dimension(self) -> int:
        """Features a case."""
        return self.network.dimension

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``deep_000``, ``deep_001``, ... in the order of the columns."""
        width = max(3, len(str(self.dimension - 1)))
        return tuple(f"deep_{j:0{width}d}" for j in range(self.dimension))

    @property
    def record(self) -> EmbedderRecord:
        """What made the features."""
        network = self.network
        return EmbedderRecord(network.record, network.runtime, network.place, self.digest)

    @property
    def digest(self) -> str:
        """The sha256 of settings and weights, as key of a cache of features."""
        return self.settings.digest(self.network.record.sha256)

    def crop(
        self, image: Image, region: BoolArray, side: Side | None, view: View | None = None
    ) -> Crop:
        """Return what the network sees of one case, in one view (the plain one if None).

        Of several slices, the largest one.
        """
        plane = Plane(image, region, side if self.settings.mirror_left else None)
        return self._shown(plane, view or View())

    def _shown(self, plane: Plane, view: View) -> Crop:
        crop = region_crop(
            plane.image,
            plane.region,
            self._framing(),
            side=plane.side,
            shift=view.shift,
            at=plane.at,
        )
        return crop.mirrored() if view.is_flipped else crop

    def normalise(self, pixels: FloatArray) -> Float32Array:
        """Return grey in [0, 1], (..., 3, size, size), as the network was trained to take it.

        A network of one channel gets the middle one, (..., 1, size, size).
        """
        mean, std = (np.reshape(values, (-1, 1, 1)) for values in self.settings.normalisation)
        shown = pixels if len(mean) == 3 else pixels[..., 1:2, :, :]
        return np.asarray((shown - mean) / std, dtype=np.float32)

    def extract(
        self,
        images: Sequence[Image],
        regions: Sequence[BoolArray],
        sides: Sequence[Side | None],
    ) -> FloatArray:
        """Return the features of n cases, shape (n, dimension).

        Parameters
        ----------
        images
            One per case; the two hips of a radiograph share one object. Read one at a time, so a
            sequence that loads from disk keeps memory flat.
        regions
            Each of its image's shape.
        sides
            ``R``, ``L`` or None.

        Raises
        ------
        InputError
            If the lengths differ, or the network gives values that are not finite.
        ImageError
            If an image or a region cannot be used; the case is given by its place (from 0).
        """
        features = np.empty((check_cases(images, regions, sides), self.dimension))
        if self.settings.slices != "largest":
            for case in range(len(features)):
                features[case] = self._pooled(case, images[case], regions[case], sides[case])
            return finite(features)
        for rows, crops in self.batches(images, regions, sides):
            if self._block is not None:  # as in training, to the last bit
                maps = self._residual().trunk(crops)
                by_case = maps.reshape(-1, len(self.views), *maps.shape[1:])
                features[rows] = self._block.features(by_case)
                continue
            by_view = self.network.features(crops).astype(np.float64)
            features[rows] = by_view.reshape(-1, len(self.views), self.dimension).mean(axis=1)
        return finite(features)

    def _pooled(self, case: int, image: Image, region: BoolArray, side: Side | None) -> FloatArray:
        """Return the features of one case from several of its planes, shape (dimension,)."""
        chosen = self.settings
        if chosen.input_depth is not None:
            return self._of_volume(case, image, region, side, chosen.input_depth)
        try:
            planes = planes_of(image, region, side if chosen.mirror_left else None, chosen.slices)
            crops = [self._shown(plane, view).pixels for plane in planes for view in self.views]
        except ImageError as error:
            raise ImageError(f"case {case}: {error}") from None
        step = chosen.batch_size
        found = [
            self.network.features(self.normalise(np.stack(crops[start : start + step])))
            for start in range(0, len(crops), step)
        ]
        by_plane = np.concatenate(found).astype(np.float64)
        by_plane = by_plane.reshape(len(planes), len(self.views), self.dimension).mean(axis=1)
        pooled: FloatArray = (
            by_plane.mean(axis=0) if chosen.pooling == "mean" else by_plane.max(axis=0)
        )
        return pooled

    def _of_volume(
        self, case: int, image: Image, region: BoolArray, side: Side | None, depth: int
    ) -> FloatArray:
        """Return the features of one case from its volume, shape (dimension,)."""
        chosen, own = self.settings, side if self.settings.mirror_left else None
        try:
            cube = region_cube(image, region, self._framing(), depth, chosen.axes, own)
        except ImageError as error:
            raise ImageError(f"case {case}: {error}") from None
        mean, std = (values[0] for values in chosen.normalisation)  # of its one channel
        taken = np.asarray((cube - mean) / std, dtype=np.float32)
        found: FloatArray = self.network.features(taken[None, None])[0].astype(np.float64)
        return found

    def _framing(self) -> Framing:
        chosen = self.settings
        return Framing(
            chosen.margin, chosen.size, chosen.outside, chosen.grey_range, chosen.grey_percentiles
        )

    def last_block(self) -> LastBlock:
        """Return the network's last block, from which fine-tuning starts.

        Raises
        ------
        InputError
            If the network is not one of the ResNets.
        """
        return self._residual().last_block()

    def with_last_block(self, block: LastBlock) -> Embedder:
        """Return the embedder with a trained last block in its network.

        Raises
        ------
        InputError
            If the block was trained in another network.
        """
        trained = Embedder(self.settings, self._residual().with_last_block(block))
        trained._block = block
        return trained

    def _residual(self) -> ResidualNetwork:
        if not isinstance(self.network, ResidualNetwork):
            raise InputError("deep.finetune: expected one of the ResNets, found a network file")
        return self.network

    def extract_trunk(
        self,
        images: Sequence[Image],
        regions: Sequence[BoolArray],
        sides: Sequence[Side | None],
    ) -> Float32Array:
        """Return what enters the last block, (n, views, channels, h, w), for fine-tuning.

        Some 100 kB a case and view for ResNet18 at 224 pixels.

        Raises
        ------
        InputError
            If the network is not one of the ResNets, or as for ``extract``.
        """
        network = self._residual()
        parts = [network.trunk(crops) for _, crops in self.batches(images, regions, sides)]
        if not parts:
            raise InputError("deep.finetune: expected cases, found none")
        maps = np.concatenate(parts)
        return maps.reshape(-1, len(self.views), *maps.shape[1:])

    def batches(
        self,
        images: Sequence[Image],
        regions: Sequence[BoolArray],
        sides: Sequence[Side | None],
    ) -> Iterator[tuple[slice, Float32Array]]:
        """Yield rows and their normalised crops, the views of a case next to each other."""
        n_cases = check_cases(images, regions, sides)
        step = max(1, self.settings.batch_size // len(self.views))
        for start in range(0, n_cases, step):
            rows = slice(start, min(start + step, n_cases))
            crops = [
                pixels
                for i in range(rows.start, rows.stop)
                for pixels in self._views_of(i, images[i], regions[i], sides[i])
            ]
            yield rows, self.normalise(np.stack(crops))

    def _views_of(
        self, case: int, image: Image, region: BoolArray, side: Side | None
    ) -> list[FloatArray]:
        try:
            return [self.crop(image, region, side, view).pixels for view in self.views]
        except ImageError as error:
            raise ImageError(f"case {case}: {error}") from None


def open_network(settings: DeepSettings) -> Network:
    """Return the network that the settings name, with its weights.

    Raises
    ------
    MissingExtraError
        If torch (onnxruntime for an ONNX file) is not installed.
    InputError
        If the weights or the network's file cannot be had or are refused.
    """
    if settings.is_network_file:
        return open_external(settings)
    require_torch()
    state, record = load_weights(settings)
    return ResidualNetwork(settings, state, record)
