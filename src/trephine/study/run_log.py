"""The log of a command that runs through stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from trephine.errors import TrephineError
from trephine.study.batch.log import RunLog, log_in
from trephine.study.inputs import StudyInputs
from trephine.study.stages import Stopwatch


@contextmanager
def logged(
    verb: Literal["run", "validate"], inputs: StudyInputs, folder: Path, watch: Stopwatch
) -> Iterator[RunLog]:
    """Log the stages of a command in its results, and how it ends; no name of a case or a file.

    Parameters
    ----------
    verb
        The command.
    inputs
        What it works on.
    folder
        Its results.
    watch
        Of its stages; those that have ended are logged first.
    """
    log = RunLog(log_in(folder))
    log.begin({"verb": verb, "cases": len(inputs.case_ids), "seed": inputs.plan.study.seed})
    for name, seconds in watch.seconds.items():
        log.stage(name, seconds)
    watch.told = log.stage
    how = "stopped"
    try:
        yield log
        how = "done"
    except TrephineError:
        how = "failed"
        raise
    finally:
        log.end(how)
