"""What ``trephine extract`` shows of the regions that it measured."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trephine.cli.terminal import errors

if TYPE_CHECKING:
    from trephine.study.batch.measuring import PairFeatures

# Lines on single regions that are shown; the log has all.
_MOST_LINES = 40


class ExtractionLines:
    """Why values are missing or conventional, one line per reason, and which pairs failed."""

    def __init__(self, total: int) -> None:
        self.total, self.failed = total, 0
        self._lines: list[str] = []
        self._more = 0
        self._doubts: Counter[str] = Counter()

    def take(self, row: PairFeatures) -> None:
        """Take what there is to say of one pair."""
        self._doubts.update(row.doubts)
        by_reason: dict[str, list[str]] = {}
        for feature, reason in row.reasons.items():
            by_reason.setdefault(reason, []).append(feature)
        for reason, features in by_reason.items():
            more = f" and {len(features) - 1} more" if len(features) > 1 else ""
            self._line(f"{row.pair.where or row.pair.name}: {features[0]}{more}: {reason}")
        if row.problem:
            self.failed += 1
            self._line(f"{row.pair.where}: left out. {row.problem}")

    def _line(self, text: str) -> None:
        if len(self._lines) < _MOST_LINES:
            self._lines.append(text)
        else:
            self._more += 1

    def show(self) -> None:
        """Show it."""
        for doubt, count in self._doubts.items():
            text = f"Note, {count} of {self.total} pairs: {doubt}."
            errors.print(text, soft_wrap=True, markup=False)
        for line in self._lines:
            errors.print(line, soft_wrap=True, markup=False)
        if self._more:
            errors.print(f"and {self._more} more lines of this kind.")
