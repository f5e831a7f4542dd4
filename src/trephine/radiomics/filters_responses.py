"""IBSI's convolutional filters on arrays: what every voxel of an image responds.

IBSI 2 reference manual (arXiv:2006.05470). Arrays are (slices, rows, columns); kernels and bands
are named along x, y, z, which are columns, rows, slices. With ``dimensions`` 2 a filter works slice
by slice.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import reduce
from typing import Literal

import numpy as np
import numpy.typing as npt
import pywt
from scipy.fft import fftn, ifftn
from scipy.ndimage import convolve1d, uniform_filter
from scipy.signal import fftconvolve

from trephine.radiomics.settings_responses import Boundary, Pooling, ResponseFilter
from trephine.types import FloatArray

Kernels = tuple[FloatArray, ...]

_ScipyMode = Literal["reflect", "nearest", "constant", "wrap"]
_SCIPY: dict[Boundary, _ScipyMode] = {
    "mirror": "reflect",
    "nearest": "nearest",
    "zero": "constant",
    "periodic": "wrap",
}
_NUMPY = {"mirror": "symmetric", "nearest": "edge", "zero": "constant", "periodic": "wrap"}

_LAWS = {
    "L5": (1, 4, 6, 4, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
    "L3": (1, 2, 1),
    "E3": (-1, 0, 1),
    "S3": (-1, 2, -1),
}
# Standard deviations at which a Gabor kernel is cut: exp(-18) of its peak.
_GABOR_REACH = 6.0


def response(
    pixels: FloatArray, wanted: ResponseFilter, spacing_mm: tuple[float, ...]
) -> FloatArray:
    """Return the response map of a filter, shape of ``pixels`` (slices, rows, columns).

    Parameters
    ----------
    spacing_mm
        Along slices, rows, columns.
    """
    match wanted.kind:
        case "mean":
            return mean_response(pixels, wanted)
        case "log":
            found = _log_response(pixels, wanted, spacing_mm)
        case "laws":
            kernels = tuple(_laws_kernel(name) for name in wanted.kernel_names)
            found = _pooled_separable(pixels, kernels, wanted)
        case "gabor":
            found = _gabor_response(pixels, wanted, spacing_mm)
        case "wavelet":
            found = _wavelet_response(pixels, wanted)
        case _:
            found = _riesz(pixels, wanted, None)
    if wanted.energy is not None:
        window = ResponseFilter(
            kind="mean",
            support=2 * wanted.energy + 1,
            dimensions=wanted.dimensions,
            boundary=wanted.boundary,
        )
        found = mean_response(np.abs(found), window)
    return found


def reach(wanted: ResponseFilter, spacing_mm: tuple[float, ...]) -> tuple[int, ...] | None:
    """Return how far a voxel's response looks along slices, rows, columns; None: everywhere."""
    if wanted.kind == "simoncelli" or wanted.riesz is not None:
        return None
    if wanted.kind == "mean":
        extents = [float(wanted.support or 1)] * 3
    elif wanted.kind == "log":
        extents = [wanted.cutoff * (wanted.sigma or 0.0) / step + 1 for step in spacing_mm]
    elif wanted.kind == "gabor":
        widest = _GABOR_REACH * (wanted.sigma or 0.0) * max(1.0, 1.0 / wanted.elongation)
        extents = [widest / step + 2 for step in spacing_mm]
    elif wanted.kind == "laws":
        extents = [3.0] * 3
    else:
        length = pywt.Wavelet(wanted.wavelet).dec_len
        extents = [float(length * 2**wanted.level)] * 3
    margin = [math.ceil(extent) + (wanted.energy or 0) for extent in extents]
    if wanted.dimensions == 2 and wanted.kind != "gabor":
        margin[0] = 0
    return tuple(margin)


def mean_response(pixels: FloatArray, wanted: ResponseFilter) -> FloatArray:
    """Return the mean over a cube, or a square, of ``support`` voxels."""
    size = [1 if axis not in _axes(wanted) else int(wanted.support or 1) for axis in range(3)]
    found: FloatArray = uniform_filter(pixels, size, mode=_SCIPY[wanted.boundary])
    return found


def _axes(wanted: ResponseFilter) -> tuple[int, ...]:
    """Return the array axes that a filter works along, x first."""
    return (2, 1, 0)[: wanted.dimensions]


def _along(
    pixels: FloatArray, kernels: Kernels, axes: tuple[int, ...], boundary: Boundary
) -> FloatArray:
    """Convolve with one kernel along each axis; a kernel of even length has its middle after it."""
    for kernel, axis in zip(kernels, axes, strict=True):
        pixels = convolve1d(pixels, kernel, axis=axis, mode=_SCIPY[boundary])
    return pixels


def _turned(kernels: Kernels) -> Iterator[Kernels]:
    """Yield separable kernels in every position that right angles bring them to."""
    count = len(kernels)
    for order in itertools.permutations(range(count)):
        parity = np.linalg.det(np.eye(count)[list(order)])
        for signs in itertools.product((1, -1), repeat=count):
            if parity * math.prod(signs) > 0:
                yield tuple(kernels[k][::sign] for k, sign in zip(order, signs, strict=True))


def _pool(responses: Iterator[FloatArray], pooling: Pooling) -> FloatArray:
    count = 1
    total = next(responses)
    for one in responses:
        count += 1
        total = np.maximum(total, one) if pooling == "max" else total + one
    return total if pooling == "max" else total / count


def _pooled_separable(pixels: FloatArray, kernels: Kernels, wanted: ResponseFilter) -> FloatArray:
    axes = _axes(wanted)
    if wanted.pooling is None:
        return _along(pixels, kernels, axes, wanted.boundary)
    each = (_along(pixels, turned, axes, wanted.boundary) for turned in _turned(kernels))
    return _pool(each, wanted.pooling)


def _laws_kernel(name: str) -> FloatArray:
    kernel = np.array(_LAWS[name], dtype=np.float64)
    normed: FloatArray = kernel / np.linalg.norm(kernel)
    return normed


def _log_response(
    pixels: FloatArray, wanted: ResponseFilter, spacing_mm: tuple[float, ...]
) -> FloatArray:
    """Return the Laplacian of Gaussian, sampled and cut at ``cutoff`` standard deviations."""
    axes = _axes(wanted)
    smooth, curved = {}, {}
    for axis in axes:
        sigma = (wanted.sigma or 1.0) / spacing_mm[axis]
        half = math.floor(wanted.cutoff * sigma + 0.5)
        k = np.arange(-half, half + 1.0)
        smooth[axis] = np.exp(-(k**2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
        curved[axis] = smooth[axis] * (k**2 / sigma**2 - 1.0) / sigma**2
    total = np.zeros_like(pixels)
    if wanted.riesz is not None:
        pixels = _riesz(pixels, wanted, 1.0)
    for second in axes:
        kernels = tuple(curved[axis] if axis == second else smooth[axis] for axis in axes)
        total += _along(pixels, kernels, axes, wanted.boundary)
    return total


def _gabor_response(
    pixels: FloatArray, wanted: ResponseFilter, spacing_mm: tuple[float, ...]
) -> FloatArray:
    """Return the modulus of the Gabor response, pooled over angles and planes where asked for."""
    angles = [math.radians(wanted.theta)]
    if wanted.step is not None:
        angles += [math.radians(k * wanted.step) for k in range(1, round(360.0 / wanted.step))]
    planes = (0, 1, 2) if wanted.dimensions == 3 else (0,)

    def each() -> Iterator[FloatArray]:
        for plane in planes:
            turned = np.moveaxis(pixels, plane, 0)
            steps = tuple(np.delete(spacing_mm, plane))
            for angle in angles:
                found = _gabor_in_plane(turned, wanted, steps, angle)
                yield np.moveaxis(found, 0, plane)

    return _pool(each(), wanted.pooling or "average")


def _gabor_in_plane(
    pixels: FloatArray, wanted: ResponseFilter, spacing_mm: tuple[float, ...], angle: float
) -> FloatArray:
    sigma, widest = wanted.sigma or 1.0, max(1.0, 1.0 / wanted.elongation)
    half = [math.ceil(_GABOR_REACH * sigma * widest / step) for step in spacing_mm]
    down, across = np.meshgrid(
        *(np.arange(-n, n + 1) * step for n, step in zip(half, spacing_mm, strict=True)),
        indexing="ij",
    )
    forward = across * math.cos(angle) + down * math.sin(angle)
    sideways = -across * math.sin(angle) + down * math.cos(angle)
    envelope = np.exp(-(forward**2 + (wanted.elongation * sideways) ** 2) / (2 * sigma**2))
    kernel = envelope * np.exp(2j * math.pi * forward / wanted.wavelength)
    padded = np.pad(pixels, [(0, 0), *((n, n) for n in half)], mode=_NUMPY[wanted.boundary])  # type: ignore[call-overload]
    return np.array([np.abs(fftconvolve(part, kernel, mode="valid")) for part in padded])


def _wavelet_response(pixels: FloatArray, wanted: ResponseFilter) -> FloatArray:
    """Return a band of the undecimated separable wavelet transform (a trous)."""
    wavelet = pywt.Wavelet(wanted.wavelet)
    low, high = (np.array(kernel) for kernel in (wavelet.dec_lo, wavelet.dec_hi))

    def spread(kernel: FloatArray, level: int) -> FloatArray:
        apart = np.zeros(len(kernel) * 2**level)
        apart[:: 2**level] = kernel
        return apart if len(apart) % 2 else np.append(apart, 0.0)  # the middle is one voxel

    def band(letters: str, level: int) -> Kernels:
        return tuple(spread(high if letter == "H" else low, level) for letter in letters)

    levels = [band("L" * wanted.dimensions, level) for level in range(wanted.level - 1)]
    levels.append(band(wanted.bands, wanted.level - 1))
    axes = _axes(wanted)
    if wanted.pooling is None:
        return reduce(lambda data, k: _along(data, k, axes, wanted.boundary), levels, pixels)
    paths = zip(*(list(_turned(kernels)) for kernels in levels), strict=True)
    each = (
        reduce(lambda data, k: _along(data, k, axes, wanted.boundary), path, pixels)
        for path in paths
    )
    return _pool(each, wanted.pooling)


def _riesz(pixels: FloatArray, wanted: ResponseFilter, gain: float | None) -> FloatArray:
    """Multiply an image's spectrum by a band (or a gain) and the Riesz transform's part.

    The image goes round at its edges, as in what IBSI's values rest on.
    """
    axes = _axes(wanted)
    frequencies = np.meshgrid(
        *(_frequencies(pixels.shape[axis], gain is None) for axis in axes),
        indexing="ij",
        sparse=True,
    )
    radius = np.sqrt(sum(f**2 for f in frequencies))
    transfer: npt.NDArray[np.complexfloating] = np.asarray(
        _simoncelli(radius, wanted.level) if gain is None else np.full(radius.shape, gain),
        dtype=np.complex128,
    )
    if wanted.riesz is not None:
        order = sum(wanted.riesz)
        weight = math.factorial(order) / math.prod(math.factorial(n) for n in wanted.riesz)
        safe = np.where(radius > 0, radius, 1.0)
        part = reduce(
            lambda a, b: a * b,
            (f**n for f, n in zip(frequencies, wanted.riesz, strict=True)),
        )
        transfer = transfer * (-1j) ** order * math.sqrt(weight) * part / safe**order
        transfer[radius == 0] = 0.0
    transfer = np.moveaxis(transfer, range(len(axes)), [axis - (3 - len(axes)) for axis in axes])
    over = tuple(sorted(axes))
    found: FloatArray = ifftn(fftn(pixels, axes=over) * transfer, axes=over).real
    return found


def _frequencies(extent: int, centred: bool) -> FloatArray:
    """Return an axis' frequencies, 1 the highest; centred on its middle as IBSI's maps are."""
    found: FloatArray = np.fft.fftfreq(extent).astype(np.float64) * 2.0
    if centred and extent > 1:
        found = np.fft.ifftshift(np.linspace(-1.0, 1.0, extent))
    return found


def _simoncelli(radius: FloatArray, level: int) -> FloatArray:
    """Return the radial band: a raised cosine over two octaves; 1 is the highest frequency."""
    scaled = radius * 2.0 ** (level - 1)
    inside = (scaled > 0.25) & (scaled <= 1.0)
    band = np.zeros(radius.shape)
    band[inside] = np.cos(math.pi / 2.0 * np.log2(2.0 * scaled[inside]))
    return band
