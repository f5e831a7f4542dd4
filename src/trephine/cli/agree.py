"""``trephine agree``: how well the raters of a study agree, as tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.choices import IccForm
from trephine.cli.problems import problems_shown
from trephine.cli.terminal import console, errors, stages
from trephine.held import hold_to

if TYPE_CHECKING:  # loaded when they are used
    from trephine.executors import Progress
    from trephine.facts.agreement import DrawnCase
    from trephine.study.agreement import Comparison, FeatureAgreement
    from trephine.study.inputs import StudyInputs


def agree(
    study: Annotated[Path, typer.Argument(help="The study file.")] = Path("study.toml"),
    out: Annotated[Path, typer.Option(help="Folder for tables and figure.")] = Path("agreement"),
    features: Annotated[
        bool, typer.Option(help="Measure every feature on every reading, for its ICC.")
    ] = True,
    icc: Annotated[IccForm, typer.Option(help="Form of the ICC (Shrout and Fleiss).")] = "2,1",
    worst: Annotated[int, typer.Option(help="How many cases to show.", min=0, max=6)] = 4,
    workers: Annotated[int | None, typer.Option(help="Processes.", min=1)] = None,
) -> None:
    """Compare raters: drawings (Dice, HD95, size), features on them and measures (ICC)."""
    from trephine.study.agreement import compare_drawings, draw_worst, has_two_readings
    from trephine.study.image_views import image_views
    from trephine.study.inputs import read_study

    hold_to(study, out)

    with problems_shown(study), stages("goes on") as show:
        inputs = read_study(study, lambda done, total: show("Opening masks", done, total))
        out.mkdir(parents=True, exist_ok=True)
        views = image_views(inputs) or {"": inputs}
        read_twice = {key: view for key, view in views.items() if has_two_readings(view)}
        if len(inputs.plan.data.measures) > 1 and not read_twice:
            _write_measures(study, icc, out)
            return
        compared = []
        # Without two readings of anything the comparison says what it expected.
        for key, view in (read_twice or dict(list(views.items())[:1])).items():
            comparing = partial(show, f"Comparing drawings{_of(key)}")
            comparisons = compare_drawings(view, comparing)
            found: tuple[FeatureAgreement, ...] = ()
            if features:
                measuring = partial(show, f"Measuring features{_of(key)}")
                found = _feature_agreement(view, out / "features", icc, workers, measuring)
            compared.append((key, view, comparisons, found))
    for key, view, comparisons, found in compared:
        if key:
            console.print(f"Image {key}:")
        pictures = draw_worst(view, comparisons[0], worst) if worst else ()
        place = out / key if key else out
        place.mkdir(exist_ok=True)
        _write(view, comparisons, found, pictures, place)
    _write_measures(study, icc, out)


def _of(key: str) -> str:
    """Name one of several images in what is shown while it is worked on."""
    return f", {key}" if key else ""


def _feature_agreement(
    inputs: StudyInputs, store: Path, icc: IccForm, workers: int | None, progress: Progress
) -> tuple[FeatureAgreement, ...]:
    """Measure every feature on every reading, and compare the readings."""
    from trephine.store import FeatureStore
    from trephine.study.agreement import compare_features
    from trephine.study.extraction.whole_study import extract_all

    extraction = extract_all(inputs, FeatureStore(store), workers=workers, progress=progress)
    for remark in extraction.inputs.remarks[len(inputs.remarks) :]:
        errors.print(f"Note: {remark}", soft_wrap=True, markup=False)
    return compare_features(extraction.features.sets, icc)


def _write_measures(study: Path, icc: IccForm, out: Path) -> None:
    """Write and show how raters agree on what they measured where they drew, if they did."""
    import pandas as pd

    from trephine.spreadsheet import write_csv_table
    from trephine.study.annotating.measure_agreement import agreement_on_measures

    table = agreement_on_measures(study, icc)
    if table.empty:
        return
    write_csv_table(table, out / "measures.csv")
    with pd.option_context("display.width", 160, "display.max_columns", None):
        console.print(table.to_string(index=False), soft_wrap=True, markup=False)


def _write(
    inputs: StudyInputs,
    comparisons: Sequence[Comparison],
    found: tuple[FeatureAgreement, ...],
    pictures: tuple[DrawnCase, ...],
    out: Path,
) -> None:
    """Write figure and tables, and show the summary."""
    import pandas as pd

    from trephine.report.style import figure_style, write_figure
    from trephine.spreadsheet import write_csv_table
    from trephine.study.agreement_tables import (
        axes_of,
        case_table,
        feature_table,
        figure_of,
        summary_table,
        unlike_notes,
    )

    with figure_style():
        write_figure(figure_of(comparisons, found, pictures, inputs), out / "agreement")
    write_csv_table(case_table(comparisons, inputs), out / "cases.csv")
    write_csv_table(feature_table(found), out / "features.csv")
    summary = summary_table(comparisons, found, axes_of(inputs))
    write_csv_table(summary, out / "summary.csv")
    with pd.option_context("display.width", 160, "display.max_columns", None):
        console.print(summary.to_string(index=False), soft_wrap=True, markup=False)
    for note in unlike_notes(comparisons, inputs):
        console.print(f"Note: {note}", soft_wrap=True, markup=False)
    console.print(f"Tables and figure: {out}", soft_wrap=True)
