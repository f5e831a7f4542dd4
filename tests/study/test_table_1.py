"""Table 1 as the facts have it."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.streams import generator
from trephine.study.gather import baseline


def test_a_simulated_p_follows_from_the_seed_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Fisher's exact test would take too long, its p is simulated."""
    drawn = []
    compare = baseline.compare_categorical

    def watched(*given: object, rng: np.random.Generator) -> object:
        drawn.append(rng.bit_generator.state["state"])
        return compare(*given, rng=rng)  # type: ignore[arg-type]

    monkeypatch.setattr(baseline, "compare_categorical", watched)
    variable = ClinicalVariable(levels=("I", "II"))
    table = ClinicalTable({"stage": variable}, {"stage": np.array([0, 0, 1, 1, 0, 1])}, 6)
    event = np.array([True, False, True, False, True, False])
    for seed in (1, 2, 1):
        baseline._categorical("stage", variable, table, event, seed)
    assert drawn[0] == drawn[2] != drawn[1]
    assert drawn[1] == generator(2, "table tests").bit_generator.state["state"]
