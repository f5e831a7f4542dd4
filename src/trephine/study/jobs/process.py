"""A check or a run in a process of its own, and the small file by which others follow it.

The file lies in the study's folder and outlives both: whoever opens it later sees how far the work
came. That a process still works on it is said by a lock that ends with the process, so that neither
a power cut nor another process of the same number is taken for a run.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trephine.errors import InputError, Problem
from trephine.paths import open_regular
from trephine.study.jobs.marks import is_marked, mark_of
from trephine.writing import write_text

# Windows has other locks, and processes that end in other ways: there nothing is followed.
try:
    import fcntl
except ImportError:
    CAN_FOLLOW = False
else:
    CAN_FOLLOW = True

Verb = Literal["check", "run"]
JobStatus = Literal["waiting", "running", "done", "failed", "stopped", "interrupted"]

FOLDER = ".trephine"
_MOST_BYTES = 4 << 20


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# The file lies in a folder that may be somebody else's: pages must be able to show what it says.
_Count = Annotated[int, Field(ge=0, le=10**12)]
_Seconds = Annotated[float, Field(ge=0, le=10**11, allow_inf_nan=False)]


class StageState(_Kept):
    """One stage: how many of its steps are done, and the seconds that it took and may take."""

    name: str
    done: _Count
    total: _Count
    seconds: _Seconds = 0.0
    left: _Seconds | None = None


class ProblemState(_Kept):
    """One problem, as `trephine.errors.Problem`."""

    where: str
    sentence: str
    advice: str = ""
    table: str = ""
    rows: tuple[int, ...] = ()
    column: str = ""


class LeftOutCases(_Kept):
    """Cases that are left out for one reason."""

    reason: str
    cases: _Count


class Found(_Kept):
    """What a study starts from, counted."""

    cases: _Count
    patients: _Count
    events: _Count
    left_out: tuple[LeftOutCases, ...] = ()
    notes: tuple[str, ...] = ()


class JobState(_Kept):
    """How a check or a run stands.

    Attributes
    ----------
    verb, status
        What it is, and how it stands. Nobody writes "interrupted": see `standing`.
    digest
        SHA-256 of the study file when it was asked for.
    pid
        Of its process; 0 before there is one.
    asked, started, ended
        Seconds since 1970.
    stages
        In the order in which they began.
    message, problems, note
        Why it failed; problems of a study one by one, and what was not looked at.
    found
        What the study starts from, once that is known.
    mark
        By which this account knows what it asked for itself: see `marked`.
    """

    verb: Verb
    status: JobStatus
    digest: str
    pid: _Count = 0
    asked: _Seconds = 0.0
    started: _Seconds | None = None
    ended: _Seconds | None = None
    stages: tuple[StageState, ...] = ()
    message: str = ""
    problems: tuple[ProblemState, ...] = ()
    note: str = ""
    found: Found | None = None
    mark: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("waiting", "running")


def job_file(study: Path, verb: Verb) -> Path:
    """Return where a study's check or run is followed."""
    return study.parent / FOLDER / study.stem / f"{verb}.json"


def log_file(study: Path, verb: Verb) -> Path:
    """Return where a study's check or run writes what a terminal would show."""
    return job_file(study, verb).with_suffix(".log")


def digest_of(study: Path) -> str:
    """Return the SHA-256 of a study file; empty where it cannot be read."""
    try:
        with open_regular(study) as file:
            return hashlib.sha256(file.read(_MOST_BYTES)).hexdigest()
    except (InputError, OSError):
        return ""


def standing(file: Path) -> JobState | None:
    """Return how a job stands; None where there is none, or its file is damaged.

    A job that says it runs and has no process is "interrupted": it was killed, or the power failed.
    So is one that waits and was not asked for by this account: its folder came from elsewhere.
    """
    state = kept(file)
    if state is not None and state.status == "running" and not is_held(file):
        # Between the two looks it may have ended in order.
        state = kept(file) or state
        if state.status == "running":
            return state.model_copy(update={"status": "interrupted"})
    if state is not None and state.status == "waiting" and not is_own(file, state):
        return state.model_copy(update={"status": "interrupted"})
    return state


def kept(file: Path) -> JobState | None:
    """Return what a job's file says, whoever wrote it; None where none is there, or none whole."""
    try:
        with open_regular(file) as stream:
            return JobState.model_validate_json(stream.read(_MOST_BYTES))
    except (InputError, OSError, ValidationError):
        return None


def marked(file: Path, state: JobState) -> JobState:
    """Return a job as asked for by this account: a desk that starts again goes on with it."""
    return state.model_copy(update={"mark": mark_of(file, state.verb, state.asked, state.digest)})


def is_own(file: Path, state: JobState) -> bool:
    """Say whether this account asked for a job, of the study file as it was then."""
    return is_marked(state.mark, file, state.verb, state.asked, state.digest)


def write_state(file: Path, state: JobState) -> None:
    """Write how a job stands; the folder is made, and is its owner's alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(file, state.model_dump_json())


def is_held(file: Path) -> bool:
    """Say whether a process works on a job."""
    if not CAN_FOLLOW:
        return False
    try:
        lock = lock_of(file)
        if lock.is_symlink():  # to another job's, whose process would be taken for this one's
            return False
        with open_regular(lock) as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (InputError, OSError):  # no lock, or something else in its place
        return False
    return False


def lock_of(file: Path) -> Path:
    """Return the file whose lock a job's process holds."""
    return file.with_suffix(".lock")


def fresh_log(study: Path, verb: Verb) -> IO[bytes]:
    """Open an empty log of a study's check or run; what lay in its place is not written into.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    file = log_file(study, verb)
    file.unlink(missing_ok=True)
    return file.open("xb")


def problem_state(problem: Problem) -> ProblemState:
    """Return a problem as a job's file keeps it."""
    return ProblemState(
        where=problem.where,
        sentence=problem.sentence,
        advice=problem.advice,
        table=problem.table,
        rows=problem.rows,
        column=problem.column,
    )
