"""Rules of PROBAST+AI for one protocol: what raises concern, and why.

A "no" to a signalling question raises concern about its domain. Where all of a domain's questions
are answered with yes or do not apply, there is little; in between, the author has to answer first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Protocol

from trephine.choices import ProtocolName
from trephine.facts import Facts
from trephine.report.checklists.answers import (
    Answer,
    Rules,
    author,
    does_not_apply,
    left_out_for_missing,
    no,
    outside,
    yes,
)
from trephine.report.checklists.metrics import has_images

FEWEST_EVENTS = 100
"""That an evaluation needs at least (Collins et al. 2016; Riley et al. 2024 ask for more)."""


class JudgedQuestion(Protocol):
    """What a judgement needs of a question."""

    @property
    def number(self) -> str:
        """Part, domain and question."""
        ...

    @property
    def section(self) -> str:
        """Part and domain."""
        ...

    @property
    def answer(self) -> Answer:
        """How it stands."""
        ...


def probast_summary(items: Sequence[JudgedQuestion]) -> str:
    """Return the judgement of each domain, as far as the run knows."""
    found = []
    for section, group in groupby(items, key=lambda item: item.section):
        questions = list(group)
        failed = [item.number for item in questions if item.answer.status == "no"]
        waiting = any(item.answer.status == "author" for item in questions)
        word = "the author must answer" if waiting else "low concern"
        concern = f"high concern ({', '.join(failed)})"
        found.append(f"{section}, {concern if failed else word}")
    return f"{'; '.join(found)}."


def probast_rules(protocol: ProtocolName) -> Rules:
    """Return the rules for the models of one protocol."""
    return {
        "author": lambda facts: author(),
        "preprocessing": _preprocessing,
        "available": lambda facts: author("Say when each predictor is known"),
        "dev_size": _development_size,
        "continuous": partial(_continuous, protocol=protocol),
        "missing": _missing,
        "imbalance": lambda facts: does_not_apply("No correction for class imbalance"),
        "overfitting": partial(_overfitting, protocol=protocol),
        "apparent": partial(_apparent, protocol=protocol),
        "eval_size": _evaluation_size,
        "leakage": partial(_leakage, protocol=protocol),
        "replicated": partial(_replicated, protocol=protocol),
        "measures": partial(_measures, protocol=protocol),
    }


def _not_developed(facts: Facts) -> bool:
    return outside(facts) and not facts.models


_LOCKED = "The model was locked before; see the report of its development"


def _preprocessing(facts: Facts) -> Answer:
    if has_images(facts):
        return yes("methods", "Methods: one set of settings for all images")
    return author("Say so; features were read from a table")


def _development_size(facts: Facts) -> Answer:
    if _not_developed(facts):
        return does_not_apply(_LOCKED)
    if facts.sample_size is None or facts.sample_size.assumed_r2 is None:
        return author("Justify the sample size")
    needed = [row for row in facts.sample_size.rows if row.riley_events is not None]
    short = [row for row in needed if (row.riley_events or 0.0) > facts.sample_size.events]
    if not short:
        return yes("sample-size", "Sample size: the criteria of Riley et al. are met")
    worst = max(short, key=lambda row: row.riley_events or 0.0)
    return no(
        f"{facts.sample_size.events} events; {worst.model}: {worst.riley_events:,.0f} are"
        " needed to fit that many parameters without penalisation"
    )


def _continuous(facts: Facts, *, protocol: ProtocolName) -> Answer:
    if _not_developed(facts):
        return does_not_apply(_LOCKED)
    tables = [table for table in facts.table2 if table.protocol == protocol]
    if any(table.continuous == "cut at the median" for table in tables):
        return no("continuous variables are cut at the median of these data")
    if tables:
        return author(
            "They enter linearly, except the splines that Methods names; say why that is adequate"
        )
    return does_not_apply("No clinical variable")


def _missing(facts: Facts) -> Answer:
    lost = left_out_for_missing(facts)
    if lost:
        return no(f"{lost} cases with a missing clinical value were left out")
    if "filled in" in facts.methods.missing_values:
        return no("missing clinical values, if any, are filled in once, not by multiple imputation")
    if facts.missing is not None:
        return yes("methods", "Missing clinical values were imputed several times, in every refit")
    return yes("methods", "No case was left out for a missing clinical value")


def _overfitting(facts: Facts, *, protocol: ProtocolName) -> Answer:
    if _not_developed(facts):
        return does_not_apply(_LOCKED)
    reasons = []
    methods = [one for one in facts.methods.signatures if one.protocol == protocol]
    if any(one.training == "in-sample" for one in methods):
        reasons.append("models are fitted to the signatures' own training scores")
    parts = [part for part in facts.selection if part.protocol == protocol]
    if any(step.name.startswith("Mann-Whitney") for part in parts for step in part.steps):
        reasons.append("features are first chosen one by one by their p")
    tables = [table for table in facts.table2 if table.protocol == protocol]
    if any(table.entry_p is not None for table in tables):
        reasons.append("clinical variables are first chosen one by one by their p")
    if reasons:
        return no("; ".join(reasons))
    if methods:
        beside = (
            "; instability of predictions under Performance"
            if any(one.protocol == protocol for one in facts.instability)
            else ""
        )
        return yes("methods", f"Methods: penalised, out-of-fold signatures{beside}")
    return author("Clinical variables are not penalised; say how overfitting was limited")


def _judged(facts: Facts, protocol: ProtocolName) -> str:
    return next((one.judged for one in facts.study.protocols if one.name == protocol), "")


def _unseen(facts: Facts, protocol: ProtocolName) -> bool:
    kinds = {row.kind for row in facts.performance if row.protocol == protocol}
    return bool(kinds & {"nested cross-validated", "external"})


def _apparent(facts: Facts, *, protocol: ProtocolName) -> Answer:
    if outside(facts):
        return yes("performance", "Performance on outside data")
    if _judged(facts, protocol) == "apparent":
        beside = "; nested cross-validation is given beside it" if _unseen(facts, protocol) else ""
        return no(f"this protocol reports performance on its own training cases{beside}")
    if _unseen(facts, protocol):
        return yes("performance", "Table 3, nested cross-validation")
    return no("only apparent performance was measured")


def _evaluation_size(facts: Facts) -> Answer:
    events = facts.flow.events
    if events < FEWEST_EVENTS:
        return no(f"{events} events; an evaluation needs at least {FEWEST_EVENTS}")
    return author(f"{events} events; say whether intervals are narrow enough")


def _leakage(facts: Facts, *, protocol: ProtocolName) -> Answer:
    if outside(facts):
        return does_not_apply("The data were not split: the model was locked before")
    if not _unseen(facts, protocol):
        return does_not_apply("The data were not split")
    return yes("methods", "Methods, validation: whole patients left out, nothing learned from them")


def _replicated(facts: Facts, *, protocol: ProtocolName) -> Answer:
    if outside(facts):
        return does_not_apply("No resampling: the model was locked before")
    rows = [row for row in facts.methods.resampling if row.protocol == protocol]
    if not any(row.repeats or row.bootstraps for row in rows):
        return does_not_apply("No resampling")
    return yes("methods", "Methods, validation: the whole recipe is repeated")


def _measures(facts: Facts, *, protocol: ProtocolName) -> Answer:
    missing = [
        word
        for word, there in (
            ("discrimination", facts.performance),
            ("calibration", facts.calibration),
            ("net benefit", facts.decision_curves),
        )
        if not any(row.protocol == protocol for row in there)
    ]
    if missing:
        return no(f"not measured: {', '.join(missing)}")
    return yes("performance", "Table 3, Figures 4 and 5")
