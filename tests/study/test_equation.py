"""A published equation on a study's patients: worked by hand, refused where it cannot be meant."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import BundleError, StudyProblemsError
from trephine.evaluation.concordance import concordance_index
from trephine.study.locked import predict_case, read_model
from trephine.study.locked.equation import read_equation
from trephine.study.locked.validate import Update, ValidationResult, validate_bundle
from trephine.types import Survival

DOCS = Path(__file__).parents[2] / "docs" / "published-equations.md"
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def write_study(folder: Path, n: int = 160, faster: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "age": rng.normal(45, 10, n).clip(19, 75).round(1),
            "stage": rng.choice(["I", "II", "III"], n),
            "angle": rng.normal(200, 40, n).round(0),
        }
    )
    monthly = -np.log(0.91) / 24 * faster
    time = rng.exponential(size=n) / (monthly * np.exp(predictor_of(table)))
    censored = rng.uniform(24, 90, n)
    table["time"] = np.minimum(time, censored).round(2) + 0.1
    table["event"] = (time <= censored).astype(int)
    table.to_csv(folder / "table.csv", index=False)
    (folder / "study.toml").write_text('[data]\ntable = "table.csv"\ncolumns.case = "case"\n')
    (folder / "equation.toml").write_text(EXAMPLE)
    return table


def predictor_of(table: pd.DataFrame) -> np.ndarray:
    ratio = 1.35 ** ((table["age"] - 45) / 10) * table["stage"].map({"I": 1, "II": 1.6, "III": 3.2})
    return np.log(ratio.to_numpy()) + 0.82 * (table["angle"] >= 200).to_numpy()


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> ValidationResult:
    folder = tmp_path_factory.mktemp("equation")
    write_study(folder, faster=1.8)
    return validate_bundle(
        folder / "equation.toml",
        folder / "study.toml",
        workers=1,
        formats=(),
        update=Update(folder / "updated", "baseline"),
    )


def test_the_example_s_predictions_are_those_worked_by_hand(tmp_path: Path) -> None:
    table = write_study(tmp_path)
    model = read_equation(tmp_path / "equation.toml").named()
    design = np.column_stack(
        [
            table["age"],
            table["stage"] == "II",
            table["stage"] == "III",
            table["angle"] >= 200,
        ]
    ).astype(float)
    lp = predictor_of(table)
    np.testing.assert_allclose(model.linear_predictor(design), lp, atol=1e-12)
    found = model.predict_survival(design, [24.0, 42.0, 60.0]).survival_probability
    np.testing.assert_allclose(found[:, 0], 0.91 ** np.exp(lp), rtol=1e-12)
    np.testing.assert_allclose(found[:, 2], 0.78 ** np.exp(lp), rtol=1e-12)
    half_way = np.sqrt(0.91 * 0.78)  # a constant hazard between the two
    np.testing.assert_allclose(found[:, 1], half_way ** np.exp(lp), rtol=1e-12)


def test_baseline_survival_at_the_mean_is_moved_to_the_centre(tmp_path: Path) -> None:
    write_study(tmp_path)
    at_mean = EXAMPLE.replace("cases =", "linear_predictor = 0.7\ncases =")
    (tmp_path / "mean.toml").write_text(at_mean)
    model = read_equation(tmp_path / "mean.toml").named()
    assert model.baseline_survival([24.0])[0] ** np.exp(0.7) == pytest.approx(0.91, abs=1e-12)
    assert read_equation(tmp_path / "mean.toml").context.outcome.risk_cuts == pytest.approx((0.09,))


def test_it_is_put_to_the_test_like_a_locked_model(tested: ValidationResult) -> None:
    table = pd.read_csv(tested.folder.parent / "table.csv")
    survival = Survival(table["time"].to_numpy(), table["event"].to_numpy())
    row = tested.facts.performance[0]
    expected = concordance_index(survival, predictor_of(table))
    assert row.c_index.value == pytest.approx(expected.value, abs=1e-12)
    assert tested.facts.calibration
    assert tested.facts.decision_curves
    high = predictor_of(table) > 0
    assert [curve.n for curve in tested.facts.risk_groups[0].curves] == [(~high).sum(), high.sum()]
    assert "event probability at 24 months" in tested.facts.risk_groups[0].rule
    external = tested.facts.external
    assert external is not None
    assert (external.equation, external.training_cases) == (True, 310)
    assert external.case_mix[0].training_mean is None
    assert (external.case_mix[0].training_low, external.case_mix[0].training_high) == (18, 76)
    assert "A published equation, entered by hand" in "\n".join(tested.summary())


def test_an_updated_equation_is_a_bundle_that_predicts(tested: ValidationResult) -> None:
    assert tested.updated is not None
    assert tested.facts.external is not None
    row = tested.facts.external.updates[0]
    assert row.method == "baseline"
    found = predict_case(tested.updated, {"age": 55, "stage": "II", "angle": 150})
    lp = np.log(1.35 * 1.6)
    expected = 0.91 ** (np.exp(lp) * row.ratio.value)
    assert found.survival[24.0].value == pytest.approx(expected)
    assert "a published equation states no variances" in found.interval_note
    model = read_model(tested.updated)
    assert model.context.equation
    assert "Equation: Collapse after core decompression" in model.card


WRONG = {
    "a ratio twice": ("hazard_ratio = 1.35", "hazard_ratio = 1.35\ncoefficient = 0.3", "terms.age"),
    "no range": ("range = [18, 76]\n", "", "terms.age.range"),
    "no reference": ('reference = "I"\n', "", "terms.stage.reference"),
    "a survival that rises": ("[0.91, 0.78]", "[0.78, 0.91]", "baseline_survival"),
    "one survival": ("[0.91, 0.78]", "[0.91]", "baseline_survival"),
    "percent": ("[0.91, 0.78]", "[91, 78]", "baseline_survival"),
    "a misspelt key": ("at_least", "at_lest", "terms.angle.at_lest"),
    "a ratio below 0": ("III = 3.2", "III = -3.2", "terms.stage.hazard_ratios.III"),
    "events": ("events = 87", "events = 900", "events"),
    "a level's unit": ('reference = "I"', 'reference = "I"\nunit = "mm"', "terms.stage.unit"),
    "a cut's step": ("at_least = 200", "at_least = 200\nper = 10", "terms.angle.at_least"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_meant_is_refused_by_key(what: str, tmp_path: Path) -> None:
    old, new, key = WRONG[what]
    assert old in EXAMPLE
    (tmp_path / "equation.toml").write_text(EXAMPLE.replace(old, new))
    with pytest.raises(StudyProblemsError) as error:
        read_equation(tmp_path / "equation.toml")
    assert any(f"[{key}]" in problem.where for problem in error.value.problems), str(error.value)


def test_a_signer_is_not_demanded_of_an_equation(tmp_path: Path) -> None:
    write_study(tmp_path)
    with pytest.raises(BundleError, match="signed"):
        validate_bundle(tmp_path / "equation.toml", tmp_path / "study.toml", signer="ab")
