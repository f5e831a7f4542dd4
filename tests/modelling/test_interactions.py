"""Interactions: coded, fitted, tested and drawn as R's survival and rms do it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import ModelError
from trephine.modelling.clinical_choice import choose_clinical
from trephine.modelling.clinical_settings import ClinicalSettings
from trephine.modelling.encoding import Encoding, fit_encoding
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.points import nomogram_of, read_case
from trephine.modelling.prediction import Predictor
from trephine.modelling.term_content import term_from_json, term_to_json
from trephine.study.assess.clinical import Together
from trephine.study.assess.effects import effect_curve
from trephine.study.assess.interactions import combinations, ratio_within
from trephine.study.gather.interactions import interaction_tests
from trephine.survival.late_outcome import LateSurvival
from trephine.types import FloatArray, Survival

FOLDER = Path(__file__).parents[1] / "reference"
R: dict[str, Any] = json.loads((FOLDER / "interactions" / "expected.json").read_text())
FRAME = pd.read_csv(FOLDER / "survival" / "data" / "veteran.csv")
LEVELS = {"trt": ("1", "2"), "celltype": ("squamous", "smallcell", "adeno", "large")}
SURVIVAL = Survival(FRAME["time"].to_numpy(float), FRAME["status"].to_numpy() == 1)


def table_of(keys: tuple[str, ...], splines: dict[str, int] | None = None) -> ClinicalTable:
    variables, columns = {}, {}
    for key in keys:
        if key in LEVELS:
            variables[key] = ClinicalVariable(levels=LEVELS[key])
            codes = [LEVELS[key].index(str(value)) for value in FRAME[key]]
            columns[key] = np.array(codes)
        else:
            variables[key] = ClinicalVariable(spline=(splines or {}).get(key))
            columns[key] = FRAME[key].to_numpy(float)
    return ClinicalTable(variables, columns, len(FRAME))


def fitted(
    table: ClinicalTable,
    interactions: tuple[tuple[str, str], ...],
    survival: Survival = SURVIVAL,
    cluster: np.ndarray | None = None,
) -> tuple[FittedModel, FloatArray]:
    encoding = fit_encoding(table, "linear", interactions)
    keys = tuple(encoding.terms)
    design = encoding.matrix(table, keys)
    terms = encoding.columns(keys)
    return fit_model("m", ("clinical",), terms, design, survival, cluster=cluster), design


def r_name(name: str) -> str:
    """Return a term's name as R writes it, with the parts of a product in one order."""
    parts = name.replace("=", "").split(" * " if " * " in name else ":")
    return ":".join(sorted(part.strip() for part in parts))


def assert_same(model: FittedModel, expected: dict[str, Any]) -> None:
    ours = [r_name(term.name) for term in model.terms]
    theirs = [r_name(name) for name in expected["names"]]
    assert sorted(ours) == sorted(theirs)
    order = [theirs.index(name) for name in ours]
    np.testing.assert_allclose(
        model.coefficients, np.array(expected["coefficients"])[order], rtol=1e-10, atol=1e-10
    )
    covariance = np.array(expected["covariance"])[np.ix_(order, order)]
    np.testing.assert_allclose(model.covariance, covariance, rtol=1e-8, atol=1e-12)


STAGES = (table_of(("karno", "age", "celltype")), (("age", "celltype"),))
BENT = (table_of(("age", "trt", "karno"), {"age": 4}), (("age", "trt"),))
GROUPS = (table_of(("celltype", "trt", "karno")), (("celltype", "trt"),))
NUMBERS = (table_of(("age", "karno", "trt")), (("age", "karno"),))
BOTH = (table_of(("age", "karno"), {"age": 4, "karno": 3}), (("age", "karno"),))
CASES = {"stages": STAGES, "bent": BENT, "levels": GROUPS, "numbers": NUMBERS, "both": BOTH}


@pytest.mark.parametrize("name", CASES)
def test_coefficients_are_those_of_r(name: str) -> None:
    model, _ = fitted(*CASES[name])
    assert_same(model, R[name])


def test_with_late_entry_too() -> None:
    entry = np.round(SURVIVAL.time * 0.3)
    late = LateSurvival(SURVIVAL.time, SURVIVAL.event, entry=entry)
    model, _ = fitted(table_of(("age", "trt", "karno")), (("age", "trt"),), late)
    assert_same(model, R["late"])


def test_joint_tests_are_those_of_r() -> None:
    model, _ = fitted(*STAGES)
    assert model.result is not None
    rows = interaction_tests(Together(model.result), model.terms, STAGES[0].variables)
    by_label = {row.label: (row.statistic, row.degrees_of_freedom) for row in rows}
    assert by_label["Age × Celltype"] == pytest.approx(R["stages"]["test"], rel=1e-9)
    assert by_label["Age, with its interactions"] == pytest.approx(R["stages"]["age"], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "label", "row"),
    [
        ("bent", "Age × Trt", "age * trt  (Factor+Higher Order Factors)"),
        ("bent", "Age × Trt: no straight line", " Nonlinear Interaction : f(A,B) vs. AB"),
        ("bent", "Age, with its interactions", "age  (Factor+Higher Order Factors)"),
        ("bent", "Trt, with its interactions", "trt  (Factor+Higher Order Factors)"),
        ("both", "Age × Karno", "age * karno  (Factor+Higher Order Factors)"),
        ("both", "Age × Karno: no straight line", " Nonlinear Interaction : f(A,B) vs. AB"),
    ],
)
def test_joint_tests_are_those_of_rms(name: str, label: str, row: str) -> None:
    model, _ = fitted(*CASES[name])
    assert model.result is not None
    tests = R[name]["tests"]
    expected = tests["table"][tests["rows"].index(row)]
    rows = interaction_tests(Together(model.result), model.terms, CASES[name][0].variables)
    found = next(one for one in rows if one.label == label)
    assert (found.statistic, found.degrees_of_freedom, found.p) == pytest.approx(expected, rel=1e-8)


def test_effects_within_levels_are_the_contrasts_of_rms() -> None:
    model, _ = fitted(*BENT)
    assert model.result is not None
    own = [term for term in model.terms if term.variable == "age"]
    for within, expected in zip(combinations(model, "age", {}), R["bent"]["within"], strict=True):
        assert within.settings[0].value == expected["trt"]
        for at, value in zip((40.0, 55.0, 70.0, 78.0), expected["contrast"], strict=True):
            curve = effect_curve(
                model.result, own, np.array([at, 62.0, 62.0]), model.terms, within.held
            )
            end = 0 if at < 62 else -1
            assert np.log(curve.ratio[end]) == pytest.approx(value, abs=1e-8)
            k = (40.0, 55.0, 70.0, 78.0).index(at)
            assert np.log(curve.low[end]) == pytest.approx(expected["lower"][k], abs=1e-8)


@pytest.mark.parametrize(
    ("name", "drawn"), [("bent", "age"), ("levels", "celltype"), ("numbers", "age")]
)
def test_the_nomogram_is_that_of_rms(name: str, drawn: str) -> None:
    model, _ = fitted(*CASES[name])
    variables = [(key, key) for key in model.clinical_variables]
    nomogram = nomogram_of(model, variables, [100.0])
    axes = {axis.predictor.name: axis for axis in nomogram.axes if axis.predictor.settings}
    assert len(axes) == len(R[name]["nomogram"]) >= 2
    for title, expected in R[name]["nomogram"].items():
        axis = axes[f"{drawn}, {title.split('(')[1].rstrip(')')}"]
        assert axis.predictor.drawn == drawn
        values = axis.predictor.levels or axis.values.tolist()
        assert list(values) == pytest.approx(expected["values"])
        np.testing.assert_allclose(axis.points, expected["points"], atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_the_points_of_a_case_add_up_to_its_linear_predictor(name: str) -> None:
    model, design = fitted(*CASES[name])
    nomogram = nomogram_of(model, [(key, key) for key in model.clinical_variables], [100.0])
    expected = model.linear_predictor(design)
    for row in range(0, len(design), 7):
        readings = [
            one for one in read_case(model, nomogram, design[row]) if one.points is not None
        ]
        groups = [one.axis.predictor.group for one in readings]
        assert len(set(groups)) == len(groups)
        total = np.array([sum(one.points or 0.0 for one in readings)])
        assert nomogram.linear_predictor(total)[0] == pytest.approx(expected[row], abs=1e-10)


def test_a_case_at_a_level_reads_its_points_off_that_level_s_axis() -> None:
    model, design = fitted(*BENT)
    nomogram = nomogram_of(model, [(key, key) for key in model.clinical_variables], [100.0])
    for row in (0, 40, 90, 130):
        one, other = read_case(model, nomogram, design[row])[:2]
        own, away = (one, other) if FRAME["trt"][row] == 1 else (other, one)
        assert away.points is None
        assert own.points == pytest.approx(
            nomogram.points(own.axis.predictor.name, float(FRAME["age"][row])), abs=1e-10
        )


def test_a_ratio_within_a_level_is_the_model_s_own_after_changing_the_reference() -> None:
    model, _ = fitted(*STAGES)
    assert model.result is not None
    for within in combinations(model, "age", {}):
        level = within.settings[0].value
        turned = ClinicalTable(
            {
                **STAGES[0].variables,
                "celltype": STAGES[0].variables["celltype"].model_copy(update={"reference": level}),
            },
            {key: STAGES[0]._columns[key] for key in STAGES[0].variables},
            len(FRAME),
        )
        other, _ = fitted(turned, STAGES[1])
        assert other.result is not None
        expected = other.result.hazard_ratio_of("age")
        found, p_value = ratio_within(model.result, model.terms, {"age": 1.0}, within.held)
        assert (found.value, found.low, found.high) == pytest.approx(
            (expected.value, expected.low, expected.high), rel=1e-8
        )
        place = other.result.names.index("age")
        assert p_value == pytest.approx(other.result.p_values[place], rel=1e-6)


def test_elimination_keeps_a_variable_while_its_interaction_stays_as_r_s_step() -> None:
    table = table_of(("age", "karno", "diagtime", "trt", "prior"))
    asked = (("trt", "prior"), ("age", "karno"), ("age", "diagtime"))
    settings = ClinicalSettings(clinical="backward-aic", interactions=asked)
    found = choose_clinical(table, SURVIVAL, settings, None)
    assert found.elimination is not None
    expected = R["step"]
    assert [r_name(one) for one in found.elimination.removed] == [
        r_name(one) for one in expected["removed"]
    ]
    assert {r_name(one) for one in found.kept} == {r_name(one) for one in expected["kept"]}
    aics = [step.aic_before for step in found.elimination.steps]
    assert aics == pytest.approx(expected["aic"][:-1], rel=1e-9)
    for key in found.kept:
        assert {*found.encoding.interactions.get(key, ())} <= {*found.kept}


@pytest.mark.parametrize("choice", ["univariable-backward", "backward-aic", "all"])
@pytest.mark.parametrize("missing", ["drop", "multiple"])
def test_no_interaction_stands_without_its_variables(choice: Any, missing: Any) -> None:
    rng = np.random.default_rng(3)
    table = table_of(("age", "karno", "diagtime", "trt", "celltype", "prior"))
    if missing == "multiple":
        holes = table.values("karno").copy()
        holes[rng.random(holes.size) < 0.1] = np.nan
        table = table.with_column("karno", holes)
    asked = (("trt", "celltype"), ("age", "karno"), ("diagtime", "prior"))
    settings = ClinicalSettings(
        clinical=choice,
        interactions=asked,
        missing_clinical=missing,
        imputations=3 if missing == "multiple" else None,
    )
    for rows in (np.arange(137), rng.integers(0, 137, 137), rng.integers(0, 137, 60)):
        found = choose_clinical(
            table.take(rows), SURVIVAL.take(rows), settings, None, rng=np.random.default_rng(1)
        )
        assert found.kept == found.encoding.whole(found.kept)
        assert found.entered == found.encoding.whole(found.entered)


def test_a_pair_of_levels_without_cases_has_no_column_and_a_new_case_with_it_is_told() -> None:
    table = table_of(("trt", "celltype"))
    away = (table.values("trt") == 1) & (table.values("celltype") == 2)
    training = table.take(~away)
    encoding = fit_encoding(training, "linear", (("trt", "celltype"),))
    assert [term.name for term in encoding.terms["trt:celltype"]] == [
        "trt=2:celltype=smallcell",
        "trt=2:celltype=large",
    ]
    model, _ = fitted(training, (("trt", "celltype"),), SURVIVAL.take(~away))
    predictor = Predictor({}, table.variables, None, {"m": model})
    (found,) = predictor.unseen_together(table)
    assert (found.variables, found.levels) == (("trt", "celltype"), ("2", "adeno"))
    assert found.rows == tuple(np.flatnonzero(away).tolist())
    assert not predictor.unseen_together(training)
    (told,) = [predictor.unseen_levels(table)]
    assert not told


def test_a_product_goes_to_a_bundle_and_back_and_nothing_else_poses_as_one() -> None:
    terms = fit_encoding(*(BENT[0], "linear", BENT[1])).columns(("age", "trt", "age:trt"))
    for term in terms:
        written = json.loads(json.dumps(term_to_json(term)))
        back = term_from_json(written)
        np.testing.assert_array_equal(back.column(BENT[0]), term.column(BENT[0]))
        assert term_to_json(back) == term_to_json(term)
    product = term_to_json(terms[-1])
    for broken in (
        {**product, "parts": product["parts"][:1]},
        {**product, "parts": [product, product]},
        {**product, "kind": "linear"},
        {key: value for key, value in product.items() if key != "parts"},
    ):
        with pytest.raises((TypeError, ValueError, LookupError)):
            term_from_json(broken)


def test_products_are_of_values_that_were_filled_in() -> None:
    """Missing parts are imputed and then multiplied: a product is missing only as its parts are."""
    ages = BENT[0].values("age").copy()
    ages[:5] = np.nan
    table = BENT[0].with_column("age", ages)
    encoding: Encoding = fit_encoding(table, "linear", BENT[1])
    columns = encoding.matrix(table, ("age:trt",))
    assert np.isnan(columns[:5]).all()
    assert not np.isnan(columns[5:]).any()


def test_the_order_of_cases_and_of_a_pair_do_not_matter() -> None:
    model, design = fitted(*BENT)
    turned, other = fitted(BENT[0], (("trt", "age"),))
    np.testing.assert_allclose(
        model.linear_predictor(design), turned.linear_predictor(other), atol=1e-9
    )
    order = np.random.default_rng(5).permutation(len(FRAME))
    mixed, _ = fitted(BENT[0].take(order), BENT[1], SURVIVAL.take(order))
    np.testing.assert_allclose(mixed.coefficients, model.coefficients, atol=1e-9)


def test_a_model_with_an_interaction_but_without_its_variable_has_no_nomogram() -> None:
    model, _ = fitted(*NUMBERS)
    lone = replace(
        model,
        terms=model.terms[1:],
        coefficients=model.coefficients[1:],
        centre=model.centre[1:],
        low=model.low[1:],
        high=model.high[1:],
    )
    with pytest.raises(ModelError, match="age"):
        nomogram_of(lone, [("karno", "karno"), ("trt", "trt")], [100.0])
