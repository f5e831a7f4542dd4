"""The command as a fixture."""

from __future__ import annotations

import pytest

from cli.command import Command


@pytest.fixture
def trephine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)
