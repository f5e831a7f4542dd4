"""Agreement of raters as tables, and as what the figure shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from trephine.evaluation.agreement import BlandAltman
from trephine.facts.agreement import AgreementFigure, DrawnCase
from trephine.report.figures.agreement import agreement_figure
from trephine.study.agreement import Comparison, FeatureAgreement, reading_pairs
from trephine.study.images.files import open_image
from trephine.study.images.overlaps import Overlap, overlap_remarks
from trephine.study.inputs import StudyInputs
from trephine.types import FloatArray

# Above it an ICC counts as good (Koo and Li 2016), and the published study kept a feature.
GOOD_ICC = 0.75


def case_table(comparisons: Sequence[Comparison], inputs: StudyInputs) -> pd.DataFrame:
    """Return one row per case and comparison, the worst agreement first."""
    rows = [
        {
            "comparison": comparison.name,
            # The figure names cases by this number: it goes into papers, this table does not.
            "number": row + 1,
            "case": inputs.case_ids[row],
            "dice": region.dice,
            "hausdorff95_mm": region.hausdorff95_mm,
            "first_size": region.first_size,
            "second_size": region.second_size,
            "size_difference": region.size_difference,
            "size_difference_percent": region.size_difference_percent,
        }
        for comparison in comparisons
        for row, region in zip(comparison.rows, comparison.regions, strict=True)
    ]
    table = pd.DataFrame(rows)
    return table.sort_values(["comparison", "dice"], kind="stable") if rows else table


def feature_table(found: Sequence[FeatureAgreement]) -> pd.DataFrame:
    """Return one row per feature and comparison: ICC with its interval."""
    parts = [
        pd.DataFrame(
            {
                "comparison": agreement.comparison,
                "set": agreement.feature_set,
                "feature": agreement.names,
                "icc": agreement.icc,
                "low": agreement.low,
                "high": agreement.high,
                "form": agreement.form,
                "cases": agreement.cases,
            }
        )
        for agreement in found
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def summary_table(
    comparisons: Sequence[Comparison], found: Sequence[FeatureAgreement], axes: int
) -> pd.DataFrame:
    """Return one row per comparison: medians, bias and limits of size, share of good features.

    Sizes are areas or volumes, as images have two ``axes`` or three.
    """
    size_name, unit = ("area", "mm²") if axes == 2 else ("volume", "mm³")
    rows = []
    for comparison in comparisons:
        good = [
            f"{agreement.feature_set}: {np.mean(agreement.icc >= GOOD_ICC):.0%}"
            for agreement in found
            if agreement.comparison == comparison.name
        ]
        size = comparison.size
        rows.append(
            {
                "comparison": comparison.name,
                "cases": len(comparison.rows),
                "median dice": round(_median(comparison, "dice"), 3),
                "median HD95 mm": round(_median(comparison, "hausdorff95_mm"), 2),
                f"mean difference in {size_name}": _with_unit(size, unit),
                "limits of agreement": (
                    f"{size.lower_limit.value:.1f} to {size.upper_limit.value:.1f} {unit}"
                    if size
                    else ""
                ),
                f"features with ICC >= {GOOD_ICC}": ", ".join(good),
            }
        )
    return pd.DataFrame(rows)


def _with_unit(size: BlandAltman | None, unit: str) -> str:
    return f"{size.bias.value:.1f} {unit}" if size else ""


def unlike_notes(comparisons: Sequence[Comparison], inputs: StudyInputs) -> tuple[str, ...]:
    """Return a sentence for each comparison with cases whose drawings hardly overlap."""
    overlaps = [
        Overlap(comparison.name, inputs.rows[row], region.dice)
        for comparison in comparisons
        for row, region in zip(comparison.rows, comparison.regions, strict=True)
    ]
    return tuple(overlap_remarks(overlaps))


def axes_of(inputs: StudyInputs) -> int:
    """Return how many axes a study's images have."""
    assert inputs.files is not None
    return open_image(inputs.files.images[0], inputs.plan.data).pixels.ndim


def figure_of(
    comparisons: Sequence[Comparison],
    found: Sequence[FeatureAgreement],
    worst: tuple[DrawnCase, ...],
    inputs: StudyInputs,
) -> Figure:
    """Return the figure of a study's agreement."""
    axes = axes_of(inputs)
    read = [comparison for comparison in comparisons if comparison.rows]
    return agreement_figure(
        AgreementFigure(
            dice={item.name: _values(item, "dice") for item in read},
            hausdorff95_mm={item.name: _values(item, "hausdorff95_mm") for item in read},
            size=read[0].size if read else None,
            size_unit="mm²" if axes == 2 else "mm³",
            icc={f"{item.feature_set}, {item.comparison}": item.icc for item in found},
            worst=worst,
            readers=_readers(inputs, read[0].name) if read else ("", ""),
        )
    )


def _readers(inputs: StudyInputs, comparison: str) -> tuple[str, str]:
    """Return whose drawings a comparison is of, as the figure's key names them."""
    assert inputs.files is not None
    (first, _), (second, again) = next(
        pair for name, *pair in reading_pairs(inputs.files) if name == comparison
    )
    if again:
        return f"{first}, first reading", f"{first}, second reading"
    return first, second


def _values(comparison: Comparison, attribute: str) -> FloatArray:
    return np.array([getattr(region, attribute) for region in comparison.regions])


def _median(comparison: Comparison, attribute: str) -> float:
    values = _values(comparison, attribute)
    return float(np.median(values)) if values.size else float("nan")
