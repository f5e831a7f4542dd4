"""Checks and runs wait for each other, outlive the server, and go on where they were cut off."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from serve.desk_client import study_in
from trephine.errors import InputError
from trephine.serve.desk import queue as module
from trephine.serve.desk.queue import Queue
from trephine.study.jobs import marks
from trephine.study.jobs.process import (
    JobState,
    JobStatus,
    digest_of,
    is_held,
    is_own,
    job_file,
    kept,
    lock_of,
    marked,
    standing,
    write_state,
)
from trephine.study.jobs.record import recorded


@dataclass
class Processes:
    """Stands in for processes: what was started, and which of them still run."""

    commands: list[list[str]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    ended: dict[int, int] = field(default_factory=dict)

    def __call__(self, command: list[str], **how: Any) -> Any:
        self.commands.append(command)
        self.environments.append(how["env"])
        assert how["start_new_session"]
        return _Process(self, 10_000_000 + len(self.commands))


@dataclass
class _Process:
    all: Processes
    pid: int

    @property
    def returncode(self) -> int | None:
        return self.all.ended.get(self.pid)

    def poll(self) -> int | None:
        return self.returncode


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    found = Processes()
    monkeypatch.setattr(module.subprocess, "Popen", found)
    return found


def status_of(study: Path) -> JobStatus | None:
    state = standing(job_file(study, "run"))
    return None if state is None else state.status


def test_of_two_runs_the_second_waits_for_the_first(tmp_path: Path, processes: Processes) -> None:
    one, two = (study_in(tmp_path / name) for name in ("one", "two"))
    queue = Queue(tmp_path)
    queue.ask(one, "run")
    time.sleep(0.01)
    queue.ask(two, "run")
    queue.ask(two, "run")  # asked twice, it waits once
    (command,) = processes.commands
    assert command[1:6] == ["-P", "-m", "trephine", "run", str(one)]
    assert processes.environments[0]["TREPHINE_CONFINED"] == "1"
    assert status_of(two) == "waiting"
    done = JobState(verb="run", status="done", digest=digest_of(one))
    write_state(job_file(one, "run"), done)
    processes.ended[10_000_001] = 0
    queue._look()
    assert processes.commands[1][5] == str(two)


def test_a_waiting_run_is_taken_out_of_the_queue(tmp_path: Path, processes: Processes) -> None:
    one, two = (study_in(tmp_path / name) for name in ("one", "two"))
    queue = Queue(tmp_path)
    queue.ask(one, "run")
    queue.ask(two, "run")
    queue.stop(two, "run")
    assert status_of(two) == "stopped"
    assert len(processes.commands) == 1


@pytest.mark.parametrize("ended", [False, True])
def test_asking_again_while_the_last_process_ends_waits_for_it(
    tmp_path: Path, processes: Processes, ended: bool
) -> None:
    study = study_in(tmp_path)
    queue = Queue(tmp_path)
    queue.ask(study, "run")
    write_state(job_file(study, "run"), JobState(verb="run", status="done", digest="a"))
    if ended:
        processes.ended[10_000_001] = 0
    queue.ask(study, "run")
    assert status_of(study) == "waiting"
    assert len(processes.commands) == (2 if ended else 1)
    processes.ended[10_000_001] = 0
    queue._look()
    assert (status_of(study), len(processes.commands)) == ("waiting", 2)


def test_a_run_that_never_came_to_its_work_has_failed(tmp_path: Path, processes: Processes) -> None:
    study = study_in(tmp_path)
    queue = Queue(tmp_path)
    queue.ask(study, "run")
    processes.ended[10_000_001] = 2
    queue._look()
    assert status_of(study) == "failed"
    assert len(processes.commands) == 1


@pytest.mark.parametrize(
    ("status", "again"),
    [("running", 1), ("waiting", 1), ("stopped", 0), ("failed", 0), ("done", 0)],
)
def test_a_desk_that_starts_resumes_what_was_cut_off_and_nothing_else(
    tmp_path: Path, processes: Processes, status: JobStatus, again: int
) -> None:
    study = study_in(tmp_path)
    file = job_file(study, "run")
    write_state(file, marked(file, JobState(verb="run", status=status, digest="", pid=1)))
    queue = Queue(tmp_path)
    queue.start()
    end = time.monotonic() + 10
    while len(processes.commands) < again and time.monotonic() < end:
        time.sleep(0.02)
    queue.end()
    assert len(processes.commands) == again


@pytest.mark.parametrize("status", ["waiting", "running"])
@pytest.mark.parametrize("whose", ["nobody's", "another account's", "of another folder"])
def test_a_record_from_elsewhere_starts_nothing_until_it_is_asked_for(
    tmp_path: Path,
    processes: Processes,
    monkeypatch: pytest.MonkeyPatch,
    status: JobStatus,
    whose: str,
) -> None:
    study = study_in(tmp_path)
    file = job_file(study, "run")
    state = JobState(verb="run", status=status, digest="", pid=1)
    if whose == "another account's":
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
        state = marked(file, state)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    elif whose == "of another folder":
        state = marked(job_file(study_in(tmp_path / "other"), "run"), state)
    write_state(file, state)
    queue = Queue(tmp_path)
    queue.start()
    queue.end()
    queue._look()
    assert processes.commands == []
    assert status_of(study) == "interrupted"  # for which the page has its button
    queue.ask(study, "run")
    assert len(processes.commands) == 1


def test_a_run_keeps_the_mark_under_which_it_was_asked_for(
    tmp_path: Path, processes: Processes
) -> None:
    study = study_in(tmp_path)
    file = job_file(study, "run")
    Queue(tmp_path).ask(study, "run")
    with recorded(file, "run", study, lambda error: None):
        running = kept(file)
    assert running is not None
    assert (running.status, is_own(file, running)) == ("running", True)
    with recorded(file, "run", study, lambda error: None):  # in a terminal, by itself
        running = kept(file)
    assert running is not None
    assert not is_own(file, running)


@pytest.mark.parametrize("what", ["none can be kept", "others may read it", "a link"])
def test_without_a_key_of_its_own_an_account_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    place = tmp_path / "state" / "trephine" / "desk.key"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if what == "none can be kept":
        (tmp_path / "state").write_text("no folder")
    else:
        place.parent.mkdir(parents=True)
        kept_key = place if what == "others may read it" else tmp_path / "key"
        kept_key.write_bytes(bytes(32))
        kept_key.chmod(0o644 if what == "others may read it" else 0o600)
        if what == "a link":
            place.symlink_to(kept_key)
    file = job_file(study_in(tmp_path / "s"), "run")
    state = marked(file, JobState(verb="run", status="waiting", digest=""))
    assert is_own(file, state)
    marks._key.cache_clear()  # as in the next process
    assert not is_own(file, state)


def test_a_lock_that_is_a_link_holds_nothing(tmp_path: Path) -> None:
    study, other = (study_in(tmp_path / name) for name in ("one", "two"))
    file = job_file(study, "run")
    with recorded(job_file(other, "run"), "run", other, lambda error: None):
        write_state(file, JobState(verb="run", status="running", digest="", pid=os.getpid()))
        lock_of(file).symlink_to(lock_of(job_file(other, "run")))
        assert not is_held(file)
        assert status_of(study) == "interrupted"


def test_stopping_asks_the_process_that_holds_the_job_and_no_other(
    tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: asked.append((pid, number)))
    study = study_in(tmp_path)
    state = JobState(verb="run", status="running", digest="", pid=4321)
    write_state(job_file(study, "run"), state)
    queue = Queue(tmp_path)
    queue.stop(study, "run")  # nobody holds it: the number may be anybody's
    assert asked == []
    monkeypatch.setattr(module, "is_held", lambda file: True)
    monkeypatch.setattr("trephine.study.jobs.process.is_held", lambda file: True)
    queue.stop(study, "run")
    assert asked == [(4321, signal.SIGTERM)]


def test_a_study_that_trusts_a_program_is_for_a_terminal(
    tmp_path: Path, processes: Processes
) -> None:
    study = study_in(tmp_path)
    study.write_text(f'{study.read_text()}\n[deep]\ntrust = "{"0" * 64}"\n')
    with pytest.raises(InputError, match="in a terminal"):
        Queue(tmp_path).ask(study, "run")
    assert processes.commands == []


@pytest.mark.parametrize("status", ["waiting", "running"])
def test_a_record_from_somebody_else_starts_no_program_that_a_study_trusts(
    tmp_path: Path, processes: Processes, status: JobStatus
) -> None:
    study = study_in(tmp_path)
    study.write_text(f'{study.read_text()}\n[deep]\ntrust = "{"0" * 64}"\n')
    file = job_file(study, "run")
    write_state(file, marked(file, JobState(verb="run", status=status, digest="", pid=1)))
    queue = Queue(tmp_path)
    queue.start()
    queue.end()
    queue._look()
    assert processes.commands == []
    if status == "waiting":
        state = standing(job_file(study, "run"))
        assert state is not None
        assert (state.status, "in a terminal" in state.message) == ("failed", True)
