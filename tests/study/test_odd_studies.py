"""Studies that once ended in warnings or in silence: they run, and what is odd is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_clinical_study, write_table_study
from trephine.facts import Facts
from trephine.study.inputs import read_study
from trephine.study.run import run_study

# As somebody writes them who has seen no form: long, with signs of HTML, of formulas and quotes.
LONG = {
    "I": "no treatment of the femoral head before, as far as ten years of letters say & <b>more",
    "II": 'core decompression (multiple drilling, 3.2 mm) < 6 months ago; "percutaneous"',
    "IIIA": "other | unknown 100% $x_1$",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    """A study with such levels, and a horizon of 6 months before its first event."""
    study = write_clinical_study(tmp_path_factory.mktemp("odd") / "study")
    table = study.table()
    table["stage"] = table["stage"].map(LONG)
    table["months"] = [f"{float(months) + 6:.1f}" for months in table["months"]]
    study.write(table)
    levels = ", ".join(f"'{level}'" for level in LONG.values())
    study.replace('stage = { levels = ["I", "II", "IIIA"] }', f"stage = {{ levels = [{levels}] }}")
    study.replace("horizons = [12, 24]", "horizons = [6, 24]")
    return study


@pytest.fixture(scope="module")
def facts(study: SmallStudy) -> Facts:
    return run_study(study.toml, formats=("html",), workers=1).facts


def test_a_horizon_before_the_first_event_has_reasons_in_the_place_of_numbers(
    facts: Facts,
) -> None:
    """Calibration was drawn between two limits that were one, and warned."""
    assert facts.performance
    for row in facts.performance:
        (early,) = [at.estimate.value for at in row.auc if at.horizon == 6]
        assert early is None
        assert "Kaplan-Meier makes no error at 6" in row.note
    assert any("No event by the horizon of 6 months" in row.note for row in facts.performance)


def test_long_levels_with_signs_of_html_are_shown_as_they_are(
    study: SmallStudy, facts: Facts
) -> None:
    assert facts.table1 is not None
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "<b>more" not in page
    assert "&lt;b&gt;more" in re.sub(r"<wbr>|\u200b", "", page)


def test_row_numbers_without_a_name_are_left_out_and_named_columns_are_not(
    trephine: Command, tmp_path: Path
) -> None:
    """A table sorted by follow-up, saved with its row numbers, predicted the follow-up."""
    study = write_table_study(tmp_path / "study", features=4)
    clear = trephine("check", study.toml)
    assert clear.code == 0, clear.err
    assert "has no name" not in clear.out
    features = study.table("features.csv").set_index("case")
    months = study.table().set_index("case")["months"].astype(float)
    ordered = features.loc[months.sort_values().index].reset_index()
    ordered.to_csv(study.folder / "features.csv")  # the row numbers go in front, without a name
    assert (study.folder / "features.csv").read_text(encoding="utf-8").startswith(",case,")
    said = trephine("check", study.toml)
    assert said.code == 0, said.err
    assert "features.csv: Column A has no name, though values: left out" in said.out
    # What is learned from is the table without them: the control.
    (kept,) = read_study(study.toml).features.values()
    features.reset_index().to_csv(study.folder / "features.csv", index=False)
    (control,) = read_study(study.toml).features.values()
    assert kept.names == control.names
    np.testing.assert_array_equal(kept.values, control.values)
