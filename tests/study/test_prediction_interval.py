"""The interval of a new case: what the study's refits say of it, or why there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from study.bundle_contexts import context_of
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import BundleError
from trephine.evaluation.refit_interval import FEWEST_REFITS, refit_interval
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.imputation import Imputation
from trephine.modelling.prediction import Predictor
from trephine.modelling.refits import RefitForm, Refits, refit_form
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.study.locked import LockedModel, predict_case, read_model
from trephine.study.locked.intervals import WIDENING, refit_survival, widening_of
from trephine.types import Survival

VARIABLES = {"age": ClinicalVariable(unit="years"), "bmi": ClinicalVariable(unit="kg/m2")}
AGE = Term("age", "age", "linear", "Age (years)")
BMI = Term("bmi", "bmi", "linear", "BMI (kg/m2)")
SCORE = Term("genes", "genes", "signature", "Genes signature")
HORIZONS = (12.0,)
RNG = np.random.default_rng(8)
N = 150
DATA = np.column_stack([RNG.normal(50, 8, N), RNG.normal(25, 3, N), RNG.normal(size=(N, 2))])
TIME = RNG.exponential(30 / np.exp(0.06 * (DATA[:, 0] - 50) + 0.4 * DATA[:, 2]))
CASE = {"age": 58, "bmi": 27, "a": 0.4, "b": -1.0}


def predictor(rows: np.ndarray, columns: str, imputation: Imputation | None = None) -> Predictor:
    """Fit age to some cases; with "bmi" or with a signature of a ("a") or of both ("ab")."""
    data = DATA[rows]
    survival = Survival(np.minimum(TIME[rows], 40.0), TIME[rows] < 40, "months")
    terms, design = [AGE], [data[:, 0]]
    if "bmi" in columns:
        terms, design = [*terms, BMI], [*design, data[:, 1]]
    signatures = {}
    if "a" in columns.replace("bmi", ""):
        names = tuple(columns.replace("bmi", ""))
        values = data[:, 2 : 2 + len(names)]
        centre, scale = values.mean(axis=0), values.std(axis=0)
        weights = np.full(len(names), 0.4)
        signatures["genes"] = Signature(
            "genes", names, weights, centre, scale, centre - 9, centre + 9, 9.0
        )
        terms, design = [*terms, SCORE], [*design, signatures["genes"].score(values, names)]
    fitted = fit_model("M", ("clinical", *signatures), terms, np.column_stack(design), survival)
    return Predictor(signatures, VARIABLES, imputation, {"M": fitted})


def locked(
    main: str, refits: list[str], imputation: Imputation | None = None, count: int = 30
) -> LockedModel:
    """A locked model; its refits take turns in what they hold."""
    rng = np.random.default_rng(5)
    forms: list[RefitForm] = []
    for b in range(count):
        again = predictor(rng.integers(0, N, N), refits[b % len(refits)], imputation)
        form = refit_form(again, HORIZONS)
        assert form is not None
        forms.append(form)
    return LockedModel(
        predictor(np.arange(N), main, imputation), context_of("M"), "# Card\n",
        refits=Refits(HORIZONS, tuple(forms)),
    )  # fmt: skip


def by_hand(model: LockedModel, widening: float) -> tuple[float, float]:
    features = {"genes": FeatureSet("genes", ("a", "b"), np.array([[0.4, -1.0]]))}
    clinical = ClinicalTable(VARIABLES, {"age": np.array([58.0]), "bmi": np.array([27.0])}, 1)
    again = refit_survival(model, model.named(), features, clinical)[:, 0]
    point = predict_case(model, CASE).survival[12.0].value
    found = refit_interval(np.array([point]), again, widening=widening)
    return float(found.low[0]), float(found.high[0])


@pytest.mark.parametrize(("columns", "widening"), [("-", 1.0), ("a", WIDENING), ("ab", WIDENING)])
def test_it_is_what_the_refits_say_wider_where_weights_are_penalised(
    columns: str, widening: float, tmp_path: Path
) -> None:
    model = locked(columns, [columns, f"{columns}bmi"])
    assert widening_of(model.named()) == widening
    found = predict_case(model, CASE).survival[12.0]
    assert (found.low, found.high) == by_hand(model, widening)
    assert 0 < found.low < found.value < found.high < 1
    assert any("30 bootstrap samples" in line for line in predict_case(model, CASE).lines())
    again = predict_case(model.write(tmp_path / "model"), CASE).survival[12.0]
    np.testing.assert_allclose([again.low, again.high], [found.low, found.high], rtol=0, atol=1e-12)


def test_refits_know_of_the_selection_that_one_models_own_interval_takes_as_known() -> None:
    model = locked("-", ["-", "bmi"])
    own = model.named().predict_survival(np.array([[58.0]]), [12.0])
    wide = predict_case(locked("a", ["a", "ab"]), CASE).survival[12.0]
    assert wide.high - wide.low > float(own.high[0, 0] - own.low[0, 0])


def test_what_only_refits_need_is_asked_for_and_not_demanded() -> None:
    model = locked("a", ["a", "abbmi"])
    found = predict_case(model, {"age": 58, "a": 0.4})
    assert np.isnan(found.survival[12.0].low)
    assert np.isfinite(found.survival[12.0].value)
    assert "some of which also use features of genes (b), bmi: give" in found.interval_note
    assert any("(no interval)" in line for line in found.lines())


def test_a_value_that_only_refits_need_is_filled_in_as_each_of_them_learned() -> None:
    model = locked("-", ["-", "bmi"], Imputation({"age": 50.0, "bmi": 25.0}))
    without = predict_case(model, {"age": 58})
    usual = predict_case(model, {"age": 58, "bmi": 25})
    assert without.survival == usual.survival
    assert "BMI not given, filled in as in training" in without.interval_note


@pytest.mark.parametrize("count", [0, FEWEST_REFITS - 1])
def test_without_refits_enough_there_is_none_and_the_reason_is_given(count: int) -> None:
    model = locked("-", ["-"], count=count)
    if not count:
        model = replace(model, refits=None)
    found = predict_case(model, CASE)
    assert np.isnan([found.survival[12.0].low, found.survival[12.0].high]).all()
    assert found.interval_note.startswith("none; they come from models refitted to bootstrap")
    assert found.to_json().count('"low": null') == 1
    assert found.warnings == ()


def test_refits_at_other_horizons_are_refused(tmp_path: Path) -> None:
    model = locked("-", ["-"], count=2)
    assert model.refits is not None
    other = replace(model, refits=replace(model.refits, horizons=(24.0,)))
    with pytest.raises(BundleError, match="expected refits at the horizons of context"):
        read_model(other.write(tmp_path / "model"))
