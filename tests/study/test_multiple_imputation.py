"""A study whose clinical values are imputed several times, from the table to outside cases."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.test_validate import CLINICAL, PLAN, write_cohort
from trephine.facts import Facts
from trephine.facts.missing import MissingFacts
from trephine.study import Study
from trephine.study.locked.model import read_model
from trephine.study.locked.predict import predict_case
from trephine.study.locked.validate import validate_bundle
from trephine.study.run import StudyResult

MULTIPLE = '[selection]\nmissing_clinical = "multiple"\nimputations = 6\nclinical = "all"\n'
QUICK = CLINICAL.replace("repeats = 0", "repeats = 1\nfolds = 3\nbootstraps = 0\npermutations = 0")


def with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    table.loc[rng.random(len(table)) < 0.25, "age"] = None
    table.loc[rng.random(len(table)) < 0.15, "stage"] = None
    return table


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, StudyResult]:
    folder = tmp_path_factory.mktemp("multiple")
    table = with_gaps(write_cohort(folder, "training", seed=1, n=90))
    table.to_csv(folder / "training.csv", index=False)
    plan = folder / "study.toml"
    plan.write_text(PLAN.format(table="training.csv") + QUICK + MULTIPLE)
    return table, Study.from_toml(plan).run(workers=1, formats=("html",))


def missing(facts: Facts) -> MissingFacts:
    assert facts.missing is not None
    return facts.missing


def test_no_case_is_lost_and_gaps_are_counted(ran: tuple[pd.DataFrame, StudyResult]) -> None:
    table, result = ran
    found = missing(result.facts)
    assert result.facts.flow.analysed.cases == len(table)
    assert found.incomplete == int(table[["age", "stage"]].isna().any(axis=1).sum())
    by_name = {one.name: one for one in found.variables}
    for key in ("age", "stage"):
        absent = table[key].isna()
        assert by_name[key].missing == absent.sum()
        assert by_name[key].missing_with_event == table.loc[absent, "event"].sum()
    assert by_name["age"].method == "predictive mean matching"
    assert by_name["stage"].method == "multinomial logistic regression"


def test_both_protocols_are_pooled_and_their_chains_kept(
    ran: tuple[pd.DataFrame, StudyResult],
) -> None:
    found = missing(ran[1].facts)
    assert [one.protocol for one in found.imputations] == ["published", "sound"]
    for one in found.imputations:
        assert one.imputations == 6
        assert {chain.label for chain in one.chains} == {"Age", "Stage"}
        assert all(len(chain.chains) == 6 for chain in one.chains)
        assert all(0 < (term.fraction_percent or 0) < 100 for term in one.information)


def test_table_2_and_the_model_say_the_same_pooled_ratio(
    ran: tuple[pd.DataFrame, StudyResult],
) -> None:
    """Clinical alone: the multivariable rows are the model's terms."""
    facts = ran[1].facts
    (table,) = [one for one in facts.table2 if one.protocol == "sound"]
    model = next(one for one in facts.models if one.protocol == "sound")
    age = next(one for one in table.variables if one.name == "age").rows[0]
    term = next(one for one in model.terms if one.name == "age")
    assert age.multivariable is not None
    assert age.multivariable.ratio.value == pytest.approx(term.ratio.value, rel=1e-10)
    assert age.multivariable.ratio.low == pytest.approx(term.ratio.low, rel=1e-10)
    assert age.n == 90 - missing(facts).variables[0].missing


def test_the_page_shows_table_chains_and_methods(ran: tuple[pd.DataFrame, StudyResult]) -> None:
    page = next(ran[1].folder.glob("*.html")).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert "Imputed values by sweep" in text
    assert "What missing values cost" in text
    assert "Cases without a value" in text
    assert "those with a known value" in re.sub(r"\s+", " ", text)
    assert "imputed by chained equations" in re.sub(r"\s+", " ", text)
    assert "not by multiple imputation" not in text


def test_a_new_case_without_a_value_is_predicted_the_same_every_time(
    ran: tuple[pd.DataFrame, StudyResult],
) -> None:
    bundle = ran[1].bundle
    whole = predict_case(bundle, {"age": 55, "stage": "II"})
    lacking = [predict_case(bundle, {"age": 55, "stage": None}) for _ in range(2)]
    first, again = ([one.survival[h].value for h in (12, 24)] for one in lacking)
    assert first == again
    assert any("Stage by the mean over 50 values" in one for one in lacking[0].warnings)
    assert not any("mean over" in one for one in whole.warnings)
    levels = [predict_case(bundle, {"age": 55, "stage": s}) for s in ("I", "II", "III")]
    every = [one.survival[12].value for one in levels]
    assert min(every) < lacking[0].survival[12].value < max(every)


def test_the_command_line_predicts_a_case_without_a_value(
    ran: tuple[pd.DataFrame, StudyResult], trephine: Command, tmp_path: Path
) -> None:
    (tmp_path / "case.csv").write_text("age,stage\n,III\n")
    said = trephine("predict", ran[1].bundle, "--clinical", tmp_path / "case.csv")
    assert said.code == 0, said.err
    assert "no value was given for Age" in re.sub(r"\s+", " ", said.out + said.err)


def test_outside_cases_without_a_value_are_predicted(
    ran: tuple[pd.DataFrame, StudyResult], tmp_path: Path
) -> None:
    table = with_gaps(write_cohort(tmp_path, "outside", seed=2))
    table.to_csv(tmp_path / "outside.csv", index=False)
    plan = tmp_path / "external.toml"
    plan.write_text(
        PLAN.format(table="outside.csv") + '[selection]\nmissing_clinical = "multiple"\n'
    )
    found = validate_bundle(ran[1].bundle, plan, workers=1, formats=())
    assert found.facts.flow.analysed.cases == len(table)
    assert found.facts.methods.missing_values.endswith("as the locked model fills them in.")
    assert found.facts.performance[0].n == len(table)
    assert found.facts.performance[0].c_index.value > 0.5
    for label in ("Age", "Stage"):
        assert any(f"{label} by the mean over 50" in said for said in found.remarks)


def test_the_bundle_holds_regressions_and_no_case(ran: tuple[pd.DataFrame, StudyResult]) -> None:
    model = read_model(ran[1].bundle)
    rows = [one.coefficients.size for one in model.predictor.imputation.models.values()]
    assert rows == [3, 4]  # age on two levels; two levels on age


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('missing_clinical = "multiple"\nseparation = "firth"', "profile likelihoods"),
        ("imputations = 10", 'missing_clinical = "multiple" beside it'),
    ],
)
def test_choices_that_do_not_go_together_are_named(
    lines: str, expected: str, tmp_path: Path, trephine: Command
) -> None:
    write_cohort(tmp_path, "training", seed=1)
    plan = tmp_path / "study.toml"
    plan.write_text(PLAN.format(table="training.csv") + CLINICAL + f"[selection]\n{lines}\n")
    said = trephine("check", plan)
    assert said.code == 2
    assert expected in re.sub(r"\s+", " ", said.err + said.out)
