"""Absolute risks where events compete: as riskRegression's CSC, and unbiased at a known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.modelling.absolute_risk import absolute_risk, other_causes
from trephine.modelling.bundle_content import _model_from_json, _model_to_json
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.points import nomogram_of
from trephine.modelling.terms import Term
from trephine.regression.cause_specific import fit_cause_specific
from trephine.survival.competing_outcome import CompetingSurvival, competing_counts
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import FloatArray, Survival

TABLE = pd.read_csv(Path(__file__).parents[1] / "reference" / "competing" / "mgus2.csv")
NAMES = ("age", "male", "mspike")
X = TABLE[list(NAMES)].to_numpy(float)
CAUSE = TABLE["event"].to_numpy()
MGUS = CompetingSurvival(TABLE["time"].to_numpy(float), CAUSE == 1, "months", CAUSE, ("death",))
TIMES = (60.0, 120.0, 240.0)


def _terms(names: tuple[str, ...]) -> list[Term]:
    return [Term(name, name, "linear", name) for name in names]


def _fitted(design: FloatArray, survival: Survival, terms: list[Term]) -> FittedModel:
    model = fit_model("it", ("clinical",), terms, design, survival)
    object.__setattr__(model, "others", other_causes(terms, design, survival))
    return model


def test_risks_are_those_of_a_cox_model_of_every_cause() -> None:
    model = _fitted(X, MGUS, _terms(NAMES))
    whole = fit_cause_specific(X, MGUS.time, MGUS.cause)
    expected = whole.predict_incidence(X[:40], TIMES)
    found = 1 - model.predict_survival(X[:40], TIMES).survival_probability
    assert found == pytest.approx(expected, abs=1e-12)
    assert np.isnan(model.predict_survival(X[:2], [1000.0]).survival_probability).all()


def test_few_events_bear_fewer_terms_or_none() -> None:
    rng = np.random.default_rng(3)
    terms = [*_terms(("age",)), Term("deep", "deep", "signature", "Deep signature")]
    design = rng.normal(size=(300, 2))
    for seen, columns in ((20, (0, 1)), (19, (0,)), (10, (0,)), (9, ()), (0, ())):
        cause = np.array([1] * 60 + [2] * seen + [0] * (240 - seen))
        survival = CompetingSurvival(
            rng.exponential(20, 300), cause == 1, "months", cause, ("death",)
        )
        (other,) = other_causes(terms, design, survival)
        assert other.columns == columns
        assert other.n_events == seen
        assert (other.ratio(design) == 1).all() == (not columns)
    assert other.cumulative_hazard[-1] == 0


def test_without_competing_events_there_is_nothing_to_fit_and_nothing_changes() -> None:
    plain = Survival(MGUS.time, MGUS.event)
    assert other_causes(_terms(NAMES), X, plain) == ()
    assert competing_counts(plain) == {}
    one = fit_model("it", (), _terms(NAMES), X, plain).predict_survival(X[:5], TIMES)
    other = fit_model("it", (), _terms(NAMES), X, MGUS).predict_survival(X[:5], TIMES)
    assert np.array_equal(one.survival_probability, other.survival_probability)
    # Where nobody has another event the sum over event times is 1 - exp(-H) but for its steps.
    alone = CompetingSurvival(MGUS.time, MGUS.event, "months", MGUS.event.astype(int), ("death",))
    early = TIMES[:2]
    risk = 1 - _fitted(X, alone, _terms(NAMES)).predict_survival(X[:5], early).survival_probability
    assert risk == pytest.approx(1 - one.survival_probability[:, :2], abs=0.03)


def test_a_bundle_holds_every_cause_to_the_last_bit() -> None:
    model = _fitted(X, MGUS, _terms(NAMES))
    content = _model_to_json(model)
    again = _model_from_json(content)
    one, other = (m.predict_survival(X[:9], TIMES).survival_probability for m in (model, again))
    assert np.array_equal(one, other)
    content["others"][0]["columns"] = [0, 1, 7]
    with pytest.raises(ValueError, match="places below 3"):
        _model_from_json(content)
    assert "others" not in _model_to_json(fit_model("it", (), _terms(NAMES), X, MGUS))


def test_the_nomogram_holds_competing_rates_at_their_average() -> None:
    model = _fitted(X, MGUS, _terms(NAMES))
    nomogram = nomogram_of(model, [(name, name) for name in NAMES], TIMES)
    average = model.others[0].centre[None, :]
    values = dict(zip(NAMES, average[0].tolist(), strict=True))
    total = nomogram.total(values)
    for axis in nomogram.survival_axes:
        read = nomogram.survival_probability(np.array([total]), axis.horizon)[0]
        own = model.predict_survival(average, [axis.horizon]).survival_probability[0, 0]
        assert read == pytest.approx(own, abs=1e-12)
        at = nomogram.survival_probability(axis.points, axis.horizon)
        assert at == pytest.approx(axis.probabilities, abs=1e-6)


def test_codes_and_names_must_agree() -> None:
    with pytest.raises(InputError, match="1 where the event was seen"):
        CompetingSurvival([1.0, 2], [1, 0], "months", np.array([0, 1]), ("death",))
    with pytest.raises(InputError, match="codes from 0 to 2"):
        CompetingSurvival([1.0, 2], [1, 0], "months", np.array([1, 3]), ("death",))


def test_at_a_known_truth_risks_are_unbiased_where_1_minus_kaplan_meier_is_not() -> None:
    """Two constant rates, 30 % of the cases with the competing event: the truth is a formula."""
    rng = np.random.default_rng(11)
    n, horizon, gaps, naive = 600, 24.0, [], []
    for _ in range(30):
        x = rng.normal(size=(n, 2))
        own = 0.012 * np.exp(0.7 * x[:, 0])
        other = 0.016 * np.exp(0.7 * x[:, 1] - 0.3 * x[:, 0])
        first, second = rng.exponential(1 / own), rng.exponential(1 / other)
        end = rng.uniform(12, 48, n)
        time = np.minimum(np.minimum(first, second), end)
        cause = np.where(time == end, 0, np.where(first < second, 1, 2))
        survival = CompetingSurvival(time, cause == 1, "months", cause, ("death",))
        model = _fitted(x, survival, _terms(("a", "b")))
        truth = own / (own + other) * -np.expm1(-(own + other) * horizon)
        risk = 1 - model.predict_survival(x, [horizon]).survival_probability[:, 0]
        gaps.append(float(np.mean(risk - truth)))
        curve = kaplan_meier(time, cause == 1).at([horizon])
        naive.append(1 - float(curve.survival_probability[0]) - float(truth.mean()))
    error = np.std(gaps) / np.sqrt(len(gaps))
    assert abs(np.mean(gaps)) < 3 * error
    assert error < 0.005
    assert np.mean(naive) > 8 * error


def test_cases_are_predicted_in_blocks_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = _fitted(X, MGUS, _terms(NAMES))
    whole = model.predict_survival(X[:50], TIMES).survival_probability
    monkeypatch.setattr("trephine.modelling.absolute_risk._BLOCK", 300)
    assert np.array_equal(model.predict_survival(X[:50], TIMES).survival_probability, whole)
    ratios = [(other, other.ratio(X[:1])) for other in model.others]
    one = absolute_risk(model.baseline, model.linear_predictor(X[:1]), ratios, [60.0])
    assert 1 - one[0, 0] == pytest.approx(whole[0, 0])
