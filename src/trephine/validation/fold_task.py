"""One outer fold of nested cross-validation: the recipe refitted, the fold's cases predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from trephine.choices import RivalName
from trephine.errors import InputError, ModelError
from trephine.modelling.approximation import approximate
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.rivals import rival_scores
from trephine.modelling.signature import Signature
from trephine.types import FloatArray, IntArray
from trephine.validation.answers import by_name, numbers, some_by_name
from trephine.validation.refits import (
    refit_from_json,
    refit_to_json,
    signature_sets,
    summarise_refit,
)
from trephine.validation.tasks import TaskAnswer

# Elastic net beside the signatures is fitted in so many repeats: in all of them it would take as
# long as the rest of the validation.
RIVAL_REPEATS = 2


@dataclass(frozen=True)
class FoldTask:
    """One outer fold of one repeat."""

    repeat: int
    fold: int
    train: IntArray
    test: IntArray
    seed: np.random.SeedSequence

    @property
    def key(self) -> str:
        """Its name in the ledger."""
        return f"{self.repeat}/{self.fold}"


def refit_and_predict(
    cases: Cases, settings: RecipeSettings, horizons: tuple[float, ...], task: FoldTask
) -> TaskAnswer:
    """Fit the recipe to a task's training cases and predict its test cases.

    A recipe that cannot be fitted to these cases (a level that separates them, a variable without
    a value) is answered with its reason, not raised: the other refits go on.
    """
    train, test = cases.take(task.train), cases.take(task.test)
    try:
        fitted = fit_recipe(train, settings, np.random.default_rng(task.seed))
    except (InputError, ModelError) as error:
        return {"failure": str(error)}
    train, test = fitted.represent(train), fitted.represent(test)
    predicted = fitted.predict(test, horizons)
    return {
        "linear_predictor": {
            name: found.linear_predictor.tolist() for name, found in predicted.items()
        },
        "event_probability": {
            name: (1 - found.survival.survival_probability).tolist()
            for name, found in predicted.items()
        },
        "high_risk": {name: found.high_risk.tolist() for name, found in predicted.items()},
        "signatures": _signature_scores(fitted, train, test, slow=task.repeat < RIVAL_REPEATS),
        "refit": refit_to_json(summarise_refit(fitted)),
        "unseen_levels": {
            found.variable: len(found.rows)
            for found in fitted.predictor.unseen_levels(test.clinical)
        },
    }


def read_answer(
    cases: Cases, settings: RecipeSettings, n_times: int, task: FoldTask, answer: TaskAnswer
) -> TaskAnswer:
    """Return the answer of ``refit_and_predict``, its scores as arrays and its refit as one."""
    models, sets = [name for name, _ in settings.models], signature_sets(settings)
    n = task.test.size

    def per_case(values: object) -> FloatArray:
        return numbers(values, n)

    def scores(content: TaskAnswer) -> TaskAnswer:
        rivals = some_by_name(content["rivals"], get_args(RivalName), per_case)
        return {"rivals": rivals} | {form: per_case(content[form]) for form in ("long", "short")}

    variables = cases.clinical.variables
    return {
        "linear_predictor": by_name(answer["linear_predictor"], models, per_case),
        "event_probability": by_name(
            answer["event_probability"], models, lambda values: numbers(values, n, n_times)
        ),
        "high_risk": by_name(answer["high_risk"], models, per_case),
        "signatures": by_name(answer["signatures"], sets, scores),
        "refit": refit_from_json(answer["refit"], sets, settings.clinical.candidates(variables)),
        "unseen_levels": some_by_name(answer["unseen_levels"], variables, int),
    }


def _signature_scores(fitted: FittedRecipe, train: Cases, test: Cases, *, slow: bool) -> TaskAnswer:
    """Return the test cases' scores by each signature, its approximation and its rivals."""
    seen, held = fitted.harmonised(train), fitted.harmonised(test)
    answer = {}
    for name, chain in fitted.chains.items():
        both = [one.features[name] for one in (seen, held)]
        columns = [chain.signature.standardise(one.values, one.names) for one in both]
        rivals = rival_scores(chain, columns[0], train.survival, columns[1], slow=slow)
        answer[name] = _long_and_short(chain.signature, *both) | {
            "rivals": {rival: values.tolist() for rival, values in rivals.items()}
        }
    return answer


def _long_and_short(signature: Signature, train: FeatureSet, test: FeatureSet) -> TaskAnswer:
    """Return the test cases' scores by a signature and by its approximation."""
    short = approximate(signature, train.values, train.names).signature
    return {
        "long": signature.score(test.values, test.names).tolist(),
        "short": short.score(test.values, test.names).tolist(),
    }
