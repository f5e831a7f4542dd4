"""Why a Cox model of predictions has no answer, in the words of who reads the answer."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.errors import ModelError, ModelFault

_WHY: Mapping[ModelFault, str] = {
    "no events": "no event was observed",
    "no information": "all events were observed at one time",
    "constant": "{} do not differ between the cases at risk at any event",
    "separation": "{} order the events perfectly",
}


def why_unfitted(error: ModelError, what: str = "the predictions") -> str:
    """Return why a Cox model of one column cannot be fitted, without the column's name.

    Parameters
    ----------
    error
        What the model said, which names its column and advises whoever fits models.
    what
        The values of the column, in the plural.
    """
    return _WHY.get(error.kind, "a Cox model of {} cannot be fitted").format(what)
