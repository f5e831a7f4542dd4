"""A draft of a study file from what lies in a folder, with comments where a person must decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trephine.cohort.table import as_numbers, read_table
from trephine.errors import InputError, StudyProblemsError
from trephine.study.draft_columns import Roles, guess_roles
from trephine.study.draft_files import FoundFiles, find_patterns

_TABLES = (".csv", ".csv.gz", ".tsv", ".xlsx", ".xlsm")
# A cases' table of more columns holds features too, and a table beside it of so many numbers.
_WIDE = 60
_FEWEST_FEATURES = 10


@dataclass(frozen=True)
class Draft:
    """A study file to be corrected.

    Attributes
    ----------
    text
        Of the file.
    found
        What was found, a line each.
    """

    text: str
    found: tuple[str, ...]


def draft_study(folder: Path) -> Draft:
    """Draft a study file.

    Parameters
    ----------
    folder
        With a table of the cases and, where there are any, images, masks or a feature table.

    Raises
    ------
    InputError
        If there is no folder or no table in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder, found none")
    tables = _read_tables(folder)
    if not tables:
        raise InputError(
            f"{folder}: expected a table with a row a case ({', '.join(_TABLES)}), found none that"
            " can be read"
        )
    scored = {path: guess_roles(_narrow(frame)) for path, frame in tables.items()}
    table = min(scored, key=lambda path: len(scored[path].unsure))
    roles, frame = scored[table], tables[table]
    features = _feature_table(table, tables, roles)
    names = [roles.columns[role] for role in ("case", "patient") if role in roles.columns]
    others = [column for column in frame.columns if column not in names]
    files = find_patterns(folder, frame, [*names, *(c for c in others if frame[c].is_unique)])
    return Draft(_text(table.name, roles, files, features), _found(table, roles, files, features))


def _read_tables(folder: Path) -> dict[Path, pd.DataFrame]:
    tables = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(_TABLES):
            try:
                tables[path] = read_table(path)
            except StudyProblemsError:
                continue
    return tables


def _narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what is worth looking at: of a wide table, the columns that are no feature."""
    if frame.shape[1] <= _WIDE:
        return frame
    return frame.loc[:, [c for c in frame.columns if _roleful(c) or as_numbers(frame[c])[1]]]


def _roleful(column: str) -> bool:
    return bool(re.search(r"(^|_)id$|patient|side|event|status|time|month|days", column.lower()))


def _feature_table(table: Path, tables: dict[Path, pd.DataFrame], roles: Roles) -> str:
    """Return the table of features: the cases' own if it is wide, or one beside it."""
    case = roles.columns.get("case")
    if tables[table].shape[1] > _WIDE:
        return table.name
    for path, frame in tables.items():
        if path == table or case not in frame.columns:
            continue
        numbers = [column for column in frame.columns if not as_numbers(frame[column])[1]]
        if len(numbers) >= _FEWEST_FEATURES:
            return path.name
    return ""


def _text(table: str, roles: Roles, files: FoundFiles, features: str) -> str:
    unsure = [f"# TO DECIDE: which column is the {role}?" for role in roles.unsure]
    columns = ", ".join(f'{role} = "{column}"' for role, column in roles.columns.items())
    event = roles.columns.get("event", "event")
    lines = [
        "# A study for Trephine, drafted by `trephine new`. Every line is a guess: correct it.",
        "# All keys: docs/study-file.md. What is wrong: `trephine check study.toml`.",
        "",
        "[study]",
        'title = "Untitled study"',
        'protocol = "sound"  # or "published"; the report always shows both',
        "",
        "[data]",
        f'table = "{table}"',
        *unsure,
        f"columns = {{ {columns} }}",
        *_image_lines(roles, files),
        "",
        "[outcome]",
        f'name = "{event.replace("_", " ")}-free survival"',
        f'event = "{event.replace("_", " ")}"',
        f'unit = "{roles.unit}"  # days, months or years',
        f"horizons = [{', '.join(f'{horizon:g}' for horizon in roles.horizons)}]",
        "",
        *_clinical_lines(roles),
    ]
    if features:
        lines += ["[features]", f'table = "{features}"', ""]
    if files.image:
        lines += [
            "[deep]",
            "# ResNet18 with ImageNet weights: 45 MB, fetched once. Without a network connection",
            '# name a file (weights = "resnet18-f37072fd.pth"), or switch it off:',
            "# enabled = false",
            "",
        ]
    return "\n".join(lines)


def _image_lines(roles: Roles, files: FoundFiles) -> list[str]:
    if not files.image:
        return []
    if not files.raters:
        return [f'# Images without masks: image = "{files.image}"; masks are needed for features.']
    raters = ", ".join(f'{name} = "{pattern}"' for name, pattern in files.raters.items())
    lines = [f'image = "{files.image}"', f"raters = {{ {raters} }}"]
    if files.repeats:
        repeats = ", ".join(f'{name} = "{pattern}"' for name, pattern in files.repeats.items())
        lines.append(f"repeats = {{ {repeats} }}")
    by_side = "side" in roles.columns and not any(
        f"{{{roles.columns['case']}}}" in pattern for pattern in files.raters.values()
    )
    if by_side:
        lines.append("mask_label = { R = 1, L = 2 }  # labels in the masks: look whether so")
    elif files.labels and files.labels != (1,):
        lines.append(f"mask_label = {files.labels[0]}  # labels found: {list(files.labels)}")
    return lines


def _clinical_lines(roles: Roles) -> list[str]:
    lines = [f"# Not used, {reason}: {column}" for column, reason in roles.left_out.items()]
    if not roles.clinical:
        return [*lines, ""] if lines else []
    lines += [
        "# Keep what was known when follow-up began; the first level is the reference.",
        "[clinical]",
    ]
    lines += [f"{_key(column)} = {line}" for column, line in roles.clinical.items()]
    return [*lines, ""]


def _key(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z0-9_-]+", column) else f'"{column}"'


def _found(table: Path, roles: Roles, files: FoundFiles, features: str) -> tuple[str, ...]:
    columns = ", ".join(f"{column} ({role})" for role, column in roles.columns.items())
    lines = [f"Table {table.name}: {columns}", f"{len(roles.clinical)} clinical variables"]
    if features:
        lines.append(f"Features: {features}")
    if files.image:
        lines.append(f"Images: {files.image}")
    lines += [f"Masks of {name}: {pattern}" for name, pattern in files.raters.items()]
    lines += [f"Second reading of {name}: {pattern}" for name, pattern in files.repeats.items()]
    lines += [f"No column found for the {role}: say which" for role in roles.unsure]
    return tuple(lines)
