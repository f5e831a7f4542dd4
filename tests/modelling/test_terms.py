"""Terms answer for themselves: laws that every form of a term keeps."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling.terms import (
    FORMS,
    Per,
    Term,
    TermKind,
    clinical_of,
    reading_of,
    signatures_of,
)

TABLE = ClinicalTable(
    {"stage": ClinicalVariable(levels=("I", "II", "III")), "age": ClinicalVariable(unit="years")},
    {"stage": np.array([0, 1, 2, -1, 1]), "age": np.array([30.0, 50.0, np.nan, 42.0, 41.9])},
    5,
)
AGE = Term("age", "age", "linear", "Age (years)")
OLD = Term("age>=42", "age", "at-least", "Age (years) ≥ 42", cut=42.0)
II = Term("stage=II", "stage", "level", "Stage: II", level="II", reference="I")
III = Term("stage=III", "stage", "level", "Stage: III", level="III", reference="I")
BENT = Term("age'", "age", "spline", "Age (years)'", knots=(30.0, 41.0, 50.0), bend=1)
PRODUCTS = [
    Term("x:y", "x:y", "product", "X × Y", parts=pair)
    for pair in ((AGE, II), (OLD, III), (BENT, II), (AGE, AGE))
]
SCORE = Term("deep", "deep", "signature", "Deep signature")


def test_every_kind_has_a_form() -> None:
    assert set(FORMS) == set(get_args(TermKind))
    every = [AGE, OLD, II, BENT, SCORE, *PRODUCTS]
    assert {term.kind for term in every} == set(FORMS)
    assert {term.per for term in every} == set(get_args(Per))


@pytest.mark.parametrize("term", [AGE, OLD, II, BENT, SCORE], ids=lambda term: term.kind)
def test_a_group_has_a_name_and_a_reference_and_nothing_else_has(term: Term) -> None:
    assert bool(term.group) == bool(term.reference_group) == term.is_group
    assert term.group != term.reference_group or not term.is_group


@pytest.mark.parametrize("term", [AGE, OLD, II, BENT], ids=lambda term: term.kind)
def test_a_missing_value_is_missing_in_the_column_and_no_member(term: Term) -> None:
    absent = np.isnan(TABLE.values(term.variable))
    column = term.column(TABLE)
    np.testing.assert_array_equal(np.isnan(column), absent)
    assert not term.members(TABLE)[absent].any()
    if term.is_group:
        assert set(column[~absent]) == {0.0, 1.0}
        np.testing.assert_array_equal(term.members(TABLE), column == 1)


def test_the_value_at_the_cut_belongs_to_the_higher_group() -> None:
    np.testing.assert_array_equal(OLD.column(TABLE), [0, 1, np.nan, 1, 0])
    assert (OLD.group, OLD.reference_group) == ("≥ 42", "< 42")


def test_a_case_is_read_at_its_group_or_at_its_value() -> None:
    assert reading_of([II, III], [0.0, 1.0]) == "III"
    assert reading_of([II, III], [0.0, 0.0]) == "I"
    assert reading_of([OLD], [1.0]) == "≥ 42"
    assert reading_of([AGE], [41.9]) == 41.9


def test_a_product_multiplies_its_parts_and_is_what_the_less_simple_of_them_is() -> None:
    for term, per in zip(PRODUCTS, ("round number", "group", "curve", "round number"), strict=True):
        one, other = term.parts
        np.testing.assert_array_equal(term.column(TABLE), one.column(TABLE) * other.column(TABLE))
        assert term.per == per
        assert not term.has_own_range
        assert not term.reference_group
        both = one.members(TABLE) & other.members(TABLE)
        np.testing.assert_array_equal(term.members(TABLE), both)
    assert PRODUCTS[0].variables == ("age", "stage")
    assert clinical_of(PRODUCTS[:1]) == ("age", "stage")


def test_the_terms_of_a_model_part_into_signatures_and_clinical_variables() -> None:
    terms = [II, III, SCORE, AGE]
    assert signatures_of(terms) == ("deep",)
    assert clinical_of(terms) == ("stage", "age")
