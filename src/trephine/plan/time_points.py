"""Images of several times: what may be known when prediction begins, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.cohort.follow_up import DAYS
from trephine.errors import MisfitError
from trephine.plan.features_sections import RadiomicsSection
from trephine.plan.images_section import ImageSection
from trephine.types import TimeUnit

# A landmark of 6 months is as late as an image of month 6, however many days a month has.
_SAME_DAY = 1.0


def check_time_points(
    images: Mapping[str, ImageSection], landmark: float | None, unit: TimeUnit
) -> None:
    """Refuse images that are taken after prediction begins.

    Raises
    ------
    MisfitError
        With the first of them.
    """
    begins = 0.0 if landmark is None else landmark * DAYS[unit]
    for name, section in images.items():
        if section.days_later > begins + _SAME_DAY:
            raise MisfitError(
                f"images.{name}.when",
                '"baseline", or [outcome] landmark at this time or later: an image that is taken'
                " later shows what had happened by then, and a model that is to predict it would"
                " already have seen it",
                repr(section.when),
            )


def check_changes(images: Mapping[str, ImageSection], radiomics: RadiomicsSection) -> None:
    """Refuse changes between images that were not measured alike.

    Raises
    ------
    MisfitError
        With the first of them.
    """
    for name, section in images.items():
        if section.change_from is not None:
            _check_change(images, name, section, radiomics)


def _check_change(
    images: Mapping[str, ImageSection],
    name: str,
    section: ImageSection,
    radiomics: RadiomicsSection,
) -> None:
    where, earlier = f"images.{name}.change_from", images.get(section.change_from or "")
    if earlier is None or earlier.days_later >= section.days_later:
        early = [one for one, own in images.items() if own.days_later < section.days_later]
        expected = "an image that is taken earlier by its `when`"
        expected += f", one of {early}" if early else "; no image is taken before this one"
        raise MisfitError(where, expected, repr(section.change_from))
    settings = section.radiomics_over(radiomics)
    if not settings.enabled:
        raise MisfitError(where, "radiomics features, which alone have changes", "none")
    if earlier.radiomics_over(radiomics) != settings:
        expected = "two images with the same [radiomics] settings"
        raise MisfitError(where, expected, "different ones")
    if not set(earlier.labels) >= set(section.labels):
        expected = f"the regions {list(section.labels)} on both images"
        raise MisfitError(where, expected, str(list(earlier.labels)))
    if [*earlier.raters] != [*section.raters] or {*earlier.repeats} != {*section.repeats}:
        raise MisfitError(where, "the same raters and second readings on both images", "others")
    if "impute" in (earlier.missing, section.missing):
        expected = 'missing = "stop" or "drop" on both images: without one there is no change'
        raise MisfitError(where, expected, '"impute"')
