"""Words that the study's own names lend to the report's sentences."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.modelling.encoding import Term
from trephine.study.gather.overview import case_noun
from trephine.study.gather.steps import step_of


@pytest.mark.parametrize(
    ("column", "noun"),
    [
        ("hip_id", "hip"),
        ("Hip ID", "hip"),
        ("hip", "hip"),
        ("Knee no.", "knee"),
        ("case_id", "case"),
        ("病例号", "case"),
        ("Fall", "case"),
        ("accession_id", "case"),
        ("id", "case"),
        ("影像号 PA no.", "case"),
    ],
)
def test_a_case_is_called_by_a_word_that_an_english_sentence_can_count(
    column: str, noun: str
) -> None:
    """A header "病例号" made "102 病例号 of 62 patients" of a report's first sentence."""
    assert case_noun(column) == noun


@pytest.mark.parametrize(
    ("unit", "spread", "text"),
    [
        ("%", 11.0, "per 10%"),
        ("°", 1.0, "per 1°"),
        ("years", 9.0, "per 10 years"),
        ("kg/m2", 2.1, "per 2 kg/m2"),
        ("year", 1.0, "per year"),
        ("years", 1.0, "per year"),
        ("year", 9.0, "per 10 years"),
        ("years", 0.4, "per 0.5 years"),
        ("pack-years", 1.0, "per pack-year"),
        ("pack-years", 19.0, "per 20 pack-years"),
        ("cigarettes/day", 1.0, "per cigarette/day"),
        ("mm", 1.0, "per mm"),
        ("U/L", 9.0, "per 10 U/L"),
        ("Jahre", 1.0, "per Jahre"),
        ("", 5.0, "per 5 units"),
        ("", 1.0, "per unit"),
    ],
)
def test_a_step_is_written_as_its_unit_is(unit: str, spread: float, text: str) -> None:
    term = Term("x", "x", "linear", "x")
    values = np.array([-1.0, 0.0, 1.0]) * spread
    assert step_of(term, values, unit).text == text
