"""Facts and pages that the report's tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from make_facts import make_facts

from trephine.facts import Facts
from trephine.report.figures.catalogue import make_plates
from trephine.report.html import render_html
from trephine.report.tables import make_tables


@pytest.fixture(autouse=True, scope="session")
def one_process():
    """Start no workers: one takes seconds to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trephine.executors.available_workers", lambda: 1)
        yield


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("results") / "pictures"


@pytest.fixture(scope="session")
def facts(pictures_folder) -> Facts:
    return make_facts(pictures_folder)


@pytest.fixture(scope="session")
def page(facts, pictures_folder) -> str:
    return render_html(facts, make_tables(facts), make_plates(facts, pictures_folder))


@pytest.fixture(scope="session")
def light(facts) -> Facts:
    """The same study with every part, but few figures."""

    def few(rows):
        kept = [row for row in rows if row.protocol == "sound"]
        return tuple(row for row in kept if getattr(row, "horizon", 36.0) == 36.0)

    return facts.model_copy(
        update={
            "roc": few(facts.roc),
            "calibration": few(facts.calibration),
            "decision_curves": few(facts.decision_curves),
            "risk_groups": few(facts.risk_groups),
            "nomograms": few(facts.nomograms),
            "models": few(facts.models),
            "selection": few(facts.selection)[:1],
            "correlation": (),
            "pictures": facts.pictures[:1],
        }
    )
