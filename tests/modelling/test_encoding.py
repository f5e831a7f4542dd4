"""Clinical variables as columns: levels, cut-offs, missing values."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError
from trephine.modelling.encoding import fit_encoding
from trephine.modelling.terms import Term

VARIABLES = {
    "stage": ClinicalVariable(levels=("I", "II", "III"), reference="II"),
    "age": ClinicalVariable(unit="years"),
}


def table(stage: list[int], age: list[float]) -> ClinicalTable:
    return ClinicalTable(VARIABLES, {"stage": np.array(stage), "age": np.array(age)}, len(age))


def test_each_level_but_the_reference_gets_a_column_of_zeros_and_ones() -> None:
    cases = table([0, 1, 2, 2], [30.0, 40, 50, 60])
    encoding = fit_encoding(cases, "linear")
    assert [term.name for term in encoding.columns(("stage", "age"))] == [
        "stage=I",
        "stage=III",
        "age",
    ]
    expected = [[1, 0, 30], [0, 0, 40], [0, 1, 50], [0, 1, 60]]
    np.testing.assert_array_equal(encoding.matrix(cases, ("stage", "age")), expected)


def test_a_level_that_training_never_saw_gets_no_column() -> None:
    encoding = fit_encoding(table([0, 1], [1.0, 2]), "linear")
    assert [term.level for term in encoding.terms["stage"]] == ["I"]


def test_the_cut_is_the_training_median_and_belongs_to_the_higher_group() -> None:
    encoding = fit_encoding(table([0, 1, 2], [30.0, 40, 50]), "median-cut")
    (term,) = encoding.terms["age"]
    assert term.cut == 40
    later = table([0, 0, 0], [39.9, 40.0, np.nan])
    np.testing.assert_array_equal(term.column(later), [0, 1, np.nan])


def test_missing_levels_are_missing_in_every_column() -> None:
    encoding = fit_encoding(table([0, 1, 2], [1.0, 2, 3]), "linear")
    missing = encoding.matrix(table([-1], [1.0]), ("stage",))
    assert np.isnan(missing).all()


def test_a_signature_is_no_clinical_variable() -> None:
    with pytest.raises(InputError, match="a signature is not a clinical variable"):
        Term("age", "age", "signature", "Age").column(table([0], [1.0]))


def test_where_no_case_has_the_reference_the_first_level_that_occurs_takes_its_place() -> None:
    """Columns for both of two levels would add up to one in every case."""
    encoding = fit_encoding(table([0, 2, 2], [1.0, 2, 3]), "linear")
    (term,) = encoding.terms["stage"]
    assert (term.level, term.reference) == ("III", "I")
    np.testing.assert_array_equal(
        encoding.matrix(table([0, 2, 2], [1.0, 2, 3]), ("stage",)), [[0], [1], [1]]
    )


def test_a_variable_at_one_level_has_no_column_whichever_level_it_is() -> None:
    for level in (0, 1, 2):
        assert fit_encoding(table([level] * 3, [1.0, 2, 3]), "linear").terms["stage"] == ()
