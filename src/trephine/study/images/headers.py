"""DICOM headers against the study's table: patient, sex, age, view.

Only what can be compared is: a column of names whose cells occur among the files' Patient IDs, a
column of sexes, a column of ages. Values are compared and never shown.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from trephine.cohort.table import as_numbers
from trephine.study.images.contradictions import Contradiction, numbers
from trephine.study.images.seen import SeenImage

# A column holds the files' Patient IDs where at least this share of them occur in it.
_SAME_KIND = 0.5
# A Patient ID in more than this share of the images is a placeholder and names nobody.
_PLACEHOLDER = 0.5
# Table and examination may be some time apart.
AGE_YEARS = 3.0
_WORDS = {
    "F": {"f", "female", "w", "weiblich", "woman", "femme", "mujer", "女", "女性", "ж", "frau"},
    "M": {"m", "male", "man", "männlich", "homme", "h", "hombre", "男", "男性", "м", "mann"},
}
SEX_COLUMN = re.compile(
    r"(?:^|[^a-z])(sex|gender|geschlecht|sexe|sexo)(?:$|[^a-z])|性别|性別|пол|성별", re.IGNORECASE
)
PATIENT_COLUMN = re.compile(
    r"patient|(?:^|[^a-z])(pat|mrn|hospital)(?:$|[^a-z])|患者|病人|住院号|病历号|пациент|환자",
    re.IGNORECASE,
)
AGE_COLUMN = re.compile(
    r"(?:^|[^a-z])(age|alter|edad|âge)(?:$|[^a-z])|年龄|年齢|возраст", re.IGNORECASE
)


def header_contradictions(
    seen: Sequence[SeenImage],
    frame: pd.DataFrame,
    patients: Sequence[str],
    identifiers: Sequence[str],
) -> list[Contradiction]:
    """Return what the files' headers contradict.

    Parameters
    ----------
    seen
        Images with their headers.
    frame
        The table, text cells, indexed by row number.
    patients
        Patient of each row.
    identifiers
        Columns that may hold Patient IDs: case, patient, and those of the images' paths.
    """
    rows = [int(number) for number in frame.index]
    return [
        *_patient_ids(seen, frame, identifiers, rows),
        *_one_id_for_two(seen, patients, rows),
        *_sexes(seen, frame, rows),
        *_ages(seen, frame, rows),
        *_views(seen, rows),
    ]


def _ids(seen: Sequence[SeenImage]) -> dict[int, str]:
    """Return the Patient ID of each row's image; placeholders and empty ones left out."""
    found = {
        row: plain_id(image.header.patient_id)
        for image in seen
        if image.header is not None
        for row in image.rows
    }
    images = Counter(
        plain_id(image.header.patient_id) for image in seen if image.header is not None
    )
    most = max(1.0, _PLACEHOLDER * sum(images.values()))
    return {row: name for row, name in found.items() if name and images[name] <= most}


def plain_id(name: str) -> str:
    """Return a name without case, blanks and leading zeros: 007 and 7 are one number."""
    text = "".join(name.split()).casefold()
    return text.lstrip("0") or text


def may_be_same(cell: str, stated: str) -> bool:
    """Say whether two names may be one patient's: alike, or one the other's number at its end.

    Archives put letters before a number that tables leave out: PA000012 and 12.
    """
    one, other = plain_id(cell), plain_id(stated)
    number, longer = sorted((one, other), key=len)
    at_end = re.search(r"[^0-9]0*([0-9]+)$", longer)
    return one == other or (at_end is not None and at_end[1] == number)


def _patient_ids(
    seen: Sequence[SeenImage], frame: pd.DataFrame, columns: Sequence[str], rows: Sequence[int]
) -> list[Contradiction]:
    ids = _ids(seen)
    best: tuple[int, list[int], str] | None = None
    for column in dict.fromkeys(columns):
        cells = [plain_id(str(cell)) for cell in frame[column]]
        known = set(cells)
        distinct = set(ids.values())
        if not distinct or len(distinct & known) < _SAME_KIND * len(distinct):
            continue
        wrong = [row for row, name in ids.items() if cells[row] != name]
        right = len(ids) - len(wrong)
        if best is None or right > best[0]:
            best = (right, wrong, column)
    if best is None or not best[1]:
        return []
    _, wrong, column = best
    return [
        Contradiction(
            "patient",
            numbers(rows, wrong),
            column,
            "images whose Patient ID is the row's",
            f"{len(wrong)} of {len(ids)} with another Patient ID",
            "Are images exchanged between patients?",
        )
    ]


def _one_id_for_two(
    seen: Sequence[SeenImage], patients: Sequence[str], rows: Sequence[int]
) -> list[Contradiction]:
    """Return rows of two patients whose files are one patient's, and the other way round."""
    ids = _ids(seen)
    by_id: dict[str, set[str]] = defaultdict(set)
    by_patient: dict[str, set[str]] = defaultdict(set)
    for row, name in ids.items():
        by_id[name].add(patients[row])
        by_patient[patients[row]].add(name)
    found = []
    for wrong, expected, told in (
        (
            [row for row, name in ids.items() if len(by_id[name]) > 1],
            "one patient in the table for each Patient ID",
            "cases of different patients whose images have the same Patient ID",
        ),
        (
            [row for row in ids if len(by_patient[patients[row]]) > 1],
            "one Patient ID for each patient of the table",
            "cases of patients whose images have different Patient IDs",
        ),
    ):
        if wrong:
            found.append(
                Contradiction(
                    "patient",
                    numbers(rows, wrong),
                    "",
                    expected,
                    f"{len(wrong)} {told}",
                    "Is an image another patient's, or one patient entered twice?",
                )
            )
    return found


def _sexes(
    seen: Sequence[SeenImage], frame: pd.DataFrame, rows: Sequence[int]
) -> list[Contradiction]:
    stated = {
        row: image.header.sex
        for image in seen
        if image.header is not None and image.header.sex
        for row in image.rows
    }
    found = []
    for column in frame.columns if stated else ():
        cells = [sex_of(cell) for cell in frame[column]]
        if None in cells or set(cells) - {""} != {"F", "M"}:
            continue
        told = [row for row in stated if cells[row]]
        wrong = [row for row in told if cells[row] != stated[row]]
        if wrong:
            found.append(
                Contradiction(
                    "sex",
                    numbers(rows, wrong),
                    str(column),
                    "the sex that the image's header states",
                    f"{len(wrong)} of {len(told)} with the other",
                    "Is the image another patient's?",
                )
            )
    return found


def sex_of(cell: str) -> str | None:
    """Return F, M, or nothing for an empty cell; None for any other word."""
    text = str(cell).strip().casefold()
    if not text:
        return ""
    return next((sex for sex, words in _WORDS.items() if text in words), None)


def _ages(
    seen: Sequence[SeenImage], frame: pd.DataFrame, rows: Sequence[int]
) -> list[Contradiction]:
    stated = {
        row: image.header.age_years
        for image in seen
        if image.header is not None and image.header.age_years is not None
        for row in image.rows
    }
    found = []
    for column in frame.columns if stated else ():
        if not AGE_COLUMN.search(str(column)):
            continue
        ages, _ = as_numbers(frame[column])
        told = [row for row in stated if np.isfinite(ages[row])]
        wrong = [row for row in told if abs(ages[row] - stated[row]) > AGE_YEARS]
        if wrong:
            found.append(
                Contradiction(
                    "age",
                    numbers(rows, wrong),
                    str(column),
                    f"within {AGE_YEARS:g} years of the age that the image's header states",
                    f"{len(wrong)} of {len(told)} further off",
                    "Is the image another patient's, or of another time?",
                    # Most of them off: the column counts another age, at onset for example.
                    stops=2 * len(wrong) <= len(told),
                )
            )
    return found


def _views(seen: Sequence[SeenImage], rows: Sequence[int]) -> list[Contradiction]:
    """Return the images of the rarer view where frontal and lateral ones are mixed."""
    by_view: dict[str, list[int]] = defaultdict(list)
    for image in seen:
        by_view[image.view].extend(image.rows)
    lateral, others = by_view["lateral"], by_view["frontal"] + by_view["unknown"]
    if not lateral or not others:
        return []
    odd, name = (
        (lateral, "lateral") if len(lateral) <= len(others) else (by_view["frontal"], "frontal")
    )
    if not odd:
        return []
    return [
        Contradiction(
            "view",
            numbers(rows, odd),
            "",
            "one view in all images",
            f"{len(odd)} of {len(lateral) + len(others)} with a {name} view by their headers"
            " (View Position, Patient Orientation)",
            "Is this the wrong image of the examination?",
        )
    ]


def frame_columns(patterns: Iterable[str], columns: Iterable[str | None]) -> list[str]:
    """Return the columns that may hold Patient IDs: of roles, and those that fill paths."""
    fields = [field for pattern in patterns for field in re.findall(r"\{([^{}]+)\}", pattern)]
    return list(dict.fromkeys([*filter(None, columns), *fields]))
