"""R model formulas and derived columns, evaluated on the CSV files of a reference folder.

A case of an expected file names its data set by prefix (``lung_efron`` -> ``data/lung.csv``) and
its model by an R formula. Columns that the R scripts derive by hand are derived here by their
names: ``log_bili`` = log(bili), ``celltype_small`` = (celltype == "smallcell"),
``adult`` = (type == "adult").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

_NAME = re.compile(r"[A-Za-z.][A-Za-z0-9._]*")
_FUNCTIONS = {"log": np.log, "sqrt": np.sqrt, "exp": np.exp, "abs": np.abs, "I": lambda x: x}
_TIMES = ("time", "futime", "rfstime", "dtime", "rtime", "months", "days")
_EVENTS = ("event", "death", "fustat", "status", "collapse", "rel")
_CLUSTERS = ("patient", "patient_id", "id", "litter", "family", "inst")


def case_names(config: pytest.Config, name: str) -> list[str]:
    """Return the cases of an expected file, or none where it is not there."""
    folder = Path(config.getoption("--reference"))
    path = folder / "survival" / "expected" / f"{name}.json"
    if not path.exists():
        return []
    return [key for key in json.loads(path.read_text()) if key != "_versions"]


@dataclass(frozen=True)
class Model:
    """A formula evaluated on a table, complete cases only."""

    time: npt.NDArray[np.float64]
    event: npt.NDArray[np.bool_]
    design: pd.DataFrame
    groups: dict[str, tuple[str, ...]]
    strata: npt.NDArray[Any] | None
    table: pd.DataFrame


def data_set(reference: Path, case: str) -> tuple[str, pd.DataFrame]:
    """Return the longest prefix of a case's name that is a data set with an outcome, and it."""
    words = case.split("_")
    for length in range(len(words), 0, -1):
        prefix = "_".join(words[:length])
        for path in sorted((reference / "survival" / "data").glob(f"{prefix}*.csv")):
            rest = path.stem.removeprefix(prefix)
            table = pd.read_csv(path)
            if (not rest or rest[0] in "_0123456789") and has_outcome(table):
                return prefix, table
    raise LookupError(f"{case}: no data set with an outcome under {reference}")


def has_outcome(table: pd.DataFrame) -> bool:
    """Say whether a table has a time and an event."""
    return any(c in table for c in _TIMES) and any(c in table for c in _EVENTS)


def outcome_columns(table: pd.DataFrame) -> tuple[str, str]:
    """Return the names of time and event, by the usual names."""
    time = next(column for column in _TIMES if column in table)
    return time, next(column for column in _EVENTS if column in table)


def cluster_column(table: pd.DataFrame) -> str:
    """Return the first of the usual names of clusters whose values repeat."""
    return next(c for c in _CLUSTERS if c in table and table[c].duplicated().any())


def column_like(table: pd.DataFrame, word: str) -> str:
    """Return the column of that name, or the only one that ends with it (ecog -> ph.ecog)."""
    if word in table:
        return word
    (found,) = [column for column in table if column.endswith(f".{word}")]
    return str(found)


def derived(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column, deriving it from its name where the table does not have it."""
    if name in table:
        return table[name]
    for prefix, function in (("log_", np.log), ("log1p_", np.log1p), ("sqrt_", np.sqrt)):
        if name.startswith(prefix) and name.removeprefix(prefix) in table:
            return pd.Series(function(table[name.removeprefix(prefix)]), name=name)
    words = [c for c in table if not pd.api.types.is_numeric_dtype(table[c])]
    for column in words:
        level = name.removeprefix(f"{column}_") if name.startswith(f"{column}_") else name
        found = _level_like(table[column], level)
        if found is not None:
            return (table[column] == found).astype(float).where(table[column].notna()).rename(name)
    raise LookupError(f"no column {name} among {list(table)}")


def _level_like(values: pd.Series[Any], word: str) -> str | None:
    levels = values.dropna().unique().tolist()
    plain = {level: re.sub(r"[^a-z0-9]", "", level.lower()) for level in levels}
    wanted = re.sub(r"[^a-z0-9]", "", word.lower())
    exact = [level for level in levels if plain[level] == wanted]
    starts = [level for level in levels if plain[level].startswith(wanted)]
    chosen = exact or starts
    return chosen[0] if len(chosen) == 1 else None


def evaluate_formula(
    formula: str,
    table: pd.DataFrame,
    factors: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
) -> Model:
    """Evaluate ``Surv(time, event) ~ terms`` as R's model.frame and model.matrix do.

    Terms: columns, log(x), I(x^2), factor(x), comparisons, a:b, a*b, strata(x). A column of text
    is a factor, and so are those named in ``factors``. R sorts levels as its locale does: where
    ``names``, R's names of the coefficients, are known, the levels follow them.
    """
    left, right = (side.strip() for side in formula.split("~"))
    time, event = _arguments(left.removeprefix("Surv"))
    terms = _expand(_split(right, "+"))
    used = {w for w in _NAME.findall(formula) if w not in {*_FUNCTIONS, "Surv", "factor", "strata"}}
    work = table.copy()
    for name in used - {"TRUE", "FALSE"}:
        work[name] = derived(table, name)
    work = work.dropna(subset=sorted(used & set(work)))
    columns: dict[str, npt.NDArray[np.float64]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    strata = None
    for term in terms:
        if term.startswith("strata("):
            parts = [work[c].astype(str) for c in _arguments(term.removeprefix("strata"))]
            strata = np.array(["/".join(row) for row in zip(*parts, strict=True)])
            continue
        coded = _columns(term, work, factors, names)
        columns |= coded
        groups[term] = tuple(coded)
    return Model(
        time=work[time].to_numpy(float),
        event=np.asarray(_value(event, work)).astype(bool),
        design=pd.DataFrame(columns, index=work.index),
        groups=groups,
        strata=strata,
        table=work,
    )


def _columns(
    term: str, table: pd.DataFrame, factors: tuple[str, ...], names: tuple[str, ...]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns of one term, named as R names them."""
    parts = _split(term, ":")
    if len(parts) > 1:
        product = {"": np.ones(len(table))}
        for part in parts:
            coded = _columns(part, table, factors, names)
            product = {
                f"{a}:{b}".lstrip(":"): x * y for a, x in product.items() for b, y in coded.items()
            }
        return product
    as_factor = term.startswith("factor(") or term in factors
    values = table[_arguments(term[6:])[0]] if term.startswith("factor(") else _value(term, table)
    if np.asarray(values).dtype == bool:
        return {f"{term}TRUE": np.asarray(values, dtype=float)}
    if as_factor or not pd.api.types.is_numeric_dtype(values):
        levels = sorted(pd.Series(values).unique(), key=lambda v: (_place(f"{term}{v}", names), v))
        return {f"{term}{level}": np.asarray(values == level, float) for level in levels[1:]}
    return {term: np.asarray(values, dtype=float)}


def _place(column: str, names: tuple[str, ...]) -> int:
    """Return where a factor's column stands among R's names; the reference is not among them."""
    parts = [part for name in names for part in name.split(":")]
    return parts.index(column) if column in parts else -1


def _value(expression: str, table: pd.DataFrame) -> Any:
    """Evaluate an R expression of columns and numbers."""
    if expression in table:
        return table[expression]
    names: dict[str, Any] = dict(_FUNCTIONS)

    def mangled(match: re.Match[str]) -> str:
        word = match.group()
        if word in _FUNCTIONS:
            return word
        safe = "column_" + re.sub(r"\W", "_", word)
        names[safe] = table[word]
        return safe

    python = _NAME.sub(mangled, expression).replace("^", "**")
    return eval(python, {"__builtins__": {}}, names)  # formulas of the reference folder only


def _expand(terms: list[str]) -> list[str]:
    """Write a*b as a + b + a:b."""
    found: list[str] = []
    for term in terms:
        parts = _split(term, "*") if not term.startswith("I(") else [term]
        found += parts if len(parts) == 1 else [*parts, ":".join(parts)]
    return list(dict.fromkeys(sorted(found, key=lambda term: len(_split(term, ":")))))


def _arguments(bracketed: str) -> list[str]:
    return _split(bracketed.strip()[1:-1], ",")


def _split(text: str, mark: str) -> list[str]:
    """Split at ``mark`` outside brackets."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == mark and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [*parts, part.strip()]
