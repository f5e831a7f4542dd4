"""The null check: what a whole pipeline reports where there is nothing to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from trephine.choices import NullKind, ProtocolName
from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.regression.folds import assign_folds
from trephine.streams import seeds
from trephine.survival.late_concordance import concordance_since_entry, harrell_of
from trephine.survival.late_outcome import entry_of
from trephine.types import FloatArray, IntArray
from trephine.validation.answers import by_name
from trephine.validation.refits import signature_sets
from trephine.validation.signature_evidence import (
    PermutedEvidence,
    add_one_p,
    evidence_from_answer,
    evidence_of,
    evidence_to_answer,
)
from trephine.validation.tasks import (
    ON_ALL_PROCESSORS,
    RowsDrawn,
    Running,
    TaskAnswer,
    open_ledger,
    run_tasks,
)


@dataclass(frozen=True)
class NullDistribution:
    """C-index of one model on the real outcome and on permuted ones.

    Attributes
    ----------
    model
        Name.
    observed
        On the real outcome, measured as on the permuted ones; for an apparent one that of the
        study's own model.
    permuted
        Shape (permutations,).
    """

    model: str
    observed: float
    permuted: FloatArray

    @property
    def p_value(self) -> float:
        """(1 + permuted at or above the observed) / (1 + permutations)."""
        return add_one_p(self.observed, self.permuted)


@dataclass(frozen=True)
class NullCheck:
    """One protocol's pipeline on permuted outcomes.

    Attributes
    ----------
    protocol
        Whose pipeline it is.
    kind
        "apparent": C-index on the cases that the pipeline was fitted to; "nested": of one repeat
        of nested cross-validation.
    models
        By name.
    signatures
        How strongly the recipe, fitted to all cases, ties its signatures to the outcomes.
    failures
        Why some permutations could not be fitted; they are left out.
    """

    protocol: ProtocolName
    kind: NullKind
    models: Mapping[str, NullDistribution]
    signatures: PermutedEvidence
    failures: tuple[str, ...] = ()


def null_check(
    cases: Cases,
    settings: RecipeSettings,
    *,
    permutations: int,
    folds: int,
    seed: int,
    running: Running = ON_ALL_PROCESSORS,
) -> NullCheck:
    """Run a pipeline on outcomes permuted by patient.

    The published pipeline is judged as its kind of paper judges it, on its own training cases; the
    sound one by nested cross-validation. Whatever either reports here, it reports of nothing. Both
    are fitted to all cases too, for the p of their signatures.

    Parameters
    ----------
    cases, settings
        The pipeline and its cases.
    permutations
        Of the outcome.
    folds
        Outer folds of the nested cross-validation; the published pipeline has none.
    seed
        Of permutations, folds and refits.
    running
        As `nested_cross_validation`.

    Raises
    ------
    InputError
        Without a permutation.
    """
    if permutations < 1:
        raise InputError(f"permutations: expected one at least, found {permutations}")
    kind = settings.rules.null
    answers = list(
        run_tasks(
            _measure,
            _tasks(cases.patient, permutations, seed),
            (cases, settings, folds if kind == "nested" else 0),
            read=partial(_read, settings),
            workers=running.workers,
            progress=running.progress,
            ledger=open_ledger(
                running.ledger, "null with evidence", cases, settings, permutations, folds, seed
            ),
        )
    )
    failures = tuple(answer["failure"] for answer in answers if "failure" in answer)
    whole = [answer for answer in answers[1:] if "failure" not in answer]
    if "failure" in answers[0] or not whole:
        raise ModelError(
            "null check: expected the recipe to be fitted to the outcome and to one permutation of"
            f" it at least, found {len(failures)} of {len(answers)} that cannot be; first:"
            f" {failures[0]}"
        )
    models = {
        name: NullDistribution(
            name,
            answers[0]["c_index"][name],
            np.array([answer["c_index"][name] for answer in whole]),
        )
        for name, _ in settings.models
    }
    observed, *permuted = (answer["evidence"] for answer in (answers[0], *whole))
    signatures = PermutedEvidence(observed, tuple(permuted))
    return NullCheck(settings.protocol, kind, models, signatures, failures)


def _read(settings: RecipeSettings, task: RowsDrawn, answer: TaskAnswer) -> TaskAnswer:
    """Return the answer of ``_measure`` with its evidence as such."""
    del task  # all are alike
    return {
        "c_index": by_name(answer["c_index"], [name for name, _ in settings.models], float),
        "evidence": evidence_from_answer(
            answer["evidence"], settings.models, signature_sets(settings)
        ),
    }


def permute_by_patient(patient: IntArray, rng: np.random.Generator) -> IntArray:
    """Exchange outcomes between patients with as many cases, and return whose each case gets.

    A patient's outcomes stay together, in the order of the cases, so that what two hips of one
    patient share is kept and only its tie to the features is cut.

    Returns
    -------
    rows
        Shape (n,): case i gets the outcome of case rows[i].
    """
    _, codes = np.unique(patient, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    count = np.bincount(codes)
    first = np.cumsum(count) - count
    rows = np.empty(codes.size, dtype=np.int64)
    for size in np.unique(count):
        alike = np.flatnonzero(count == size)
        for taker, giver in zip(alike, rng.permutation(alike), strict=True):
            given = order[first[giver] : first[giver] + size]
            rows[order[first[taker] : first[taker] + size]] = given
    return rows


def _tasks(patient: IntArray, permutations: int, seed: int) -> list[RowsDrawn]:
    tasks = []
    for number, child in enumerate(seeds(seed, "permutations").spawn(permutations + 1)):
        drawing, fitting = child.spawn(2)
        rows = permute_by_patient(patient, np.random.default_rng(drawing))
        if number == 0:
            # Fitted as the study's own model is, so that its C-index is the one that stands in
            # the tables: another draw of inner folds may select other features.
            rows, fitting = np.arange(patient.size), seeds(seed, "model")
        tasks.append(RowsDrawn(number, rows, fitting))
    return tasks


def _measure(cases: Cases, settings: RecipeSettings, folds: int, task: RowsDrawn) -> TaskAnswer:
    """Return the C-indices and the evidence on one permuted outcome, or why there are none."""
    try:
        return _measured(cases, settings, folds, task)
    except (InputError, ModelError) as error:
        return {"failure": str(error)}


def _measured(cases: Cases, settings: RecipeSettings, folds: int, task: RowsDrawn) -> TaskAnswer:
    permuted = cases.with_survival(cases.survival.take(task.rows))
    fitted = fit_recipe(permuted, settings, np.random.default_rng(task.seed))
    judged = (
        _cross_validated(permuted, settings, folds, task) if folds else _apparent(permuted, fitted)
    )
    return {"c_index": judged, "evidence": evidence_to_answer(evidence_of(fitted, permuted))}


def _apparent(permuted: Cases, fitted: FittedRecipe) -> TaskAnswer:
    return _c_index(permuted, _predicted(fitted, permuted))


def _cross_validated(
    permuted: Cases, settings: RecipeSettings, folds: int, task: RowsDrawn
) -> TaskAnswer:
    rng = np.random.default_rng(task.seed)
    fold = assign_folds(folds, permuted.patient, permuted.survival.event, rng)
    score = {name: np.empty(len(permuted)) for name, _ in settings.models}
    for k in range(folds):
        held_out = fold == k
        fitted = fit_recipe(permuted.take(~held_out), settings, rng)
        found = _predicted(fitted, permuted.take(held_out))
        for name, values in found.items():
            score[name][held_out] = values
    return _c_index(permuted, score, fold)


def _predicted(fitted: FittedRecipe, cases: Cases) -> dict[str, FloatArray]:
    return {name: found.linear_predictor for name, found in fitted.predict(cases, ()).items()}


def _c_index(
    cases: Cases, score: Mapping[str, FloatArray], fold: IntArray | None = None
) -> TaskAnswer:
    """Return Harrell's C by model; pairs are compared within folds, where there are any."""
    time, event, entry = cases.survival.time, cases.survival.event, entry_of(cases.survival)
    if fold is None:
        return {name: harrell_of(cases.survival, values) for name, values in score.items()}
    return {
        name: float(concordance_since_entry(time, event, values, entry, strata=fold).estimate)
        for name, values in score.items()
    }
