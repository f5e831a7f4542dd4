"""Options and settings that every test shares."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from trephine.report.formats import ALL_FORMATS

# The first call of a compiled kernel takes seconds; a deadline would measure the compiler. CI draws
# the same examples every time, so that it answers for the change and not for the dice.
hypothesis.settings.register_profile(
    "trephine", deadline=None, max_examples=50, derandomize="CI" in os.environ
)
hypothesis.settings.load_profile("trephine")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what checks remember, and the desk's key, out of the user's own folders."""
    os.environ["TREPHINE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True, scope="session")
def page_and_tables_alone() -> Iterator[None]:
    """Write a page and its tables where a test asks for no format, and no figure for print.

    Thirty figures in three formats more and a document take several times as long as a small
    study's fits. Tests that look at them take ``every_format``.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trephine.report.write.available_formats", lambda: ("html", "csv", "xlsx"))
        yield


@pytest.fixture(scope="module")
def every_format() -> Iterator[None]:
    """Write all formats that a user gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trephine.report.write.available_formats", lambda: ALL_FORMATS)
        yield


@pytest.fixture
def interrupts_heeded() -> Iterator[None]:
    """Let commands hear signals that a shell lets what it starts in the background ignore."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reference",
        type=Path,
        default=Path(__file__).parent / "reference",
        help="folder with survival/ and radiomics/ expected values",
    )
