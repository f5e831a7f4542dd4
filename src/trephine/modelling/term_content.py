"""A term as JSON, as the bundle holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from trephine.modelling.terms import Term


def term_to_json(term: Term) -> dict[str, Any]:
    """Return a term as plain values; what is of one kind only is left out of other terms."""
    content = {**asdict(term), "cut": None if np.isnan(term.cut) else term.cut}
    content["parts"] = [term_to_json(part) for part in term.parts]
    content |= {"knots": list(term.knots), "held": list(term.held)}
    if not term.knots:
        del content["knots"], content["bend"]
    for only in ("parts", "held"):
        if not content[only]:
            del content[only]
    return content


def term_from_json(content: Mapping[str, Any]) -> Term:
    """Return the term that `term_to_json` wrote.

    Raises
    ------
    TypeError, ValueError, LookupError
        If it is another thing.
    """
    parts = tuple(_plain(part) for part in content.get("parts", ()))
    if len(parts) != (2 if content["kind"] == "product" else 0):
        raise ValueError(f"a term of the kind {content['kind']} has {len(parts)} parts")
    return replace(_plain({**content, "parts": ()}), parts=parts)


def _plain(content: Mapping[str, Any]) -> Term:
    """Return a term without parts, or a part, which is a clinical column of its own."""
    if content.get("parts"):
        raise ValueError("a part of a product is a product")
    cut = float("nan") if content["cut"] is None else float(content["cut"])
    knots, held = (tuple(float(one) for one in content.get(name, ())) for name in ("knots", "held"))
    return Term(**{**content, "cut": cut, "knots": knots, "held": held})
