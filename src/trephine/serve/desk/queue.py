"""Checks and runs, each in a process of its own; of each kind one at a time, the next waits.

What is asked for, and how far it came, lies in the studies' folders and nowhere else, so that a
server that starts again knows it. The processes are the same commands that a terminal has, and
outlive the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock, Thread
from typing import get_args

from trephine.errors import InputError
from trephine.paths import CONFINED
from trephine.serve.logs import log
from trephine.study.editing.study_file import read_text
from trephine.study.jobs.process import (
    JobState,
    Verb,
    digest_of,
    fresh_log,
    is_held,
    is_own,
    job_file,
    marked,
    standing,
    write_state,
)
from trephine.study.shelf.studies import ShelvedStudy, look_through, results_of

_LOOK_EVERY_S = 0.4
_COLUMNS = "110"


@dataclass(frozen=True)
class _Started:
    """A process, and when what it works on was asked for."""

    process: subprocess.Popen[bytes]
    asked: float


class Queue:
    """Starts what waits.

    Parameters
    ----------
    folder
        That the desk is for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[Path, _Started] = {}
        self._lock, self._ended = RLock(), Event()
        self._thread = Thread(target=self._watch, daemon=True, name="queue")

    def start(self) -> None:
        """Go on with what a killed run left, and look for what waits from now on.

        Of what this account asked for: a record in a folder from elsewhere starts nothing.
        """
        for study in self._studies():
            run = study.run
            own = run is not None and is_own(job_file(study.path, "run"), run)
            if run is not None and own and run.status == "interrupted":
                with suppress(InputError):
                    self.ask(study.path, "run")
        self._thread.start()

    def end(self) -> None:
        """Start nothing more; what runs goes on."""
        self._ended.set()
        self._thread.join()

    def ask(self, study: Path, verb: Verb) -> None:
        """Put a check or a run of a study into the queue; nothing if it waits or runs already.

        Raises
        ------
        InputError
            If the study trusts a program: that is for whoever runs it in a terminal.
        """
        _refuse_trust(study)
        with self._lock:
            file = job_file(study, verb)
            now = standing(file)
            if now is not None and now.is_open:
                return
            asked = time.time()
            job = JobState(verb=verb, status="waiting", digest=digest_of(study), asked=asked)
            write_state(file, marked(file, job))
            self._look()

    def is_starting(self, study: Path, verb: Verb) -> bool:
        """Say whether a waiting job has its process already, which has not come to its work."""
        return job_file(study, verb) in self._started

    def stop(self, study: Path, verb: Verb) -> None:
        """Take a check or a run out of the queue, or ask its process to stop."""
        with self._lock:
            file = job_file(study, verb)
            now = standing(file)
            if now is None or not now.is_open:
                return
            if now.status == "waiting" and file not in self._started:
                over = {"status": "stopped", "ended": time.time()}
                write_state(file, now.model_copy(update=over))
                return
            pid = now.pid if is_held(file) else 0
            if file in self._started:
                pid = self._started[file].process.pid
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def _studies(self) -> list[ShelvedStudy]:
        with suppress(InputError, OSError):
            return list(look_through(self._folder).studies.values())
        return []

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            with self._lock:
                self._look()

    def _look(self) -> None:
        self._bury()
        jobs = list(self._open_jobs())
        for verb in get_args(Verb):
            own = [job for job in jobs if job[1].verb == verb]
            if any(state.status == "running" or is_held(job_file(s, verb)) for s, state in own):
                continue
            if any(job_file(study, verb) in self._started for study, _ in own):
                continue
            for study, state in sorted(own, key=lambda job: job[1].asked)[:1]:
                self._spawn(study, state)

    def _open_jobs(self) -> Iterator[tuple[Path, JobState]]:
        for study in self._studies():
            for state in (study.check, study.run):
                if state is not None and state.is_open:
                    yield study.path, state

    def _bury(self) -> None:
        """Forget processes that have ended, and say so of one that never came to its work."""
        for file, started in list(self._started.items()):
            if started.process.poll() is None:
                continue
            del self._started[file]
            now = standing(file)
            # What waits may have been asked for since, while this process was about to end.
            if now is not None and now.status == "waiting" and now.asked == started.asked:
                failed = {"status": "stopped" if started.process.returncode < 0 else "failed"}
                write_state(file, now.model_copy(update={**failed, "ended": time.time()}))

    def _spawn(self, study: Path, state: JobState) -> None:
        verb = state.verb
        file = job_file(study, verb)
        own = ["--json"] if verb == "check" else ["--out", str(results_of(study))]
        # -P: what lies in the folder where the server was started is no module of ours.
        command = [sys.executable, "-P", "-m", "trephine", verb, str(study), "--state", str(file)]
        environment = {**os.environ, CONFINED: "1", "COLUMNS": _COLUMNS, "PYTHONSAFEPATH": "1"}
        try:
            # Again: what waits may be of a folder from somebody else, and was never asked for here.
            _refuse_trust(study)
            out = fresh_log(study, verb)
        except (InputError, OSError) as error:
            said = str(error) if isinstance(error, InputError) else "its log cannot be written"
            over = {"status": "failed", "ended": time.time(), "message": said}
            write_state(file, state.model_copy(update=over))
            return
        with out:
            process = subprocess.Popen(
                [*command, *own],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        self._started[file] = _Started(process, state.asked)
        log("job", verb=verb)


def _refuse_trust(study: Path) -> None:
    """Refuse a study that trusts a program.

    Raises
    ------
    InputError
        If it does, or cannot be read.
    """
    deep = read_text(study).content.get("deep")
    if isinstance(deep, dict) and "trust" in deep:
        raise InputError(
            "study file [deep.trust]: expected none on the desk, found one; a program is"
            " trusted in a terminal: trephine run"
        )
