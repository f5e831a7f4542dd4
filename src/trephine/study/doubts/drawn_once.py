"""Regions that were drawn once: nothing says which features change with another drawing."""

from __future__ import annotations

from collections.abc import Iterator

from trephine.plan import StudyPlan
from trephine.study.image_plans import image_plans


def drawn_once_remarks(plan: StudyPlan) -> Iterator[str]:
    """Say so of radiomics from one reading, and that perturbed copies can stand in for another.

    Yields
    ------
    str
        One sentence or none.
    """
    alone = [name for name, of_image in image_plans(plan).items() if _measured_once(of_image)]
    if not alone:
        return
    of = f" of {', '.join(alone)}" if any(alone) else ""
    yield (
        f"The regions{of} were drawn once, by one rater: no feature is left out because it changes"
        " with another drawing. A second reading (raters, repeats) would show it for some cases; a"
        " section [radiomics.perturb] measures changed copies of the regions instead."
    )


def _measured_once(plan: StudyPlan) -> bool:
    readings = len(plan.data.raters) + len(plan.data.repeats)
    radiomics = plan.radiomics
    return plan.has_images and readings == 1 and radiomics.enabled and radiomics.perturb is None
