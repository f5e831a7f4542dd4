"""What the header of a new case contradicts in the values given with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from trephine.cohort.table import as_numbers
from trephine.errors import InputError
from trephine.study.images.headers import (
    AGE_COLUMN,
    AGE_YEARS,
    PATIENT_COLUMN,
    SEX_COLUMN,
    may_be_same,
    plain_id,
    sex_of,
)
from trephine.types import ImageHeader


def check_new_header(
    header: ImageHeader | None, frame: pd.DataFrame, accept: Sequence[str]
) -> list[str]:
    """Compare a new case's image with its row of clinical values, as a study's are.

    Parameters
    ----------
    header
        Of the image; None where it has none.
    frame
        One row, text cells. Columns are known by their names: sex, age, patient.
    accept
        Contradictions to go on with.

    Returns
    -------
    Warnings, where the column may count something else: another age, another number.

    Raises
    ------
    InputError
        If the header states the other sex.
    """
    if header is None:
        return []
    cells = {str(column): str(frame[column].iloc[0]).strip() for column in frame.columns}
    if header.sex and "sex" not in accept:
        for column, cell in cells.items():
            if SEX_COLUMN.search(column) and sex_of(cell) not in (None, "", header.sex):
                raise InputError(
                    f"sex: expected the sex that the image's header states, found the other in"
                    f" column {column}; is the image another patient's? If both are right,"
                    " accept it with --accept sex"
                )
    return [*_age_warnings(header, frame, accept), *_patient_warnings(header, cells, accept)]


def _age_warnings(header: ImageHeader, frame: pd.DataFrame, accept: Sequence[str]) -> list[str]:
    warnings = []
    for column in frame.columns:
        if header.age_years is None or "age" in accept or not AGE_COLUMN.search(str(column)):
            continue
        age = float(as_numbers(frame[column])[0][0])
        if abs(age - header.age_years) > AGE_YEARS:
            warnings.append(
                f"age: column {column} is more than {AGE_YEARS:g} years from the age that the"
                " image's header states; is the image another patient's, or of another time?"
            )
    return warnings


def _patient_warnings(
    header: ImageHeader, cells: Mapping[str, str], accept: Sequence[str]
) -> list[str]:
    named = [column for column, cell in cells.items() if cell and PATIENT_COLUMN.search(column)]
    wanted = plain_id(header.patient_id)
    if not wanted or not named or "patient" in accept:
        return []
    if any(may_be_same(cells[column], header.patient_id) for column in named):
        return []
    return [
        f"patient: the image's Patient ID is not that of column {', '.join(named)}; is the image"
        " this patient's?"
    ]
