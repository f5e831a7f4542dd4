"""What the figure of the raters' agreement is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from trephine.types import Estimate, FloatArray


class SizeDifferences(Protocol):
    """Differences in size between two drawings of each region, as Bland and Altman plot them."""

    @property
    def means(self) -> FloatArray:
        """Mean of both sizes, shape (n,)."""
        ...

    @property
    def differences(self) -> FloatArray:
        """Second minus first, shape (n,)."""
        ...

    @property
    def bias(self) -> Estimate:
        """Mean difference."""
        ...

    @property
    def lower_limit(self) -> Estimate:
        """Lower limit of agreement."""
        ...

    @property
    def upper_limit(self) -> Estimate:
        """Upper limit of agreement."""
        ...


@dataclass(frozen=True)
class DrawnCase:
    """A case as two raters drew it.

    Attributes
    ----------
    title
        Which case and how well they agree.
    pixels
        The part of the image round the drawings, (rows, columns).
    first, second
        Outlines, each (k, 2), (row, column) in ``pixels``.
    edge_sides
        The patient's side at the picture's left and right edge, R or L; empty where unknown.
    """

    title: str
    pixels: FloatArray
    first: tuple[FloatArray, ...]
    second: tuple[FloatArray, ...]
    edge_sides: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class AgreementFigure:
    """What the figure shows.

    Attributes
    ----------
    dice, hausdorff95_mm
        By comparison, one value per case.
    size
        Bland-Altman of the first comparison's areas (mm2) or volumes (mm3), or None.
    size_unit
        "mm²" or "mm³".
    icc
        By comparison, one value per feature.
    worst
        Cases that agree least, in the first comparison.
    readers
        Whose the first and the second outline of these cases are.
    """

    dice: Mapping[str, FloatArray]
    hausdorff95_mm: Mapping[str, FloatArray]
    size: SizeDifferences | None
    size_unit: str
    icc: Mapping[str, FloatArray]
    worst: tuple[DrawnCase, ...]
    readers: tuple[str, str] = ("first", "second")
