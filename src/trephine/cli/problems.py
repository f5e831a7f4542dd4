"""A study's problems in a terminal: a screenful, the rest in a file; or all of them as JSON."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.text import Text

from trephine.cli.terminal import errors, problem_line, show_problems
from trephine.errors import InputError, Problem, StudyProblemsError, grouped
from trephine.paths import regular_text
from trephine.writing import whole_file

# What goes on one screen; the rest lies in a file.
MOST_LINES = 40
FILE = "check-problems.txt"
# How such a file begins: another file of this name is not ours to write over.
_TITLE = "Problems that trephine found"


@contextmanager
def problems_shown(study: Path, out: Path | None = None) -> Iterator[None]:
    """Show a study's problems where a ``with`` block finds some, and end with exit code 2.

    Parameters
    ----------
    study
        The study file; what does not go on one screen is written beside it.
    out
        Where all of them are written in any case.
    """
    try:
        yield
    except StudyProblemsError as error:
        problems = grouped(error.problems)
        lines = [problem_line(problem) for problem in problems]
        fit = _how_many_fit(lines)
        written = ""
        if out is not None or fit < len(lines):
            written = _write(out or study.resolve().parent / FILE, lines, own=out is None)
        shown = lines[:fit] if written else lines
        show_problems(shown, len(lines), error.note, written)
        raise SystemExit(2) from None


@contextmanager
def problems_in_json() -> Iterator[None]:
    """Print a study's problems as JSON where a ``with`` block finds some; exit code 2."""
    try:
        yield
    except StudyProblemsError as error:
        typer.echo(as_json(error.problems, note=error.note))
        raise SystemExit(2) from None


def _how_many_fit(lines: Sequence[Text]) -> int:
    """Return how many problems fill a screen at most; one always is shown."""
    left = MOST_LINES - 3
    for number, line in enumerate(lines):
        left -= -(-line.cell_len // max(errors.width, 20))
        if left < 0:
            return max(number, 1)
    return len(lines)


def _write(path: Path, lines: Sequence[Text], *, own: bool) -> str:
    """Write all problems for their reader alone; nothing where that cannot be done.

    A file under the default name that does not come from here is left as it is.
    """
    try:
        if own and path.exists() and not regular_text(path).startswith(_TITLE):
            return ""
        text = "\n".join([_TITLE, *(line.plain.strip() for line in lines)]) + "\n"
        with whole_file(path) as draft:
            mode = stat.S_IRUSR | stat.S_IWUSR
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, mode), "wb") as file:
                file.write(text.encode())
    except (InputError, OSError) as error:
        if own:  # all of them go on the screen then
            return ""
        raise error from None
    return str(path)


def forget_problems(study: Path) -> None:
    """Remove the file of an earlier check, which would contradict a clean one."""
    path = study.resolve().parent / FILE
    try:
        if regular_text(path).startswith(_TITLE):
            path.unlink()
    except (InputError, OSError):
        pass


def as_json(problems: Sequence[Problem], **more: object) -> str:
    """Return problems, alike ones together, and what else is known, as JSON."""
    content = {
        "problems": [
            {
                "where": problem.where,
                "table": problem.table,
                "rows": list(problem.rows),
                "column": problem.column,
                "expected": problem.expected,
                "found": problem.found,
                "advice": problem.advice,
            }
            for problem in grouped(problems)
        ],
        **more,
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
