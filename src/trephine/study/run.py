"""Running a study: every stage in order, timed, resumable, summed up at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from trephine.choices import ProtocolName
from trephine.errors import InputError, ModelError
from trephine.executors import workers_kept
from trephine.facts import Facts, write_facts
from trephine.modelling.cases import Cases
from trephine.modelling.prediction import Prediction
from trephine.modelling.protocols import PROTOCOLS, Protocol
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.report import ReportFormat, write_report
from trephine.report.wording import name_column
from trephine.store import FeatureStore
from trephine.streams import generator
from trephine.study.agreement import Comparison
from trephine.study.assess.centres import can_be_judged_by_centre
from trephine.study.drawings import compare_all_drawings
from trephine.study.extracted import ExtractedFeatures, cases_of
from trephine.study.extraction import extract_all
from trephine.study.finetuning import expected_time, finetune_settings
from trephine.study.gather import assemble_facts
from trephine.study.inputs import StudyInputs
from trephine.study.locked.bundling import save_bundle
from trephine.study.pictures import draw_pictures
from trephine.study.provenance import changed_inputs
from trephine.study.results import Analysis, ProtocolResult, prediction_times
from trephine.study.settings import DEEP, recipe_settings
from trephine.study.stages import StageProgress, Stages, Stopwatch
from trephine.study.to_fit import read_study_to_fit
from trephine.study.warnings import protocols_not_fitted, study_warnings
from trephine.validation.bootstrap_optimism import FEWEST_BOOTSTRAPS, bootstrap_validation
from trephine.validation.null_check import null_check
from trephine.validation.resampling import leave_one_centre_out, nested_cross_validation

RESULTS = "results"


@dataclass(frozen=True)
class StudyResult:
    """What a study left on disk.

    Attributes
    ----------
    folder
        Results folder.
    report
        The page to open; None where no page was asked for.
    bundle
        The locked model; None where the protocol that the plan names could not be fitted.
    facts
        Every number of the report.
    analysis
        Fitted models and predictions.
    not_fitted
        Why a protocol has no results, where it has none.
    """

    folder: Path
    report: Path | None
    bundle: Path | None
    facts: Facts
    analysis: Analysis
    not_fitted: Mapping[ProtocolName, str] = field(default_factory=dict)

    def summary(self) -> list[str]:
        """Return a few lines for a terminal: what each protocol reports, and where to look."""
        models = list(dict.fromkeys(p.model for p in self.facts.performance))
        heading, *names = name_column("C-index", models)
        known = [(one.name, one.judged) for one in self.facts.study.protocols]
        titles = "".join(f"{f'{name}, {kind.split()[0]}':>22}" for name, kind in known)
        lines = ["", f"{heading}{titles}"]
        by = {(p.model, p.protocol, p.kind): p.c_index for p in self.facts.performance}
        for model, name in zip(models, names, strict=True):
            numbers = "".join(f"{_interval(by.get((model, *key))):>22}" for key in known)
            lines.append(f"{name}{numbers}")
        lines += [
            "",
            *(f"{where}: {text}" for where, text in protocols_not_fitted(self.not_fitted)),
        ]
        lines += [f"Note: {remark}" for remark in self.analysis.inputs.remarks]
        bundle = str(self.bundle) if self.bundle else "none, its protocol was not fitted"
        lines += [] if self.report is None else [f"Report: {self.report}"]
        lines += [f"Model:  {bundle}"]
        if self.facts.study.simulated:
            lines.append("Simulated data: nothing here says anything about patients.")
        return lines


def run_study(
    path: Path,
    out: Path | None = None,
    *,
    resume: bool = True,
    workers: int | None = None,
    progress: StageProgress | None = None,
    formats: Sequence[ReportFormat] | None = None,
) -> StudyResult:
    """Run a study from its file to its report and model.

    Parameters
    ----------
    path
        The study file.
    out
        Results folder; ``results`` beside the study file by default.
    resume
        Use features that an earlier run extracted from the same images with the same settings.
    workers
        Processes; the numbers do not depend on it.
    progress
        Called with (stage, done, total).
    formats
        What to write of the report, as `trephine.report.write_report`; nothing where empty.
        ``facts.json`` and the model are always written.

    Raises
    ------
    StudyProblemsError
        If the study has problems; nothing is written then.
    ModelError
        If a model cannot be fitted to these cases.
    """
    with workers_kept(workers):
        show = progress or (lambda stage, done, total: None)
        return _run(path, out, resume, workers, show, formats)


def _run(
    path: Path,
    out: Path | None,
    resume: bool,
    workers: int | None,
    show: StageProgress,
    formats: Sequence[ReportFormat] | None,
) -> StudyResult:
    watch = Stopwatch()
    with watch.stage("Reading and checking"):
        inputs = read_study_to_fit(path, partial(show, "Opening images and masks"), workers)
    folder = out if out is not None else path.resolve().parent / RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    extracted = _features(inputs, folder, resume, workers, show, watch)
    cases = cases_of(inputs, extracted)
    ledger = folder / "resampling.sqlite"
    if not resume:
        ledger.unlink(missing_ok=True)
    stages = Stages(workers, show, watch, ledger)
    finetune = finetune_settings(inputs.plan)
    if finetune is not None:
        deep = cases.features[DEEP]
        centres = len(inputs.centre_names) if can_be_judged_by_centre(cases) else 0
        told = expected_time(deep, cases.survival, finetune, inputs.plan, workers, centres)
        show(told, 1, 1)
    protocols, not_fitted = _both_protocols(inputs, cases, stages)
    drawings: tuple[Comparison, ...] = ()
    if extracted is not None:
        with watch.stage("Comparing raters"):
            store = FeatureStore(folder / "features")
            drawings = compare_all_drawings(
                inputs,
                extracted.reading_keys,
                store,
                fingerprints=extracted.fingerprints,
                workers=workers,
                progress=partial(show, "Comparing raters"),
            )
    analysis = Analysis(
        inputs=inputs,
        extracted=extracted,
        cases=cases,
        timings=watch.seconds,
        warnings=(
            *changed_inputs(inputs, extracted),
            *protocols_not_fitted(not_fitted),
            *study_warnings(inputs, protocols),
        ),
        protocols=protocols,
        drawings=drawings,
    )
    with watch.stage("Pictures"):
        pictures = draw_pictures(analysis, folder / "pictures")
    with watch.stage("Performance and intervals"):
        facts = assemble_facts(
            analysis, pictures, workers=workers, progress=partial(show, "Performance and intervals")
        )
    write_facts(facts, folder / "facts.json")
    bundle = None
    if inputs.plan.study.protocol in protocols:
        bundle = save_bundle(analysis, facts, folder / "model")
    show("Writing the report", 0, 1)
    written = write_report(facts, folder / "pictures", folder, formats=formats, workers=workers)
    show("Writing the report", 1, 1)
    report = written[0] if written else None
    return StudyResult(folder, report, bundle, facts, analysis, not_fitted)


def _features(
    inputs: StudyInputs,
    folder: Path,
    resume: bool,
    workers: int | None,
    show: StageProgress,
    watch: Stopwatch,
) -> ExtractedFeatures | None:
    if inputs.files is None:
        return None
    place = folder / "features"
    if not resume:
        _empty(place)
    store = FeatureStore(place)
    with watch.stage("Extracting features"):
        told = partial(show, "Extracting features")
        return extract_all(inputs, store, workers=workers, progress=told)


def _empty(place: Path) -> None:
    """Remove a feature store's own files, and nothing else."""
    own = ("shards/*.parquet", "ledger.sqlite*", "maps/*.npy")
    for file in [file for pattern in own for file in place.glob(pattern)]:
        file.unlink()


def _both_protocols(
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
            results[protocol] = _protocol(inputs, cases, rules, stages)
        except (InputError, ModelError) as error:
            reasons[protocol] = str(error)
    if not results:
        told = "; ".join(f"{protocol}: {reason}" for protocol, reason in reasons.items())
        raise ModelError(f"neither protocol can be fitted to these cases: {told}")
    return results, reasons


def _protocol(inputs: StudyInputs, cases: Cases, rules: Protocol, stages: Stages) -> ProtocolResult:
    """Fit one protocol's recipe to all cases, and resample it as the plan asks."""
    plan = inputs.plan
    seed, validation = plan.study.seed, plan.validation
    settings, protocol = recipe_settings(plan, rules), rules.name
    times = prediction_times(plan.outcome.horizons, cases.survival)

    def fit() -> tuple[FittedRecipe, Cases, dict[str, Prediction]]:
        # Matrices here are small: BLAS threads would wait for one another longer than they work.
        with threadpool_limits(1):
            fitted = fit_recipe(cases, settings, generator(seed, "model"))
            represented = fitted.represent(cases)
            return fitted, represented, fitted.predict(represented, times)

    fitted, represented, apparent = stages.once(f"Fitting, {protocol}", fit)
    out_of_fold, bootstrap, null, centres = None, None, None, None
    if validation.repeats:
        out_of_fold = stages.resample(
            f"Nested cross-validation, {protocol}",
            nested_cross_validation,
            cases,
            settings,
            times,
            repeats=validation.repeats,
            folds=validation.folds,
            seed=seed,
        )
    if validation.bootstraps >= FEWEST_BOOTSTRAPS:
        bootstrap = stages.resample(
            f"Bootstrap, {protocol}",
            bootstrap_validation,
            cases,
            settings,
            plan.outcome.horizons,
            bootstraps=validation.bootstraps,
            seed=seed,
            apparent=apparent,
        )
    if validation.permutations:
        null = stages.resample(
            f"Null check, {protocol}",
            null_check,
            cases,
            settings,
            permutations=validation.permutations,
            folds=validation.folds,
            seed=seed,
        )
    if can_be_judged_by_centre(cases):
        centres = stages.resample(
            f"Leaving centres out, {protocol}",
            leave_one_centre_out,
            cases,
            settings,
            plan.outcome.horizons,
            seed=seed,
        )
    return ProtocolResult(
        settings, fitted, apparent, out_of_fold, bootstrap, null, represented.features, centres
    )


def _interval(estimate: object) -> str:
    if estimate is None or getattr(estimate, "value", None) is None:
        return "not available"
    value, low, high = (getattr(estimate, part) for part in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f}-{high:.3f})" if low is not None else f"{value:.3f}"
