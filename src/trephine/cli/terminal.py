"""What the verbs show in a terminal: progress, complaints, where a result lies."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.text import Text

from trephine.cli.ending.stopping import farewell, on_stop
from trephine.errors import Problem, StudyProblemsError, TrephineError, grouped

if TYPE_CHECKING:
    from rich.progress import Progress


class _Screen(Console):
    """A console that shows what strangers wrote (a column's name, a title) as letters alone."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print, without escapes and marks that a terminal would obey."""
        super().print(*(_plain(one) for one in objects), **how)


def _plain(shown: Any) -> Any:
    if isinstance(shown, str):
        return _letters(shown)
    if isinstance(shown, Text):
        shown = shown.copy()
        shown.plain = _letters(shown.plain)  # of the same length, so that styles stay in place
    return shown


def _letters(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


console = _Screen(highlight=False)
errors = _Screen(stderr=True, highlight=False)


def complain(error: TrephineError) -> None:
    """Say what is wrong, every problem on a line of its own."""
    if isinstance(error, StudyProblemsError):
        lines = [problem_line(problem) for problem in grouped(error.problems)]
        show_problems(lines, len(lines), error.note)
    else:
        errors.print(
            Text("Error: ", style="bold red").append(str(error), style="default"), soft_wrap=True
        )


def problem_line(problem: Problem) -> Text:
    """Return a problem as one line."""
    line = Text("  ")
    line.append(problem.where, style="bold")
    line.append(f": {problem.sentence}.")
    if problem.advice:
        stop = "" if problem.advice.endswith(("?", ".")) else "."
        line.append(f" {problem.advice}{stop}", style="italic")
    return line


def show_problems(shown: Sequence[Text], count: int, note: str = "", written: str = "") -> None:
    """Show problems.

    Parameters
    ----------
    shown
        Lines that go on the screen.
    count
        Of all problems.
    note
        What was not looked at.
    written
        Path of the file that holds all of them; empty where there is none.
    """
    title = f"{count} {'problem' if count == 1 else 'problems'} to fix:"
    errors.print(Text(title, style="bold red"))
    for line in shown:
        errors.print(line, soft_wrap=True)
    if count > len(shown):
        errors.print(f"  and {count - len(shown)} more", markup=False)
    if note:
        errors.print(note, soft_wrap=True, markup=False)
    if written:
        errors.print(f"All of them: {written}", soft_wrap=True, markup=False)


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


class StageBars:
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
    "goes on": "Stopped. The same command continues where it stopped.",
    "starts again": "Stopped. The same command starts again from the beginning.",
}


@contextmanager
def stages(after: Next) -> Iterator[StageBars]:
    """Show the stages of long work while a ``with`` block runs.

    Parameters
    ----------
    after
        What the same command does if this one is stopped.
    """
    # Here, so that `trephine --help` does not wait for it.
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with on_stop(_FAREWELL[after]), Progress(*columns, console=errors) as progress:
        yield StageBars(progress)
