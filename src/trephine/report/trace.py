"""Facts with the path that leads to them, so that every printed number can be traced back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trephine.facts import Facts
from trephine.report.wording import NumberForm, show
from trephine.types import TimeUnit


@dataclass(frozen=True)
class Ref:
    """A fact as it is printed.

    Attributes
    ----------
    path
        Where it stands in ``facts.json``, for example "performance.3.c_index.value".
    form
        How it is printed.
    text
        What is printed.
    raw
        The value itself.
    """

    path: str
    form: NumberForm
    text: str
    raw: Any


Text = tuple[str | Ref, ...]
"""Words and facts in the order in which they are read."""


class Trace:
    """A place in the facts, reached by attribute and index; ``raw`` is what stands there."""

    __slots__ = ("_time_unit", "path", "raw")

    def __init__(self, raw: Any, path: str = "", time_unit: TimeUnit = "months") -> None:
        self.raw = raw
        self.path = path
        self._time_unit = time_unit

    @classmethod
    def start(cls, facts: Facts) -> Trace:
        """Return the trace at the top of a study's facts."""
        return cls(facts, "", facts.study.time_unit)

    def __getattr__(self, name: str) -> Trace:
        return Trace(getattr(self.raw, name), f"{self.path}.{name}".lstrip("."), self._time_unit)

    def __getitem__(self, index: int) -> Trace:
        return Trace(self.raw[index], f"{self.path}.{index}", self._time_unit)

    def __iter__(self) -> Iterator[Trace]:
        return (self[index] for index in range(len(self.raw)))

    def __len__(self) -> int:
        return len(self.raw)

    def __bool__(self) -> bool:
        return bool(self.raw)

    def show(self, form: NumberForm) -> Ref:
        """Return the fact here, printed in one form."""
        return Ref(self.path, form, show(self.raw, form, self._time_unit), self.raw)

    def words(self) -> Ref:
        """Return the words that stand here."""
        return self.show("text")

    def interval(self, form: NumberForm) -> Text:
        """Return the estimate here as value (low-high), or the value alone without interval."""
        value = self.value.show(form)
        if self.raw.low is None or self.raw.high is None:
            return (value,)
        low, high = self.low.show(form), self.high.show(form)
        signed = any(end.text[0] in "+−" for end in (low, high))
        between = " to " if signed else "–"
        return (value, " (", low, between, high, ")")


def plain(text: Text) -> str:
    """Return a text without its traces."""
    return "".join(part if isinstance(part, str) else part.text for part in text)


def join(texts: list[Text], between: str = ", ", last: str | None = None) -> Text:
    """Return several texts as one, with something between them."""
    joined: list[str | Ref] = []
    for number, text in enumerate(texts):
        if number:
            joined.append(last if last and number == len(texts) - 1 else between)
        joined.extend(text)
    return tuple(joined)


def sentence(*parts: str | Ref) -> Text:
    """Return a text that ends with one full stop, whether or not the fact brings its own."""
    return parts if plain(parts).endswith(".") else (*parts, ".")


def by_note(notes: list[tuple[Text, Ref]], about: str = "") -> list[Text]:
    """Gather what shares a note: all that it is about, and the note once.

    Parameters
    ----------
    notes
        Subjects, each with its note.
    about
        Words before the subjects.
    """
    subjects_of: dict[str, dict[str, Text]] = {}
    first: dict[str, Ref] = {}
    for subject, note in notes:
        subjects_of.setdefault(note.text, {}).setdefault(plain(subject), subject)
        first.setdefault(note.text, note)
    return [
        sentence(*([about] if about else []), *join(list(subjects.values())), ": ", first[text])
        for text, subjects in subjects_of.items()
    ]


_SIGNS = "*†‡§‖¶"


def marked(notes: Sequence[Ref]) -> tuple[Callable[[Trace], Text], Text]:
    """Give each note that occurs a footnote sign, where naming all it is about would be too long.

    Parameters
    ----------
    notes
        In the order of reading; empty ones get no sign.

    Returns
    -------
    marks
        The sign to put behind what a note is about; empty for an empty note.
    explained
        All signs with their notes, in one text; empty without any note.
    """
    first: dict[str, Ref] = {}
    for note in notes:
        if note.text:
            first.setdefault(note.text, note)
    signs = {
        text: "\u00a0" + _SIGNS[k % len(_SIGNS)] * (1 + k // len(_SIGNS))
        for k, text in enumerate(first)
    }

    def marks(note: Trace) -> Text:
        sign = signs.get(note.raw, "")
        return (sign,) if sign else ()

    parts: list[Text] = [(f"{signs[text].strip()}\u00a0", note) for text, note in first.items()]
    return marks, join(parts, between="; ")
