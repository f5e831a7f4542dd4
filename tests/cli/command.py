"""``trephine`` as a user types it: arguments in; exit code and both streams out."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from trephine.cli import main


@dataclass(frozen=True)
class Said:
    """What the command said."""

    code: int
    out: str
    err: str


@dataclass
class Command:
    """Calls ``main`` as the installed script does."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Said:
        self.monkeypatch.setattr(sys, "argv", ["trephine", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        out, err = self.capsys.readouterr()
        return Said(code, out, err)
