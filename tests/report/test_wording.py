"""Numbers are printed alike everywhere."""

import pytest

from trephine.report.wording import (
    columns_of,
    horizon_adjective,
    horizon_noun,
    name_column,
    plural,
    show,
)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.0004, "p", "<0.001"),
        (0.0004, "p =", "< 0.001"),
        (0.0371, "p =", "= 0.037"),
        (0.9996, "p", ">0.999"),
        (1562, "count", "1,562"),
        (30.18868, "percent", "30.2%"),
        (0.7159, "share", "71.6%"),
        (-0.012, "share", "−1.2%"),
        (-0.0001, "share", "0.0%"),
        (-0.031, "2", "−0.03"),
        (-0.001, "2", "0.00"),
        (0.0314, "signed2", "+0.03"),
        (-0.0994, "weight", "−0.099"),
        (0.000042, "weight", "+0.00004"),
        (0.0, "weight", "0.000"),
        (None, "2", "–"),
        (0.05, "plain", "0.05"),
        ("λ ≥ 1", "text", "λ ≥ 1"),
        ("ward\x0b3", "text", "ward 3"),
        (36.0, "year horizon", "3-year"),
    ],
)
def test_a_number_in_its_form(value, form, text):
    assert show(value, form) == text


@pytest.mark.parametrize(
    ("horizon", "unit", "adjective", "noun"),
    [
        (36, "months", "3-year", "3 years"),
        (12, "months", "1-year", "1 year"),
        (18, "months", "18-month", "18 months"),
        (5, "years", "5-year", "5 years"),
        (2.5, "years", "2.5-year", "2.5 years"),
        (1825, "days", "5-year", "5 years"),
        (90, "days", "90-day", "90 days"),
        (1, "weeks", "1-week", "1 week"),
    ],
)
def test_horizons_in_words(horizon, unit, adjective, noun):
    assert horizon_adjective(horizon, unit) == adjective
    assert horizon_noun(horizon, unit) == noun


def test_plurals():
    assert [plural("hip"), plural("hip", 1), plural("biopsy"), plural("patient", 2)] == [
        "hips", "hip", "biopsies", "patients",
    ]  # fmt: skip


def test_a_noun_in_another_script_gets_no_english_plural():
    assert plural("编号", 60) == "编号"
    assert plural("hip", 2) == "hips"


def test_names_in_any_script_fill_one_width_of_a_terminal():
    heading, *names = name_column("C-index", ["Clinical", "纹理组", "e\u0301tat"])
    assert {columns_of(text) for text in (heading, *names)} == {14}
    assert columns_of("纹理组") == 6
    long, *_ = name_column("C-index", ["形状与一阶特征组合"])
    assert columns_of(long) == 20
