"""What the verbs show in a terminal: progress, complaints, where a result lies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from trephine.cli.ending.stopping import farewell, on_stop
from trephine.errors import StudyProblemsError, TrephineError, grouped

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def complain(error: TrephineError) -> None:
    """Say what is wrong, every problem on a line of its own."""
    if isinstance(error, StudyProblemsError):
        problems = grouped(error.problems)
        n = len(problems)
        errors.print(Text(f"{n} {'problem' if n == 1 else 'problems'} to mend:", style="bold red"))
        for problem in problems:
            line = Text("  ")
            line.append(problem.where, style="bold")
            line.append(f": expected {problem.expected}, found {problem.found}.")
            if problem.advice:
                stop = "" if problem.advice.endswith(("?", ".")) else "."
                line.append(f" {problem.advice}{stop}", style="italic")
            errors.print(line, soft_wrap=True)
    else:
        errors.print(
            Text("Error: ", style="bold red").append(str(error), style="default"), soft_wrap=True
        )


class _Notes(logging.Handler):
    """Shows what the program has to say beside its result, such as a file that was set aside."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one note."""
        errors.print(Text("Note: ", style="bold").append(record.getMessage(), style="default"))


@contextmanager
def notes_shown() -> Iterator[None]:
    """Show Trephine's own log, from warnings on, while a ``with`` block runs."""
    handler, logger = _Notes(logging.WARNING), logging.getLogger("trephine")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def take_leave() -> None:
    """Say that the work was stopped, and what the same command does next time."""
    errors.print(farewell(), soft_wrap=True)


class Stages:
    """A progress bar a stage; stages are named as they start."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done in a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)  # type: ignore[arg-type]


# What the same command does after it was stopped.
Next = Literal["goes on", "starts again"]

_FAREWELL: dict[Next, str] = {
    "goes on": "Stopped. The same command goes on where it stopped.",
    "starts again": "Stopped. The same command starts again from the beginning.",
}


@contextmanager
def stages(after: Next) -> Iterator[Stages]:
    """Show the stages of long work while a ``with`` block runs.

    Parameters
    ----------
    after
        What the same command does if this one is stopped.
    """
    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with on_stop(_FAREWELL[after]), Progress(*columns, console=errors) as progress:
        yield Stages(progress)
