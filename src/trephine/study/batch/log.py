"""The log of an extraction: a JSON line for every case, and what it comes to.

Lines hold row numbers and words for what failed: no name of a case or of a file.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trephine import __version__
from trephine.errors import InputError
from trephine.paths import irregular
from trephine.writing import naming

# Of how many regions an estimate is given.
_MANY = 100_000
# Of fewer regions, most of the time went into starting.
WORTH_A_SUMMARY = 50


def log_in(folder: Path) -> Path:
    """Return where the log of a folder lies, which may have come from somebody else.

    Raises
    ------
    InputError
        If a link or no regular file stands there: a line would go to a file elsewhere, or wait.
    """
    path = folder / "log.jsonl"
    found = "a link" if path.is_symlink() else irregular(path) if path.exists() else None
    if found is None:
        return path
    raise InputError(
        f"{path}: expected a log that lies in its folder, found {found}; remove it, or choose"
        " another folder with --out or --store"
    )


@dataclass
class Summary:
    """What an extraction came to, region by region.

    Attributes
    ----------
    measured, known, failed
        Regions measured now, measured before, and failed, by kind: each case has one of each rater.
    processor_s, wall_s
        Of those that were begun now: on processors, and on the clock.
    """

    measured: int = 0
    known: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    processor_s: float = 0.0
    wall_s: float = 0.0

    @property
    def regions_an_hour(self) -> float | None:
        """Regions that are measured in an hour at this speed; None where none was measured."""
        return self.measured / self.wall_s * 3600 if self.measured and self.wall_s > 0 else None

    @property
    def worth_saying(self) -> bool:
        """Whether regions failed, or so many were measured that starting was not most of it."""
        return bool(self.failed) or self.measured + self.known >= WORTH_A_SUMMARY

    def numbers(self) -> dict[str, Any]:
        """Return it for the log."""
        speed = self.regions_an_hour
        return {
            "measured": self.measured,
            "known": self.known,
            "failed": dict(self.failed),
            "wall_s": round(self.wall_s, 3),
            "processor_hours": round(self.processor_s / 3600, 6),
            "regions_an_hour": None if speed is None else round(speed, 1),
            "hours_for_100000": None if speed is None else round(_MANY / speed, 2),
            "processor_hours_for_100000": None
            if speed is None
            else round(self.processor_s / self.measured * _MANY / 3600, 2),
        }

    def sentences(self) -> list[str]:
        """Return it in words."""
        earlier = f", {self.known:,} were measured before" if self.known else ""
        lines = [f"{self.measured:,} regions measured in {_duration(self.wall_s)}{earlier}."]
        speed = self.regions_an_hour
        if speed is not None:
            more = self.processor_s / self.measured * _MANY
            lines.append(
                f"{speed:,.0f} regions an hour, {self.processor_s / 3600:.3g} processor hours in"
                f" all; {_MANY:,} more would take {_duration(_MANY / speed * 3600)}"
                f" ({more / 3600:.3g} processor hours)."
            )
        if self.failed:
            kinds = ", ".join(f"{kind} {count}" for kind, count in self.failed.most_common())
            lines.append(f"Failed, by kind: {kinds}.")
        return lines


class RunLog:
    """Lines of JSON, added to a file as cases end; without a file only counted.

    Parameters
    ----------
    path
        The file; an earlier log is continued.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._started = time.monotonic()
        self.summary = Summary()

    def begin(self, about: Mapping[str, Any]) -> None:
        """Write what is about to be done."""
        self._write({"event": "begin", "trephine": __version__, **about})

    def case(self, row: int, state: str, **more: Any) -> None:
        """Count a case, and write its line; those known before are only counted.

        Parameters
        ----------
        row
            Of the manifest, as a spreadsheet counts.
        state
            As in the ledger, or "known".
        more
            kind, attempts, seconds, processor_seconds, error.
        """
        if state == "known":
            self.summary.known += 1
            return
        if state == "measured":
            self.summary.measured += 1
        else:
            self.summary.failed[more["kind"]] += 1
        self.summary.processor_s += more.get("processor_seconds", 0.0)
        self._write({"event": "case", "row": row, "state": state, **more})

    def known(self, count: int) -> None:
        """Count cases that were measured before."""
        self.summary.known += count

    def stage(self, name: str, seconds: float) -> None:
        """Write how long a stage of a run took."""
        self._write({"event": "stage", "stage": name, "seconds": round(seconds, 3)})

    def measured_in(self, seconds: float) -> None:
        """Take the time that measuring took, where that is not all that is done."""
        self.summary.wall_s = seconds

    def end(self, how: str) -> Summary:
        """Write and return what it came to."""
        whole = time.monotonic() - self._started
        self.summary.wall_s = self.summary.wall_s or whole
        self._write({"event": "end", "how": how, **self.summary.numbers()})
        return self.summary

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        # Opened for each line: a line is whole or not there, whatever ends the process.
        with naming(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": now, **line}, ensure_ascii=False) + "\n")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h" if seconds < 96 * 3600 else f"{seconds / 86400:.3g} days"
