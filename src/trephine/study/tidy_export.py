"""The tidy table of a study as a file of its own, with every change listed cell by cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from trephine.choices import TableFormat
from trephine.cohort.clinical import read_clinical
from trephine.cohort.sides import side_of
from trephine.cohort.table import as_numbers, find_column, is_missing
from trephine.cohort.tidy import Change
from trephine.errors import InputError, Problem, StudyProblemsError, grouped
from trephine.plan.reading import read_plan
from trephine.plan.sections import StudyPlan
from trephine.spreadsheet import csv_text
from trephine.study.draft.drafting import draft_table
from trephine.study.table.tidying import read_study_table, shown
from trephine.writing import whole_file, write_text

_LOG = ("row", "column", "from", "to", "why")


@dataclass(frozen=True)
class Tidied:
    """What tidying wrote.

    Attributes
    ----------
    table, log, study
        The clean table, the list of changes, and the study file that reads the original.
    n_rows, n_cases, n_changes
        Rows of the original, cases of the clean table, changes listed.
    said
        What was found and assumed, a line each.
    undecided
        What the drafted study file does not settle; such cells are in the table as they were.
    """

    table: Path
    log: Path
    study: Path
    n_rows: int
    n_cases: int
    n_changes: int
    said: tuple[str, ...]
    undecided: tuple[Problem, ...] = ()


def tidy_file(table: Path, out: Path, study: Path | None, kind: TableFormat) -> Tidied:
    """Write a table with one row per case, the list of changes, and a study file.

    Parameters
    ----------
    table
        Read as it is, never changed.
    out
        Folder; made if need be. Nothing in it is overwritten.
    study
        Says how the table is read; drafted from the table, in ``out``, if None. A draft's open
        questions leave cells as they are; a study file must settle all.
    kind
        Of the clean table.

    Raises
    ------
    InputError
        If one of the files is there already, or ``study`` reads another table.
    StudyProblemsError
        If the table cannot be read as the study file says. A draft stays, to be corrected and
        named as ``study``.
    """
    stem = table.name.split(".")[0]
    clean, log = out / f"{stem}-tidy.{kind}", out / f"{stem}-changes.csv"
    plan_file = study or out / "study.toml"
    _nothing_there([clean, log] if study is not None else [clean, log, plan_file])
    said: tuple[str, ...] = ()
    if study is None:
        draft = draft_table(table, _relative(table, out))
        out.mkdir(parents=True, exist_ok=True)
        write_text(plan_file, draft.text)
        said = draft.found
    plan = read_plan(plan_file)
    if plan.data.table.resolve() != table.resolve():
        raise InputError(f"{plan_file}: expected a study of {table.name}, found another table")
    read, problems = read_study_table(plan)
    frame, changes, more = _clean(read.plan, read.frame)
    problems = grouped([*problems, *more])
    if problems and study is not None:
        raise StudyProblemsError(problems)
    changes = [*read.changes, *changes]
    out.mkdir(parents=True, exist_ok=True)
    _write(frame, clean, kind)
    rows = [(c.row, c.column, c.before, c.after, c.why) for c in changes]
    _write(pd.DataFrame(rows, columns=list(_LOG)), log, "csv")
    counts = (len(read.source.frame), len(frame), len(changes))
    return Tidied(clean, log, plan_file, *counts, (*said, *read.remarks), tuple(problems))


def _nothing_there(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.exists():
            hint = ", or name it with --study" if path.name == "study.toml" else ""
            raise InputError(
                f"{path}: expected no such file yet, found one; choose another --out{hint}"
            )


def _relative(table: Path, out: Path) -> str:
    """Return the table's path from the folder ``out``, as a study file there states it."""
    try:
        return table.resolve().relative_to(out.resolve(), walk_up=True).as_posix()  # type: ignore[call-arg,unused-ignore]
    except (TypeError, ValueError):
        here, there = table.resolve(), out.resolve()
        if here.parent == there.parent:
            return f"../{here.name}"
        return here.name if here.parent == there else here.as_posix()


def _clean(
    plan: StudyPlan, frame: pd.DataFrame
) -> tuple[pd.DataFrame, list[Change], list[Problem]]:
    """Return the table with sides and clinical values as the study reads them."""
    clinical, problems = read_clinical(frame, plan.clinical, plan.data.table.name)
    roles = plan.data.columns
    first = [roles.case, roles.patient, roles.side, roles.time, roles.event]
    first = list(dict.fromkeys(name for name in first if name in frame.columns))
    clean = frame[[*first, *(name for name in frame.columns if name not in first)]].copy()
    changes: list[Change] = []
    if roles.side is not None:
        cells = [side_of(cell) or cell for cell in frame[roles.side]]
        changes += _replace(clean, roles.side, cells, "side as R or L")
    done: set[str] = set()
    for key, variable in plan.clinical.items():
        column = find_column(frame, variable.column_of(key))
        if variable.arcs is not None or column is None or column in done:
            continue
        done.add(column)
        if variable.categorical:
            cells = [text or "" for text in clinical.texts(key)]
            why = "level as the study names it"
        else:
            cells = _numbers(frame[column], clinical.values(key))
            why = "number without unit or decimal comma"
        changes += _replace(clean, column, cells, why)
    for name in clean.columns:
        cells = [shown(cell) for cell in clean[name]]
        changes += _replace(clean, str(name), cells, "covered by a merged cell, or uncalculated")
    return clean, changes, problems


def _numbers(column: pd.Series, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    """Return the numbers that were read, as they were written where that is the same number."""
    plain, _ = as_numbers(column)
    same = plain == values
    return [
        cell if kept else "" if np.isnan(value) else f"{value:.15g}"
        for cell, kept, value in zip(column, same, values, strict=True)
    ]


def _replace(frame: pd.DataFrame, column: str, cells: list[str], why: str) -> list[Change]:
    """Put cells into a column; a value that could not be read stays as it was."""
    before = list(frame[column])
    kept = [
        new or ("" if is_missing(old) else shown(old))
        for old, new in zip(before, cells, strict=True)
    ]
    frame[column] = pd.Series(kept, index=frame.index, dtype="str")
    return [
        Change(int(row), column, shown(old), new, "a mark for no value" if not new else why)
        for row, old, new in zip(frame.index, before, kept, strict=True)
        if shown(old) != new
    ]


def _write(frame: pd.DataFrame, path: Path, kind: TableFormat) -> None:
    """Write a table that no spreadsheet runs: quoted in CSV, cells of text in a workbook."""
    if kind == "csv":
        # With the mark by which Excel knows UTF-8.
        with whole_file(path) as draft:
            draft.write_bytes(csv_text(frame).encode("utf-8-sig"))
        return
    book = Workbook()
    sheet = book.active
    for number, row in enumerate([list(frame.columns), *frame.to_numpy().tolist()], start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            value, wrong = as_numbers(pd.Series([text], dtype="str"))
            number_texts = (f"{value[0]:.15g}", repr(float(value[0])))
            plain = not wrong and np.isfinite(value[0]) and text in number_texts
            cell.value = float(text) if plain else ILLEGAL_CHARACTERS_RE.sub("", text)
            if not plain:
                cell.data_type = "s"  # also what begins with an equals sign
    with whole_file(path) as draft:
        book.save(draft)
