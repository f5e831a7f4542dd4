"""Stationary wavelet transform, band by band, where the region needs it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pywt
from numba import njit

from trephine.radiomics.derived import DerivedImage, in_region
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, IntArray

# A band this much weaker than the image is rounding, not texture.
_NO_SIGNAL = 1e-10


def wavelet_names(settings: RadiomicsSettings, ndim: int) -> tuple[str, ...]:
    """Return PyRadiomics' names of the bands: the details of each level, then the approximation.

    The letters stand for the axes x, y(, z): ``wavelet-LH`` is high-pass along y.
    """
    letters = len(_axes(settings, ndim))
    bands = ["".join(band) for band in itertools.product("LH", repeat=letters)]
    names = []
    for number in range(1, settings.level + 1):
        prefix = "wavelet" if number == 1 else f"wavelet{number}"
        names += [f"{prefix}-{band}" for band in bands[1:]]
    last = "wavelet" if settings.level == 1 else f"wavelet{settings.level}"
    return (*names, f"{last}-{bands[0]}")


def wavelet_bands(prepared: PreparedImage, settings: RadiomicsSettings) -> list[DerivedImage]:
    """Return every band as PyRadiomics 3.0.1 computes it with PyWavelets' swtn.

    Each level filters the approximation before it with the same filters, periodically; an odd axis
    is first lengthened by its first sample. Bands whose values are rounding (as along an axis on
    which the image is constant) are returned with a reason.
    """
    axes = _axes(settings, prepared.pixels.ndim)
    wavelet = pywt.Wavelet(settings.wavelet)
    levels = settings.start_level + settings.level
    found: list[FloatArray] = []
    data: FloatArray | None = None
    for number in range(levels):
        last = number == levels - 1
        extents = prepared.pixels.shape if data is None else data.shape
        padded = tuple(
            extent + extent % 2 if axis in axes else extent for axis, extent in enumerate(extents)
        )
        kept = prepared.box if last else tuple(slice(0, extent) for extent in padded)
        tables = {axis: _table(extents[axis], kept[axis], wavelet.dec_len) for axis in axes}
        window = tuple(
            tables[axis].window if axis in axes else part for axis, part in enumerate(kept)
        )
        bands = [prepared.window(window) if data is None else data[window]]
        for axis in axes:
            bands = [half for band in bands for half in _split(band, axis, tables[axis], wavelet)]
        data = bands[0]
        if number >= settings.start_level:
            found += bands[1:] if last else [band[prepared.box] for band in bands[1:]]
    found.append(bands[0])
    names = wavelet_names(settings, prepared.pixels.ndim)
    return [_derived(prepared, name, band) for name, band in zip(names, found, strict=True)]


def _axes(settings: RadiomicsSettings, ndim: int) -> tuple[int, ...]:
    """Return the array axes that are transformed, x first."""
    return tuple(
        axis
        for axis in range(ndim - 1, -1, -1)
        if not (settings.force2D and axis == settings.force2Ddimension)
    )


def _derived(prepared: PreparedImage, name: str, band: FloatArray) -> DerivedImage:
    values = in_region(prepared, band)
    weak = np.abs(values).max() <= _NO_SIGNAL * prepared.largest_magnitude
    return DerivedImage(name, values, "the band carries no signal, only rounding" if weak else "")


@dataclass(frozen=True)
class _Table:
    """Which samples each output of a periodic filter takes, in PyWavelets' order of summation.

    Where a band is nothing but rounding, the order decides its values.

    Attributes
    ----------
    taps, samples
        Shape (outputs, filter length): filter tap and sample, counted from the window's start.
    window
        The samples that any output takes.
    """

    taps: IntArray
    samples: IntArray
    window: slice


def _table(extent: int, kept: slice, length: int) -> _Table:
    """Lay out a filter of some length for the outputs ``kept`` of an axis."""
    period = extent + extent % 2
    newest = np.arange(kept.start, kept.stop) + length // 2
    taps = np.tile(np.arange(length), (len(newest), 1))
    for row in np.flatnonzero(newest >= period):
        order = _wrapped_ahead(int(newest[row]), period)
        taps[row] = [*order, *range(len(order), length)]
    samples = (newest[:, None] - taps) % period
    samples[samples == extent] = 0  # the sample that makes an odd axis even
    first = int(samples.min())
    return _Table(taps, samples - first, slice(first, int(samples.max()) + 1))


def _wrapped_ahead(newest: int, period: int) -> list[int]:
    """Return the taps that fall beyond the end, by the sample they wrap round to."""
    order: list[int] = []
    while newest - len(order) >= period:
        for _ in range(period):
            if newest - len(order) < period:
                break
            order.append(newest - period - len(order))
    return order


def _split(
    band: FloatArray, axis: int, table: _Table, wavelet: pywt.Wavelet
) -> tuple[FloatArray, FloatArray]:
    """Return the low-pass and the high-pass half of a band along one axis."""
    shape = band.shape
    before = int(np.prod(shape[:axis], dtype=np.int64))
    after = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    halves = _convolve(
        np.ascontiguousarray(band).reshape(before, shape[axis], after),
        table.taps,
        table.samples,
        np.array([wavelet.dec_lo, wavelet.dec_hi]),
    )
    low, high = (half.reshape(*shape[:axis], -1, *shape[axis + 1 :]) for half in halves)
    return low, high


@njit(cache=True, nogil=True)
def _convolve(
    data: FloatArray, taps: IntArray, samples: IntArray, filters: FloatArray
) -> FloatArray:
    """Filter along the middle axis with a low-pass and a high-pass filter at once."""
    before, _, after = data.shape
    outputs, length = taps.shape
    result = np.zeros((2, before, outputs, after))
    for b in range(before):
        for o in range(outputs):
            if after == 1:
                low = high = 0.0
                for t in range(length):
                    x = data[b, samples[o, t], 0]
                    low += filters[0, taps[o, t]] * x
                    high += filters[1, taps[o, t]] * x
                result[0, b, o, 0] = low
                result[1, b, o, 0] = high
            else:
                for t in range(length):
                    low_tap = filters[0, taps[o, t]]
                    high_tap = filters[1, taps[o, t]]
                    sample = samples[o, t]
                    for a in range(after):
                        x = data[b, sample, a]
                        result[0, b, o, a] += low_tap * x
                        result[1, b, o, a] += high_tap * x
    return result
