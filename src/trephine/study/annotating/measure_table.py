"""A rater's measures as a table: one row per hip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from trephine.cohort.cells import as_text
from trephine.spreadsheet import write_csv_table
from trephine.study.annotating.case_names import case_of_place
from trephine.study.annotating.head_summary import combined
from trephine.study.annotating.items import HipRow, Workplace
from trephine.study.annotating.reading_values import read_values

MEASURES = "measures.csv"
COLUMNS = (
    "case", "side", "state", "arc_coronal_degree", "arc_axial_degree", "combined_angle_degree",
    "necrosis_index", "kerboul", "depression_mm", "depressed_over_2_mm", "centre_edge_degree",
    "lesion_percent", "steinberg", "head_area_mm2", "head_diameter_mm",
)  # fmt: skip


def measure_table(workplace: Workplace, rater: str) -> pd.DataFrame:
    """Return what a rater measured, one row per hip, with the columns of `COLUMNS`.

    Images of a folder whose names differ in the word of their plane alone (``07-coronal``,
    ``07-axial``) are of one case: its arcs come together in one row.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for item in workplace.items.values():
        content = read_values(item, workplace.rater_folder(rater))
        if content is None:
            continue
        for side, summary in content.heads.items():
            for case in _cases(item.rows, side) or (case_of_place(item.place),):
                row = rows.setdefault((case, side), {"case": case, "side": side})
                row |= {**summary, "state": content.state}
                row |= combined(row)
                if "depressed_over_2_mm" in summary:
                    row["depressed_over_2_mm"] = as_text(summary["depressed_over_2_mm"])
    return pd.DataFrame(rows.values(), columns=list(COLUMNS))


def write_measures(workplace: Workplace, rater: str) -> Path:
    """Write the table of a rater's measures, and return its path."""
    path = workplace.rater_folder(rater) / MEASURES
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv_table(measure_table(workplace, rater), path)
    return path


def _cases(rows: Sequence[HipRow], side: str) -> tuple[str, ...]:
    """Return the cases of the table that are of a side; of a table without sides, all."""
    own = tuple(row.case for row in rows if (row.side or "") == side)
    return own or tuple(row.case for row in rows if row.side is None)


def table_bytes(workplace: Workplace, rater: str) -> bytes:
    """Return the table of a rater's measures as it is written."""
    return write_measures(workplace, rater).read_bytes()
