"""The agreement figure: drawn from any study, and the same bytes for the same facts."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.evaluation.agreement import bland_altman
from trephine.facts.agreement import AgreementFigure, DrawnCase
from trephine.report.figures.agreement import agreement_figure
from trephine.report.style import figure_style, svg_text


def facts(**changes: object) -> AgreementFigure:
    rng = np.random.default_rng(0)
    square = np.array([[1.0, 1.0], [1.0, 5.0], [5.0, 5.0], [1.0, 1.0]])
    case = DrawnCase("one: Dice 0.90", rng.normal(size=(9, 9)), (square,), (square + 1,))
    parts: dict[str, object] = {
        "dice": {"a and b": rng.uniform(0.85, 1, 30)},
        "hausdorff95_mm": {"a and b": rng.uniform(0, 3, 30)},
        "size": bland_altman(rng.normal(1600, 200, 30), rng.normal(1650, 200, 30)),
        "size_unit": "mm²",
        "icc": {"radiomics, a and b": rng.uniform(0, 1, 50)},
        "worst": (case, case),
    }
    return AgreementFigure(**(parts | changes))  # type: ignore[arg-type]


def test_the_same_facts_give_the_same_bytes() -> None:
    with figure_style():
        first, second = (svg_text(agreement_figure(facts())) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("changes", [{"size": None}, {"icc": {}}, {"worst": ()}])
def test_what_was_not_measured_is_left_out_without_breaking_the_rest(changes) -> None:
    drawn = agreement_figure(facts(**changes))
    assert svg_text(drawn).startswith("<?xml")
    if "worst" in changes:
        whole = agreement_figure(facts()).get_size_inches()[1]
        assert drawn.get_size_inches()[1] == pytest.approx(whole / 2)


def test_the_key_names_readers_whatever_words_their_names_hold() -> None:
    drawn = svg_text(agreement_figure(facts(readers=("Ann and Bo", "Cy, read twice"))))
    assert "Ann and Bo" in drawn
    assert "Cy, read twice" in drawn
