"""Writes public survival sets of the package SurvSet as arrays; runs where the peers are installed.

python survset_worker.py FOLDER NAME [NAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from SurvSet.data import SurvLoader


def one_hot(table: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Numbers as they are; a factor as one column a level, or one column where it has two."""
    names: list[str] = []
    columns: list[np.ndarray] = []
    for name in [str(column) for column in table if column.startswith("num_")]:
        names.append(name)
        columns.append(table[name].to_numpy(float))
    for name in [str(column) for column in table if column.startswith("fac_")]:
        levels = sorted(table[name].dropna().astype(str).unique())
        shown = levels[1:] if len(levels) == 2 else levels
        for level in shown:
            names.append(f"{name}={level}")
            value = (table[name].astype(str) == level).to_numpy(float)
            columns.append(np.where(table[name].isna(), np.nan, value))
    return names, np.column_stack(columns)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    loader = SurvLoader()
    for name in sys.argv[2:]:
        table = loader.load_dataset(ds_name=name)["df"]
        columns, values = one_hot(table)
        _, patient = np.unique(table["pid"].to_numpy(), return_inverse=True)
        np.savez_compressed(
            folder / f"{name}.npz",
            columns=np.array(columns),
            values=values,
            time=table["time"].to_numpy(float),
            event=table["event"].to_numpy() == 1,
            patient=patient,
        )


if __name__ == "__main__":
    main()
