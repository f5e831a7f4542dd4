"""What the report cites: numbered in its text, listed below the methods, and as BibTeX.

A text cites by key, ``cite("cox1972")``; numbers follow from the order in which a reader meets them
(`numbered`). Footnotes and captions, which travel without the methods, name authors and year in
words instead; `named_in` finds what they mean, so that the list holds it too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trephine.report.trace import Ref, Text

MOST_AUTHORS = 6
_PARTICLES = ("van", "de", "von")


@dataclass(frozen=True)
class Reference:
    """A journal article.

    Attributes
    ----------
    key
        First author and year.
    authors
        Family name, then initials, as in "Cox DR"; "et al." where there are others.
    title, journal, year, volume, number, pages, doi
        Of the article; ``number`` may be empty.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    journal: str
    year: int
    volume: str
    pages: str
    doi: str
    number: str = ""

    @property
    def text(self) -> str:
        """The reference as a list of references prints it."""
        authors = list(self.authors)
        if len(authors) > MOST_AUTHORS:
            authors = [*authors[:MOST_AUTHORS], "et al."]
        names = ", ".join(authors).removesuffix(".")
        issue = f"({self.number})" if self.number else ""
        pages = self.pages.replace("-", "\u2060–\u2060")  # no line ends within the range
        title = self.title if self.title.endswith("?") else f"{self.title}."
        return (
            f"{names}. {title} {self.journal} {self.year};{self.volume}{issue}:{pages}."
            f" doi:{self.doi}"
        )

    @property
    def bibtex(self) -> str:
        """The reference as BibTeX has it."""
        authors = " and ".join(_bibtex_name(name) for name in self.authors)
        fields = {
            "author": authors,
            "title": f"{{{self.title}}}",
            "journal": self.journal,
            "year": str(self.year),
            "volume": self.volume,
            "number": self.number,
            "pages": self.pages.replace("-", "--"),
            "doi": self.doi,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@article{{{self.key},", *lines, "}"])


def _bibtex_name(name: str) -> str:
    """Return "Cox DR" as "Cox, D. R.", and "et al." as the word that BibTeX has for it."""
    if name == "et al.":
        return "others"
    words = name.split()
    junior = words.pop() if words[-1] == "Jr" else ""
    initials = " ".join(f"{letter}." for letter in words.pop())
    return ", ".join(part for part in (" ".join(words), junior, initials) if part)


@cache
def known_references() -> Mapping[str, Reference]:
    """Return every reference that a text of the report may cite, by key."""
    path = resources.files("trephine.report").joinpath("templates", "references.toml")
    raw = tomllib.loads(path.read_text("utf-8"))
    return {
        key: Reference(key=key, **{**entry, "authors": tuple(entry["authors"])})
        for key, entry in raw.items()
    }


class Citation(str):
    """A citation within a text; a plain string to whatever does not know it.

    Attributes
    ----------
    keys
        What is cited.
    numbers
        Their places in the list; empty until `numbered`.
    """

    __slots__ = ("keys", "numbers")
    keys: tuple[str, ...]
    numbers: tuple[int, ...]

    def __new__(cls, keys: tuple[str, ...], numbers: tuple[int, ...] = ()) -> Citation:
        """Return what is printed: numbers in brackets, keys before there are any."""
        # No line ends within it.
        shown = ",\u00a0".join(map(str, numbers or keys))
        made = super().__new__(cls, f" [{shown}]")
        made.keys, made.numbers = keys, numbers
        return made


def cite(*keys: str) -> Citation:
    """Cite by key; it stands behind a word, with the space before it.

    Raises
    ------
    KeyError
        If there is no such reference.
    """
    for key in keys:
        known_references()[key]
    return Citation(keys)


def numbered(texts: Iterable[Text]) -> tuple[list[Text], tuple[Reference, ...]]:
    """Return texts with their citations numbered in reading order.

    Returns
    -------
    The texts with numbers in place of keys, and the references in the order of their numbers.
    """
    place: dict[str, int] = {}
    done: list[Text] = []
    for text in texts:
        parts: list[str | Ref] = []
        for part in text:
            if isinstance(part, Citation):
                places = [place.setdefault(key, len(place) + 1) for key in part.keys]
                parts.append(Citation(part.keys, tuple(sorted(places))))
            else:
                parts.append(part)
        done.append(tuple(parts))
    return done, tuple(known_references()[key] for key in place)


_NAMED = re.compile(
    r"([A-ZÀ-Þ][\w'-]+)(?: et al\.| and [A-ZÀ-Þ][\w'-]+)?,? \(?((?:19|20)\d\d)\b", re.UNICODE
)


def named_in(texts: Iterable[str]) -> tuple[Reference, ...]:
    """Return the references that texts name by author and year, in the order of reading.

    Raises
    ------
    KeyError
        If a name with "et al." or "and" before a year is no reference that is known.
    """
    by_name = {(_family(one), str(one.year)): one for one in known_references().values()}
    found: dict[str, Reference] = {}
    for text in texts:
        for match in _NAMED.finditer(text):
            reference = by_name.get((match[1], match[2]))
            if reference is not None:
                found.setdefault(reference.key, reference)
            elif " et al." in match[0] or " and " in match[0]:
                raise KeyError(match[0])
    return tuple(found.values())


def _family(reference: Reference) -> str:
    words = reference.authors[0].split()[:-1]
    return " ".join(word for word in words if word not in _PARTICLES)


def bibliography(references: Sequence[Reference]) -> str:
    """Return references as a BibTeX file."""
    return "\n\n".join(one.bibtex for one in references) + "\n"
