"""Steps that hazard ratios are given for: ten years of age rather than one, a signature's SD."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.cohort.schema import ClinicalVariable
from trephine.facts import EstimateFact
from trephine.modelling.terms import Term
from trephine.types import Estimate, FloatArray

# Leading digits of a step that a reader takes in at a glance.
ROUND = (1.0, 2.0, 5.0, 10.0)
_NO_SPACE = frozenset({"%", "‰", "°"})
# Units that are English nouns, as the first word of the unit ends: "pack-years", "drinks/week".
_NOUN = re.compile(
    r"(\S*?\b(?:year|month|week|day|hour|minute|second|unit|point|score|pack|cigarette|drink|node"
    r"|lesion|pixel))(s?)(?=$|[\s/])"
)


@dataclass(frozen=True)
class Step:
    """How far a variable goes for one hazard ratio.

    Attributes
    ----------
    size
        In the term's unit; 1 for a level against its reference.
    text
        As printed, such as "per 10 years"; empty for a level.
    """

    size: float
    text: str

    def ratio(self, per_unit: Estimate) -> EstimateFact:
        """Return the hazard ratio of this step from that of one unit."""
        value, low, high = (float(x) ** self.size for x in (per_unit.value, *_limits(per_unit)))
        return EstimateFact(value=value, low=low, high=high, level=per_unit.level)


def _limits(estimate: Estimate) -> tuple[float, float]:
    return estimate.low, estimate.high


def step_of(term: Term, values: FloatArray, unit: str = "") -> Step:
    """Return the step for a term: a round number near the standard deviation, or the SD itself.

    Parameters
    ----------
    term
        A column of a model.
    values
        Of the training cases, shape (n,).
    unit
        Of the variable.
    """
    if term.per in ("group", "curve"):
        return Step(1.0, "")
    spread = float(np.nanstd(values, ddof=1)) if np.isfinite(values).sum() > 1 else 0.0
    if not spread > 0:
        return Step(1.0, _per("1", unit))
    if term.per == "standard deviation":
        return Step(spread, f"per SD ({spread:.3g})")
    size = round_step(spread)
    return Step(size, _per(f"{size:.10g}", unit))


def model_step(
    terms: Sequence[Term], j: int, design: FloatArray, variables: Mapping[str, ClinicalVariable]
) -> Step:
    """Return the step for the j-th term of a model; of a product, those of its two columns.

    Parameters
    ----------
    terms, design
        Of the model, and its training columns, shape (n, q).
    variables
        Clinical variables, whose units steps are in.
    """
    term = terms[j]
    if not term.parts:
        variable = variables.get(term.variable)
        return step_of(term, design[:, j], variable.unit if variable is not None else "")
    places = {one.name: place for place, one in enumerate(terms)}
    one, other = (model_step(terms, places[p.name], design, variables) for p in term.parts)
    return Step(one.size * other.size, " and ".join(filter(None, (one.text, other.text))))


def _per(number: str, unit: str) -> str:
    """Write a step: "per kg", "per year", "per 10 years", "per 5%"."""
    unit = _counted(number, unit)
    if unit in _NO_SPACE:
        return f"per {number}{unit}"
    if number == "1":
        return f"per {unit or 'unit'}"
    return f"per {number} {unit or 'units'}"


def _counted(number: str, unit: str) -> str:
    noun = _NOUN.match(unit)
    if noun is None:
        return unit
    return noun[1] + ("" if number == "1" else "s") + unit[noun.end() :]


def round_step(spread: float) -> float:
    """Return the number 1, 2 or 5 times a power of ten that is nearest to ``spread`` by ratio."""
    power = 10.0 ** np.floor(np.log10(spread))
    candidates = np.array(ROUND) * power
    return float(candidates[np.argmin(np.abs(np.log(candidates / spread)))])
