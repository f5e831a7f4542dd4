"""The columns of a study's table: what the study file takes them for, and what a draft would."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from trephine.cohort.reading import SourceTable, cause_of, read_source
from trephine.cohort.table import is_missing
from trephine.cohort.wide import to_long
from trephine.paths import held_inside
from trephine.study.draft.clinical import declare
from trephine.study.draft.columns import Roles
from trephine.study.draft.drafting import draft_table
from trephine.study.draft.values import Look
from trephine.study.editing.looks import ColumnLook, ColumnRole
from trephine.study.editing.study_file import ROLES, Role, StudyText, columns_of, read_text

_VALUES_SHOWN = 12
# Text of so few different values can be put into an order by hand.
_MOST_LEVELS = 30

# What a role is called where the study file does not say: see `trephine.plan.data_section.Columns`.
_BY_DEFAULT: dict[Role, str] = {"case": "case_id", "time": "time", "event": "event"}


@dataclass(frozen=True)
class OpenedTable:
    """A study's table with one row per case, and what a draft makes of it.

    Attributes
    ----------
    source, frame
        As it was read, and with one row per case.
    wide
        Whether it had one row per patient.
    content, roles
        Of the draft: as a study file's content, and the reasons.
    """

    source: SourceTable
    frame: pd.DataFrame
    wide: bool
    content: Mapping[str, Any]
    roles: Roles | None


def _changed(path: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    try:
        info = os.stat(path)
    except OSError:
        return 0, 0
    return (info.st_mtime_ns, info.st_size) if stat.S_ISREG(info.st_mode) else (0, 0)


@lru_cache(maxsize=4)
def _source(
    path: Path, sheet: str | None, encoding: str | None, changed: tuple[int, int]
) -> SourceTable:
    return read_source(path, sheet, encoding=encoding)


@lru_cache(maxsize=4)
def _drafted(path: Path, changed: tuple[int, int]) -> tuple[Mapping[str, Any], Roles | None]:
    """Return what a draft makes of a table, as a study file's content, with the reasons."""
    draft = draft_table(path, path.name)
    return StudyText(draft.text, "").content, draft.roles


def open_table(content: Mapping[str, Any], folder: Path) -> OpenedTable | None:
    """Open the table that a study file names; None where it names none.

    Parameters
    ----------
    content
        Of the file, as TOML has it.
    folder
        Of the file.

    Raises
    ------
    InputError
        If the table leads out of the folder, or cannot be read.
    """
    data = content.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("table"), str):
        return None
    path = held_inside(data["table"], folder)
    sheet, encoding = (
        value if isinstance(value := data.get(key), str) else None for key in ("sheet", "encoding")
    )
    source = _source(path, sheet, encoding, _changed(path))
    frame, wide = _long(source.frame, data)
    return OpenedTable(source, frame, wide, *_drafted(path, _changed(path)))


def _long(frame: pd.DataFrame, data: Mapping[str, Any]) -> tuple[pd.DataFrame, bool]:
    """Return a table with one row per case, and whether it had one per patient."""
    columns = data.get("columns")
    sides = columns.get("sides") if isinstance(columns, dict) else None
    if not isinstance(sides, dict) or set(sides) != {"R", "L"}:
        return frame, False
    spellings = {
        side: [text] if isinstance(text, str) else list(map(str, text))
        for side, text in sides.items()
    }
    operated = columns.get("operated") if isinstance(columns, dict) else None
    long, problems = to_long(frame, "", spellings, operated=operated)
    return (frame, False) if long is None or problems else (long.frame, True)


def look_at_columns(
    opened: OpenedTable, shown: pd.DataFrame, content: Mapping[str, Any]
) -> tuple[ColumnLook, ...]:
    """Return a look at each column of ``shown``, whose rows are those to be seen."""
    frame, names = opened.frame, [str(name) for name in shown.columns]
    roles, variables = roles_in(content, names)
    guesses, declared = roles_in(opened.content, names)
    why = _reasons(opened.roles)
    looks = []
    for name in names:
        cells = [cell for cell in frame[name] if not is_missing(cell) and cause_of(cell) is None]
        counts = Counter(cells).most_common()
        looks.append(
            ColumnLook(
                name=name,
                cells=tuple(_as_shown(cell) for cell in shown[name]),
                filled=len(cells),
                values=tuple(counts[:_VALUES_SHOWN]),
                more_values=max(0, len(counts) - _VALUES_SHOWN),
                role=roles.get(name, "out"),
                guess=guesses.get(name, "out"),
                why=why.get(name, ""),
                **_declaration(variables.get(name) or declared.get(name, {})),
            )
        )
    return tuple(looks)


def _reasons(roles: Roles | None) -> dict[str, str]:
    if roles is None:
        return {}
    own = {roles.columns[role]: why for role, why in roles.why.items() if role in roles.columns}
    asked = {name: one.asked for name, one in roles.clinical.items() if one.asked}
    return {**roles.left_out, **own, **asked}


def roles_in(
    content: Mapping[str, Any], names: list[str]
) -> tuple[dict[str, ColumnRole], dict[str, Mapping[str, Any]]]:
    """Return the roles of columns as a study file has them, and declarations of its variables.

    Parameters
    ----------
    content
        Of the file, as TOML has it, whether or not it makes a plan.
    names
        The table's columns.
    """
    roles: dict[str, ColumnRole] = {}
    variables: dict[str, Mapping[str, Any]] = {}
    clinical = content.get("clinical")
    for key, variable in (clinical if isinstance(clinical, dict) else {}).items():
        own = columns_of(variable if isinstance(variable, dict) else {}, key)
        for column in own:
            roles[column] = "clinical" if len(own) == 1 else "part"
            variables[column] = variable if isinstance(variable, dict) else {}
    data = content.get("data")
    columns = data.get("columns") if isinstance(data, dict) else None
    stated = columns if isinstance(columns, dict) else {}
    for role in ROLES:
        name = stated.get(role)
        if isinstance(name, str):
            roles[name] = role
        elif role in _BY_DEFAULT and not _is_told_otherwise(role, stated):
            fallback = _BY_DEFAULT[role]
            if fallback in names:
                roles.setdefault(fallback, role)
    return roles, variables


def _is_told_otherwise(role: Role, stated: Mapping[str, Any]) -> bool:
    """Say whether other keys make a role needless: dates or visits for a time, patient and side."""
    visits = "last_intact"
    instead = {"case": ("patient",), "time": ("start", visits), "event": ("event_date", visits)}
    return any(key in stated for key in instead.get(role, ()))


def _declaration(variable: Mapping[str, Any]) -> dict[str, Any]:
    levels = variable.get("levels")
    return {
        "levels": tuple(map(_text, levels)) if isinstance(levels, list) else (),
        **{key: _text(variable.get(key, "")) for key in ("reference", "unit", "label")},
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _as_shown(cell: str) -> str:
    cause = cause_of(cell)
    return cell if cause is None else f"({cause.found})"


def declarations(path: Path, columns: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """Return declarations, as a draft guesses them, for columns that become clinical variables.

    Parameters
    ----------
    path
        The study file.
    columns
        Of its table.
    """
    opened = open_table(read_text(path).content, path.parent)
    if opened is None:
        return {}
    drafted = opened.content.get("clinical", {})
    return {
        name: drafted[name] if name in drafted else _declared(Look.at(opened.frame, name))
        for name in columns
        if name in drafted or name in opened.frame.columns
    }


def _declared(look: Look) -> Mapping[str, Any]:
    line = declare(look).line
    if line:
        declared: Mapping[str, Any] = StudyText(f"it = {line}", "").content.get("it", {})
        return declared
    texts = sorted(look.values)
    return {} if look.is_numeric or not 1 < len(texts) <= _MOST_LEVELS else {"levels": texts}


def readings(path: Path, roles: Mapping[Role, str]) -> dict[str, Any]:
    """Return what the cells of columns mean by the draft, where their role is the drafted one."""
    opened = open_table(read_text(path).content, path.parent)
    drafted = {} if opened is None else opened.content.get("data", {})
    known = drafted.get("columns", {})
    own = {column for role, column in roles.items() if known.get(role) == column}
    return {column: how for column, how in drafted.get("read", {}).items() if column in own}
