"""Outside cases that lack values: what ``predict`` would refuse of one, ``validate`` refuses."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from study.bundle_contexts import locked_model
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import StudyProblemsError
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.imputation import Imputation
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.study.locked.cohort_gaps import cohort_gaps
from trephine.study.locked.model import LockedModel
from trephine.types import Survival

ROWS = (9, 2, 5)  # cases stand in another order than rows


def the_model(*, imputes: bool, fills: bool) -> LockedModel:
    two = np.ones(2)
    signature = Signature("genes", ("a", "b"), two, two, two, two, two, 0.0)
    terms = [
        Term("genes", "genes", "signature", "Genes signature"),
        Term("age", "age", "linear", "Age (years)"),
        Term("stage=II", "stage", "level", "Stage: II", level="II", reference="I"),
    ]
    variables = {
        "age": ClinicalVariable(column="Alter", unit="years"),
        "stage": ClinicalVariable(levels=("I", "II")),
    }
    imputation = Imputation({"age": 51.0, "stage": 1.0}) if imputes else None
    models = {"Both": SimpleNamespace(terms=terms)}
    predictor = Predictor({"genes": signature}, variables, imputation, models)  # type: ignore[arg-type]
    return locked_model(predictor, fills_missing=fills)


def the_cases(model: LockedModel, genes: list[list[float]], age: list[float]) -> Cases:
    clinical = ClinicalTable(
        model.predictor.variables, {"age": np.array(age), "stage": np.array([0.0, 1.0, 1.0])}, 3
    )
    features = {"genes": FeatureSet("genes", ("other", "b", "a"), np.array(genes, float))}
    survival = Survival(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]), "months")
    return Cases(survival, np.arange(3), features, clinical)


WHOLE = [[np.nan, 1, 1], [0, 1, 1], [0, 1, 1]]  # "other" is in no signature
GAPS = [[0, 1, np.nan], [0, 1, np.nan], [0, 1, 1]]
NAN = np.nan


def test_whole_cases_need_no_word() -> None:
    model = the_model(imputes=False, fills=False)
    assert cohort_gaps(model, the_cases(model, WHOLE, [1, 2, 3]), ROWS, "out.csv") == []


def test_what_is_filled_in_as_in_training_is_named_with_its_rows() -> None:
    model = the_model(imputes=True, fills=True)
    said = cohort_gaps(model, the_cases(model, GAPS, [NAN, 2, NAN]), ROWS, "out.csv")
    assert said == [
        "Features of genes without a value: a 2 (rows 2, 9); the training mean stands in, as in"
        " the study.",
        "Age: empty cells in rows 5, 9 are filled in as in training: Age 51.",
    ]


def test_what_training_never_filled_in_is_refused_all_at_once() -> None:
    model = the_model(imputes=False, fills=False)
    with pytest.raises(StudyProblemsError) as refused:
        cohort_gaps(model, the_cases(model, GAPS, [NAN, 2, 3]), ROWS, "out.csv")
    found = [(p.table, p.rows, p.column) for p in refused.value.problems]
    assert found == [("out.csv", (2, 9), "a"), ("out.csv", (9,), "Alter")]


def test_a_case_without_any_feature_of_a_signature_is_refused_even_where_some_are_filled_in() -> (
    None
):
    model = the_model(imputes=True, fills=True)
    cases = the_cases(model, [[0, NAN, NAN], [0, 1, NAN], [0, 1, 1]], [1, 2, 3])
    with pytest.raises(StudyProblemsError, match=r"row 9: expected a value of some of the 2"):
        cohort_gaps(model, cases, ROWS, "out.csv")
