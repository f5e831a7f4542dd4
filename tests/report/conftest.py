"""Facts and pages that the report's tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from make_facts import make_facts

from trephine.report.facts import Facts
from trephine.report.figures.catalogue import make_plates
from trephine.report.html import render_html
from trephine.report.tables import make_tables


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("results") / "pictures"


@pytest.fixture(scope="session")
def facts(pictures_folder) -> Facts:
    return make_facts(pictures_folder)


@pytest.fixture(scope="session")
def page(facts, pictures_folder) -> str:
    return render_html(facts, make_tables(facts), make_plates(facts, pictures_folder))
