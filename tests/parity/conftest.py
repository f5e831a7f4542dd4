"""Parity with R and PyRadiomics, driven by a folder of expected values.

``pytest tests/parity --reference DIR`` runs the same tests on any folder of the same shape
(``DIR/survival``, ``DIR/radiomics``). At the end it prints one table a kind of call, and the keys
of the expected files that no test has read.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest


@dataclass
class Row:
    """One line of the parity table."""

    bound: float
    relative: bool
    cases: set[str] = field(default_factory=set)
    values: int = 0
    worst: float = 0.0
    worst_at: str = ""


class ParityTable:
    """Differences between expected and found numbers, gathered by kind of call."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def compare(
        self,
        function: str,
        case: str,
        expected: npt.ArrayLike,
        found: npt.ArrayLike,
        *,
        bound: float,
        relative: bool = False,
    ) -> None:
        """Record the largest difference of one case, and fail where it is over the bound.

        NaN (or null, as R writes NA) equals NaN only. ``relative`` divides by the larger of
        |expected| and 1e-8 (so an expected 0 is compared absolutely at the bound x 1e-8).
        """
        want = np.asarray(expected, dtype=np.float64)
        have = np.asarray(found, dtype=np.float64)
        row = self.rows.setdefault(function, Row(bound, relative))
        row.bound = max(row.bound, bound)
        row.cases.add(case)
        row.values += want.size
        assert want.shape == have.shape, (
            f"{function} [{case}]: shape {have.shape}, expected {want.shape}"
        )
        assert np.array_equal(np.isnan(want), np.isnan(have)), (
            f"{function} [{case}]: NaN in other places than expected"
        )
        same_infinity = np.isinf(want) & (want == have)
        with np.errstate(invalid="ignore"):
            difference = np.where(same_infinity, 0.0, np.abs(have - want))
        if relative:
            scale = np.maximum(np.abs(want), 1e-8)
            difference = difference / np.where(np.isinf(scale), 1.0, scale)
        difference = difference[~np.isnan(difference)]
        worst = float(difference.max()) if difference.size else 0.0
        if worst > row.worst:
            row.worst, row.worst_at = worst, case
        kind = "relative" if relative else "absolute"
        assert worst <= bound, (
            f"{function} [{case}]: {kind} difference {worst:.3e} > {bound:.0e};"
            f" expected {want!r}, found {have!r}"
        )

    def lines(self) -> list[str]:
        """Return the table, a row a kind of call."""
        head = f"{'call':<58} {'cases':>5} {'values':>7} {'max difference':>15} {'bound':>9}"
        body = [
            f"{name:<58} {len(row.cases):>5} {row.values:>7} {row.worst:>12.2e}"
            f"{' rel' if row.relative else ' abs'} {row.bound:>8.0e}"
            for name, row in sorted(self.rows.items())
        ]
        return [head, *body]


class TrackedFile:
    """An expected file that remembers which of its leaves were read.

    ``file["case", "key"]`` returns a value and marks everything below it as read;
    ``file.cases()`` lists the top-level keys without marking them.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.content: dict[str, Any] = json.loads(path.read_text())
        self.read: set[tuple[str, ...]] = set()

    def cases(self) -> list[str]:
        """Return the top-level keys, without R's versions."""
        return [key for key in self.content if key != "_versions"]

    def keys(self, *path: str) -> list[str]:
        """Return the keys below ``path`` without marking them as read."""
        return list(self._walk(path))

    def has(self, *path: str) -> bool:
        """Say whether ``path`` exists."""
        try:
            self._walk(path)
        except (KeyError, TypeError):
            return False
        return True

    def __getitem__(self, path: str | tuple[str, ...]) -> Any:
        keys = (path,) if isinstance(path, str) else path
        self.read.add(keys)
        return self._walk(keys)

    def array(self, *path: str) -> npt.NDArray[np.float64]:
        """Return a value as floats, null as NaN, and mark it as read."""
        return np.asarray(_nan_for_null(self[path]), dtype=np.float64)

    def _walk(self, path: tuple[str, ...]) -> Any:
        value: Any = self.content
        for key in path:
            value = value[key]
        return value

    def unread(self) -> Iterator[str]:
        """Yield the leaves that no test has read."""
        for leaf in _leaves(self.content, ()):
            if leaf[0] != "_versions" and not any(
                leaf[: len(prefix)] == prefix for prefix in self.read
            ):
                yield " / ".join(leaf)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    else:
        yield path


def _nan_for_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_nan_for_null(item) for item in value]
    if value is None or value in ("NA", "NaN"):
        return math.nan
    if value in ("Inf", "-Inf"):
        return float(value.replace("Inf", "inf"))
    return value


_TABLE = ParityTable()
_FILES: dict[Path, TrackedFile] = {}


@pytest.fixture(scope="session")
def parity() -> ParityTable:
    """The table that every parity test writes to."""
    return _TABLE


@pytest.fixture(scope="session")
def reference(request: pytest.FixtureRequest) -> Path:
    """The folder of expected values."""
    return Path(request.config.getoption("--reference")).resolve()


@pytest.fixture(scope="session")
def expected_file(reference: Path) -> Any:
    """Return a function that opens ``survival/expected/NAME.json`` or skips with the reason."""

    def open_file(name: str) -> TrackedFile:
        path = reference / "survival" / "expected" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"{path} is not there")
        if path not in _FILES:
            _FILES[path] = TrackedFile(path)
        return _FILES[path]

    return open_file


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _TABLE.rows:
        return
    terminalreporter.section("parity")
    for line in _TABLE.lines():
        terminalreporter.write_line(line)
    unread: dict[str, list[str]] = defaultdict(list)
    for file in _FILES.values():
        unread[file.name] = list(file.unread())
    for name, keys in sorted(unread.items()):
        if keys:
            terminalreporter.write_line(f"{name}: {len(keys)} keys that no test reads")
            for key in keys[:40]:
                terminalreporter.write_line(f"    {key}")
