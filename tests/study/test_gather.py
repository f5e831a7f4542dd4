"""The room that fills the facts translates what was computed elsewhere, and computes nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import trephine.study.gather

COMPUTE = (
    "scipy",
    *(
        f"trephine.{room}."
        for room in (
            "survival", "group_tests", "regression", "evaluation", "validation", "modelling",
            "selection",
        )
    ),
)  # fmt: skip
# How something is read off a result that is already there, or written down.
READS = {
    "nomogram_of", "pretty", "reading_of", "seen_levels", "seen_reference",
}  # fmt: skip


def imported() -> set[tuple[str, str, str]]:
    """Return what the room imports from one that computes, as (file, module, name)."""
    found = set()
    for path in Path(trephine.study.gather.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(COMPUTE):
                found |= {(path.name, str(node.module), name.name) for name in node.names}
    return found


def test_the_facts_are_filled_without_a_fit_a_test_or_an_estimate() -> None:
    assert {name for _, _, name in imported()} >= READS
    functions = {one for one in imported() if one[2][0].islower()}
    assert {one for one in functions if one[2] not in READS} == set()


def test_no_model_is_fitted_where_facts_are_filled() -> None:
    assert not {one for one in imported() if one[2] in ("CoxModel", "CoxNet", "CoxNetCV")}
