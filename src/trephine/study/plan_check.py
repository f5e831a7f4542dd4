"""What is wrong with a plan before any file is opened."""

from __future__ import annotations

from collections.abc import Callable

from trephine.errors import Problem, TrephineError
from trephine.plan import StudyPlan
from trephine.study.finetuning import finetune_settings
from trephine.study.image_plans import image_of, image_plans
from trephine.study.network_file import network_file_problems
from trephine.study.settings import deep_settings, model_parts, radiomics_settings


def check_plan(plan: StudyPlan) -> list[Problem]:
    """Tell what is wrong with a plan: settings, the file of a network, models."""
    problems: list[Problem] = []
    for key, alone in (image_plans(plan) or {"": plan}).items():
        for section, build in (("radiomics", radiomics_settings), ("deep", deep_settings)):
            own = bool(key) and getattr(plan.images[image_of(key)], section) is not None
            where = f"images.{image_of(key)}.{section}" if own else section
            problems += _tried(where, build, alone)
        problems += network_file_problems(alone)
    problems += _tried("deep.finetune", finetune_settings, plan)
    problems += _tried("models", model_parts, plan)
    return list({str(problem): problem for problem in problems}.values())


def _tried(section: str, build: Callable[[StudyPlan], object], plan: StudyPlan) -> list[Problem]:
    try:
        build(plan)
    except TrephineError as error:
        return [Problem(f"study.toml [{section}]", "settings that work", str(error))]
    return []
