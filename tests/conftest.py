"""Options and settings that every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reference",
        type=Path,
        default=Path(__file__).parent / "reference",
        help="folder with survival/ and radiomics/ expected values",
    )
