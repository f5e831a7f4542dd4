"""Writing down how a check or a run goes on, for those who follow it by its file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from trephine.errors import InputError, StudyProblemsError, TrephineError, grouped
from trephine.paths import open_regular
from trephine.study.inputs import StudyInputs
from trephine.study.jobs.process import (
    CAN_FOLLOW,
    Found,
    JobState,
    JobStatus,
    LeftOutCases,
    StageState,
    Verb,
    digest_of,
    kept,
    lock_of,
    problem_state,
    write_state,
)

if CAN_FOLLOW:
    import fcntl

_WRITE_EVERY_S = 0.3
# Time left goes by the pace of the last while: what an earlier run left is done in no time.
_PACE_S = 60.0
_WAIT_FOR_LOCK_S = 2.0


class Recorder:
    """Writes how a job goes on.

    Parameters
    ----------
    file
        Where it is followed.
    state
        How it stands at the start.
    """

    def __init__(self, file: Path, state: JobState) -> None:
        self._file, self._state = file, state
        self._stages: dict[str, StageState] = {s.name: s for s in state.stages}
        self._began: dict[str, float] = {}
        self._pace: deque[tuple[float, int]] = deque()
        self._written = 0.0
        self._write()

    def show(self, stage: str, done: int, total: int) -> None:
        """Record that ``done`` of ``total`` are done in a stage."""
        now = time.monotonic()
        fresh = stage not in self._began
        if fresh:
            self._began[stage] = now
            self._pace.clear()
        self._pace.append((now, done))
        while now - self._pace[0][0] > _PACE_S and len(self._pace) > 2:
            self._pace.popleft()
        seconds, left = now - self._began[stage], self._left(done, total)
        known = StageState(name=stage, done=done, total=total, seconds=seconds, left=left)
        self._stages[stage] = known
        if fresh or done == total or now - self._written > _WRITE_EVERY_S:
            self._write()

    def found(self, found: Found) -> None:
        """Record what the study starts from."""
        self._state = self._state.model_copy(update={"found": found})
        self._write()

    def end(self, status: JobStatus, error: TrephineError | None = None, message: str = "") -> None:
        """Record the end."""
        update: dict[str, object] = {"status": status, "ended": time.time(), "message": message}
        if isinstance(error, StudyProblemsError):
            problems = tuple(problem_state(one) for one in grouped(error.problems))
            update |= {"problems": problems, "note": error.note}
        elif error is not None:
            update["message"] = str(error)
        self._state = self._state.model_copy(update=update)
        self._write()

    def _left(self, done: int, total: int) -> float | None:
        (first, before), (last, _) = self._pace[0], self._pace[-1]
        if done >= total or done <= before or last <= first:
            return None
        return (total - done) * (last - first) / (done - before)

    def _write(self) -> None:
        self._written = time.monotonic()
        write_state(
            self._file,
            self._state.model_copy(update={"stages": tuple(self._stages.values())}),
        )


@contextmanager
def recorded(
    file: Path, verb: Verb, study: Path, worded: Callable[[Exception], TrephineError | None]
) -> Iterator[Recorder]:
    """Record the work of a ``with`` block: that it runs, how far it is, how it ended.

    Parameters
    ----------
    file
        Where it is followed.
    verb, study
        What is done to which study file.
    worded
        Puts an error into words; None for a fault of the program.

    Raises
    ------
    InputError
        If another process works on it.
    """
    with _held(file):
        before = kept(file)
        waited = before is not None and before.status == "waiting"
        state = JobState(
            verb=verb,
            status="running",
            digest=digest_of(study),
            pid=os.getpid(),
            asked=before.asked if before is not None and waited else time.time(),
            started=time.time(),
            mark=before.mark if before is not None and waited else "",
        )
        recorder = Recorder(file, state)
        try:
            yield recorder
        except Exception as error:
            told = worded(error)
            fault = "" if told is not None else f"a fault of the program ({type(error).__name__})"
            recorder.end("failed", told, fault)
            raise
        except BaseException:
            recorder.end("stopped")
            raise
        recorder.end("done")


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """Hold the lock that says that this process works on a job."""
    if not CAN_FOLLOW:
        raise InputError("--state: expected Linux or macOS, where a process can be followed")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = lock_of(file)
    if lock.is_symlink():
        lock.unlink()  # to whatever another job holds
    lock.touch(mode=0o600)
    with open_regular(lock) as stream:
        _take(stream)
        yield


def _take(stream: IO[bytes]) -> None:
    until = time.monotonic() + _WAIT_FOR_LOCK_S  # whoever looks holds it for a moment
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise InputError(
                    "--state: expected a job that no process works on, found one that does; wait"
                    " until it has ended"
                ) from None
            time.sleep(0.05)
        else:
            return


def found_in(inputs: StudyInputs) -> Found:
    """Return what a study starts from, counted."""
    flow = inputs.flow
    return Found(
        cases=flow.analysed_cases,
        patients=flow.analysed_patients,
        events=int(inputs.survival.event.sum()),
        left_out=tuple(
            LeftOutCases(reason=one.reason, cases=one.n_cases)
            for one in flow.exclusions
            if one.n_cases
        ),
        notes=tuple(inputs.remarks),
    )
