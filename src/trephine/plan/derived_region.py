"""A region that nobody drew: made of drawn ones, by joining, leaving out and distance."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trephine.errors import MisfitError
from trephine.plan.section import PlanSection

# Names of regions, one or several joined.
RegionNames = str | tuple[str, ...]


def _all(names: RegionNames) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,) if names else ()
    return names


class DerivedRegion(PlanSection):
    """``[images.NAME.derived.REGION]``: how a region is made of those that were drawn."""

    of: RegionNames = Field(description="the drawn region, or several, which are joined")
    outside_mm: float | None = Field(
        default=None,
        gt=0,
        description="a ring around it instead: the voxels outside whose centre is at most this many"
        " mm from the centre of the nearest one inside, with slices at their true distance",
    )
    inside_mm: float | None = Field(
        default=None,
        gt=0,
        description="its rim instead: the voxels inside whose centre is at most this many mm from"
        " the centre of the nearest one outside; with `outside_mm`, both",
    )
    within: RegionNames = Field(
        default="", description="drawn regions that it is confined to, such as the bone"
    )
    without: RegionNames = Field(
        default="", description="drawn regions that are left out, such as a lesion"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not _all(self.of):
            raise MisfitError("of", "the name of at least one drawn region", "none")
        return self

    @property
    def used(self) -> tuple[str, ...]:
        """The drawn regions that it is made of, once each."""
        return tuple(dict.fromkeys((*_all(self.of), *_all(self.within), *_all(self.without))))

    @property
    def words(self) -> str:
        """What it is, for messages and as what its features are kept under."""
        text = " and ".join(_all(self.of))
        rings = [
            f"{mm:g} mm {where}"
            for mm, where in ((self.inside_mm, "inside"), (self.outside_mm, "outside"))
            if mm is not None
        ]
        if rings:
            text = f"ring of {' and '.join(rings)} {text}"
        for word, names in (("within", _all(self.within)), ("without", _all(self.without))):
            if names:
                text += f" {word} {' and '.join(names)}"
        return text

    def of_labels(self, labels: dict[str, int | str]) -> Derivation:
        """Return the rule with the labels that the drawn regions have in a mask."""
        return Derivation(rule=self, labels={name: labels[name] for name in self.used})

    def parts(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the names of the regions joined, kept within and left out."""
        return _all(self.of), _all(self.within), _all(self.without)


class Derivation(PlanSection):
    """A derived region, with the labels of what it is made of."""

    rule: DerivedRegion = Field(description="how the region is made")
    labels: dict[str, int | str] = Field(description="label of each drawn region in the masks")
