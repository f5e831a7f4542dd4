"""A term as JSON, as the bundle holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from trephine.modelling.terms import Term


def term_to_json(term: Term) -> dict[str, Any]:
    """Return a term as plain values; what is a spline's only is left out of other terms."""
    content = {**asdict(term), "cut": None if np.isnan(term.cut) else term.cut}
    if term.knots:
        return {**content, "knots": list(term.knots)}
    del content["knots"], content["bend"]
    return content


def term_from_json(content: Mapping[str, Any]) -> Term:
    """Return the term that `term_to_json` wrote.

    Raises
    ------
    TypeError, ValueError, LookupError
        If it is another thing.
    """
    cut = float("nan") if content["cut"] is None else float(content["cut"])
    knots = tuple(float(knot) for knot in content.get("knots", ()))
    return Term(**{**content, "cut": cut, "knots": knots})
