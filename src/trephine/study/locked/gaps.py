"""Values that a new case lacks: refused, or filled in as in training and said so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import InputError
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.study.locked.model import LockedModel

_NAMED = 5


def feature_gaps(
    model: LockedModel, chosen: FittedModel, features: Mapping[str, FeatureSet]
) -> list[str]:
    """Return a warning for each signature whose features have no value in this case.

    Raises
    ------
    InputError
        If the study let no feature with missing values in, so that nothing was learned of them, or
        none of a signature's features has a value.
    """
    fills = model.context.features.fills_missing
    warnings, problems = [], []
    for name in chosen.signatures:
        signature, given = model.predictor.signatures[name], features[name]
        if signature.absent_is_mean and not given.present.any():
            continue  # its image is missing, which has been told
        values = given.values[0, signature.columns(given.names)]
        absent = [n for n, value in zip(signature.names, values, strict=True) if np.isnan(value)]
        if not absent:
            continue
        what = f"{len(absent)} of the {len(signature.names)} features of {name} ({_list(absent)})"
        if fills and len(absent) < len(signature.names):
            warnings.append(f"{what} have no value; the training mean stands in, as in the study")
        else:
            problems.append(what)
    if problems:
        raise InputError(
            f"prediction: expected a value for every feature, found none for {'; '.join(problems)}."
            " The model has nothing to put in their place: measure them, or use a model without"
            " them (--model)"
        )
    return warnings


def clinical_gaps(predictor: Predictor, model: FittedModel, table: ClinicalTable) -> list[str]:
    """Return a warning for the clinical variables that have no value in this case.

    Raises
    ------
    InputError
        If the model was fitted to complete cases alone and knows nothing to fill in.
    """
    needed = set(model.clinical_variables)
    absent = [key for key in table.variables if key in needed and np.isnan(table.values(key)[0])]
    if not absent:
        return []
    names = _list([label_of(key, table.variables[key]) for key in absent])
    if predictor.imputation is None:
        raise InputError(
            f"prediction: expected a value of {names}, found none. The model was fitted to complete"
            " cases and has nothing to put in its place: give the value, or use a model without"
            " it (--model)"
        )
    filled = _list([predictor.imputation.stands_in(table, key) for key in absent])
    return [f"no value was given for {names}; filled in as in training: {filled}"]


def _list(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
