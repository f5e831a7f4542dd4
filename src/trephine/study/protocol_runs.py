"""One protocol on a study: its recipe fitted to all cases, and resampled as the plan asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from trephine.choices import ProtocolName
from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.prediction import ModelPrediction
from trephine.modelling.protocols import PROTOCOLS, Protocol, RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.plan import StudyPlan
from trephine.streams import generator
from trephine.study.assess.centres import can_be_judged_by_centre
from trephine.study.inputs import StudyInputs
from trephine.study.results import ProtocolResult, prediction_times
from trephine.study.settings import recipe_settings
from trephine.study.stages import Stages
from trephine.validation.bootstrap_optimism import (
    FEWEST_BOOTSTRAPS,
    BootstrapValidation,
    bootstrap_validation,
)
from trephine.validation.held_out import OutOfFold
from trephine.validation.null_check import NullCheck, null_check
from trephine.validation.resampling import leave_one_centre_out, nested_cross_validation


def run_protocols(
    inputs: StudyInputs, cases: Cases, stages: Stages
) -> tuple[dict[ProtocolName, ProtocolResult], dict[ProtocolName, str]]:
    """Run each protocol; return the results, and the reason where one cannot be fitted.

    Raises
    ------
    ModelError
        If neither can be fitted.
    """
    results: dict[ProtocolName, ProtocolResult] = {}
    reasons: dict[ProtocolName, str] = {}
    for protocol, rules in PROTOCOLS.items():
        try:
            results[protocol] = _run(inputs.plan, cases, rules, stages)
        except (InputError, ModelError) as error:
            reasons[protocol] = str(error)
    if not results:
        listed = "; ".join(f"{protocol}: {reason}" for protocol, reason in reasons.items())
        raise ModelError(f"neither protocol can be fitted to these cases: {listed}")
    return results, reasons


def _run(plan: StudyPlan, cases: Cases, rules: Protocol, stages: Stages) -> ProtocolResult:
    work = _Work(plan, cases, recipe_settings(plan, rules), rules.name, stages)
    times = prediction_times(plan.outcome.horizons, cases.survival)
    fitted, represented, apparent = work.fit(times)
    return ProtocolResult(
        work.settings,
        fitted,
        apparent,
        work.out_of_fold(times),
        work.bootstrap(apparent),
        work.null(),
        represented.features,
        work.centres(),
    )


@dataclass(frozen=True)
class _Work:
    """A recipe, its cases, and the stages that the plan asks for; None where it asks for none."""

    plan: StudyPlan
    cases: Cases
    settings: RecipeSettings
    protocol: ProtocolName
    stages: Stages

    def fit(self, times: Sequence[float]) -> tuple[FittedRecipe, Cases, dict[str, ModelPrediction]]:
        """Fit to all cases; return also the cases as the models see them, and what is predicted."""

        def fit() -> tuple[FittedRecipe, Cases, dict[str, ModelPrediction]]:
            # Matrices here are small: BLAS threads would wait for one another longer than they
            # work.
            with threadpool_limits(1):
                rng = generator(self.plan.study.seed, "model")
                fitted = fit_recipe(self.cases, self.settings, rng)
                represented = fitted.represent(self.cases)
                return fitted, represented, fitted.predict(represented, times)

        return self.stages.once(f"Fitting, {self.protocol}", fit)

    def out_of_fold(self, times: Sequence[float]) -> OutOfFold | None:
        validation = self.plan.validation
        if not validation.repeats:
            return None
        return self.stages.resample(
            f"Nested cross-validation, {self.protocol}",
            lambda running: nested_cross_validation(
                self.cases,
                self.settings,
                times,
                repeats=validation.repeats,
                folds=validation.folds,
                seed=self.plan.study.seed,
                running=running,
            ),
        )

    def bootstrap(self, apparent: dict[str, ModelPrediction]) -> BootstrapValidation | None:
        bootstraps = self.plan.validation.bootstraps
        if bootstraps < FEWEST_BOOTSTRAPS:
            return None
        return self.stages.resample(
            f"Bootstrap, {self.protocol}",
            lambda running: bootstrap_validation(
                self.cases,
                self.settings,
                self.plan.outcome.horizons,
                bootstraps=bootstraps,
                seed=self.plan.study.seed,
                apparent=apparent,
                running=running,
            ),
        )

    def null(self) -> NullCheck | None:
        validation = self.plan.validation
        if not validation.permutations:
            return None
        return self.stages.resample(
            f"Null check, {self.protocol}",
            lambda running: null_check(
                self.cases,
                self.settings,
                permutations=validation.permutations,
                folds=validation.folds,
                seed=self.plan.study.seed,
                running=running,
            ),
        )

    def centres(self) -> OutOfFold | None:
        if not can_be_judged_by_centre(self.cases):
            return None
        return self.stages.resample(
            f"Leaving centres out, {self.protocol}",
            lambda running: leave_one_centre_out(
                self.cases,
                self.settings,
                self.plan.outcome.horizons,
                seed=self.plan.study.seed,
                running=running,
            ),
        )
