"""Values that outside cases lack: refused, or filled in as in training and said so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.cohort.schema import label_of
from trephine.errors import Problem, StudyProblemsError, named_rows
from trephine.modelling.cases import Cases
from trephine.study.locked.model import LockedModel
from trephine.types import BoolArray

# Of many columns with gaps, these are named.
_NAMED = 5


def cohort_gaps(model: LockedModel, cases: Cases, rows: Sequence[int], table: str) -> list[str]:
    """Return what is filled in for cases that lack a value which one of the models needs.

    Parameters
    ----------
    model
        The locked model.
    cases
        The n outside cases.
    rows
        Their rows in the study table, as a spreadsheet counts them.
    table
        Its file name.

    Raises
    ------
    StudyProblemsError
        With every value that is missing and cannot be filled in as in training.
    """
    models = model.predictor.models.values()
    terms = {
        term.variable: term for one in models for term in one.terms if not term.is_product
    }  # an interaction's variables have terms of their own
    said: list[str] = []
    problems: list[Problem] = []
    for name, term in terms.items():
        if not term.is_signature:
            _clinical(model, cases, name, (rows, table), said, problems)
        elif name in cases.features and name not in model.predictor.blocks:
            _features(model, cases, name, (rows, table), said, problems)
    if problems:
        raise StudyProblemsError(problems)
    return said


def _clinical(
    model: LockedModel,
    cases: Cases,
    key: str,
    where: tuple[Sequence[int], str],
    said: list[str],
    problems: list[Problem],
) -> None:
    rows, table = where
    absent = _rows_of(np.isnan(cases.clinical.values(key)), rows)
    if not absent:
        return
    variable = cases.clinical.variables[key]
    if model.predictor.imputation is not None:
        value = model.predictor.imputation.stands_in(cases.clinical, key)
        said.append(
            f"{label_of(key, variable)}: empty cells in {named_rows(absent)} are filled in as in"
            f" training: {value}."
        )
        return
    problems.append(
        Problem.of_cells(
            table,
            absent,
            variable.column_of(key),
            "a value, as the model was fitted to complete cases",
            "empty cells",
            'Fill them in, or leave the cases out with [selection] missing_clinical = "drop"',
        )
    )


def _features(
    model: LockedModel,
    cases: Cases,
    name: str,
    where: tuple[Sequence[int], str],
    said: list[str],
    problems: list[Problem],
) -> None:
    rows, table = where
    signature, given = model.predictor.signatures[name], cases.features[name]
    if signature.empty:
        return
    absent: BoolArray = np.isnan(given.values[:, signature.columns(given.names)])
    if signature.absent_is_mean:
        said += _without_image(name, _rows_of(~given.present, rows))
        absent &= given.present[:, np.newaxis]
    if not model.context.features.fills_missing:
        problems += [
            Problem.of_cells(
                table,
                _rows_of(column, rows),
                feature,
                "a value, as the model was fitted to complete features",
                "none",
                "Measure it, or leave the cases out",
            )
            for feature, column in zip(signature.names, absent.T, strict=True)
            if column.any()
        ]
        return
    if none := _rows_of(np.asarray(absent.all(axis=1)), rows):
        expected = f"a value of some of the {len(signature.names)} features of {name}"
        advice = "Measure them, or leave the cases out"
        problems.append(Problem.of_cells(table, none, "", expected, "none", advice))
    gaps = [
        f"{feature} {int(column.sum())} ({named_rows(_rows_of(column, rows))})"
        for feature, column in zip(signature.names, absent.T, strict=True)
        if column.any()
    ]
    if gaps:
        more = f" and {len(gaps) - _NAMED} more features" if len(gaps) > _NAMED else ""
        said.append(
            f"Features of {name} without a value: {', '.join(gaps[:_NAMED])}{more}; the training"
            " mean stands in, as in the study."
        )


def _without_image(name: str, rows: Sequence[int]) -> list[str]:
    """Say which cases lack the image of a signature that the model can do without."""
    if not rows:
        return []
    return [
        f"No image for {name} in {named_rows(rows)}: its signature counts as the mean of the"
        " training cases, as in the study."
    ]


def _rows_of(missing: BoolArray, rows: Sequence[int]) -> list[int]:
    # Two sides of a patient may come from one row.
    return list(dict.fromkeys(sorted(rows[place] for place in np.flatnonzero(missing).tolist())))
