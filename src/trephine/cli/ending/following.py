"""Work that another program follows by a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.ending.mistakes import in_words

if TYPE_CHECKING:
    from trephine.study.inputs import StudyInputs
    from trephine.study.jobs.process import Verb
    from trephine.study.jobs.record import Recorder

StateFile = Annotated[
    Path | None,
    typer.Option(help="File (JSON) by which another program follows the work, as the desk does."),
]

Shown = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Followed:
    """Shows progress in the terminal and, where asked for, in a file.

    Attributes
    ----------
    shown
        Shows a stage in the terminal.
    recorder
        Writes it down; None where nobody follows.
    """

    shown: Shown
    recorder: Recorder | None = None

    def show(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done in a stage."""
        self.shown(stage, done, total)
        if self.recorder is not None:
            self.recorder.show(stage, done, total)

    def found(self, inputs: StudyInputs) -> None:
        """Record what the study starts from."""
        if self.recorder is not None:
            from trephine.study.jobs.record import found_in

            self.recorder.found(found_in(inputs))


@contextmanager
def followed(file: Path | None, verb: Verb, study: Path, shown: Shown) -> Iterator[Followed]:
    """Give what shows the progress of a ``with`` block, and record how it ends.

    Parameters
    ----------
    file
        By which it is followed; None if nobody does.
    verb, study
        What is done to which study file.
    shown
        Shows a stage in the terminal.
    """
    if file is None:
        yield Followed(shown)
        return
    from trephine.study.jobs.record import recorded

    with recorded(file, verb, study, in_words) as recorder:
        yield Followed(shown, recorder)
