"""The ledger of tasks: what is known is not done again, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from modelling.simulated_cases import SOUND, simulate
from trephine.store import TaskLedger
from trephine.validation import tasks
from trephine.validation.tasks import TaskAnswer, run_tasks

done: list[int] = []


@dataclass(frozen=True)
class Number:
    value: int

    @property
    def key(self) -> str:
        return str(self.value)


def third(shared: float, task: Number) -> TaskAnswer:
    done.append(task.value)
    return {"value": task.value / 3 + shared, "missing": float("nan")}


def whole(task: Number, answer: TaskAnswer) -> TaskAnswer:
    return {"value": float(answer["value"])}


def run(ledger: TaskLedger | None, numbers: range) -> list[float]:
    tasks = [Number(value) for value in numbers]
    answers = run_tasks(third, tasks, (0.1,), read=whole, workers=1, progress=None, ledger=ledger)
    return [answer["value"] for answer in answers]


def test_known_answers_are_read_and_only_new_ones_computed(tmp_path: Path) -> None:
    ledger = TaskLedger(tmp_path / "new" / "ledger.sqlite", "work")
    first = run(ledger, range(3))
    done.clear()
    again = run(ledger, range(5))
    assert done == [3, 4]
    assert again[:3] == first == [value / 3 + 0.1 for value in range(3)]
    done.clear()
    assert run(ledger, range(5)) == again
    assert done == []


def test_other_work_in_the_same_file_is_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    run(TaskLedger(path, "one"), range(2))
    assert TaskLedger(path, "two").answers() == {}
    assert set(TaskLedger(path, "one").answers()) == {"0", "1"}


def test_missing_numbers_survive_the_ledger(tmp_path: Path) -> None:
    ledger = TaskLedger(tmp_path / "ledger.sqlite", "work")
    run(ledger, range(1))
    assert np.isnan(ledger.answers()["0"]["missing"])


def test_progress_counts_what_is_known(tmp_path: Path) -> None:
    ledger = TaskLedger(tmp_path / "ledger.sqlite", "work")
    run(ledger, range(2))
    counts: list[tuple[int, int]] = []
    tasks = [Number(value) for value in range(4)]
    answers = run_tasks(
        third,
        tasks,
        (0.1,),
        read=whole,
        workers=1,
        progress=lambda at, total: counts.append((at, total)),
        ledger=ledger,
    )
    assert len(list(answers)) == 4
    assert counts == [(2, 4), (3, 4), (4, 4)]


def test_without_a_ledger_everything_is_done() -> None:
    done.clear()
    run(None, range(2))
    assert done == [0, 1]


def test_results_of_another_version_of_the_recipe_are_not_taken_for_this_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = simulate(20)
    now = tasks.work_digest("nested", cases, SOUND)
    assert tasks.work_digest("nested", cases, SOUND) == now
    monkeypatch.setattr(tasks, "RECIPE_VERSION", -1)
    assert tasks.work_digest("nested", cases, SOUND) != now
    monkeypatch.undo()
    monkeypatch.setattr(tasks, "__version__", "0.0.0")
    assert tasks.work_digest("nested", cases, SOUND) != now


def test_a_known_answer_of_another_form_is_computed_again_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = TaskLedger(tmp_path / "ledger.sqlite", "work")
    strange = [[1], None, "text", "failure", 5, {}, {"value": []}, {"value": "x"}, {"failure": 5}]
    numbers = range(len(strange) + 1)
    first = run(ledger, numbers)
    for key, answer in enumerate(strange):
        ledger.write(str(key), answer)
    ledger.write("another task", "whatever")
    done.clear()
    assert run(ledger, numbers) == first
    assert done == list(range(len(strange)))
    assert "9 of 10 kept answers" in caplog.text
    caplog.clear()
    assert run(ledger, numbers) == first
    assert not caplog.text


def test_a_new_answer_that_cannot_be_read_is_an_error_and_not_asked_for_ever() -> None:
    answers = run_tasks(
        third,
        [Number(1)],
        (0.1,),
        read=lambda task, answer: answer["absent"],
        workers=1,
        progress=None,
    )
    with pytest.raises(KeyError):
        list(answers)
