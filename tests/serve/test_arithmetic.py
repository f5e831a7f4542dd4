"""The calculator says what ``trephine predict`` says, to the last digits."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from serve.locked_models import NAMES, locked_model
from serve.node import called, needs_node, numbers, predicted
from trephine.cohort.femoral_head import necrosis_degree_index
from trephine.cohort.schema import ClinicalTable
from trephine.modelling.cases import FeatureSet
from trephine.modelling.terms import TermKind
from trephine.regression.restricted_spline import spline_columns
from trephine.study.locked import LockedModel, calculator_content, predict_case
from trephine.study.locked.context import UpdateContext
from trephine.types import FloatArray

pytestmark = needs_node
TOLERANCE = 1e-12


def grid(n: int) -> tuple[dict[str, list[Any]], FloatArray]:
    """Return clinical columns and features of n cases, some far outside training."""
    rng = np.random.default_rng(11)
    features = rng.normal(0, 60, (n, len(NAMES))) * rng.choice([0.1, 1, 3], (n, 1))
    return {
        "age": rng.uniform(0, 120, n).tolist(),
        "stage": rng.choice(["I", "II", "III", "IV"], n).tolist(),
        "angle": rng.choice([199.999, 200.0, 120.0, 330.5], n).tolist(),
        "arc_a": rng.uniform(0, 180, n).tolist(),
        "arc_b": rng.uniform(0, 180, n).tolist(),
    }, features


def cases_of(n: int) -> list[dict[str, Any]]:
    """Return the cases as a calculator takes them, one by one."""
    clinical, features = grid(n)
    return [
        {
            "clinical": {key: column[i] for key, column in clinical.items()},
            "features": {"expression": dict(zip(NAMES, features[i].tolist(), strict=True))},
        }
        for i in range(n)
    ]


def as_plain_values(case: dict[str, Any]) -> dict[str, Any]:
    return {**case["clinical"], **case["features"]["expression"]}


def content_of(model: LockedModel) -> dict[str, Any]:
    return calculator_content(model).model_dump(mode="json")


@pytest.mark.parametrize("competing", [False, True])
def test_ten_thousand_cases_are_predicted_as_the_model_predicts_them(
    competing: bool, tmp_path: Path
) -> None:
    n, model = 10_000, locked_model(competing=competing)
    clinical, features = grid(n)
    asked = {"model": "Whole", "set": "expression", "names": NAMES, "clinical": clinical}
    asked |= {"content": content_of(model), "features": features.tolist()}
    found = np.array(numbers(asked, tmp_path), dtype=np.float64)
    variables = model.predictor.variables
    columns = {
        "age": np.array(clinical["age"]),
        "stage": np.array([variables["stage"].levels.index(level) for level in clinical["stage"]]),
        "angle": np.array(clinical["angle"]),
        "necrotic": necrosis_degree_index(clinical["arc_a"], clinical["arc_b"]),
    }
    fitted = model.named("Whole")
    given = {"expression": FeatureSet("expression", NAMES, features)}
    design = model.predictor.design(fitted, given, ClinicalTable(variables, columns, n))
    said = fitted.predict_survival(design, model.context.outcome.horizons)
    expected = np.column_stack([fitted.linear_predictor(design), said.survival_probability])
    # Survival, low and high by horizon: a model with a signature has no interval on the page.
    np.testing.assert_allclose(found[:, [0, 1, 4, 7]], expected, rtol=0, atol=TOLERANCE)


def test_ten_thousand_cases_lie_as_far_from_training_as_the_model_says(tmp_path: Path) -> None:
    n, model = 10_000, locked_model().named("Whole")
    assert model.joint is not None
    rng = np.random.default_rng(12)
    design = rng.normal(size=(n, 6)) * [2, 0, 0, 30, 0, 60] + [0, 0, 0, 50, 0, 50]
    stage = rng.integers(0, 3, n)
    design[:, [1, 2, 4]] = np.column_stack([stage == 1, stage == 2, rng.integers(0, 2, n)])
    joint = content_of(locked_model())["models"][0]["joint"]
    found = np.array(called("jointDistance", [[joint, row] for row in design.tolist()], tmp_path))
    np.testing.assert_allclose(found, model.joint.distance(design), rtol=0, atol=TOLERANCE)
    assert 0.05 < (found > joint["reach"]).mean() < 0.95


def test_values_that_do_not_go_together_are_warned_of_as_predict_does(tmp_path: Path) -> None:
    plain = locked_model()
    whole = plain.named("Clinical")
    assert whole.joint is not None
    # No training case of these was at stage II with a small angle.
    pair = (("stage", 0), ("angle", None))
    changed = replace(whole, joint=replace(whole.joint, unseen=(pair,), reach=1.5))
    predictor = replace(plain.predictor, models={"Clinical": changed})
    context = plain.context.model_copy(update={"primary_model": "Clinical"})
    model = replace(plain, predictor=predictor, context=context)
    cases = cases_of(60)
    for case in cases:
        case["clinical"]["stage"] = "II"
    counts = set()
    for case, own in zip(
        cases, predicted(content_of(model), "Clinical", cases, tmp_path), strict=True
    ):
        said = predict_case(model, as_plain_values(case), "Clinical").warnings
        codes = [one["code"] for one in own["warnings"]]
        assert any("Mahalanobis" in one for one in said) == ("jointly" in codes)
        both = "no training case had both Stage <b> II and Angle < 200"
        assert any(both in one for one in said) == ("unseen_pair" in codes)
        assert len(said) == len(codes)
        counts.add(("jointly" in codes, "unseen_pair" in codes))
    assert len(counts) == 4


def test_an_older_model_says_that_it_compares_each_value_alone(tmp_path: Path) -> None:
    plain = locked_model()
    older = {key: replace(one, joint=None) for key, one in plain.predictor.models.items()}
    model = replace(plain, predictor=replace(plain.predictor, models=older))
    (case,) = cases_of(1)
    (own,) = predicted(content_of(model), "Clinical", [case], tmp_path)
    said = predict_case(model, as_plain_values(case), "Clinical").warnings
    assert [one["code"] for one in own["warnings"]].count("alone") == 1
    assert sum("each was compared with its own range" in one for one in said) == 1
    assert len(own["warnings"]) == len(said)


def test_where_events_compete_survival_is_what_is_left_of_the_absolute_risk(tmp_path: Path) -> None:
    model = locked_model(competing=True)
    content = content_of(model)
    assert (content["version"], content["competing"]) == (2, ["revision", "moving"])
    assert [one["name"] for one in content["models"][0]["rates"]["causes"]] == content["competing"]
    (case,) = cases_of(1)
    (own,) = predicted(content, "Clinical", [case], tmp_path)
    said = predict_case(model, as_plain_values(case), "Clinical")
    assert said.risk_of == content["event"]
    assert own["interval"] == {"code": "competing"}
    alone = [{**one, "rates": None} for one in content["models"]]
    (ignoring,) = predicted({**content, "models": alone}, "Clinical", [case], tmp_path)
    for at, other, survival in zip(
        own["survival"], ignoring["survival"], said.survival.values(), strict=True
    ):
        assert at["value"] == pytest.approx(
            None if np.isnan(survival.value) else survival.value, abs=TOLERANCE
        )
        # The event's rate alone says more than can happen where others come first.
        assert at["value"] is None or at["value"] > other["value"] + 0.005
    assert "version" in content_of(locked_model())
    assert content_of(locked_model())["version"] == 1


@pytest.mark.parametrize("missing", ["refuse", "fill"])
def test_a_case_gets_the_interval_of_the_refits_that_predict_gives(
    missing: str, tmp_path: Path
) -> None:
    model = locked_model(missing, refits=60)
    cases = cases_of(40)
    if missing == "fill":
        cases[3]["clinical"] |= {"age": "", "stage": None}
    answers = predicted(content_of(model), "Clinical", cases, tmp_path)
    bounded = 0
    for case, own in zip(cases, answers, strict=True):
        said = predict_case(model, as_plain_values(case), "Clinical")
        assert (own["interval"]["code"], own["interval"]["n"]) == ("refits", 60)
        for at, survival in zip(own["survival"], said.survival.values(), strict=True):
            for name in ("low", "high"):
                limit = getattr(survival, name)
                expected = None if np.isnan(limit) else limit
                assert at[name] == pytest.approx(expected, abs=TOLERANCE)
            bounded += at["low"] is not None
    assert bounded == 2 * len(cases)  # the third horizon lies past the follow-up


def test_a_model_with_a_signature_and_one_of_few_refits_say_why_they_have_no_interval(
    tmp_path: Path,
) -> None:
    for model, name, code in (
        (locked_model(refits=60), "Whole", "signature"),
        (locked_model(), "Clinical", "few_refits"),
    ):
        (own,) = predicted(content_of(model), name, cases_of(1), tmp_path)
        assert own["interval"] == {"code": code}
        assert {at["low"] for at in own["survival"]} == {None}


@pytest.mark.parametrize(("name", "cuts"), [("Whole", ()), ("Clinical", (0.2, 0.5))])
def test_a_case_gets_the_same_points_group_and_warnings_as_predict_gives(
    name: str, cuts: tuple[float, ...], tmp_path: Path
) -> None:
    model = locked_model(risk_cuts=cuts)
    cases = cases_of(30)
    groups = set()
    for case, own in zip(cases, predicted(content_of(model), name, cases, tmp_path), strict=True):
        said = predict_case(model, as_plain_values(case), name)
        assert own["linearPredictor"] == pytest.approx(said.linear_predictor, abs=TOLERANCE)
        assert own["totalPoints"] == pytest.approx(said.total_points, abs=1e-9)
        assert sum(one["points"] for one in own["points"]) == pytest.approx(said.total_points)
        assert own["scores"] == pytest.approx(said.scores, abs=TOLERANCE)
        assert (own["group"], len(own["warnings"])) == (said.risk_group, len(said.warnings))
        groups.add(own["group"])
        for at, survival in zip(own["survival"], said.survival.values(), strict=True):
            assert at["value"] == pytest.approx(
                None if np.isnan(survival.value) else survival.value, abs=TOLERANCE
            )
    assert len(groups) == len(cuts) + 1 if cuts else 2


def test_what_must_be_known_of_a_model_is_said_of_every_case(tmp_path: Path) -> None:
    plain = locked_model()
    outcome = plain.context.outcome.model_copy(update={"landmark": 6.0})
    update = UpdateContext(title="Old", trephine="0.1", cases=40, events=12, changed={})
    context = plain.context.model_copy(update={"outcome": outcome, "updated": update})
    model = replace(plain, context=context)
    (case,) = cases_of(1)
    (own,) = predicted(content_of(model), "Clinical", [case], tmp_path)
    said = predict_case(model, as_plain_values(case), "Clinical")
    codes = [one["code"] for one in own["warnings"]]
    assert codes[-3:] == ["landmark", "updated", "simulated"]
    assert len(codes) == len(said.warnings)
    assert own["interval"] == {"code": "updated"}


def test_what_a_case_lacks_is_filled_in_as_predict_fills_it(tmp_path: Path) -> None:
    model = locked_model(missing="fill")
    (case,) = cases_of(1)
    case["clinical"] |= {"age": "", "stage": None}
    case["features"]["expression"] |= {"gene_1": None}
    (own,) = predicted(content_of(model), "Whole", [case], tmp_path)
    said = predict_case(model, as_plain_values(case))
    assert own["linearPredictor"] == pytest.approx(said.linear_predictor, abs=TOLERANCE)
    assert {one["code"] for one in own["warnings"]} >= {"filled", "mean", "simulated"}
    assert len(own["warnings"]) == len(said.warnings)


def test_a_typed_score_predicts_as_the_features_that_gave_it(tmp_path: Path) -> None:
    model = locked_model()
    (case,) = cases_of(1)
    said = predict_case(model, as_plain_values(case))
    typed = {
        "clinical": case["clinical"],
        "scores": {"expression": repr(said.scores["expression"])},
    }
    (own,) = predicted(content_of(model), "Whole", [typed], tmp_path)
    assert own["linearPredictor"] == pytest.approx(said.linear_predictor, abs=TOLERANCE)


def test_every_fault_of_a_case_is_named_beside_its_field(tmp_path: Path) -> None:
    (case,) = cases_of(1)
    case["clinical"] |= {"age": 130, "stage": "V", "angle": "", "arc_a": 181, "arc_b": "x"}
    del case["features"]["expression"]["gene_3"]
    (own,) = predicted(content_of(locked_model()), "Whole", [case], tmp_path)
    assert {(one["field"], one["code"]) for one in own["problems"]} == {
        ("age", "range"), ("stage", "level"), ("angle", "missing"), ("arc_a", "range"),
        ("arc_b", "number"), ("expression", "features"),
    }  # fmt: skip
    assert "survival" not in own


def test_numbers_are_written_as_python_writes_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    numbers = [0.0, 1.0, -1.0, 1e-5, 99995.0, 0.00012345, 123456.0, 1.5, 200.0, -0.25, 9999.5]
    numbers += (rng.normal(size=200) * 10.0 ** rng.integers(-7, 9, 200)).tolist()
    arguments = [[number, digits] for number in numbers for digits in (2, 4, 6)]
    found = called("general", arguments, tmp_path)
    assert found == [format(number, f".{digits}g") for number, digits in arguments]


def test_where_a_case_stands_goes_by_the_deciles_of_the_training_cases(tmp_path: Path) -> None:
    model = content_of(locked_model())["models"][0]
    asked = [model["range"][0] - 1, *model["deciles"], model["range"][1] + 1]
    found = called("standing", [[model, lp] for lp in asked], tmp_path)
    assert found == pytest.approx([k / 10 for k in range(11)])


def test_a_table_of_features_is_read_whatever_parts_its_cells(tmp_path: Path) -> None:
    texts = [
        "a,b\n1,2.5\n",
        "\ufeffa;b\r\n1;2,5\r\n",
        'a\t"b"\n1\t2.5',
        "a,b\n1\n",
        "a\n1\n2\n",
        "",
    ]
    found = called("oneRow", [[text] for text in texts], tmp_path)
    assert found == [{"a": 1, "b": 2.5}] * 3 + [None] * 3


def test_every_kind_of_term_has_its_column_in_the_calculator(tmp_path: Path) -> None:
    cells: dict[str, Any] = {"age": 50.0, "stage": "II"}
    terms: dict[str, Any] = {
        "linear": {"variable": "age"},
        "level": {"variable": "stage", "level": "II"},
        "at-least": {"variable": "age", "cut": 60.0},
        "spline": {"variable": "age", "knots": [30.0, 41.0, 50.0], "bend": 1},
        "signature": {"variable": "expression"},
    }
    parts = [{"kind": kind, **terms[kind]} for kind in ("linear", "level")]
    terms["product"] = {"variable": "age:stage", "parts": parts}
    assert set(terms) == set(get_args(TermKind))
    asked = [[{"kind": kind, **one}, cells, {"expression": 2.5}] for kind, one in terms.items()]
    found = dict(zip(terms, called("columnOf", asked, tmp_path), strict=True))
    assert found.pop("spline") == pytest.approx(
        spline_columns(np.array([50.0]), np.array([30.0, 41.0, 50.0]))[0, 1]
    )
    assert found == {"linear": 50.0, "level": 1, "at-least": 0, "signature": 2.5, "product": 50.0}


def test_a_kind_that_the_calculator_does_not_know_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        called("columnOf", [[{"kind": "cube", "variable": "age"}, {"age": 50.0}, {}]], tmp_path)
