"""One tree of errors; each says what was expected, what was found, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


class TrephineError(Exception):
    """Base of every error that Trephine raises on purpose; the command line exits with 2."""


class InputError(TrephineError, ValueError):
    """Arrays, tables, images or settings that cannot be used as given.

    Also a ``ValueError``, so that scikit-learn's tools treat it as one.
    """


class ImageError(InputError):
    """An image or mask that cannot be read or does not fit."""


class MisfitError(InputError):
    """One value that does not fit, a setting or a cell, with what was expected as data.

    Parameters
    ----------
    what
        Name of the value, a key of its section or two joined by " and "; empty where the place
        says it.
    expected, found
        In words; ``found`` may be empty.
    """

    def __init__(self, what: str, expected: str, found: str = "") -> None:
        place, rest = f"{what}: " if what else "", f", found {found}" if found else ""
        super().__init__(f"{place}expected {expected}{rest}")
        self.what, self.expected, self.found = what, expected, found

    def __reduce__(self) -> tuple[type[MisfitError], tuple[str, str, str]]:
        """Let the error come back whole from a worker process."""
        return type(self), (self.what, self.expected, self.found)


class RegionError(MisfitError, ImageError):
    """A mask without the region that is asked for; arguments as `MisfitError`."""


class PlanError(InputError):
    """A study plan that cannot be carried out."""


ModelFault = Literal[
    "no events",
    "no information",
    "too few cases",
    "constant",
    "collinear",
    "separation",
    "no convergence",
    "not fitted",
]

# Of many names in one message, so many are written out.
MOST_NAMES = 8


@dataclass(frozen=True)
class Reason:
    """Why a model cannot be fitted, as data and in words.

    Attributes
    ----------
    kind
        What keeps it from being fitted.
    sentence
        In words; a ``{}`` stands for each group of ``named``.
    named
        Names of columns that the sentence is about, in the order of its places.
    """

    kind: ModelFault
    sentence: str
    named: tuple[tuple[str, ...], ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Every name that the sentence is about, once."""
        return tuple(dict.fromkeys(name for group in self.named for name in group))

    def worded(self, word: Callable[[str], str] = repr) -> str:
        """Return the sentence, with a word of the caller's for each name; in quotes by default."""
        if not self.named:
            return self.sentence
        return self.sentence.format(*(_listed([word(name) for name in g]) for g in self.named))


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:MOST_NAMES])
    more = len(words) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


class ModelError(TrephineError):
    """A model that cannot be fitted: separation, collinearity, no convergence, no events.

    Parameters
    ----------
    sentence, named, kind
        As of `Reason`.
    model
        What cannot be fitted, such as "Cox model"; it stands before the sentence.
    """

    def __init__(
        self,
        sentence: str,
        *named: Sequence[str],
        model: str = "",
        kind: ModelFault = "not fitted",
    ) -> None:
        self.model = model
        self.reason = Reason(kind, sentence, tuple(tuple(group) for group in named))
        super().__init__(f"{model}: {self.reason.worded()}" if model else self.reason.worded())

    @property
    def kind(self) -> ModelFault:
        """What keeps the model from being fitted."""
        return self.reason.kind

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns that are at fault; empty where it lies with none of them."""
        return self.reason.terms

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error come back whole from a worker process."""
        return _model_error, (type(self), self.model, self.reason)


def _model_error(cls: type[ModelError], model: str, reason: Reason) -> ModelError:
    return cls(reason.sentence, *reason.named, model=model, kind=reason.kind)


class BundleError(TrephineError):
    """A model bundle that is incomplete, altered, or of another version."""


class ArchiveError(TrephineError):
    """A picture archive that refuses, fails or answers out of protocol."""


class WorkerError(TrephineError):
    """A worker process that ended before its work was done."""


class StoreError(TrephineError):
    """Stored work that cannot be read or written: a full disk, a read-only folder, damage."""


class MissingExtraError(TrephineError):
    """A part that needs an optional dependency which is not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} needs an optional part: pip install 'trephine[{extra}]'")
        self.part = part
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Let the error come back whole from a worker process."""
        return type(self), (self.part, self.extra)


# Letters of each text of a problem; lists of names that are expected are the longest.
_LONGEST = {"where": 400, "expected": 1500, "found": 600, "advice": 1000}


def bounded(text: str, most: int) -> str:
    """Return a text of at most ``most`` letters, without signs that a terminal would obey.

    Ends of lines, escapes and marks that turn the direction of writing become blanks.
    """
    shown = text if len(text) <= most else f"{text[: most - 3]}..."
    return shown if shown.isprintable() else "".join(c if c.isprintable() else " " for c in shown)


@dataclass(frozen=True)
class Problem:
    """One problem in a study, worded so that the user can fix it.

    Texts are cut where somebody's key or cell is thousands of letters long, and hold nothing that
    a terminal would obey.

    Attributes
    ----------
    where
        File or plan section, with row and column where there are any. Never an identifier of a
        patient: rows are numbered as a spreadsheet numbers them (the header is row 1).
    expected, found
        What the study needs and what it has; ``expected`` is empty where ``found`` repeats an
        error of a file, which says both.
    advice
        What to do about it; empty where that is plain.
    table, rows, column
        Where it lies in a table, as data: file name, row numbers, column. See :meth:`of_cells`.
    """

    where: str
    expected: str
    found: str
    advice: str = ""
    table: str = ""
    rows: tuple[int, ...] = ()
    column: str = ""

    def __post_init__(self) -> None:
        """Bound the texts."""
        for part, most in _LONGEST.items():
            object.__setattr__(self, part, bounded(getattr(self, part), most))

    @classmethod
    def of_cells(
        cls,
        table: str,
        rows: Iterable[int],
        column: str,
        expected: str,
        found: str,
        advice: str = "",
    ) -> Problem:
        """Return a problem of some cells of a table.

        Parameters
        ----------
        table
            File name of the table.
        rows
            Row numbers as a spreadsheet counts them; none for a whole column.
        column
            Empty for whole rows.
        expected, found, advice
            As for the class.
        """
        numbers = tuple(dict.fromkeys(rows))
        parts = [table] if table else []
        if numbers:
            parts.append(named_rows(numbers))
        if column:
            parts.append(f"column {column}")
        return cls(", ".join(parts), expected, found, advice, table, numbers, column)

    def in_table(self, table: str) -> Problem:
        """Return a problem of cells with the name of the table that they are of."""
        cells = (table, self.rows, self.column)
        return Problem.of_cells(*cells, self.expected, self.found, self.advice)

    @property
    def sentence(self) -> str:
        """What is wrong, without place and advice."""
        return f"expected {self.expected}, found {self.found}" if self.expected else self.found

    def __str__(self) -> str:
        text = f"{self.where}: {self.sentence}"
        return f"{text}. {self.advice}" if self.advice else text


# Of many rows with one problem, these are named by number.
MOST_ROWS_NAMED = 5


def named_rows(numbers: Sequence[int]) -> str:
    """Return "row 4" or "rows 2, 6, 7, 11, 14 and 24 more"."""
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    named = ", ".join(map(str, numbers[:MOST_ROWS_NAMED]))
    more = len(numbers) - MOST_ROWS_NAMED
    return f"rows {named} and {more} more" if more > 0 else f"rows {named}"


def either(words: Sequence[str]) -> str:
    """Return "'I', 'II' or 'IIIA'"."""
    named = [repr(word) for word in words]
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


MOST_LABELS_NAMED = 20


def named_labels(labels: Sequence[int | str]) -> str:
    """Return "[1, 2, 3]" or "[1, 2, ..., 20] and 30 more": a mask may hold thousands."""
    more = len(labels) - MOST_LABELS_NAMED
    named = str(list(labels[:MOST_LABELS_NAMED]))
    return f"{named} and {more} more" if more > 0 else named


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """Join problems of one column that differ in their rows alone, in order of first appearance."""
    together: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        same = (problem.table, problem.column, problem.expected, problem.found, problem.advice)
        key = same if problem.rows else (problem.where, *same)
        together.setdefault(key, []).append(problem)
    joined = []
    for alike in together.values():
        first = alike[0]
        if len(alike) == 1:
            joined.append(first)
            continue
        rows = sorted({row for problem in alike for row in problem.rows})
        cells = (first.table, rows, first.column) if rows else None
        joined.append(
            first
            if cells is None
            else Problem.of_cells(*cells, first.expected, first.found, first.advice)
        )
    return joined


class StudyProblemsError(InputError):
    """Every problem of a study at once.

    Parameters
    ----------
    problems
        At least one problem.
    note
        What was not looked at because of them; empty where all was.
    """

    def __init__(self, problems: Sequence[Problem], note: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.note = note

    def __reduce__(self) -> tuple[type[StudyProblemsError], tuple[tuple[Problem, ...], str]]:
        """Let the error come back whole from a worker process."""
        return type(self), (self.problems, self.note)
