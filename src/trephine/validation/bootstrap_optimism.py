"""Bootstrap validation of a whole recipe: Harrell's optimism and .632+, patients drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.prediction import ModelPrediction
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import fit_recipe
from trephine.modelling.refit_content import form_from_answer, form_to_answer
from trephine.modelling.refits import RefitForm, Refits, refit_form
from trephine.streams import generator, seeds
from trephine.types import FloatArray, IntArray
from trephine.validation.answers import by_name, numbers, texts
from trephine.validation.corrected_index import (
    CorrectedIndex,
    IndexName,
    Scores,
    correct_indices,
    index_names,
    measure_indices,
    scores_of,
)
from trephine.validation.refits import (
    Refit,
    refit_from_json,
    refit_to_json,
    signature_sets,
    summarise_refit,
)
from trephine.validation.tasks import (
    ON_ALL_PROCESSORS,
    RowsDrawn,
    Running,
    TaskAnswer,
    open_ledger,
    run_tasks,
)

FEWEST_BOOTSTRAPS = 2


@dataclass(frozen=True)
class BootstrapValidation:
    """A recipe refitted to bootstrap samples of patients.

    Attributes
    ----------
    horizons
        Of the event probabilities, k of them.
    indices
        By model.
    event_probability
        By model: of the n original cases by each bootstrap's model, shape (bootstraps, n, k).
    refits
        One a bootstrap that could be fitted.
    failures
        Why the others could not; their rows of ``event_probability`` are left out.
    present
        By model: the parts that have a term in each bootstrap's model, one tuple a bootstrap.
    kept
        The refits themselves, as far as they predict; None where networks were trained with them.
    """

    horizons: tuple[float, ...]
    indices: Mapping[str, tuple[CorrectedIndex, ...]]
    event_probability: Mapping[str, FloatArray]
    refits: tuple[Refit, ...]
    failures: tuple[str, ...]
    present: Mapping[str, tuple[tuple[str, ...], ...]]
    kept: Refits | None = None

    def of(self, model: str, index: IndexName, horizon: float | None = None) -> CorrectedIndex:
        """Return one index of one model.

        Raises
        ------
        InputError
            If it was not computed.
        """
        for found in self.indices.get(model, ()):
            if found.index == index and (horizon is None or found.horizon == horizon):
                return found
        raise InputError(f"bootstrap: expected {index} of a model fitted, found none of {model}")


def bootstrap_validation(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    *,
    bootstraps: int,
    seed: int,
    apparent: Mapping[str, ModelPrediction] | None = None,
    running: Running = ON_ALL_PROCESSORS,
) -> BootstrapValidation:
    """Refit the recipe, selection and all, to bootstrap samples (Harrell et al. 1996).

    Patients are drawn with replacement, with all their cases; a patient drawn twice is still one
    patient to the recipe, so that the inner folds keep the copies together.

    Parameters
    ----------
    cases, settings, horizons
        As `nested_cross_validation`.
    bootstraps
        Samples, two at least.
    seed
        Of samples and refits.
    apparent
        What the recipe fitted to all cases says of them, by model, at ``horizons`` first: the
        models whose indices are corrected. None fits one, whose inner folds are then not those of
        any other fit.
    running
        As `nested_cross_validation`.

    Raises
    ------
    InputError
        If fewer than two bootstraps are asked for.
    ModelError
        If the recipe cannot be fitted to all cases, or to fewer than two bootstrap samples.
    """
    if bootstraps < FEWEST_BOOTSTRAPS:
        raise InputError(f"bootstraps: expected {FEWEST_BOOTSTRAPS} at least, found {bootstraps}")
    times = tuple(horizons)
    if apparent is None:
        fitted = fit_recipe(cases, settings, generator(seed, "bootstrap model"))
        apparent = fitted.predict(cases, times)
    answers = list(
        run_tasks(
            _validate,
            _tasks(cases.patient, bootstraps, seed),
            (cases, settings, times),
            read=partial(_read, cases, settings, times),
            workers=running.workers,
            progress=running.progress,
            ledger=open_ledger(
                running.ledger, "bootstrap with parts", cases, settings, times, bootstraps, seed
            ),
        )
    )
    return _corrected(cases, times, apparent, answers)


def _corrected(
    cases: Cases,
    times: tuple[float, ...],
    apparent: Mapping[str, ModelPrediction],
    answers: Sequence[TaskAnswer],
) -> BootstrapValidation:
    """Correct each model's apparent indices by the samples that could be fitted."""
    whole = [answer for answer in answers if "failure" not in answer]
    if len(whole) < FEWEST_BOOTSTRAPS:
        raise ModelError(
            f"bootstrap: expected {FEWEST_BOOTSTRAPS} samples that can be fitted at least, found"
            f" {len(whole)} of {len(answers)}; {answers[-1].get('failure', '')}"
        )
    return BootstrapValidation(
        horizons=times,
        indices={
            name: correct_indices(
                cases.survival,
                scores_of(prediction),
                times,
                np.array([answer["indices"][name] for answer in whole]),
            )
            for name, prediction in apparent.items()
        },
        event_probability={
            name: np.array([answer["event_probability"][name] for answer in whole])
            for name in apparent
        },
        refits=tuple(answer["refit"] for answer in whole),
        failures=tuple(answer["failure"] for answer in answers if "failure" in answer),
        present={name: tuple(answer["present"][name] for answer in whole) for name in apparent},
        kept=_kept(whole, times),
    )


def _kept(answers: Sequence[TaskAnswer], horizons: tuple[float, ...]) -> Refits | None:
    """Return the refits as they predict; None where one of them is not kept."""
    forms: list[RefitForm | None] = [answer["form"] for answer in answers]
    whole = tuple(form for form in forms if form is not None)
    return Refits(horizons, whole) if len(whole) == len(forms) else None


def _read(
    cases: Cases,
    settings: RecipeSettings,
    horizons: tuple[float, ...],
    task: RowsDrawn,
    answer: TaskAnswer,
) -> TaskAnswer:
    """Return the answer of ``_validate``, its numbers as arrays and its refit as one."""
    del task  # of every sample the original cases are predicted
    models = [name for name, _ in settings.models]
    n, n_times, n_indices = len(cases), len(horizons), len(index_names(horizons))
    form = answer["form"]
    return {
        "indices": by_name(answer["indices"], models, lambda found: numbers(found, 3, n_indices)),
        "event_probability": by_name(
            answer["event_probability"], models, lambda found: numbers(found, n, n_times)
        ),
        "present": by_name(answer["present"], models, texts),
        "refit": refit_from_json(
            answer["refit"],
            signature_sets(settings),
            settings.clinical.candidates(cases.clinical.variables),
        ),
        "form": None if form is None else _read_form(form, cases, models, n_times),
    }


def _read_form(content: TaskAnswer, cases: Cases, models: Sequence[str], n_times: int) -> RefitForm:
    """Return a refit as it predicts; what it needs must be there, or a new case would fail."""
    form = form_from_answer(content, dict(cases.clinical.variables))
    alone = Refits((), (form,))
    known = set(cases.clinical.variables)
    by_name(form.models, models, lambda model: numbers(model.cumulative_hazard, n_times))
    for model in models:
        if not alone.needed_features(model).keys() <= cases.features.keys():
            raise InputError("answer: expected a refit of known features, found others")
        if not known.issuperset(alone.needed_variables(model)):
            raise InputError("answer: expected a refit of known variables, found others")
    return form


def draw_patients(patient: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw patients with replacement and return the rows of all their cases."""
    labels, codes = np.unique(patient, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    first = np.searchsorted(codes[order], np.arange(labels.size + 1))
    drawn = rng.integers(labels.size, size=labels.size)
    return np.concatenate([order[first[who] : first[who + 1]] for who in drawn])


def _tasks(patient: IntArray, bootstraps: int, seed: int) -> list[RowsDrawn]:
    tasks = []
    for number, child in enumerate(seeds(seed, "bootstraps").spawn(bootstraps)):
        drawing, fitting = child.spawn(2)
        rows = draw_patients(patient, np.random.default_rng(drawing))
        tasks.append(RowsDrawn(number, rows, fitting))
    return tasks


def _validate(
    cases: Cases, settings: RecipeSettings, horizons: tuple[float, ...], task: RowsDrawn
) -> TaskAnswer:
    """Fit one sample; measure on it, on the original cases and on those that it left out."""
    sample = cases.take(task.rows)
    try:
        fitted = fit_recipe(sample, settings, np.random.default_rng(task.seed))
    except (InputError, ModelError) as error:
        return {"failure": str(error)}
    form = refit_form(fitted.predictor, horizons)
    out = ~np.isin(cases.patient, sample.patient)
    here = fitted.predict(sample, horizons)
    there = fitted.predict(cases, horizons)
    indices = {}
    for name, prediction in there.items():
        scores = scores_of(prediction)
        left_out = Scores(scores.linear_predictor[out], scores.event_probability[out])
        indices[name] = [
            measure_indices(sample.survival, scores_of(here[name]), horizons).tolist(),
            measure_indices(cases.survival, scores, horizons).tolist(),
            measure_indices(cases.survival.take(out), left_out, horizons).tolist(),
        ]
    return {
        "indices": indices,
        "event_probability": {
            name: scores_of(prediction).event_probability.tolist()
            for name, prediction in there.items()
        },
        "present": {name: list(model.present) for name, model in fitted.models.items()},
        "refit": refit_to_json(summarise_refit(fitted)),
        "form": None if form is None else form_to_answer(form),
    }
