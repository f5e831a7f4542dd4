"""Templates of the desk, with what they need to write times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import jinja2

from trephine.serve.parts import environment
from trephine.serve.words import Words


@cache
def desk_environment() -> jinja2.Environment:
    """Return where the desk's templates come from."""
    own = environment().overlay()
    own.filters = {**own.filters, "moment": moment, "duration": duration, "stage_name": stage_name}
    return own


def moment(seconds: float) -> str:
    """Return a time of this computer's clock, from seconds since 1970."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def duration(seconds: float, words: Mapping[str, str]) -> str:
    """Return a length of time in a language's words."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return words["hours"].format(h=hours, min=minutes)
    return words["minutes"].format(min=minutes) if minutes else words["seconds"].format(s=left)


def stage_name(name: str, words: Words) -> str:
    """Return a stage of a run in a language's words; one that it has no words for as it is.

    A stage of a protocol has its name behind a comma, as in "Bootstrap, sound".
    """
    names = words["stage_names"]
    assert isinstance(names, Mapping)
    stage, comma, protocol = name.partition(", ")
    if stage not in names or not comma:
        return names.get(name, name)
    called = words.get(f"protocol_{protocol}", protocol)
    return str(words["stage_of"]).format(stage=names[stage], protocol=called)
