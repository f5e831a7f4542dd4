"""Images extracted past those that end their process, or take too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trephine.errors import InputError
from trephine.executors import Progress, worker_count
from trephine.store import FeatureStore
from trephine.study.extraction.fates import Fate
from trephine.study.extraction.one_image import Done, extract_image
from trephine.study.extraction.tasks import ExtractionTask, Reading, Recipe
from trephine.worker_guard import Lost, WorkerGuard


def extract_images(
    tasks: Sequence[ExtractionTask],
    given_up: GivenUp,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[Done]:
    """Yield what each image gives, not always in their order.

    An image whose process is lost is tried again reading by reading, so that one mask does not
    take the others with it.

    Raises
    ------
    InputError
        If a reading is lost and the plan does not say to go on.
    """
    recipe = given_up.recipe
    count = 1 if len(tasks) == 1 else worker_count(workers)
    with WorkerGuard[ExtractionTask, Done](
        extract_image, count, (recipe,), recipe.data.timeout_s
    ) as guard:
        if progress is not None:
            progress(0, len(tasks))
        apart: list[ExtractionTask] = []
        for done, (number, found) in enumerate(guard.map(tasks), start=1):
            task = tasks[number]
            if not isinstance(found, Lost):
                yield found
            elif len(task.readings) > 1:
                apart += [replace(task, readings=(reading,)) for reading in task.readings]
            else:
                yield given_up.take(task.readings[0], found)
            if progress is not None:
                progress(done, len(tasks))
        for number, found in guard.map(apart):
            if isinstance(found, Lost):
                found = given_up.take(apart[number].readings[0], found)
            yield found


class GivenUp:
    """Readings that ended their process or took too long, noted in the store of their study.

    Parameters
    ----------
    store
        Of the study's features.
    recipe
        What is extracted, with the limit now: what took too long is tried again with a longer one.
    retry
        Try again all that an earlier run has given up.
    """

    def __init__(self, store: FeatureStore, recipe: Recipe, *, retry: bool) -> None:
        self.recipe = recipe
        self._store, self._retry = store, retry

    def take(self, reading: Reading, lost: Lost) -> Done:
        """Note a reading that is lost, and return what it gave; or raise that, as the plan says.

        Raises
        ------
        InputError
            Where the plan does not say to go on.
        """
        limit_s = self.recipe.data.timeout_s or 0.0
        kind, problem, seconds = (
            "worker",
            "ended its worker process twice, out of memory perhaps",
            0.0,
        )
        if lost.why == "timeout":
            kind, seconds = "timeout", limit_s
            problem = f"took longer than {limit_s:g} s ([data] timeout_s)"
        if self.recipe.data.failures == "stop":
            raise InputError(
                f'{self._where(reading)}: {problem}; [data] failures = "skip" leaves such a case'
                " out and counts it"
            )
        note = {"kind": kind, "problem": problem, "limit_s": limit_s}
        self._store.write_notes({_key(key): note for key in reading.keys.values()})
        return Done({}, {}, {}, (self._fate(reading, kind, problem, seconds),))

    def part(self, tasks: Sequence[ExtractionTask]) -> tuple[list[ExtractionTask], list[Fate]]:
        """Return the tasks without what was given up earlier, and the fates of that."""
        if self._retry or self.recipe.data.failures == "stop":
            return list(tasks), []
        keys = [key for task in tasks for reading in task.readings for key in reading.keys.values()]
        noted = zip(keys, self._store.notes([_key(key) for key in keys]), strict=True)
        notes = {key: note for key, note in noted if self._holds(note)}
        rest, fates = [], []
        for task in tasks:
            stay = []
            for reading in task.readings:
                note = next((notes[key] for key in reading.keys.values() if key in notes), None)
                if note is None:
                    stay.append(reading)
                else:
                    problem = f"{note['problem']}; not tried again without --retry"
                    fates.append(self._fate(reading, note["kind"], problem))
            if stay:
                rest.append(replace(task, readings=tuple(stay)))
        return rest, fates

    def _holds(self, note: Mapping[str, Any]) -> bool:
        """Say whether a note, which may come from elsewhere, keeps a reading from a new try."""
        kind, problem, limit_s = (note.get(part) for part in ("kind", "problem", "limit_s"))
        if not isinstance(problem, str) or not isinstance(limit_s, int | float):
            return False
        now_s = self.recipe.data.timeout_s
        return kind == "worker" or (kind == "timeout" and now_s is not None and now_s <= limit_s)

    def _fate(self, reading: Reading, kind: str, problem: str, seconds: float = 0.0) -> Fate:
        problem = f"{self._where(reading)}: {problem}"
        return Fate(reading.position, reading.row, kind, problem, seconds)

    def _where(self, reading: Reading) -> str:
        return f"{self.recipe.data.table.name}, row {reading.row}"


def _key(key: str) -> str:
    return f"given up:{key}"
