"""Many refits of one recipe: shared by workers, resumable, the same for any number of workers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trephine import __version__
from trephine.executors import Progress, executor
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RECIPE_VERSION, RecipeSettings
from trephine.store import TaskLedger
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.survival.late_outcome import entry_of
from trephine.types import IntArray
from trephine.validation.answers import UNREADABLE, text

_log = logging.getLogger(__name__)

# What a task answers: JSON values, so that a ledger can keep it.
TaskAnswer = dict[str, Any]


@dataclass(frozen=True)
class Running:
    """How much work at once, who is shown it, and where answers are kept.

    Attributes
    ----------
    workers, progress
        As `trephine.executors.executor`.
    ledger
        File of answers; None keeps none.
    """

    workers: int | None = None
    progress: Progress | None = None
    ledger: Path | None = None


ON_ALL_PROCESSORS = Running()


class Task(Protocol):
    """A task with its name in the ledger."""

    @property
    def key(self) -> str:
        """Unique among the tasks of one piece of work."""
        ...


@dataclass(frozen=True)
class RowsDrawn:
    """One draw: of a bootstrap, the rows of its patients; of a permutation, whose outcome each has.

    Attributes
    ----------
    number
        Of the draw, from 0.
    rows
        Shape (n,).
    seed
        Of the refits.
    """

    number: int
    rows: IntArray
    seed: np.random.SeedSequence

    @property
    def key(self) -> str:
        """Its name in the ledger."""
        return str(self.number)


def run_tasks(
    function: Callable[..., TaskAnswer],
    tasks: Sequence[Any],
    shared: tuple[Any, ...],
    *,
    read: Callable[[Any, TaskAnswer], TaskAnswer],
    workers: int | None,
    progress: Progress | None,
    ledger: TaskLedger | None = None,
) -> Iterator[TaskAnswer]:
    """Yield what is read of ``function(*shared, task)`` for each task, in order.

    A task that cannot be done answers its reason as "failure" and nothing else, which is not read.

    Parameters
    ----------
    function
        At the top level of a module, so that workers find it.
    tasks
        Each with a ``key``; what they draw at random comes from seeds of their own.
    shared
        Handed to each worker once.
    read
        Makes of a task and its answer what the caller needs, and refuses every other form.
    workers, progress
        As ``executor``; what the ledger knows counts as done.
    ledger
        Known answers are not computed again, new ones are kept.
    """
    known = _known(ledger, tasks, read)
    rest = [task for task in tasks if task.key not in known]
    n_known = len(tasks) - len(rest)

    def shift(done: int, total: int) -> None:
        if progress is not None:
            progress(done + n_known, len(tasks))

    if not rest:
        if progress is not None:
            progress(n_known, len(tasks))
        yield from (known[task.key] for task in tasks)
        return
    with executor(workers, shared) as run:
        answers = run.map(function, rest, shift)
        for task in tasks:
            if task.key in known:
                yield known[task.key]
                continue
            answer = next(answers)
            if ledger is not None:
                ledger.write(task.key, answer)
            yield _whole(read, task, answer)


def _known(
    ledger: TaskLedger | None, tasks: Sequence[Any], read: Callable[[Any, TaskAnswer], TaskAnswer]
) -> dict[str, TaskAnswer]:
    """Return what is read of the answers that a ledger holds to these tasks.

    A ledger from elsewhere may hold anything under the right checksum: what cannot be read is
    computed again.
    """
    stored = ledger.answers() if ledger is not None else {}
    asked = [task for task in tasks if task.key in stored]
    known = {}
    for task in asked:
        try:
            known[task.key] = _whole(read, task, stored[task.key])
        except UNREADABLE:
            continue
    if len(known) < len(asked):
        _log.warning(
            "%d of %d kept answers are of another form than they were written in and are computed"
            " again.",
            len(asked) - len(known),
            len(asked),
        )
    return known


def _whole(
    read: Callable[[Any, TaskAnswer], TaskAnswer], task: Any, answer: TaskAnswer
) -> TaskAnswer:
    return {"failure": text(answer["failure"])} if "failure" in answer else read(task, answer)


def open_ledger(
    path: Path | None, purpose: str, cases: Cases, settings: RecipeSettings, *further: object
) -> TaskLedger | None:
    """Open the ledger of one piece of work on some cases; None where no file is given."""
    if path is None:
        return None
    return TaskLedger(path, work_digest(purpose, cases, settings, *further))


def work_digest(purpose: str, cases: Cases, settings: RecipeSettings, *further: object) -> str:
    """Return the sha256 of everything that a resampled recipe's answers depend on.

    The recipe's own version is among it: what another version found is computed anew.
    """
    digest = hashlib.sha256()
    digest.update(f"trephine {__version__}, recipe {RECIPE_VERSION}\0".encode())

    def add(part: object) -> None:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(f"{part!r}\0".encode())

    for part in (purpose, settings, *further, cases.survival.time, cases.survival.event):
        add(part)
    if isinstance(cases.survival, CompetingSurvival):
        for part in (cases.survival.cause, cases.survival.names):
            add(part)
    entry = entry_of(cases.survival)
    if entry is not None:
        add(entry)
    if isinstance(cases.survival, IntervalSurvival):
        for part in (cases.survival.low, cases.survival.high):
            add(part)
    for part in (cases.survival.unit, cases.patient, cases.centre):
        add(part)
    for name, features in cases.features.items():
        for part in (name, features.names, features.first_rater, features.values):
            add(part)
        add(features.network)
        if features.absent_is_mean:
            add("absent is mean")
        if features.maps is not None:
            add(features.maps.block.sha256)
            add(features.maps.keys)
        for readings in (features.raters, features.repeats):
            for rater, values in readings.items():
                add(rater)
                add(values)
    for key, variable in cases.clinical.variables.items():
        add(key)
        add(variable.model_dump_json())
        add(cases.clinical.values(key))
    return digest.hexdigest()
