"""What the cases of files 06 to 11 were computed on, found from their names.

``hips_lpA`` is the marker ``lpA`` of the data set ``hips212.csv``, from its own columns or from a
companion such as ``hips_lp.csv``; a last word that is no column (``hips_age_tied``) is a remark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from parity.r_formula import data_set, outcome_columns
from trephine.types import FloatArray, Survival

# Columns on which the scripts keep complete cases only, by data set.
COMPLETE = {"lung": ("age", "sex", "ph.ecog")}


def survival_of(table: pd.DataFrame) -> Survival:
    """Return the outcome of a table, by the usual names of its columns."""
    time, event = outcome_columns(table)
    return Survival(table[time].to_numpy(float), table[event].to_numpy() == 1, "days")


def companions(reference: Path, prefix: str) -> pd.DataFrame:
    """Return the columns of all files of fixed predictions that belong to a data set."""
    paths = sorted((reference / "survival" / "data").glob(f"{prefix}_*.csv"))
    tables = [pd.read_csv(path) for path in paths if "perturb" not in path.name]
    return pd.concat(tables, axis=1) if tables else pd.DataFrame()


def marker_case(reference: Path, case: str) -> tuple[Survival, FloatArray]:
    """Return outcome and marker of a case, cases with a missing marker left out."""
    prefix, table = data_set(reference, case)
    table = table.dropna(subset=list(COMPLETE.get(prefix, ()))).reset_index(drop=True)
    words = case.removeprefix(f"{prefix}_").split("_")
    beside = companions(reference, prefix)
    for length in range(len(words), 0, -1):
        name = "_".join(words[:length])
        values = _column(table, name)
        if values is None and name in beside:
            values = beside[name].to_numpy(float)
        if values is not None:
            seen = ~np.isnan(values)
            return survival_of(table).take(seen), values[seen]
    raise LookupError(f"{case}: no column like {words} in the data set or beside it")


def risk_case(reference: Path, column: str, case: str = "") -> tuple[Survival, FloatArray]:
    """Return outcome and event probability: the data set of a case, or the one with that column."""
    folder = reference / "survival" / "data"
    # Where several files have the column, the one named after the case's horizon comes first.
    horizon = case.rsplit("_t", 1)[-1].split("_")[0]
    paths = sorted(folder.glob("*_risk*.csv"))
    for path in sorted(paths, key=lambda path: not path.stem.endswith(f"risk{horizon}")):
        beside = pd.read_csv(path)
        prefix = path.stem.split("_risk")[0]
        if column in beside and (not case or case.split("_")[0] == prefix):
            _, table = data_set(reference, f"{prefix}_risk")
            return survival_of(table), beside[column].to_numpy(float)
    raise LookupError(f"no file of risks with the column {column}")


def nested(file: Any, *path: str) -> npt.NDArray[np.float64]:
    """Return a possibly empty or null leaf as floats."""
    value = file[path]
    return np.atleast_1d(np.asarray([] if value is None or value == {} else value, dtype=float))


def _column(table: pd.DataFrame, name: str) -> FloatArray | None:
    """Return a column of that name, or the first that ends with it (ecog -> ph.ecog)."""
    found = [column for column in table if column == name or column.endswith(f".{name}")]
    return table[found[0]].to_numpy(dtype=np.float64) if found else None
