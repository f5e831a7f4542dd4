"""Where on the image a deep signature comes from, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.deep.crop import Side, Window
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
        sum_j w_j f_j of the case.
    window
        The crop that was looked at.
    """

    values: FloatArray
    signature: float
    window: Window


def signature_map(
    embedder: Embedder,
    image: Image,
    region: BoolArray,
    side: Side | None,
    weights: npt.ArrayLike,
) -> SaliencyMap:
    """Return the exact map of a weighted sum of pooled features.

    A feature is the mean of its map A_j over the h x w cells (7 x 7 at 224 pixels), so that
    sum_j w_j f_j = sum over cells of sum_j w_j A_j / (h w): class activation mapping (Zhou et
    al. 2016, CVPR, eq. 2) without any approximation. The cells are spread over the crop by
    bilinear interpolation that keeps every cell's sum, put back onto the image, and mirroring is
    undone. With averaged views the map is the mean of theirs.

    Parameters
    ----------
    embedder
        With one of the ResNets.
    image, region, side
        The case, as for ``Embedder.extract``.
    weights
        Of each feature, shape (dimension,). For a signature of standardised features give
        weight / scale; its centre adds the same number to every case and has no place.

    Raises
    ------
    InputError
        If the network has no maps that it averages (a network file), or the weights do not fit.
    """
    network = embedder.network
    if not isinstance(network, ResidualNetwork):
        raise InputError(
            "deep saliency: expected one of the ResNets, whose features are means of maps; a"
            " network file gives vectors only"
        )
    of_feature = np.asarray(weights, dtype=np.float64)
    if of_feature.shape != (embedder.dimension,) or not np.isfinite(of_feature).all():
        raise InputError(
            f"deep saliency: expected {embedder.dimension} finite weights, one a feature, found"
            f" an array of shape {of_feature.shape}"
        )
    values = np.zeros(image.pixels.shape)
    signature = 0.0
    for view in embedder.views:
        crop = embedder.crop(image, region, side, view)
        maps = network.maps(embedder.normalise(crop.pixels[None]))[0].astype(np.float64)
        cells = np.tensordot(of_feature, maps, axes=1) / (maps[0].size * len(embedder.views))
        signature += float(cells.sum())
        add_to_image(values, cells, crop.window)
    # Of the plain view, which comes first.
    return SaliencyMap(values, signature, embedder.crop(image, region, side).window)


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
