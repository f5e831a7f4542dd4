"""The model card says how each figure was measured, and what is not in the model."""

from __future__ import annotations

import pytest

from trephine.choices import Corrected
from trephine.facts import Facts, OptimismFacts
from trephine.study.locked.model_card import model_card


@pytest.mark.parametrize(
    ("estimate", "said"), [(".632+", "bootstrap, .632+"), ("Harrell", "optimism-corrected")]
)
def test_bootstrap_figures_are_called_what_they_are(
    facts: Facts, estimate: Corrected, said: str
) -> None:
    sound = [one for one in facts.performance if one.protocol == facts.study.protocol]
    row = sound[-1].model_copy(
        update={
            "kind": "optimism-corrected",
            "optimism": OptimismFacts(samples=200, c_index=0.05, estimate=estimate),
        }
    )
    given = facts.model_copy(update={"performance": (*facts.performance, row)})
    card = model_card(given, facts.models[-1].name)
    assert f"| {row.model} | {said} | {row.c_index.value:.3f}" in card


def test_what_was_left_out_and_a_model_without_a_term_are_said(facts: Facts) -> None:
    primary = facts.models[-1].name
    told = "Clinical left out: no clinical variable was selected."
    models = tuple(
        one.model_copy(update={"terms": (), "notes": (told,)}) if one.name == primary else one
        for one in facts.models
    )
    card = model_card(facts.model_copy(update={"models": models}), primary)
    assert told in card
    assert "## Terms\n\nNone.\n" in card
    assert "hazard ratio" not in card
    assert "The intervals take the choice of terms" in model_card(facts, primary)
