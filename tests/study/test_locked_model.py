"""A locked model from Python: its typed context, its nomograms, one case of plain values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from study.bundle_contexts import context_of
from trephine.cohort.schema import ClinicalVariable
from trephine.errors import BundleError, StudyProblemsError
from trephine.modelling.encoding import Term
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.points import nomogram_of
from trephine.modelling.prediction import Predictor
from trephine.study.locked import LockedModel, predict_case, read_model
from trephine.study.locked.context import BundleContext
from trephine.study.locked.model import nomogram_context
from trephine.types import Survival

VARIABLES = {
    "age": ClinicalVariable(unit="years"),
    "stage": ClinicalVariable(levels=("I", "II", "III")),
}


@pytest.fixture(scope="module")
def model() -> LockedModel:
    """A model of age and of two of three stages; no training case was in the third."""
    rng = np.random.default_rng(8)
    age, stage = rng.normal(50, 8, 120), rng.integers(0, 2, 120).astype(float)
    time = rng.exponential(30 / np.exp(0.05 * (age - 50) + 0.6 * stage))
    survival = Survival(np.minimum(time, 40.0), time < 40, "months")
    terms = [
        Term("age", "age", "linear", "Age (years)"),
        Term("stage=II", "stage", "level", "Stage: II", level="II", reference="I"),
    ]
    fitted = fit_model("Clinical", ("clinical",), terms, np.column_stack([age, stage]), survival)
    nomogram = nomogram_of(fitted, [("age", "Age"), ("stage", "Stage")], [12.0])
    nomograms = {"Clinical": nomogram_context(nomogram, VARIABLES)}
    context = context_of("Clinical").model_copy(update={"nomograms": nomograms})
    return LockedModel(Predictor({}, VARIABLES, None, {"Clinical": fitted}), context, "# Card\n")


def test_a_model_read_back_has_the_same_context(model: LockedModel, tmp_path: Path) -> None:
    folder = model.write(tmp_path / "model")
    again = read_model(folder)
    assert again.context == read_model(str(folder)).context == model.context
    assert (again.card, again.signed_by) == (model.card, None)


def test_the_points_of_the_axes_add_up_to_the_total_and_give_the_survival(
    model: LockedModel,
) -> None:
    found = predict_case(model, {"age": 61.5, "stage": "II"})
    nomogram = model.context.nomograms["Clinical"]
    age, stage = nomogram.axes
    first, last = age.ticks[0], age.ticks[-1]
    slope = (last.points - first.points) / (last.value - first.value)
    total = first.points + slope * (61.5 - first.value)
    total += next(tick.points for tick in stage.ticks if tick.label == "II")
    assert found.total_points == pytest.approx(total, abs=1e-9)
    lp = total / nomogram.points_per_unit + nomogram.zero_points_predictor
    (baseline,) = nomogram.baseline_survival
    assert found.survival[12.0].value == pytest.approx(baseline.value ** np.exp(lp), abs=1e-12)


def test_values_from_python_are_read_like_a_table_s(model: LockedModel, tmp_path: Path) -> None:
    bundle = model.write(tmp_path / "model")
    typed = predict_case(bundle, {"age": 50, "stage": "I"})
    as_text = predict_case(str(bundle), {"age": "50.0", "stage": "I", "other": None})
    assert typed.to_json() == as_text.to_json()
    unseen = predict_case(model, {"age": 50, "stage": "III"})
    assert "Stage: no training case was III; it is taken as I" in unseen.warnings
    with pytest.raises(StudyProblemsError, match=r"the values of the case.*age"):
        predict_case(model, {"Age": 50, "stage": "I"})
    with pytest.raises(StudyProblemsError, match="the values of the case"):
        predict_case(model, {"age": "old", "stage": "I"})


def test_a_demanded_signer_holds_for_a_model_that_was_read(model: LockedModel) -> None:
    with pytest.raises(BundleError, match="found none"):
        predict_case(model, {"age": 50, "stage": "I"}, signer="0" * 64)


def test_every_fault_of_a_context_is_named_and_no_value_is_shown(model: LockedModel) -> None:
    content = json.loads(json.dumps(model.context.as_json()))
    del content["title"]
    content["features"]["sides"] = "yes"
    content["more"] = "a secret"
    content["version"] = 2
    with pytest.raises(BundleError) as refused:
        BundleContext.from_json(content)
    said = str(refused.value)
    for part in ("title", "features.sides", "more", "version"):
        assert f"{part}: " in said
    assert "secret" not in said
    with pytest.raises(BundleError, match="version: Field required"):
        BundleContext.from_json({})


def test_a_context_that_is_another_predictor_s_is_refused(
    model: LockedModel, tmp_path: Path
) -> None:
    other = replace(model, context=model.context.model_copy(update={"primary_model": "Other"}))
    with pytest.raises(BundleError, match=r"found \['Other'\] in context\.json"):
        read_model(other.write(tmp_path / "other"))
    nomogram = model.context.nomograms["Clinical"]
    doubled = nomogram.model_copy(update={"points_per_unit": 2 * nomogram.points_per_unit})
    forged = model.context.model_copy(update={"nomograms": {"Clinical": doubled}})
    with pytest.raises(BundleError, match="as its coefficients give it"):
        read_model(replace(model, context=forged).write(tmp_path / "forged"))
