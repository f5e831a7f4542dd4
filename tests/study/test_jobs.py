"""Work that is followed by a file: how far it is, how it ended, whether anybody still does it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trephine.errors import InputError, Problem, StudyProblemsError, TrephineError
from trephine.study.jobs import record as job_record
from trephine.study.jobs.process import (
    JobState,
    digest_of,
    is_held,
    job_file,
    standing,
    write_state,
)
from trephine.study.jobs.record import recorded


def in_words(error: Exception) -> TrephineError | None:
    return error if isinstance(error, TrephineError) else None


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text("[data]\n")
    return path


def test_work_is_followed_from_its_start_to_its_end(study: Path) -> None:
    file = job_file(study, "run")
    assert standing(file) is None
    with recorded(file, "run", study, in_words) as recorder:
        state = standing(file)
        assert state is not None
        assert (state.status, state.pid, state.digest) == ("running", os.getpid(), digest_of(study))
        recorder.show("Extracting", 0, 4)
        recorder.show("Extracting", 4, 4)
        recorder.show("Fitting", 1, 3)
        state = standing(file)
        assert state is not None
        assert [(s.name, s.done, s.total) for s in state.stages] == [
            ("Extracting", 4, 4), ("Fitting", 1, 3),
        ]  # fmt: skip
        assert state.stages[0].left is None
        assert is_held(file)
    state = standing(file)
    assert state is not None
    assert state.status == "done"
    assert state.ended is not None
    assert not is_held(file)


def test_the_time_left_goes_by_the_pace_of_the_last_while(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(job_record.time, "monotonic", lambda: now)
    file = job_file(study, "run")
    with recorded(file, "run", study, in_words) as recorder:
        recorder.show("Resampling", 50, 100)  # what an earlier run left
        for done in range(51, 61):
            now += 3.0
            recorder.show("Resampling", done, 100)
        state = standing(file)
    assert state is not None
    assert state.stages[0].left == pytest.approx(40 * 3.0)
    assert state.stages[0].seconds == pytest.approx(30.0)


def test_a_failure_is_written_down_with_every_problem(study: Path) -> None:
    file = job_file(study, "check")
    cell = Problem.of_cells("cases.csv", [4], "age", "a number", "'x'")
    with (
        pytest.raises(StudyProblemsError),
        recorded(file, "check", study, in_words),
    ):
        raise StudyProblemsError([cell, cell.in_table("cases.csv")], "not opened")
    state = standing(file)
    assert state is not None
    assert (state.status, state.note) == ("failed", "not opened")
    (one,) = {problem.where for problem in state.problems}
    assert one == "cases.csv, row 4, column age"
    for error, said in (
        (InputError("disk: full"), "disk: full"),
        (ValueError("secret"), "a fault"),
    ):
        with pytest.raises(type(error)), recorded(file, "check", study, in_words):
            raise error
        state = standing(file)
        assert state is not None
        assert said in state.message
        assert "secret" not in state.message
    with pytest.raises(KeyboardInterrupt), recorded(file, "check", study, in_words):
        raise KeyboardInterrupt
    state = standing(file)
    assert state is not None
    assert state.status == "stopped"


def test_one_process_at_a_time_works_on_a_job(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_record, "_WAIT_FOR_LOCK_S", 0.1)
    file = job_file(study, "run")
    with recorded(file, "run", study, in_words):
        before = file.read_bytes()
        with (
            pytest.raises(InputError, match="no process works on"),
            recorded(file, "run", study, in_words),
        ):
            raise AssertionError
        assert file.read_bytes() == before


def test_a_killed_process_leaves_an_interrupted_job_whatever_has_its_number_now(
    study: Path,
) -> None:
    file = job_file(study, "run")
    program = (
        "import sys, time; from pathlib import Path\n"
        "from trephine.study.jobs.record import recorded\n"
        "study, file = map(Path, sys.argv[1:])\n"
        "with recorded(file, 'run', study, lambda e: None):\n"
        "    print('on', flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(study), str(file)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    state = standing(file)
    assert state is not None
    assert state.status == "running"
    process.kill()
    process.wait()
    process.stdout.close()
    state = standing(file)
    assert state is not None
    assert state.status == "interrupted"
    write_state(file, state.model_copy(update={"status": "running", "pid": os.getpid()}))
    state = standing(file)
    assert state is not None
    assert state.status == "interrupted"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verb": "run"}', '{"verb": "run", "x": 1}'])
def test_a_damaged_file_says_nothing(study: Path, text: str) -> None:
    file = job_file(study, "run")
    write_state(file, JobState(verb="run", status="done", digest="", asked=time.time()))
    file.write_text(text)
    assert standing(file) is None
