"""What the verbs show in a terminal: progress, complaints, where a result lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

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


@contextmanager
def stages() -> Iterator[Stages]:
    """Show the stages of long work while a ``with`` block runs."""
    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=errors) as progress:
            yield Stages(progress)
    except KeyboardInterrupt:
        errors.print("Stopped. The same command goes on where it stopped.")
        raise
