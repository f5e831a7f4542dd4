"""Ledgers from elsewhere: whatever stands in an answer, a study ends with its own numbers."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, simulate
from trephine.modelling.prediction import ModelPrediction
from trephine.modelling.recipe import fit_recipe
from trephine.store.tasks import text_checksum
from trephine.validation import bootstrap_optimism, fold_task, null_check, resampling
from trephine.validation.answers import UNREADABLE
from trephine.validation.tasks import RowsDrawn, Running, TaskAnswer

CASES = simulate(40)
HORIZONS = (24.0, 48.0)
# What stands in the place of a value: other types, other shapes, other names.
STRANGE = (None, "x", [], {}, [[1.0]], {"other": 1.0}, -1, {"failure": None})
Work = Callable[[Path], object]


@cache
def apparent() -> dict[str, ModelPrediction]:
    fitted = fit_recipe(CASES, PUBLISHED, np.random.default_rng(1))
    return dict(fitted.predict(CASES, HORIZONS))


def nested(ledger: Path) -> object:
    return resampling.nested_cross_validation(
        CASES, PUBLISHED, HORIZONS, repeats=1, folds=2, seed=3, running=Running(1, ledger=ledger)
    )


def bootstrap(ledger: Path) -> object:
    return bootstrap_optimism.bootstrap_validation(
        CASES,
        PUBLISHED,
        HORIZONS,
        bootstraps=2,
        seed=3,
        apparent=apparent(),
        running=Running(1, ledger=ledger),
    )


def null(ledger: Path) -> object:
    return null_check.null_check(
        CASES, PUBLISHED, permutations=1, folds=2, seed=3, running=Running(1, ledger=ledger)
    )


def stored(ledger: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(ledger) as connection:
        return connection.execute("SELECT work, task, answer FROM answers ORDER BY task").fetchall()


def put(ledger: Path, work: str, task: str, answer: Any) -> None:
    text = json.dumps(answer)
    own = text_checksum(f"{work} {task}", text)
    with sqlite3.connect(ledger) as connection:
        connection.execute(
            "UPDATE answers SET answer = ?, sha256 = ? WHERE work = ? AND task = ?",
            (text, own, work, task),
        )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of an answer; of a list, the first alone."""
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def changed(answer: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    answer = copy.deepcopy(answer)
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return answer


def without(answer: Any, path: tuple[Any, ...]) -> Any:
    answer = copy.deepcopy(answer)
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return answer


def readers() -> dict[Work, Callable[[Any], TaskAnswer]]:
    """Each work's reader of the first task's answer."""
    first_fold = np.arange(len(CASES))[resampling._draw_folds(CASES, 1, 2, 3)[0] == 0]
    fold = fold_task.FoldTask(0, 0, first_fold, first_fold, np.random.SeedSequence(1))
    rows = RowsDrawn(0, first_fold, np.random.SeedSequence(1))
    return {
        nested: lambda answer: fold_task.read_answer(CASES, PUBLISHED, 2, fold, answer),
        bootstrap: lambda answer: bootstrap_optimism._read(
            CASES, PUBLISHED, HORIZONS, rows, answer
        ),
        null: lambda answer: null_check._read(PUBLISHED, rows, answer),
    }


@pytest.mark.parametrize("do", [nested, pytest.param(bootstrap, marks=pytest.mark.slow), null])
def test_an_answer_is_read_or_refused_and_never_ends_a_study(tmp_path: Path, do: Work) -> None:
    ledger = tmp_path / "resampling.sqlite"
    do(ledger)
    work, task, text = stored(ledger)[0]
    answer = json.loads(text)
    read = readers()[do]
    read(answer)
    strange = [changed(answer, path, value) for path in places(answer) for value in STRANGE]
    strange += [without(answer, path) for path in places(answer) if path]
    taken = []
    for one in strange:
        try:
            read(one)
        except UNREADABLE:
            continue
        taken.append(one)
    assert 0 < len(taken) < 0.3 * len(strange)
    # What has the form of an answer is taken for one: the study goes on with it.
    for one in taken:
        put(ledger, work, task, one)
        do(ledger)


def test_an_answer_of_other_cases_is_computed_again(tmp_path: Path) -> None:
    ledger = tmp_path / "resampling.sqlite"
    first = nested(ledger)
    (work, task, text), *_ = stored(ledger)
    answer = json.loads(text)
    for name, values in answer["linear_predictor"].items():
        answer["linear_predictor"][name] = values[:-1]
    put(ledger, work, task, answer)
    again = nested(ledger)
    for name, values in first.linear_predictor.items():  # type: ignore[attr-defined]
        np.testing.assert_array_equal(again.linear_predictor[name], values)  # type: ignore[attr-defined]
    assert json.loads(stored(ledger)[0][2]) == json.loads(text)
