"""A rater's work: what lies open, what is saved, and what a second rater must not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trephine.annotation.journal import Journal, StaleReadingError, append, read_journal
from trephine.annotation.reading import FINISHED, operation_of
from trephine.errors import InputError
from trephine.study.annotating.items import CONSENSUS, WorkItem, Workplace

__all__ = ["Ratings", "StaleReadingError"]


class Ratings:
    """Journals as one rater's page sees them; each is read again when its file has changed.

    Parameters
    ----------
    workplace
        The images.
    rater
        Whose readings are made.
    """

    def __init__(self, workplace: Workplace, rater: str) -> None:
        self.workplace, self.rater = workplace, rater
        self._known: dict[Path, tuple[int, Journal]] = {}

    def journal(self, item: WorkItem, rater: str = "") -> Journal:
        """Return the journal of an image's reading.

        Raises
        ------
        InputError
            If it is damaged.
        """
        path = self.workplace.journal(rater or self.rater, item)
        size = path.stat().st_size if path.exists() else 0
        known = self._known.get(path)
        if known is None or known[0] != size:
            known = (size, read_journal(path))
            self._known[path] = known
        return known[1]

    def work_list(self) -> list[dict[str, Any]]:
        """Return every image with how far this rater is; nothing of another rater's."""
        found = []
        for item in self.workplace.items.values():
            row: dict[str, Any] = {
                "address": item.address,
                "name": item.place,
                "sides": sorted({row.side for row in item.rows if row.side}, reverse=True),
                "state": "damaged",
                "reason": "",
            }
            try:
                reading = self.journal(item).reading
            except InputError:
                found.append(row)
                continue
            row |= {"state": reading.state, "reason": reading.reason}
            row["begun"] = bool(reading.regions or reading.measures)
            found.append(row)
        return found

    def save(self, item: WorkItem, content: object, revision: int) -> Journal:
        """Add an operation to a reading; it is on disk when this returns.

        Raises
        ------
        StaleReadingError
            If the reading was changed elsewhere.
        InputError
            If it is no operation, or not one that fits.
        """
        operation = operation_of(content)
        path = self.workplace.journal(self.rater, item)
        saved = append(path, operation, revision, self.journal(item))
        self._known[path] = (saved.whole_bytes, saved)
        return saved

    def finished(self, item: WorkItem) -> tuple[str, ...]:
        """Return who has drawn an image to its end."""
        return tuple(
            name
            for name in self.workplace.raters()
            if self.journal(item, name).reading.state in FINISHED
        )

    def may_compare(self, item: WorkItem) -> tuple[str, str] | None:
        """Return whose readings may be shown side by side; None where there are not two.

        A rater sees another's when both have finished; the consensus begins when two have.
        """
        done = self.finished(item)
        if self.rater == CONSENSUS:
            return (done[0], done[1]) if len(done) > 1 else None
        others = [name for name in done if name != self.rater]
        return (self.rater, others[0]) if self.rater in done and others else None
