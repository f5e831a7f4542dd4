"""The limits that a study file states: in force, or refused where they are not its to raise."""

from __future__ import annotations

from dataclasses import asdict

from trephine import archives
from trephine.archives import ArchiveLimits
from trephine.cohort.reading import limits as table_limits
from trephine.cohort.reading.limits import TableLimits
from trephine.deep import network_limits
from trephine.deep.network_limits import NetworkLimits
from trephine.errors import Problem
from trephine.imaging.limits import operators_image_limits, variable
from trephine.limits import state_limits
from trephine.paths import CONFINED, is_confined
from trephine.plan.limits_section import LimitsSection

_VARIABLES = {
    "table": table_limits.VARIABLE,
    "archive": archives.VARIABLE,
    "network": network_limits.VARIABLE,
}


def hold_limits(limits: LimitsSection, name: str) -> list[Problem]:
    """Hold what is read from now on to a study's limits.

    Parameters
    ----------
    limits
        As the study file states them.
    name
        Of the study file.

    Returns
    -------
    What is wrong: limits above the operator's where studies are confined. None is in force then.

    Raises
    ------
    InputError
        If the environment's own limits cannot be read.
    """
    stated = limits.stated()
    operators = {
        "image": asdict(operators_image_limits()),
        "table": asdict(TableLimits.from_environment()),
        "archive": asdict(ArchiveLimits.from_environment()),
        "network": asdict(NetworkLimits.from_environment()),
    }
    problems = [
        Problem(
            f"{name} [limits.{kind}.{key}]",
            f"at most {operators[kind][key]}, as {CONFINED}=1 lets a study lower limits only",
            str(most),
            f"Whoever runs the studies may raise it by {_raised_by(kind, key)}",
        )
        for kind, parts in stated.items()
        for key, most in parts.items()
        if is_confined() and most > operators[kind][key]
    ]
    state_limits({} if problems else stated)
    return problems


def _raised_by(kind: str, key: str) -> str:
    """Return the environment variable that raises a limit."""
    if kind == "image":
        return variable(key)
    return f"{_VARIABLES[kind]}={key}=..."
