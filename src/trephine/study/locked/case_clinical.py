"""The clinical values of one new case, read as a locked model's study read its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.cohort.typed_values import typed_clinical
from trephine.errors import InputError, StudyProblemsError
from trephine.modelling.conditional import ChainedImputation
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.study.locked.case_row import Given, case_row, name_of
from trephine.study.locked.gaps import clinical_gaps
from trephine.study.locked.model import LockedModel
from trephine.study.locked.new_case import NewCase


def clinical_of(
    locked: LockedModel, case: NewCase, model: FittedModel
) -> tuple[ClinicalTable, list[str]]:
    """Return the clinical values that a model needs, one row, and levels that training lacked."""
    predictor = locked.predictor
    needed = set(model.clinical_variables)
    variables = {key: v for key, v in predictor.variables.items() if key in needed}
    refits = locked.refits
    held = () if refits is None else refits.needed_variables(model.name)
    covariates = (_covariates(predictor, model) | set(held)) - needed
    if isinstance(predictor.imputation, ChainedImputation) and case.clinical is not None:
        # Whatever the case has says something of what it lacks.
        covariates = set(predictor.variables) - needed
    if not variables and (case.clinical is None or not covariates):
        return ClinicalTable({}, {}, 1), []
    if case.clinical is None:
        raise InputError(
            f"prediction: expected clinical values of {', '.join(variables)} (--clinical), found"
            " none"
        )
    # What harmonisation would keep, and what only refits use, is read where it is given: the model
    # can do without.
    more = {key: predictor.variables[key] for key in sorted(covariates)}
    table = _table(locked, case.clinical, case.side, variables, more)
    warnings = clinical_gaps(predictor, model, table)
    for unseen in predictor.unseen_levels(table, [model.name]):
        warnings.append(
            f"{label_of(unseen.variable, table.variables[unseen.variable])}: no training case was"
            f" {table.texts(unseen.variable)[0]}; it is taken as {unseen.reference}"
        )
    for pair in predictor.unseen_together(table, [model.name]):
        one, other = (
            f"{label_of(key, variables[key])} {level}"
            for key, level in zip(pair.variables, pair.levels, strict=True)
        )
        warnings.append(
            f"{one} with {other}: no training case had both; their effects are taken as independent"
            " of one another"
        )
    return table, warnings


def _table(
    locked: LockedModel,
    given: Given,
    side: str | None,
    needed: Mapping[str, ClinicalVariable],
    more: Mapping[str, ClinicalVariable],
) -> ClinicalTable:
    """Return the variables that are needed, and those more that are given."""
    as_they_are = not isinstance(given, Path) and not locked.context.table.read
    if as_they_are and not locked.context.table.sides:
        assert not isinstance(given, Path)
        there = {**needed, **{key: one for key, one in more.items() if key in given}}
        if (typed := typed_clinical(given, there)) is not None:
            return typed
    frame = case_row(given, locked.context.table, side)
    there = {**needed, **{key: one for key, one in more.items() if key in frame.columns}}
    table, problems = read_clinical(frame, there, name_of(given), locked=True)
    if problems:
        raise StudyProblemsError(problems)
    return table


def _covariates(predictor: Predictor, model: FittedModel) -> set[str]:
    """Return the clinical variables that the harmonisation of a model's signatures keeps."""
    return {
        term.variable
        for part in model.terms
        if part.is_signature and part.variable in predictor.harmonisers
        for term in predictor.harmonisers[part.variable].terms
    }
