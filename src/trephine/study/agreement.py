"""How well the raters of a study agree: their drawings, and every feature measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from trephine.choices import IccForm
from trephine.errors import InputError
from trephine.evaluation.agreement import (
    BlandAltman,
    RegionAgreement,
    bland_altman,
    compare_regions,
)
from trephine.executors import Progress
from trephine.facts.agreement import DrawnCase
from trephine.imaging import region_outline
from trephine.imaging.sides import picture_sides
from trephine.modelling.cases import FeatureSet
from trephine.modelling.reliability import FEWEST_SUBJECTS, Agreement, agreements
from trephine.study.images.files import CaseFiles, open_image, open_mask
from trephine.study.inputs import StudyInputs
from trephine.types import BoolArray, FloatArray, IntArray

# What is shown round a pair of drawings, as a share of their extent.
_MARGIN = 0.35


@dataclass(frozen=True)
class Comparison:
    """Two readings of the same cases.

    Attributes
    ----------
    name
        For example "a and b", or "a, read twice".
    rows
        Cases read in both, positions in the study.
    regions
        Their drawings compared, in the order of ``rows``.
    size
        Bland-Altman of area (mm2) or volume (mm3); None below three cases.
    """

    name: str
    rows: tuple[int, ...]
    regions: tuple[RegionAgreement, ...]
    size: BlandAltman | None

    def worst(self, count: int) -> list[int]:
        """Return the study rows of the ``count`` smallest Dice coefficients, worst first."""
        order = np.argsort([region.dice for region in self.regions], kind="stable")
        return [self.rows[position] for position in order[:count]]


@dataclass(frozen=True)
class FeatureAgreement:
    """ICC of the features of one set in one comparison.

    Attributes
    ----------
    comparison, feature_set
        Who, and which features.
    names
        Features that five cases at least have in every reading, shape (p,).
    cases
        Shape (p,): how many cases have it.
    icc, low, high
        Shape (p,): estimates and 95% limits.
    form
        Of the ICC.
    n_cases
        Read by all.
    """

    comparison: str
    feature_set: str
    names: tuple[str, ...]
    cases: IntArray
    icc: FloatArray
    low: FloatArray
    high: FloatArray
    form: IccForm
    n_cases: int


def has_two_readings(inputs: StudyInputs) -> bool:
    """Say whether any case of a study was drawn twice."""
    return inputs.files is not None and bool(reading_pairs(inputs.files))


def compare_drawings(
    inputs: StudyInputs, progress: Progress | None = None
) -> tuple[Comparison, ...]:
    """Compare every pair of raters, and each rater's two readings, case by case.

    Parameters
    ----------
    inputs
        A study with images and at least two readings.
    progress
        Called with (done, total) by case.

    Raises
    ------
    InputError
        If the study has no images or only one reading.
    """
    files = inputs.files
    if files is None:
        raise InputError("agree: expected a study with images and masks, found none")
    pairs = reading_pairs(files)
    if not pairs:
        raise InputError(
            "agree: expected two raters under [data.raters], or a second reading under"
            " [data.repeats], found one reading"
        )
    found: dict[str, dict[int, RegionAgreement]] = {name: {} for name, _, _ in pairs}
    for row in range(len(files.images)):
        readings, spacing = _read_case(inputs, files, row)
        for name, first, second in pairs:
            if first in readings and second in readings:
                found[name][row] = compare_regions(readings[first], readings[second], spacing)
        if progress is not None:
            progress(row + 1, len(files.images))
    return tuple(_comparison(name, regions) for name, regions in found.items())


def compare_features(sets: Mapping[str, FeatureSet], form: IccForm) -> tuple[FeatureAgreement, ...]:
    """Return the ICC, with its interval, of every feature between and within raters.

    Parameters
    ----------
    sets
        Features by name, with the raters' readings.
    form
        Of the ICC; a comparison of fewer than five cases is left out, as in a study's selection.
    """
    return tuple(
        _of_set(name, agreement, features.names)
        for name, features in sets.items()
        for agreement in agreements(features, form)
    )


def draw_worst(inputs: StudyInputs, comparison: Comparison, count: int) -> tuple[DrawnCase, ...]:
    """Return the cases of a comparison that agree least, as pictures with both outlines.

    Parameters
    ----------
    inputs, comparison
        A study with plane images, and one of its comparisons.
    count
        How many.
    """
    files = inputs.files
    assert files is not None
    first, second = next((a, b) for name, a, b in reading_pairs(files) if name == comparison.name)
    drawn = []
    for row in comparison.worst(count):
        image = open_image(files.images[row], inputs.plan.data)
        if image.pixels.ndim != 2:
            return ()
        readings, _ = _read_case(inputs, files, row)
        window = _window(readings[first] | readings[second])
        region = comparison.regions[comparison.rows.index(row)]
        drawn.append(
            DrawnCase(
                title=f"Case {row + 1}: Dice {region.dice:.2f}",
                pixels=image.pixels[window],
                first=tuple(region_outline(readings[first][window])),
                second=tuple(region_outline(readings[second][window])),
                edge_sides=picture_sides(image),
            )
        )
    return tuple(drawn)


# Rater, and whether it is the second reading.
RaterReading = tuple[str, bool]


def reading_pairs(files: CaseFiles) -> list[tuple[str, RaterReading, RaterReading]]:
    """Return every two readings that are compared, with the comparison's name."""
    between = [
        (f"{one} and {other}", (one, False), (other, False))
        for one, other in combinations(files.masks, 2)
    ]
    within = [(f"{rater}, read twice", (rater, False), (rater, True)) for rater in files.repeats]
    return [*between, *within]


def _read_case(
    inputs: StudyInputs, files: CaseFiles, row: int
) -> tuple[dict[RaterReading, BoolArray], Sequence[float]]:
    data = inputs.plan.data
    image = open_image(files.images[row], data)
    paths: dict[RaterReading, Path | None] = {
        **{(rater, False): masks[row] for rater, masks in files.masks.items()},
        **{(rater, True): masks[row] for rater, masks in files.repeats.items()},
    }
    regions = {
        reading: open_mask(path, image, data).region(files.labels[row])
        for reading, path in paths.items()
        if path is not None
    }
    return regions, image.geometry.spacing_mm


def _comparison(name: str, regions: Mapping[int, RegionAgreement]) -> Comparison:
    found = tuple(regions.values())
    sizes = [(region.first_size, region.second_size) for region in found]
    size = bland_altman(*np.transpose(sizes)) if len(sizes) >= 3 else None
    return Comparison(name, tuple(regions), found, size)


def _of_set(name: str, agreement: Agreement, names: Sequence[str]) -> FeatureAgreement:
    kept = np.flatnonzero(agreement.subjects >= FEWEST_SUBJECTS).tolist()
    return FeatureAgreement(
        agreement.readers,
        name,
        tuple(names[j] for j in kept),
        agreement.subjects[kept],
        agreement.icc[kept],
        agreement.low[kept],
        agreement.high[kept],
        agreement.form,
        agreement.n_subjects,
    )


def _window(region: BoolArray) -> tuple[slice, ...]:
    """Return the bounding box with its margin."""
    window = []
    for axis, size in enumerate(region.shape):
        where = np.flatnonzero(region.any(axis=1 - axis))
        margin = round(_MARGIN * (where[-1] - where[0] + 1))
        window.append(slice(max(int(where[0]) - margin, 0), min(int(where[-1]) + margin + 1, size)))
    return tuple(window)
