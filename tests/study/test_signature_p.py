"""The p that a report prints of a signature: from permuted outcomes, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.small_study import SmallStudy, write_table_study
from trephine.facts import Facts
from trephine.study import run

PERMUTATIONS = 3


def facts_of(folder: Path, permutations: int) -> tuple[SmallStudy, Facts]:
    study = write_table_study(folder)
    study.replace("permutations = 0", f"permutations = {permutations}")
    return study, run.run_study(study.toml, formats=("html", "csv")).facts


@pytest.fixture(scope="module")
def permuted(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallStudy, Facts]:
    return facts_of(tmp_path_factory.mktemp("permuted") / "study", PERMUTATIONS)


def signatures_of(facts: Facts) -> list[tuple[float | None, int | None]]:
    """Return p and permutations of every signature that is printed."""
    terms = [t for m in facts.models for t in m.terms if t.name == "features"]
    rows = [
        ratio
        for table in facts.table_s2
        for variable in table.variables
        if variable.name == "features"
        for row in variable.rows
        for ratio in (row.univariable, row.multivariable)
        if ratio is not None
    ]
    ratios = [c for c in facts.comparisons if c.measure == "likelihood ratio"]
    return [(one.p, one.permutations) for one in (*terms, *rows, *ratios)]


def test_a_signature_has_the_p_of_permuted_outcomes(permuted: tuple[SmallStudy, Facts]) -> None:
    study, facts = permuted
    found = signatures_of(facts)
    assert len(found) >= 6
    possible = [k / (PERMUTATIONS + 1) for k in range(1, PERMUTATIONS + 2)]
    assert all(p in possible and count == PERMUTATIONS for p, count in found)
    others = [t for m in facts.models for t in m.terms if t.name != "features"]
    assert others
    assert all(term.permutations is None and term.p is not None for term in others)
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "on which the whole recipe gives it at least as large a ratio" in page
    assert "p of the likelihood ratio is the share of outcomes" in page


def test_without_permuted_outcomes_a_signature_has_no_p_and_the_tables_say_why(
    tmp_path: Path,
) -> None:
    study, facts = facts_of(tmp_path / "study", 0)
    found = signatures_of(facts)
    assert len(found) >= 6
    assert all(p is None and count == 0 for p, count in found)
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "A signature has no p: its Wald test takes the signature as given" in page
    assert "the likelihood ratio has no p" in page
