"""The room that fills the facts translates what was computed elsewhere, and computes nothing."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

import trephine.study.gather
from trephine.study.gather import centres, signatures, subgroups
from trephine.study.gather.estimates import SHARE, estimate_fact
from trephine.types import Estimate

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
    "competing_counts", "nomogram_of", "pretty", "read_case", "seen_levels", "seen_reference",
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


def test_normal_intervals_are_cut_to_what_a_c_index_can_be() -> None:
    """Of small centres, groups and repeats, too: C-index 0.80 (0.58 to 1.03) was printed."""
    found = estimate_fact(Estimate(0.8, 0.58, 1.03), SHARE)
    assert found is not None
    assert (found.value, found.low, found.high) == (0.8, 0.58, 1.0)
    assert estimate_fact(None, SHARE) is None
    slope = estimate_fact(Estimate(0.8, -0.2, 1.8))
    assert slope is not None
    assert (slope.low, slope.high) == (-0.2, 1.8)


@pytest.mark.parametrize("part", ["centres", "subgroups", "rivals"])
def test_c_indices_beside_table_3_are_cut_too(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    wide = Estimate(0.8, 0.58, 1.03)
    row = SimpleNamespace(
        model="m", centre="a", group="a", n=9, events=5, c_index=wide, horizon=12.0, slope=None,
        observed_expected=None, net_benefit=None, treat_all=None, note="",
    )  # fmt: skip
    if part == "centres":
        monkeypatch.setattr(centres, "at_centres", lambda *_: [row])
        protocol = SimpleNamespace(settings=SimpleNamespace(protocol="sound"))
        (found,) = [one.c_index for one in centres.centre_facts(None, protocol)]
    elif part == "subgroups":
        found = subgroups._row(row).c_index
    else:
        compared = SimpleNamespace(first=wide, second=wide, difference=wide)
        monkeypatch.setattr(signatures, "against_rivals", lambda *_: {"Ridge": (compared, 2)})
        (rival,) = signatures._rivals(None, None, "radiomics")
        assert (rival.own.high, rival.gained.high) == (1.0, 1.03)
        found = rival.concordance
    assert (found.low, found.high) == (0.58, 1.0)
