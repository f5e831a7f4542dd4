"""From a study plan to its result; the only place that knows every stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trephine.report import ReportFormat
    from trephine.study.inputs import StudyInputs
    from trephine.study.run import StudyResult


class Study:
    """A study as its file describes it.

    Parameters
    ----------
    path
        The study file.

    Examples
    --------
    >>> from trephine import Study
    >>> result = Study.from_toml("study.toml").run()
    >>> result.report.name
    'report.html'
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def from_toml(cls, path: str | Path) -> Study:
        """Return the study that a TOML file describes; it is read when it is used."""
        return cls(Path(path))

    def check(self) -> StudyInputs:
        """Read and check everything; raises ``StudyProblemsError`` with every problem."""
        from trephine.study.to_fit import read_study_to_fit

        return read_study_to_fit(self.path)

    def run(
        self,
        out: str | Path | None = None,
        *,
        resume: bool = True,
        workers: int | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        formats: Sequence[ReportFormat] | None = None,
        executor: str | None = None,
        retry: bool = False,
    ) -> StudyResult:
        """Run the study; see ``trephine.study.run.run_study``."""
        from trephine.study.run import run_study

        folder = Path(out) if out is not None else None
        return run_study(
            self.path,
            folder,
            resume=resume,
            workers=workers,
            progress=progress,
            formats=formats,
            executor=executor,
            retry=retry,
        )


__all__ = ["Study"]
