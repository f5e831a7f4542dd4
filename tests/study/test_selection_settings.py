"""From the plan's selection section to the chain of each protocol."""

from __future__ import annotations

import math
from typing import Any

import pytest

from trephine.choices import ProtocolName
from trephine.errors import PlanError
from trephine.modelling.protocols import ChainSettings
from trephine.plan.sections import StudyPlan
from trephine.study.settings import recipe_settings


def chain(protocol: ProtocolName = "sound", **selection: Any) -> ChainSettings:
    plan = StudyPlan.model_validate(
        {
            "data": {"table": "clinical.csv"},
            "clinical": {"age": {"unit": "years"}},
            "selection": selection,
        }
    )
    return recipe_settings(plan, protocol).chain


def test_the_sound_default_averages_ridge_models_of_winsorised_features() -> None:
    found = chain()
    assert (found.learner, found.winsorise, found.relevance) == ("adaptive-ridge", 1.5, "none")


def test_naming_mixtures_asks_for_the_penalised_cox_model() -> None:
    found = chain(mixtures=[1.0, 0.5])
    assert (found.learner, found.mixtures) == ("penalised-cox", (1.0, 0.5))


def test_mixtures_of_a_learner_that_has_none_are_refused() -> None:
    with pytest.raises(PlanError, match=r"selection.mixtures: expected none"):
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
