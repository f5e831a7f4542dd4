"""How well raters agree on what they measured: intraclass correlation, bias and limits."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.annotation.reading import FINISHED
from trephine.choices import IccForm
from trephine.cohort.table import as_numbers
from trephine.evaluation.agreement import bland_altman
from trephine.modelling.reliability import FEWEST_SUBJECTS
from trephine.paths import ANNOTATIONS
from trephine.plan.reading import read_plan_so_far
from trephine.selection.icc import intraclass_correlation
from trephine.study.annotating.measure_table import measure_table
from trephine.study.annotating.workplace import open_workplace
from trephine.study.table.measures import read_measures

MEASURED = (
    "arc_coronal_degree", "arc_axial_degree", "combined_angle_degree", "necrosis_index",
    "depression_mm", "centre_edge_degree", "lesion_percent", "head_area_mm2", "head_diameter_mm",
)  # fmt: skip
_KEY = ["case", "side"]


def agreement_on_measures(study: Path, form: IccForm) -> pd.DataFrame:
    """Compare what every two raters of a study measured on the page on which they draw.

    Parameters
    ----------
    study
        The study file.
    form
        Of the ICC.

    Returns
    -------
    DataFrame
        One row per measure and pair of raters that five finished hips at least have in common: ICC
        with its 95 % interval, bias and limits of agreement (second minus first). Empty where
        nobody has measured.
    """
    tables = _named_tables(study) or _drawn_tables(study)
    rows = []
    for first, second in combinations(tables, 2):
        columns = [tables[one][list(MEASURED)] for one in (first, second)]
        both = columns[0].add_suffix(" 1").join(columns[1].add_suffix(" 2"), how="inner")
        for name in MEASURED:
            pairs = both[[f"{name} 1", f"{name} 2"]].astype(float).dropna().to_numpy()
            if len(pairs) < FEWEST_SUBJECTS:
                continue
            icc = intraclass_correlation(pairs, form)
            size = bland_altman(pairs[:, 0], pairs[:, 1])
            rows.append(
                {
                    "comparison": f"{first} and {second}",
                    "measure": name,
                    "hips": len(pairs),
                    "icc": float(icc.value[0]),
                    "low": float(icc.low[0]),
                    "high": float(icc.high[0]),
                    "form": form,
                    "bias": size.bias.value,
                    "lower_limit": size.lower_limit.value,
                    "upper_limit": size.upper_limit.value,
                }
            )
    return pd.DataFrame(rows)


def _named_tables(study: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of measures that a study file names, by rater."""
    plan, _ = read_plan_so_far(study)
    found = {}
    for rater, path in plan.data.measures.items():
        table = read_measures(path, rater)
        numbers = {
            name: as_numbers(table[name])[0] if name in table.columns else np.nan
            for name in MEASURED
        }
        found[rater] = _finished(table.assign(**numbers))
    return found


def _drawn_tables(study: Path) -> dict[str, pd.DataFrame]:
    """Return what raters have measured on the images of a study file, by rater."""
    if not (study.parent / ANNOTATIONS).is_dir():
        return {}
    place = open_workplace(study)
    return {rater: _finished(measure_table(place, rater)) for rater in place.raters()}


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    done = table["state"].isin(FINISHED) if "state" in table.columns else slice(None)
    return table[done].set_index(_KEY)
