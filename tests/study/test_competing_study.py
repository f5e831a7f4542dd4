"""Competing events in a study file: read, checked, drafted, counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.competing_study import CASES, write_competing_study
from study.small_study import SmallStudy
from trephine.errors import PlanError, StudyProblemsError
from trephine.evaluation.competing_scores import competing_scores
from trephine.modelling.absolute_risk import absolute_risk
from trephine.modelling.recipe import fit_recipe
from trephine.regression.cox import CoxModel
from trephine.regression.fine_gray import fit_fine_gray
from trephine.report.figures.model_plates import nomogram_plates
from trephine.report.figures.nomogram_layout import lay_out_nomogram
from trephine.study.assess.refits import training_design
from trephine.study.draft.drafting import draft_study
from trephine.study.editing.study_file import DataEdit, edited
from trephine.study.inputs import read_study
from trephine.study.locked import predict_case, validate_bundle
from trephine.study.run import StudyResult, run_study
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.gray_test import gray_test
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Survival
from trephine.validation.out_of_fold import pooled_event_probability


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return write_competing_study(tmp_path / "study")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_competing_study(tmp_path_factory.mktemp("competing") / "study")
    return run_study(study.toml, workers=1, formats=("html",))


def _problems(study: SmallStudy) -> list[str]:
    with pytest.raises(StudyProblemsError) as caught:
        read_study(study.toml)
    return [str(problem) for problem in caught.value.problems]


def test_each_kind_is_read_by_its_name(study: SmallStudy) -> None:
    survival = read_study(study.toml).survival
    assert isinstance(survival, CompetingSurvival)
    status = study.table()["status"].astype(int).to_numpy()
    assert survival.names == ("death", "replacement")
    assert survival.count("death") == (status == 2).sum()
    assert survival.count("replacement") == (status > 2).sum()
    assert survival.event.sum() == (status == 1).sum()
    assert np.array_equal(
        survival.take(survival.competing).cause > 1, np.ones(survival.competing.sum())
    )


def test_words_stand_for_codes_and_the_event_may_have_another_than_1(study: SmallStudy) -> None:
    before = read_study(study.toml).survival
    assert isinstance(before, CompetingSurvival)
    table = study.table()
    words = {"0": "0", "1": "Collapsed", "2": "died", "3": "THA", "4": "resurfacing"}
    table["status"] = table["status"].map(words)
    study.write(table)
    study.replace(
        "death = 2, replacement = [3, 4]", 'death = "Died", replacement = ["THA", "resurfacing"]'
    )
    study.replace('event = "collapse"\n', 'event = "collapse"\nevent_code = "collapsed"\n')
    after = read_study(study.toml).survival
    assert isinstance(after, CompetingSurvival)
    assert np.array_equal(after.cause, before.cause)


def test_dates_and_one_row_a_patient_bear_it_too(study: SmallStudy) -> None:
    before = read_study(study.toml).survival
    assert isinstance(before, CompetingSurvival)
    table = study.table()
    last = pd.Timestamp("2010-01-01") + pd.to_timedelta(
        table["months"].astype(float) * 30.4375 + 1, "D"
    )
    table["op"], table["seen"] = "2010-01-01", last.dt.strftime("%Y-%m-%d")
    study.write(table)
    study.replace('time = "months", ', 'start = "op", last = "seen", ')
    dated = read_study(study.toml).survival
    assert isinstance(dated, CompetingSurvival)
    assert np.array_equal(dated.cause, before.cause)
    wide = table.drop_duplicates("patient").reset_index(drop=True)
    wide = wide.rename(columns={"status": "R status", "months": "R months", "stage": "R stage"})
    wide["L status"], wide["L months"], wide["L stage"] = "", "", ""
    study.write(wide.drop(columns=["hip", "op", "seen"]))
    study.replace(
        'case = "hip", patient = "patient", start = "op", last = "seen", ',
        'patient = "patient", time = "months", sides = { R = "R ", L = "L " }, ',
    )
    sided = read_study(study.toml).survival
    assert isinstance(sided, CompetingSurvival)
    assert sorted(sided.cause) == sorted(wide["R status"].astype(int).clip(upper=3))


def test_a_code_without_a_name_is_listed_by_rows(study: SmallStudy) -> None:
    study.set(7, "status", "5")
    study.set(9, "status", "5")
    (problem,) = _problems(study)
    assert "rows 7, 9" in problem
    assert "2 (death)" in problem
    assert "[outcome] competing" in problem


def test_without_names_the_advice_names_the_key(study: SmallStudy) -> None:
    study.replace("competing = { death = 2, replacement = [3, 4] }\n", "")
    assert all("[outcome] competing = { death = 2 }" in one for one in _problems(study))


def test_an_event_that_nobody_has_and_too_few_are_refused(study: SmallStudy) -> None:
    study.replace("replacement = [3, 4]", "replacement = [3, 4], amputation = 7")
    assert any("7 (amputation)" in one for one in _problems(study))
    study.replace(", amputation = 7", "")
    table = study.table()
    table.loc[table["status"] == "1", "status"] = "2"
    study.write(table)
    assert any("no event at all" in one for one in _problems(study))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("death = 0", "codes other than 0"),
        ("death = 1", "each code for one event alone"),
        ("death = 2, lost = 2.0", "competing"),
        ("death = []", "a code at least"),
        ("collapse = 2", "names other than the event's"),
    ],
)
def test_codes_that_cannot_be_told_apart_are_refused(
    study: SmallStudy, codes: str, expected: str
) -> None:
    study.replace("death = 2, replacement = [3, 4]", codes)
    assert any(expected in one for one in _problems(study))


def test_a_date_of_the_event_needs_codes_beside_it(study: SmallStudy) -> None:
    table = study.table()
    table["op"], table["seen"] = "2010-01-01", "2012-01-01"
    table["collapsed"] = np.where(table["status"] == "1", "2011-01-01", "")
    study.write(table)
    study.replace(
        'time = "months", event = "status"', 'start = "op", last = "seen", event_date = "collapsed"'
    )
    assert any("instead of event_date" in one for one in _problems(study))


def test_check_counts_each_kind(study: SmallStudy, trephine: Command) -> None:
    survival = read_study(study.toml).survival
    assert isinstance(survival, CompetingSurvival)
    told = " ".join(trephine("check", str(study.toml)).out.split())
    assert f"{survival.event.sum()} events, {survival.count('death')} death and" in told
    content = json.loads(trephine("check", str(study.toml), "--json").out)
    assert content["competing"] == {name: survival.count(name) for name in survival.names}


def test_the_flow_and_table_1_count_what_came_first(result: StudyResult) -> None:
    facts, survival = result.facts, result.analysis.cases.survival
    assert isinstance(survival, CompetingSurvival)
    assert [(one.name, one.cases) for one in facts.flow.competing] == [
        (name, survival.count(name)) for name in survival.names
    ]
    for row in facts.flow.horizons:
        assert row.competing > 0
        assert row.events + row.competing + row.censored + row.at_risk == CASES
    assert facts.table1 is not None
    first = facts.table1.variables[0]
    assert [level.level for level in first.levels] == ["collapse", "death", "replacement", "none"]
    assert sum(level.columns[0].count for level in first.levels) == CASES
    assert [level.columns[2].count for level in first.levels[1:]] == [0, 0, 0]
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "First event" in page


def test_a_draft_asks_what_a_third_code_is_and_takes_a_death_for_one(study: SmallStudy) -> None:
    table = study.table()
    table["status"] = table["status"].replace({"3": "2", "4": "2"})
    study.write(table)
    study.toml.unlink()
    draft = draft_study(study.folder)
    assert '# competing = { "what it is" = 2 }' in draft.text
    assert "[outcome] competing" in draft.text
    table["status"] = table["status"].map({"0": "no", "1": "collapsed", "2": "died"})
    study.write(table)
    draft = draft_study(study.folder)
    assert 'competing = { death = "died" }' in draft.text
    assert '"died" = "1"' not in draft.text
    study.toml.write_text(draft.text, encoding="utf-8")
    survival = read_study(study.toml).survival
    assert isinstance(survival, CompetingSurvival)
    assert survival.count("death") == (table["status"] == "died").sum()


def test_the_desk_s_editor_leaves_the_codes_as_they_stand(study: SmallStudy) -> None:
    text = study.toml.read_text(encoding="utf-8")
    changed = edited(text, DataEdit(sections={"outcome": {"horizons": [6, 12]}}))
    assert "competing = { death = 2, replacement = [3, 4] }" in changed
    assert "horizons = [6, 12]" in changed


def test_selection_and_models_take_a_competing_event_for_the_end_of_follow_up(
    result: StudyResult,
) -> None:
    survival = result.analysis.cases.survival
    alone = Survival(survival.time, survival.event, survival.unit)
    protocol = result.analysis.protocols["sound"]
    model = protocol.fitted.predictor.fullest
    design = training_design(result.analysis, protocol, model)
    again = CoxModel().fit(design, alone)
    assert again.result_.coefficients == pytest.approx(model.coefficients, abs=1e-12)
    other = fit_recipe(
        result.analysis.cases.with_survival(alone), protocol.settings, np.random.default_rng(1)
    )
    assert np.array_equal(other.predictor.fullest.coefficients, model.coefficients)


def test_incidences_stand_beside_what_ignoring_the_others_says(result: StudyResult) -> None:
    facts, cases = result.facts.competing, result.analysis.cases
    survival = cases.survival
    assert facts is not None
    assert isinstance(survival, CompetingSurvival)
    assert [curve.label for curve in facts.curves] == ["collapse", "death", "replacement"]
    own = facts.curves[0]
    curve = cumulative_incidence(survival.time, survival.cause, cluster=cases.patient)
    naive = kaplan_meier(survival.time, survival.event, cluster=cases.patient)
    for row, other, excess in zip(
        own.at_horizons, own.ignoring_at_horizons, own.overstated, strict=True
    ):
        place = np.searchsorted(curve.times, row.horizon, side="right") - 1
        assert row.estimate.value == pytest.approx(curve.incidence[place, 0])
        assert row.estimate.low == pytest.approx(curve.low[place, 0])
        at = naive.at([row.horizon])
        assert other.estimate.value == pytest.approx(1 - at.survival_probability[0])
        assert other.estimate.low == pytest.approx(1 - at.high[0])
        assert excess.value is not None
        assert excess.value > 0.01
    last = [one.at_horizons[-1].estimate.value for one in facts.curves]
    place = np.searchsorted(curve.times, 24, side="right") - 1
    assert sum(filter(None, last)) == pytest.approx(1 - curve.event_free[place])


def test_risk_groups_are_compared_by_gray_s_test(result: StudyResult) -> None:
    facts, cases = result.facts.competing, result.analysis.cases
    assert facts is not None
    assert len(facts.groups) == len(result.facts.risk_groups)
    for groups, survival in zip(facts.groups, result.facts.risk_groups, strict=True):
        assert [curve.n for curve in groups.curves] == [curve.n for curve in survival.curves]
        assert sum(curve.events for curve in groups.curves) == cases.survival.event.sum()
    apparent = next(one for one in facts.groups if one.kind == "apparent")
    protocol = result.analysis.protocols[apparent.protocol]
    high = protocol.apparent[apparent.model].high_risk
    test = gray_test(cases.survival.time, causes(result), high)
    assert apparent.gray_p == pytest.approx(test.p_value)


def causes(result: StudyResult) -> np.ndarray:
    survival = result.analysis.cases.survival
    assert isinstance(survival, CompetingSurvival)
    return survival.cause


def test_the_final_model_s_terms_are_read_again(result: StudyResult) -> None:
    facts = result.facts.competing
    assert facts is not None
    reading = next(one for one in facts.readings if one.protocol == "sound")
    model = next(one for one in result.facts.models if one.protocol == "sound")
    assert [term.label for term in reading.terms] == [term.label for term in model.terms]
    for term, own in zip(reading.terms, model.terms, strict=True):
        assert term.cause_specific == own.ratio
    protocol = result.analysis.protocols["sound"]
    design = training_design(result.analysis, protocol, protocol.fitted.predictor.fullest)
    survival = result.analysis.cases.survival
    again = fit_fine_gray(
        design, survival.time, causes(result), cluster=result.analysis.cases.patient
    )
    stage = next(j for j, term in enumerate(reading.terms) if "IIIA" in term.label)
    shown = reading.terms[stage].subdistribution
    assert shown is not None
    assert shown.value == pytest.approx(again.hazard_ratio[stage])
    assert reading.terms[stage].subdistribution_p == pytest.approx(again.p_values[stage])


def test_the_page_says_which_question_each_answers(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    for said in (
        'id="competing"',
        'id="figure-incidence"',
        'id="table-incidence"',
        'id="table-second-reading"',
        "cause-specific hazard",
        "Revision surgery is overestimated in hip replacement",
    ):
        assert said in page


def test_predicted_probabilities_are_absolute_risks(result: StudyResult) -> None:
    protocol, cases = result.analysis.protocols["sound"], result.analysis.cases
    model = protocol.fitted.predictor.fullest
    assert [other.name for other in model.others] == ["death", "replacement"]
    design = training_design(result.analysis, protocol, model)
    whole = np.zeros(len(cases))
    for times, own, others in [(model.baseline.times, model, model.others)]:
        jumps = np.diff(own.baseline.cumulative_hazard, prepend=0.0)
        ratio = np.exp(own.linear_predictor(design))
        total = np.zeros(len(cases))
        for at, jump in zip(times, jumps, strict=True):
            if at > 24:
                break
            rates = [o.ratio(design) * o.hazard_before(np.array([at]))[0] for o in others]
            whole += ratio * jump * np.exp(-total - sum(rates))
            total += ratio * jump
    risk = 1 - protocol.apparent[model.name].survival.survival_probability[:, 1]
    assert risk == pytest.approx(whole)
    naive = 1 - model.baseline_survival([24.0])[0] ** np.exp(model.linear_predictor(design))
    assert (risk < naive).all()


def test_table_3_is_measured_on_them(result: StudyResult) -> None:
    cases, protocol = result.analysis.cases, result.analysis.protocols["sound"]
    row = next(
        one
        for one in result.facts.performance
        if (one.protocol, one.kind) == ("sound", "nested cross-validated")
    )
    nested = protocol.out_of_fold
    assert nested is not None
    for j, horizon in enumerate((12.0, 24.0)):
        risk = pooled_event_probability(nested, row.model)[:, j]
        scores = competing_scores(cases.survival.time, causes(result), risk, horizon)
        assert row.auc[j].estimate.value == pytest.approx(scores.auc.value)
        assert row.brier[j].estimate.value == pytest.approx(scores.brier.value)
        curve = cumulative_incidence(cases.survival.time, causes(result))
        observed = float(curve.at(1, [horizon])[0])
        large = row.calibration[j].observed_expected
        assert large is not None
        assert large.value == pytest.approx(observed / risk.mean())
    assert result.facts.reclassification == ()


def test_a_new_case_s_risk_counts_its_own_competing_rates(
    result: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    assert result.bundle is not None
    case = {"age": 82.0, "stage": "II"}
    old = predict_case(result.bundle, case)
    model = result.analysis.protocols["sound"].fitted.predictor.fullest
    assert np.isnan(old.survival[24.0].low)
    assert "fewer than 20" in old.interval_note
    row = pd.DataFrame([[float(term.level == "II") for term in model.terms]]).to_numpy()
    lp = model.linear_predictor(row)
    assert lp[0] == pytest.approx(old.linear_predictor)
    own = [(other, other.ratio(row)) for other in model.others]
    average = [(other, np.ones(1)) for other in model.others]
    risk, same = (absolute_risk(model.baseline, lp, o, [24.0])[0, 0] for o in (own, average))
    assert 1 - old.survival[24.0].value == pytest.approx(risk)
    assert abs(risk - same) > 1e-4
    table = tmp_path / "case.csv"
    table.write_text("age,stage\n82,II\n", encoding="utf-8")
    out = tmp_path / "told.json"
    said = trephine("predict", str(result.bundle), "--clinical", str(table), "--json", str(out))
    told = json.loads(out.read_text(encoding="utf-8"))
    assert said.code == 0
    assert told["survival"]["24"]["value"] == old.survival[24.0].value
    assert f"Risk of collapse by 24 months: {risk:.1%}" in said.out
    assert "survival at" not in said.out.casefold()
    card = (result.bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Risk of collapse, where death or replacement may come first" in card


def test_the_page_names_risks_and_incidences(result: StudyResult) -> None:
    (nomogram, *_) = nomogram_plates(result.facts)
    words = "".join(part if isinstance(part, str) else part.text for part in nomogram.caption)
    assert "read the risk of collapse below the total" in words
    one = result.facts.nomograms[0]
    survival, risk = (
        lay_out_nomogram(one, "months", "collapse-free survival", 170.0, risk_of).rows[-1]
        for risk_of in ("", "collapse")
    )
    assert risk.name.replace("\n", " ") == "2-year risk of collapse"
    assert risk.positions_mm == pytest.approx(survival.positions_mm, rel=0.2)
    pairs = zip(risk.texts, survival.texts, strict=True)
    assert all(float(own) == pytest.approx(1 - float(other)) for own, other in pairs)
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "with Aalen-Johansen estimate and interval" in page
    assert "calibration in groups by Aalen-Johansen" in page
    assert "decision curves for censored outcomes, by Aalen-Johansen" in page


def test_outside_data_are_judged_by_absolute_risks(result: StudyResult, tmp_path: Path) -> None:
    outside = write_competing_study(tmp_path / "outside", seed=9)
    table = outside.table()
    table["status"] = table["status"].map({"0": "0", "1": "1", "2": "dead", "3": "3", "4": "3"})
    outside.write(table)
    outside.replace("death = 2, replacement = [3, 4]", 'replacement = 3, death = "dead"')
    assert result.bundle is not None
    found = validate_bundle(result.bundle, outside.toml, workers=1, formats=())
    assert [one.name for one in found.facts.flow.competing] == ["death", "replacement"]
    assert found.facts.competing is not None
    assert found.facts.competing.readings == ()
    assert found.facts.external is not None
    assert found.facts.external.recalibration == ()
    (row,) = [one for one in found.facts.performance if one.model == "Clinical"]
    assert row.auc[1].estimate.value is not None
    outside.replace('death = "dead"', 'dying = "dead"')
    with pytest.raises(PlanError, match="as the model has"):
        validate_bundle(result.bundle, outside.toml, workers=1, formats=())


def test_a_curve_that_knows_one_event_is_refused(study: SmallStudy) -> None:
    study.replace("[validation]", '[validation]\ncalibration_curve = "pseudo-values local"')
    assert any("hazard or hazard spline" in one for one in _problems(study))
