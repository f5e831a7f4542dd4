"""Where on the image a deep signature comes from, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import Side
from trephine.deep.crop import Window
from trephine.deep.embed import Embedder
from trephine.deep.network import ResidualNetwork
from trephine.deep.resize import triangle_weights
from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray, Image


@dataclass(frozen=True)
class SaliencyMap:
    """A deep signature spread over the image that it was read from.

    Attributes
    ----------
    values
        Each pixel's share of the signature, of the image's shape; their sum is ``signature``.
        Positive where the network saw what raises it. Zero outside the crop; for a volume, all on
        the slice of largest area.
    signature
        sum_j w_j (g_j - c_j) of the case, g_j its feature brought between floor and ceiling.
    window
        The crop that was looked at.
    """

    values: FloatArray
    signature: float
    window: Window


@dataclass(frozen=True)
class WeightedSum:
    """A signature as a weighted sum of all the features of a network.

    Attributes
    ----------
    weights
        Per unit of each feature, shape (dimension,): weight / scale where the signature is of
        standardised features.
    centre
        What is taken off each feature first, shape (dimension,).
    floor, ceiling
        Features beyond these count as these, shape (dimension,); infinite where none is set.
    """

    weights: FloatArray
    centre: FloatArray
    floor: FloatArray
    ceiling: FloatArray

    @classmethod
    def plain(cls, weights: npt.ArrayLike) -> WeightedSum:
        """Return the sum whose features all count as they are."""
        of_feature = np.asarray(weights, dtype=np.float64)
        endless = np.full(of_feature.shape, np.inf)
        return cls(of_feature, np.zeros(of_feature.shape), -endless, endless)

    def value(self, features: FloatArray) -> float:
        """Return the sum for one case, whose features have shape (dimension,)."""
        brought_in = np.clip(features, self.floor, self.ceiling)
        return float(self.weights @ (brought_in - self.centre))


def signature_map(
    embedder: Embedder,
    image: Image,
    region: BoolArray,
    side: Side | None,
    signature: WeightedSum,
) -> SaliencyMap:
    """Return the exact map of a weighted sum of pooled features.

    A feature is the mean of its map A_j over the h x w cells (7 x 7 at 224 pixels), so that
    sum_j w_j f_j = sum over cells of sum_j w_j A_j / (h w): class activation mapping (Zhou et
    al. 2016, CVPR, eq. 2) without any approximation. The cells are spread over the crop by
    bilinear interpolation that keeps every cell's sum, put back onto the image, and mirroring is
    undone. With averaged views the map is the mean of theirs.

    What has a place keeps it, and what has none is spread evenly over the crop, so that the map
    always sums to the case's signature: a feature above its ceiling keeps its map, made weaker
    until its mean is the ceiling; a feature below its floor lacks something that is nowhere, and
    the difference is spread evenly; so is the centre, the same for every case, so that the map
    tells the case from the average one.

    Parameters
    ----------
    embedder
        With one of the ResNets.
    image, region, side
        The case, as for ``Embedder.extract``.
    signature
        Of all the features, in their order.

    Raises
    ------
    InputError
        If the network has no maps that it averages (a network file), its features are those of
        several slices, or the weights do not fit.
    """
    network = embedder.network
    if not isinstance(network, ResidualNetwork):
        raise InputError(
            "deep saliency: expected one of the ResNets, whose features are means of maps; a"
            " network file gives vectors only"
        )
    if embedder.settings.slices != "largest":
        raise InputError(
            f'deep saliency: expected features of one slice (slices = "largest"), found those of'
            f" several: {embedder.settings.slices}"
        )
    _check(signature, embedder.dimension)
    crops = [embedder.crop(image, region, side, view) for view in embedder.views]
    maps = [network.maps(embedder.normalise(c.pixels[None]))[0].astype(np.float64) for c in crops]
    features = np.mean([one.mean(axis=(1, 2)) for one in maps], axis=0)
    above, below = features > signature.ceiling, features < signature.floor
    weaker = np.ones_like(features)
    weaker[above] = signature.ceiling[above] / features[above]
    values = np.zeros(image.pixels.shape)
    for crop, one in zip(crops, maps, strict=True):
        cells = np.tensordot(signature.weights * weaker, one, axes=1)
        add_to_image(values, cells / (one[0].size * len(maps)), crop.window)
    lacking = np.where(below, signature.floor - features, 0.0) - signature.centre
    # The plain view comes first.
    _add_evenly(values, float(signature.weights @ lacking), crops[0].window)
    return SaliencyMap(values, signature.value(features), crops[0].window)


def _check(signature: WeightedSum, dimension: int) -> None:
    shape = signature.weights.shape
    if shape != (dimension,) or not np.isfinite(signature.weights).all():
        raise InputError(
            f"deep saliency: expected {dimension} finite weights, one per feature, found an array"
            f" of shape {shape}"
        )


def _add_evenly(values: FloatArray, amount: float, window: Window) -> None:
    """Spread a number evenly over what the image holds of a window."""
    plane = values if window.slice_index is None else values[window.slice_index]
    top, left = max(0, window.top), max(0, window.left)
    part = plane[top : window.top + window.height, left : window.left + window.width]
    part += amount / part.size


def add_to_image(values: FloatArray, cells: FloatArray, window: Window) -> None:
    """Spread cells over their window and add them onto the image, their sum unchanged.

    What lies beyond the image's border goes to the nearest pixels on it.
    """
    plane = values if window.slice_index is None else values[window.slice_index]
    shown = cells[:, ::-1] if window.is_mirrored else cells
    rows, by_row = _spread(shown.shape[0], window.top, window.height, plane.shape[0])
    columns, by_column = _spread(shown.shape[1], window.left, window.width, plane.shape[1])
    plane[rows, columns] += by_row @ shown @ by_column.T


def _spread(n_cells: int, first: int, length: int, image_length: int) -> tuple[slice, FloatArray]:
    """Return the image's pixels along one axis, and each cell's share of each of them.

    Every column sums to one, which is what keeps the sum.
    """
    shares = triangle_weights(n_cells, length)
    occupied = shares.sum(axis=0) > 0
    if not occupied.all():  # fewer pixels than cells: a cell goes whole to its nearest pixel
        nearest = ((np.arange(n_cells) + 0.5) * length / n_cells).astype(int)
        shares = np.where(occupied, shares, np.arange(length)[:, None] == nearest)
    shares = shares / shares.sum(axis=0)
    place = np.clip(np.arange(first, first + length), 0, image_length - 1)
    on_image = np.zeros((place[-1] + 1 - place[0], n_cells))
    np.add.at(on_image, place - place[0], shares)
    return slice(int(place[0]), int(place[-1]) + 1), on_image
