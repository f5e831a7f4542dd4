"""What else in a table may say who somebody is: columns by their names, cells by what they hold."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

import pandas as pd

from trephine.cohort.date_forms import candidates
from trephine.cohort.table import is_missing
from trephine.errors import Problem
from trephine.study.pseudonyms.choices import TableChoices

_LONGEST_CODE = 60  # characters; longer cells are sentences


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_SENSITIVE = words(
    """name names surname forename firstname lastname familyname initials birth birthdate birthday
    birthtime dob yob born address street city town zip zipcode postcode postal phone telephone tel
    mobile fax email mail ssn nhs mrn insurance passport accession hospitalno hospitalnumber
    patientid patientno patientname admission employer relative physician doctor surgeon operator
    vorname nachname geburtsdatum geburt adresse telefon nom prenom naissance nombre apellido
    nacimiento cognome nascita comment comments remark remarks note notes"""
)
_EASTERN = re.compile(
    "姓名|出生|生日|地址|住址|电话|電話|手机|身份证|住院号|病历号|门诊号|氏名|住所|이름|주소"
)
_WORD = re.compile(r"[^\W\d_]+")
_DATE = re.compile(r"(?<!\d)\d{1,4}[-./]\d{1,2}[-./]\d{2,4}(?!\d)|(?<!\d)(19|20)\d{6}(?!\d)")
_TOKEN = re.compile(r"[^\W_]+")


def sensitive_problems(
    frame: pd.DataFrame, columns: Sequence[str], keep: Collection[str], table: str
) -> list[Problem]:
    """Return the columns whose names say that they identify."""
    advice = "Replace it (--column), leave it out (--drop) or, if it does not identify, --keep it"
    return [
        Problem(
            f"{table}, column {column}",
            "no names, birth dates or addresses",
            "such a column",
            advice,
        )
        for column in columns
        if column not in keep and _is_sensitive(column)
    ]


def looks_like_age(column: str) -> bool:
    """Say whether a column's name is that of an age in years."""
    found = [word.lower() for word in _WORD.findall(column)]
    return any(word in ("age", "alter", "edad", "eta", "年龄", "年齢") for word in found)


def secret_problems(
    frame: pd.DataFrame,
    columns: Sequence[str],
    identifiers: Collection[str],
    choices: TableChoices,
    table: str,
) -> list[Problem]:
    """Return the cells that hold an identifier, a date among other words, or a sentence.

    Parameters
    ----------
    columns
        Those that stay as they are.
    identifiers
        In lower case.
    choices
        Columns to keep, and whether dates move.
    """
    problems = []
    advice = "Correct it, leave the column out (--drop) or --keep it"
    for column in columns:
        if column in choices.keep:
            continue
        by_kind: dict[str, list[int]] = {}
        for row, cell in frame[column].items():
            kind = _kind(cell, identifiers, dates=choices.dates == "shifted")
            if kind:
                by_kind.setdefault(kind, []).append(int(str(row)))
        problems += [
            Problem.of_cells(table, rows, column, "values that do not identify", kind, advice)
            for kind, rows in by_kind.items()
        ]
    return problems


def _is_sensitive(column: str) -> bool:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    found = [word.lower() for word in _WORD.findall(spaced.replace("_", " "))]
    pairs = ["".join(pair) for pair in itertools.pairwise(found)]
    return bool(_SENSITIVE & {*found, *pairs}) or bool(_EASTERN.search(column))


def _kind(cell: str, identifiers: Collection[str], *, dates: bool) -> str:
    if is_missing(cell):
        return ""
    lowered = cell.lower()
    if lowered in identifiers or identifiers_in(lowered, identifiers):
        return "an identifier of another column"
    if len(cell) > _LONGEST_CODE:
        return "free text"
    whole = candidates(cell)
    if dates and (_DATE.search(cell) or (whole is not None and not whole.serial)):
        return "a date among other values"
    return ""


def identifiers_in(text: str, identifiers: Collection[str]) -> bool:
    """Say whether a token of a text is one of the identifiers, all in lower case."""
    return any(token in identifiers for token in _TOKEN.findall(text))
