"""Small studies for every test of this room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_image_study, write_table_study


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no workers unless a test names their number: a worker takes seconds to start."""
    monkeypatch.setattr("trephine.executors.available_workers", lambda: 1)


@pytest.fixture
def trephine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture(scope="session")
def image_study_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image_study(tmp_path_factory.mktemp("template") / "study").folder


@pytest.fixture
def image_study(image_study_template: Path, tmp_path: Path) -> SmallStudy:
    return SmallStudy(shutil.copytree(image_study_template, tmp_path / "study"))


@pytest.fixture
def table_study(tmp_path: Path) -> SmallStudy:
    return write_table_study(tmp_path / "study")
