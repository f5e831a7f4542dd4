"""Tables 1 and 2 as the facts have them."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import ModelError
from trephine.group_tests.baseline_comparison import compare_categorical, compare_continuous
from trephine.modelling.encoding import fit_encoding
from trephine.streams import generator
from trephine.study.assess import clinical
from trephine.study.gather import baseline, cox_rows
from trephine.types import Survival


def test_a_simulated_p_follows_from_the_seed_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Fisher's exact test would take too long, its p is simulated."""
    drawn = []
    compare = clinical.compare_categorical

    def watched(*given: object, rng: np.random.Generator) -> object:
        drawn.append(rng.bit_generator.state["state"])
        return compare(*given, rng=rng)  # type: ignore[arg-type]

    monkeypatch.setattr(clinical, "compare_categorical", watched)
    variable = ClinicalVariable(levels=("I", "II"))
    table = ClinicalTable({"stage": variable}, {"stage": np.array([0, 0, 1, 1, 0, 1])}, 6)
    event = np.array([True, False, True, False, True, False])
    for seed in (1, 2, 1):
        clinical.compared_categorical(table, "stage", event, seed)
    assert drawn[0] == drawn[2] != drawn[1]
    assert drawn[1] == generator(2, "table tests").bit_generator.state["state"]


def test_the_test_of_table_1_is_the_one_that_was_made() -> None:
    groups = [0, 1] * 20
    rng = np.random.default_rng(1)
    few = ["a"] * 37 + ["b"] * 3
    made = {
        "t": compare_continuous(rng.normal(size=40), groups).test,
        "Mann-Whitney": compare_continuous(np.r_[rng.normal(size=38), 50, 90] ** 4, groups).test,
        "chi-square": compare_categorical(["a", "a", "b", "b"] * 10, groups, ["a", "b"]).test,
        "Fisher": compare_categorical(few, groups, ["a", "b"]).test,
        "none": compare_continuous(np.ones(40), groups).test,
    }
    for name, test in made.items():
        assert baseline._test(test)["test"] == name


STAGE = ClinicalVariable(levels=("I", "II", "III"), reference="I")
SURVIVAL = Survival(np.arange(1.0, 7.0), np.array([1, 0, 1, 1, 0, 0], dtype=bool))


def reference_of(stage: list[int]) -> tuple[str, int, int]:
    table = ClinicalTable({"stage": STAGE}, {"stage": np.array(stage)}, len(stage))
    terms = fit_encoding(table, "linear").terms["stage"]
    (row,) = cox_rows._reference_row(terms, "stage", table, SURVIVAL)
    return row.level, row.n, row.events


def test_the_reference_row_counts_the_cases_that_others_are_compared_with() -> None:
    assert reference_of([0, 0, 1, 2, 0, -1]) == ("I", 3, 1)
    assert reference_of([1, 1, 2, 2, 1, 1]) == ("II", 4, 1)  # nobody is at the declared one


def test_of_a_variable_with_one_level_the_row_is_that_level_s() -> None:
    assert reference_of([1, 1, 1, -1, 1, 1]) == ("II", 5, 2)


def test_a_note_has_the_table_s_words_for_the_names_of_columns() -> None:
    error = ModelError("{} follows from {}", ["stage=II"], ["age", "x"], model="Cox model")
    names = {"stage=II": "II", "age": "Age"}
    assert cox_rows._worded(error.reason, names) == "II follows from Age, x"
