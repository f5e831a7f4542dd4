"""The region as the texture matrices see it, laid out once for all image types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from trephine.radiomics.gldzm import border_distances
from trephine.radiomics.neighbourhood import Levels, Neighbourhood
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import BoolArray


@dataclass
class RegionGeometry:
    """The region as the texture matrices see it; neighbourhoods are laid out once.

    Attributes
    ----------
    region
        Within its bounding box.
    spacing_mm
        Along the array axes.
    threads
        Within one image type.
    form
        The morphological region, which may be larger, within its bounding box; the region itself
        where it is None.
    within
        Where the region's box lies in the form's.
    """

    region: BoolArray
    spacing_mm: tuple[float, ...]
    threads: int = 1
    form: BoolArray | None = None
    within: tuple[slice, ...] = ()
    _neighbourhoods: dict[tuple[tuple[int, ...], int | None], Neighbourhood] = field(
        default_factory=dict
    )

    def neighbourhood(self, settings: RadiomicsSettings) -> Neighbourhood:
        """Return the neighbourhood of the settings' distances and plane."""
        plane = settings.force2Ddimension if settings.force2D else None
        key = (settings.distances, plane)
        if key not in self._neighbourhoods:
            self._neighbourhoods[key] = Neighbourhood.of(self.region, *key)
        return self._neighbourhoods[key]

    def borders(self, plane: int | None) -> Levels:
        """Return the voxels' distances to the form's border, in raster order."""
        if self.form is None:
            return border_distances(self.region, plane)[self.region]
        return border_distances(self.form, plane)[self.within][self.region]

    def slices(self) -> Iterator[tuple[RegionGeometry, slice]]:
        """Yield each slice of a volume as a region of its own, and which voxels are its."""
        start = 0
        for number, part in enumerate(self.region):
            stop = start + int(np.count_nonzero(part))
            if stop == start:
                continue
            form, within = None, self.within
            if self.form is not None:
                at = self.within[0].start + number
                form = self.form[at : at + 1]
                within = (slice(0, 1), *self.within[1:])
            yield (
                RegionGeometry(part[np.newaxis], self.spacing_mm, 1, form, within),
                slice(start, stop),
            )
            start = stop
