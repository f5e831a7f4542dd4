"""One tree of errors; each says what was expected, what was found, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TrephineError(Exception):
    """Base of every error that Trephine raises on purpose; the command line exits with 2."""


class InputError(TrephineError, ValueError):
    """Arrays, tables, images or settings that cannot be used as given.

    Also a ``ValueError``, so that scikit-learn's tools treat it as one.
    """


class ImageError(InputError):
    """An image or mask that cannot be read or does not fit."""


class PlanError(InputError):
    """A study plan that cannot be carried out."""


class ModelError(TrephineError):
    """A model that cannot be fitted: separation, collinearity, no convergence, no events."""


class BundleError(TrephineError):
    """A model bundle that is incomplete, altered, or of another version."""


class ArchiveError(TrephineError):
    """A picture archive that refuses, fails or answers out of protocol."""


class WorkerError(TrephineError):
    """A worker process that ended before its work was done."""


class MissingExtraError(TrephineError):
    """A part that needs an optional dependency which is not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} needs an optional part: pip install 'trephine[{extra}]'")
        self.part = part
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Let the error come back whole from a worker process."""
        return type(self), (self.part, self.extra)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a study, told so that its owner can mend it.

    Attributes
    ----------
    where
        File or plan section, with row and column where there are any. Never an identifier of a
        patient: rows are numbered as a spreadsheet numbers them (the header is row 1).
    expected, found
        What the study needs and what it has.
    advice
        What to do about it; empty where that is plain.
    """

    where: str
    expected: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: expected {self.expected}, found {self.found}"
        return f"{text}. {self.advice}" if self.advice else text


class StudyProblemsError(InputError):
    """Every problem of a study at once.

    Parameters
    ----------
    problems
        At least one problem.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[StudyProblemsError], tuple[tuple[Problem, ...]]]:
        """Let the error come back whole from a worker process."""
        return type(self), (self.problems,)
