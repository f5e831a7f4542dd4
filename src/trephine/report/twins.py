"""Models of one protocol that turned out to be the same, since nothing set them apart."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts import Facts


def twin_of(facts: Facts, model: str, protocol: ProtocolName) -> str:
    """Return an earlier model with the very terms and coefficients of this one; "" without any.

    A model of radiomics and clinical variables is that of the clinical variables alone where no
    radiomics feature was selected.
    """
    own = [one for one in facts.models if one.protocol == protocol]
    mine = next((one for one in own if one.name == model), None)
    if mine is None:
        return ""
    for other in own:
        if other.name == model:
            return ""
        if other.terms == mine.terms and other.baseline_survival == mine.baseline_survival:
            return other.name
    return ""
