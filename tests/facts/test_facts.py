"""Facts are frozen, free of NaN, and the same after a trip through JSON."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from trephine.errors import InputError
from trephine.facts import (
    EstimateFact,
    Facts,
    FlowCount,
    FlowFacts,
    NullFacts,
    ProtocolFact,
    StudyFacts,
    read_facts,
    write_facts,
)
from trephine.types import Estimate

SCHEMA = Path(__file__).parents[2] / "docs" / "facts-schema.json"


def smallest() -> Facts:
    return Facts(
        study=StudyFacts(
            title="A study",
            outcome_name="survival",
            event_noun="death",
            time_unit="years",
            horizons=(5.0,),
            protocol="sound",
            protocols=(ProtocolFact(name="sound", judged="nested cross-validated"),),
            seed=1,
        ),
        flow=FlowFacts(
            enrolled=FlowCount(patients=10, cases=10),
            analysed=FlowCount(patients=10, cases=10),
            events=4,
            event_percent=40.0,
        ),
    )


def test_facts_are_the_same_after_writing_and_reading(tmp_path):
    facts = smallest()
    assert read_facts(write_facts(facts, tmp_path / "facts.json")) == facts


def test_numbers_that_are_not_finite_become_null(tmp_path):
    null = NullFacts(
        protocol="published",
        kind="apparent",
        model="DLRC",
        observed=math.inf,
        permuted=np.array([0.7, np.nan]),
        median=np.float64("nan"),
        p95=0.8,
        p=0.2,
    )
    path = write_facts(smallest().model_copy(update={"null_check": (null,)}), tmp_path / "f.json")
    row = json.loads(path.read_text())["null_check"][0]
    assert row["observed"] is None
    assert row["permuted"] == [0.7, None]
    assert "NaN" not in path.read_text()


def test_an_estimate_is_taken_as_it_is():
    fact = EstimateFact.model_validate(Estimate(0.7, 0.6, math.nan, 0.95, 0.05))
    assert (fact.value, fact.low, fact.high) == (0.7, 0.6, None)


def test_facts_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        smallest().study.seed = 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "JSON"), ("{}", "study"), ('{"schema_version": 99}', "schema_version")],
)
def test_a_file_that_does_not_fit_is_refused_with_reasons(tmp_path, text, words):
    path = tmp_path / "facts.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_facts(path)


def test_a_missing_file_says_to_run_the_study(tmp_path):
    with pytest.raises(InputError, match="run the study"):
        read_facts(tmp_path / "facts.json")


def test_the_documented_schema_is_the_code_s():
    """Rewrite with: python -m trephine.facts > docs/facts-schema.json."""
    assert json.loads(SCHEMA.read_text()) == Facts.model_json_schema()


def test_every_fact_is_described_in_the_schema():
    bare = [
        f"{name}.{field}"
        for name, model in Facts.model_json_schema()["$defs"].items()
        for field, entry in model.get("properties", {}).items()
        if not entry.get("description")
    ]
    assert bare == []


def test_facts_that_are_not_utf8_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_bytes(b'{"study": "\xff\xfe"}')
    with pytest.raises(InputError, match="found other bytes at position 11"):
        read_facts(tmp_path / "facts.json")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_the_place_of_the_facts_is_named_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "facts.json")
    with pytest.raises(InputError, match=r"found a (pipe|folder)"):
        read_facts(tmp_path / "facts.json")
