"""The limits that a study file states: in force, or refused where they are not its to raise."""

from __future__ import annotations

from dataclasses import asdict

from trephine.archives import ArchiveLimits
from trephine.cohort.reading.limits import TableLimits
from trephine.deep.network_limits import NetworkLimits
from trephine.errors import Problem
from trephine.imaging.limits import ImageLimits
from trephine.limits import OperatorLimits, state_limits
from trephine.paths import CONFINED, is_confined
from trephine.plan.limits_section import LimitsSection
from trephine.store.limits import ShardLimits

_KINDS: dict[str, type[OperatorLimits]] = {
    one.kind: one for one in (ImageLimits, TableLimits, ArchiveLimits, NetworkLimits, ShardLimits)
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
    operators = {kind: asdict(one.from_environment()) for kind, one in _KINDS.items()}
    problems = [
        Problem(
            f"{name} [limits.{kind}.{key}]",
            f"at most {operators[kind][key]}, as {CONFINED}=1 lets a study lower limits only",
            str(most),
            f"Whoever runs the studies may raise it by {_KINDS[kind].raised_by(key)}",
        )
        for kind, parts in stated.items()
        for key, most in parts.items()
        if is_confined() and most > operators[kind][key]
    ]
    state_limits({} if problems else stated)
    return problems
