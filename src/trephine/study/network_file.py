"""The network's file, where a study names one: looked at before a run, and what a program means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from trephine.deep.external import check_network_file
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError, Problem, TrephineError
from trephine.plan import StudyPlan
from trephine.study.settings import deep_settings

_TRUSTED = (
    "The network {name} is a program, trusted by its sha256 ([deep] trust): whoever ran the study"
    " answers for knowing who made it, and whoever uses the model must trust the same file again."
)


def network_file_problems(plan: StudyPlan) -> list[Problem]:
    """Return why the file of a network or its weights would be refused when the study runs."""
    try:
        settings = deep_settings(plan)
    except TrephineError:  # the check of the plan reports it
        return []
    if settings is None:
        return []
    try:
        problem = check_network_file(settings)
    except InputError as error:
        key = "backbone" if settings.is_network_file else "weights"
        return [Problem(f"study.toml [deep] {key}", "a file that can be used", str(error))]
    return [] if problem is None else [replace(problem, where="study.toml [deep] trust")]


def trust_note(settings: DeepSettings | None) -> str:
    """Return what a reader should know of a network that ran as a program; empty for others."""
    if settings is None or not settings.is_program:
        return ""
    return _TRUSTED.format(name=PurePath(settings.backbone).name)
