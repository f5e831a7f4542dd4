"""From the plan's selection section to the chain of each protocol."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import trephine
from trephine.choices import ProtocolName
from trephine.modelling.protocols import PROTOCOLS, ChainSettings
from trephine.plan.sections import StudyPlan
from trephine.plan.selection_section import SelectionSection
from trephine.study.settings import recipe_settings


def chain(protocol: ProtocolName = "sound", **selection: Any) -> ChainSettings:
    plan = StudyPlan.model_validate(
        {
            "data": {"table": "clinical.csv"},
            "clinical": {"age": {"unit": "years"}},
            "selection": selection,
        }
    )
    return recipe_settings(plan, PROTOCOLS[protocol]).chain


def test_the_sound_default_averages_ridge_models_of_winsorised_features() -> None:
    found = chain()
    assert (found.learner, found.winsorise, found.relevance) == ("adaptive-ridge", 1.5, "none")
    assert (found.correlation, found.max_outliers) == (1.0, 1.0)  # no feature goes


def test_the_published_protocol_removes_features_as_the_paper_does() -> None:
    found = chain("published")
    assert (found.correlation, found.max_outliers, found.relevance) == (0.9, 0.05, "mann-whitney")


def test_naming_mixtures_asks_for_the_penalised_cox_model() -> None:
    found = chain(mixtures=[1.0, 0.5])
    assert (found.learner, found.mixtures) == ("penalised-cox", (1.0, 0.5))


def test_mixtures_of_a_learner_that_has_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mixtures: expected none"):
        chain(mixtures=[1.0], learner="adaptive-ridge")


def test_winsorising_can_be_switched_off() -> None:
    assert chain(winsorise=math.inf).winsorise == math.inf
    assert chain(winsorise=2.5).winsorise == 2.5


def test_the_published_protocol_keeps_to_the_paper_whatever_the_plan_says() -> None:
    found = chain("published", mixtures=[0.5], winsorise=2.0)
    assert (found.learner, found.mixtures, found.winsorise) == ("penalised-cox", (1.0,), math.inf)


def test_sound_lets_a_few_values_be_missing_and_published_none_unless_the_plan_says() -> None:
    assert chain("sound").max_missing == 0.05
    assert chain("published").max_missing == 0
    assert chain("sound", max_missing=0.0).max_missing == 0
    assert chain("published", max_missing=0.2).max_missing == 0.2


def test_a_plan_with_every_default_filled_in_leaves_open_what_each_protocol_decides() -> None:
    section = SelectionSection.model_validate({"winsorise": 2.0, "icc_threshold": 0.8})
    written = section.model_dump(mode="json")
    assert (written["winsorise"], written["icc_threshold"], written["stay_p"]) == (2, 0.8, 0.05)
    decided = {"max_missing", "learner", "mixtures", "relevance", "clinical"}
    assert not (decided | {"correlation", "max_outliers"}) & set(written)
    assert SelectionSection.model_validate(written).model_dump(mode="json") == written


def test_a_recipe_follows_the_plan_written_out_as_it_followed_the_plan() -> None:
    section = SelectionSection.model_validate({"winsorise": 2.0, "relevance": "cox-score"})
    again = SelectionSection.model_validate(section.model_dump())
    for protocol in PROTOCOLS.values():
        assert protocol.follow(again.stated) == protocol.follow(section.stated)


def test_no_room_asks_for_a_protocol_by_its_name() -> None:
    """Names stand where protocols are made; a plan or a fact may hold one, nothing asks for it."""
    asked = re.compile(r"""(==|!=|\bin\b)\s*\(?["'](published|sound)["']""")
    source = Path(trephine.__file__).parent
    found = [
        f"{file.relative_to(source)}:{number}"
        for file in sorted(source.rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if asked.search(line)
    ]
    assert found == []
