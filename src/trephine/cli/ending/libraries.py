"""What libraries warn of while a verb runs: counted and logged, never shown to a user.

A warning of pydicom or matplotlib says nothing that a user can act on; what matters to a study is a
problem or a note of Trephine's own. Filters stay as they are: where warnings are errors, as in the
tests, they still are.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_LOG = logging.getLogger("trephine.libraries")
# It writes to the terminal through a handler of its own.
_ALOUD = ("nibabel.global",)
_LIBRARY = re.compile(r"(?:site|dist)-packages[\\/]([A-Za-z0-9_]+)")


@contextmanager
def libraries_quiet() -> Iterator[Counter[str]]:
    """Keep what libraries warn of from the terminal while a ``with`` block runs.

    Yields
    ------
    How many warnings each library gave so far.
    """
    counts: Counter[str] = Counter()
    collect = _Collect(counts)
    root, before = logging.getLogger(), warnings.showwarning
    own = os.environ.get("PYTHONWARNINGS")

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        found = _LIBRARY.search(filename)
        counts[found[1] if found else "others"] += 1
        # Not the message: pydicom quotes header values in it.
        _LOG.debug("%s, line %d: %s", filename, lineno, category.__name__)

    warnings.showwarning = show
    root.addHandler(collect)
    for name in _ALOUD:
        logging.getLogger(name).addFilter(collect.swallow)
    if own is None:  # for worker processes
        os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        yield counts
    finally:
        if own is None:
            os.environ.pop("PYTHONWARNINGS", None)
        for name in _ALOUD:
            logging.getLogger(name).removeFilter(collect.swallow)
        root.removeHandler(collect)
        warnings.showwarning = before


class _Collect(logging.Handler):
    """Counts what libraries log; without a handler Python would print it."""

    def __init__(self, counts: Counter[str]) -> None:
        super().__init__(logging.WARNING)
        self._counts = counts

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record that is not Trephine's own."""
        library = record.name.split(".")[0]
        if library != "trephine":
            self._counts[library] += 1

    def swallow(self, record: logging.LogRecord) -> bool:
        """Count a record and stop it from reaching any handler."""
        if record.levelno >= logging.WARNING:
            self.emit(record)
        return False


def told(counts: Counter[str]) -> str:
    """Return the counts as a sentence."""
    if not counts:
        return "Libraries gave no warnings."
    each = ", ".join(f"{library} {count}" for library, count in sorted(counts.items()))
    return f"Libraries gave {sum(counts.values())} warnings: {each}."
