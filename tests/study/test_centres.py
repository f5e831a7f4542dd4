"""Studies of several centres: judged centre by centre, harmonised where asked, told throughout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import SmallStudy, write_table_study
from trephine.errors import StudyProblemsError
from trephine.plan.reading import read_plan
from trephine.report.tables import make_tables
from trephine.study.locked.model import read_model
from trephine.study.locked.new_case import NewCase
from trephine.study.locked.predict import predict_case
from trephine.study.locked.validate import validate_bundle
from trephine.study.run import StudyResult, run_study
from trephine.survival.concordance import harrell_concordance

CENTRES = ("north", "south", "west")


def write_centres(folder: Path, harmonise: str = "combat", shift: float = 2.0) -> SmallStudy:
    """The table study at three centres, whose scanners add to every feature."""
    study = write_table_study(folder)
    table, features = study.table(), study.table("features.csv")
    where = {case: CENTRES[i % 3] for i, case in enumerate(table["case"])}
    table["hospital"] = [where[case] for case in table["case"]]
    study.write(table)
    values = features.drop(columns="case").astype(float)
    added = np.array([shift * CENTRES.index(where[case]) for case in features["case"]])
    moved = values.add(added, axis=0)
    study.write(pd.concat([features[["case"]], moved], axis=1).astype(str), "features.csv")
    study.replace('event = "died" }', 'event = "died", centre = "hospital" }')
    study.replace("[selection]\n", f'[selection]\nharmonise = "{harmonise}"\n')
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return write_centres(tmp_path_factory.mktemp("centres") / "study")


@pytest.fixture(scope="module")
def result(study: SmallStudy) -> StudyResult:
    return run_study(study.toml, workers=1)


def test_each_centre_is_judged_by_recipes_without_it(result: StudyResult) -> None:
    rows = [row for row in result.facts.centres if row.protocol == "sound"]
    model = rows[0].model
    own = [row for row in rows if row.model == model]
    assert [row.centre for row in own] == [*result.analysis.inputs.centre_names, ""]
    assert sum(row.n for row in own[:-1]) == own[-1].n == len(result.analysis.cases)
    cases, found = result.analysis.cases, result.analysis.protocols["sound"].centres
    assert found is not None
    assert cases.centre is not None
    first = cases.centre == 0
    by_hand = harrell_concordance(
        cases.survival.time[first],
        cases.survival.event[first],
        found.linear_predictor[model][0, first],
    )
    assert own[0].c_index is not None
    assert own[0].c_index.value == pytest.approx(by_hand)
    assert own[-1].c_index is not None
    assert own[-1].slope is not None
    assert own[-1].observed_expected is not None


def test_the_report_shows_centres_and_harmonisation(result: StudyResult) -> None:
    (table,) = [t for t in make_tables(result.facts) if t.slug == "table-centres"]
    lines = [row for row in table.rows if row.kind != "group"]
    assert len(lines) == len(result.facts.centres)
    page = result.report.read_text(encoding="utf-8")
    assert "Centres were left out one at a time" in page
    assert "harmonised between centres by ComBat" in page
    steps = [step.name for part in result.facts.selection for step in part.steps]
    assert steps.count("ComBat between centres") == len(result.facts.selection)


def test_a_plan_can_leave_features_as_measured(tmp_path: Path) -> None:
    plain = read_plan(write_centres(tmp_path / "plain", harmonise="none").toml)
    assert plain.selection.harmonise == "none"
    bare = write_table_study(tmp_path / "bare")
    bare.replace("[selection]\n", '[selection]\nharmonise = "combat"\n')
    with pytest.raises(StudyProblemsError, match=r"columns\.centre"):
        read_plan(bare.toml)


def test_a_locked_model_knows_its_centres_and_warns_of_others(
    study: SmallStudy, result: StudyResult, tmp_path: Path
) -> None:
    features = study.table("features.csv")
    clinical = study.table().set_index("case", drop=False)
    row = 7
    case = features["case"][row]
    features.iloc[[row]].to_csv(tmp_path / "features.csv", index=False)
    clinical.loc[[case]].to_csv(tmp_path / "clinical.csv", index=False)
    given = NewCase(
        features=tmp_path / "features.csv",
        clinical=tmp_path / "clinical.csv",
        centre=clinical.loc[case, "hospital"],
    )
    known = predict_case(result.bundle, given)
    sound = result.analysis.protocols["sound"]
    at = result.analysis.inputs.case_ids.index(case)
    expected = sound.apparent[known.model].linear_predictor[at]
    assert known.linear_predictor == pytest.approx(expected, abs=1e-9)
    assert not any("centre" in warning for warning in known.warnings)
    stranger = NewCase(given.image, features=given.features, clinical=given.clinical, centre="east")
    other = predict_case(result.bundle, stranger)
    assert any("names none of them" in warning for warning in other.warnings)
    assert read_model(result.bundle).context.centres == tuple(result.analysis.inputs.centre_names)


def test_outside_centres_are_matched_by_name_and_others_counted(
    result: StudyResult, tmp_path: Path
) -> None:
    outside = write_centres(tmp_path / "outside")
    outside.replace('harmonise = "combat"\n', "")
    same = validate_bundle(result.bundle, outside.toml, workers=1)
    told = {row.model: row.c_index.value for row in same.facts.performance}
    apparent = {
        row.model: row.c_index.value
        for row in result.facts.performance
        if (row.protocol, row.kind) == ("sound", "apparent")
    }
    assert told == pytest.approx(apparent)
    assert not any(warning.where == "Harmonisation" for warning in same.facts.run.warnings)
    table = outside.table()
    table["hospital"] = table["hospital"].replace("west", "east")
    outside.write(table)
    other = validate_bundle(result.bundle, outside.toml, workers=1)
    (warning,) = [w for w in other.facts.run.warnings if w.where == "Harmonisation"]
    assert warning.text.startswith("20 of 60 cases")


@pytest.mark.slow
def test_too_few_events_in_centres_are_reported(tmp_path: Path) -> None:
    study = write_centres(tmp_path / "few", harmonise="none")
    table = study.table()
    table["hospital"] = ["north"] * (len(table) - 3) + ["south"] * 3
    study.write(table)
    result = run_study(study.toml, workers=1)
    assert not result.facts.centres
    assert any(warning.where == "Centres" for warning in result.facts.run.warnings)


def test_a_case_without_a_centre_is_a_problem(tmp_path: Path) -> None:
    study = write_centres(tmp_path / "blank")
    study.set(5, "hospital", "")
    with pytest.raises(StudyProblemsError, match="row 5, column hospital"):
        run_study(study.toml, workers=1)
