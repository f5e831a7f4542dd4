"""Templates of the desk, with what they need to write times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import jinja2

from trephine.serve.parts import environment


@cache
def desk_environment() -> jinja2.Environment:
    """Return where the desk's templates come from."""
    own = environment().overlay()
    own.filters = {**own.filters, "moment": moment, "duration": duration}
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
