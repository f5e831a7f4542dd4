"""A made-up locked model with terms of every kind, two models, and a signature of six features."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from study.bundle_contexts import context_of
from trephine.cohort.schema import ClinicalVariable
from trephine.modelling.absolute_risk import other_causes
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.imputation import Imputation
from trephine.modelling.joint_range import joint_range
from trephine.modelling.points import nomogram_of
from trephine.modelling.prediction import Predictor
from trephine.modelling.refits import RefitForm, Refits, refit_form
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.plan.sections import OutcomeSection
from trephine.regression.nomogram import Nomogram
from trephine.study.locked import LockedModel
from trephine.study.locked.model import nomogram_context
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import FloatArray, Survival

N, M = 160, 6
NAMES = tuple(f"gene_{j}" for j in range(M))
VARIABLES = {
    "age": ClinicalVariable(unit="years", range=(0.0, 120.0)),
    "stage": ClinicalVariable(levels=("I", "II", "III", "IV"), label="Stage <b>"),
    "angle": ClinicalVariable(unit="degree"),
    "necrotic": ClinicalVariable(measure="necrosis_degree_index", arcs=("arc_a", "arc_b")),
}
TERMS = (
    Term("expression", "expression", "signature", "Expression signature"),
    Term("stage=II", "stage", "level", "Stage: II", level="II", reference="I"),
    Term("stage=III", "stage", "level", "Stage: III", level="III", reference="I"),
    Term("age", "age", "linear", "Age (years)"),
    Term("angle>=200", "angle", "at-least", "Angle (degree) ≥ 200", cut=200.0),
    Term("necrotic", "necrotic", "linear", "Necrotic"),
)


def design_of(rng: np.random.Generator) -> FloatArray:
    """Return the training cases' terms; none is at stage IV."""
    stage = rng.integers(0, 3, N)
    age, angle = rng.normal(50, 12, N), rng.normal(200, 40, N)
    columns = [rng.normal(0, 1, N), stage == 1, stage == 2, age, angle >= 200]
    return np.column_stack([*columns, rng.uniform(0, 100, N)]).astype(np.float64)


@cache
def locked_model(
    missing: str = "refuse",
    risk_cuts: tuple[float, ...] = (),
    horizons: tuple[float, ...] = (12.0, 24.0, 90.0),
    refits: int = 0,
    competing: bool = False,
) -> LockedModel:
    """Return the model; the last horizon lies past the last follow-up.

    ``missing`` "fill" fills in what a case lacks, as in training; ``refits`` is how many samples
    of its cases it was fitted to again. With ``competing`` a case may be lost to a revision, whose
    rate has all terms, or to a move, which is too rare to have any.
    """
    rng = np.random.default_rng(4)
    design = design_of(rng)
    risk = 0.7 * design[:, 0] + 0.5 * design[:, 2] + 0.02 * design[:, 3] + 0.3 * design[:, 4]
    time = rng.exponential(40 / np.exp(risk - risk.mean()))
    survival = Survival(np.minimum(time, 60.0), time < 60.0, "months")
    if competing:
        survival = with_others(survival, design)
    models = {
        "Clinical": of_every_cause("Clinical", ("clinical",), 1, design, survival),
        "Whole": of_every_cause("Whole", ("expression", "clinical"), 0, design, survival),
    }
    fills = missing == "fill"
    context = context_of("Whole", fills_missing=fills).model_copy(
        update={
            "outcome": OutcomeSection(
                name="overall survival",
                event="death",
                horizons=horizons,
                risk_cuts=risk_cuts,
                competing={"revision": 2, "moving": 3} if competing else {},
            ),
            "nomograms": {
                name: nomogram_context(nomogram(m), VARIABLES) for name, m in models.items()
            },
            "simulated": "made up by a test",
        }
    )
    values = {"age": 48.0, "stage": 1.0, "angle": 190.0, "necrotic": 30.0}
    predictor = Predictor(
        {"expression": signature(rng)}, VARIABLES, Imputation(values) if fills else None, models
    )
    again = Refits(horizons, tuple(refit(predictor, design, survival, b) for b in range(refits)))
    return LockedModel(predictor, context, "# Card\n", refits=again if refits else None)


def with_others(survival: Survival, design: FloatArray) -> CompetingSurvival:
    """Return the outcome where others may come first."""
    rng = np.random.default_rng(8)
    rates = np.column_stack([0.03 * np.exp(0.03 * (design[:, 3] - 50)), np.full(N, 0.001)])
    other = rng.exponential(1 / rates)
    first = other.argmin(axis=1)
    ahead = other.min(axis=1) < survival.time
    cause = np.where(ahead, 2 + first, survival.event.astype(int))
    time = np.minimum(survival.time, other.min(axis=1))
    return CompetingSurvival(time, cause == 1, "months", cause, ("revision", "moving"))


def of_every_cause(
    name: str, parts: tuple[str, ...], first: int, design: FloatArray, survival: Survival
) -> FittedModel:
    """Return the model of the terms from the ``first`` on, with the rates of other events."""
    terms, columns = TERMS[first:], design[:, first:]
    model = fit_model(name, parts, terms, columns, survival)
    joint = joint_range(terms, columns[None], {})
    return replace(model, others=other_causes(terms, columns, survival), joint=joint)


def refit(predictor: Predictor, design: FloatArray, survival: Survival, seed: int) -> RefitForm:
    """Return the models fitted to a bootstrap sample; every third one without two of the terms."""
    rows = np.random.default_rng(seed).integers(0, N, N)
    kept = [j for j in range(1, len(TERMS)) if seed % 3 or j not in (3, 5)]
    chosen = {"Clinical": kept, "Whole": [0, *kept]}
    models = {
        name: fit_model(
            name, (), tuple(TERMS[j] for j in own), design[np.ix_(rows, own)], survival.take(rows)
        )
        for name, own in chosen.items()
    }
    form = refit_form(replace(predictor, models=models), (12.0, 24.0, 90.0))
    assert form is not None
    return form


def signature(rng: np.random.Generator) -> Signature:
    """Return a signature whose features are clipped."""
    centre, scale = rng.normal(0, 50, M), rng.uniform(0.01, 30, M)
    low, high = centre - 2 * scale, centre + 2 * scale
    weights = rng.normal(0, 0.5, M)
    return Signature(
        "expression", NAMES, weights, centre, scale, low, high, 1.8, centre - scale, centre + scale
    )


def nomogram(model: FittedModel) -> Nomogram:
    labels = [(key, key) for key in (*model.clinical_variables, *model.signatures)]
    return nomogram_of(model, labels, [12.0, 24.0])
