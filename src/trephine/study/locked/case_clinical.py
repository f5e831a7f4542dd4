"""The clinical values of one new case, read as a locked model's study read its own."""

from __future__ import annotations

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import InputError, StudyProblemsError
from trephine.modelling.conditional import ChainedImputation
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.study.locked.case_row import case_row, name_of
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
    frame = case_row(case.clinical, locked.context.table, case.side)
    # What harmonisation would keep, and what only refits use, is read where it is given: the model
    # can do without.
    variables |= {
        key: predictor.variables[key] for key in sorted(covariates) if key in frame.columns
    }
    table, problems = read_clinical(frame, variables, name_of(case.clinical), locked=True)
    if problems:
        raise StudyProblemsError(problems)
    warnings = clinical_gaps(predictor, model, table)
    for unseen in predictor.unseen_levels(table, [model.name]):
        warnings.append(
            f"{label_of(unseen.variable, variables[unseen.variable])}: no training case was"
            f" {table.texts(unseen.variable)[0]}; it is taken as {unseen.reference}"
        )
    return table, warnings


def _covariates(predictor: Predictor, model: FittedModel) -> set[str]:
    """Return the clinical variables that the harmonisation of a model's signatures keeps."""
    return {
        term.variable
        for part in model.terms
        if part.is_signature and part.variable in predictor.harmonisers
        for term in predictor.harmonisers[part.variable].terms
    }
