"""Running a study: every stage in order, timed, resumable, summed up at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from trephine.choices import ProtocolName
from trephine.cluster import work_done_by
from trephine.errors import StudyProblemsError
from trephine.executors import workers_kept
from trephine.facts import Facts, write_facts
from trephine.modelling.cases import Cases
from trephine.plan.reading import read_plan_so_far
from trephine.report import ReportFormat, write_report
from trephine.report.wording import name_column
from trephine.store import FeatureStore
from trephine.study.agreement import Comparison
from trephine.study.assess.centres import can_be_judged_by_centre
from trephine.study.batch.log import RunLog, Summary
from trephine.study.extraction.drawings import compare_all_drawings
from trephine.study.extraction.extracted import ExtractedFeatures, cases_of
from trephine.study.extraction.several import extract_every_image
from trephine.study.finetuning import expected_time, finetune_settings
from trephine.study.gather import assemble_facts
from trephine.study.image_plans import DEEP
from trephine.study.image_views import image_views
from trephine.study.inputs import StudyInputs
from trephine.study.locked.bundling import save_bundle
from trephine.study.pictures import draw_pictures
from trephine.study.protocol_runs import run_protocols
from trephine.study.provenance import changed_inputs
from trephine.study.results import Analysis
from trephine.study.run_log import logged
from trephine.study.stages import StageProgress, Stages, Stopwatch
from trephine.study.to_fit import read_study_to_fit, to_fit_still
from trephine.study.warnings import protocols_not_fitted, study_warnings

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
    measured
        What measuring features came to; None where there was little to measure.
    """

    folder: Path
    report: Path | None
    bundle: Path | None
    facts: Facts
    analysis: Analysis
    not_fitted: Mapping[ProtocolName, str] = field(default_factory=dict)
    measured: Summary | None = None

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
        if self.measured is not None:
            lines += [f"Features: {sentence}" for sentence in self.measured.sentences()]
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
    executor: str | None = None,
    retry: bool = False,
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
    executor
        "serial", "local", "dask:local" or "dask:ADDRESS"; as the plan says by default. The numbers
        do not depend on it.
    retry
        Measure again what took too long or twice ended its process in an earlier run.

    Raises
    ------
    StudyProblemsError
        If the study has problems; nothing is written then.
    ModelError
        If a model cannot be fitted to these cases.
    """
    with work_done_by(executor or _planned_executor(path), workers), workers_kept(workers):
        show = progress or (lambda stage, done, total: None)
        return _run(path, out, _How(workers, show, resume, retry, formats))


@dataclass(frozen=True)
class _How:
    """How a study is run, as `run_study` explains."""

    workers: int | None
    show: StageProgress
    resume: bool
    retry: bool
    formats: Sequence[ReportFormat] | None


def _planned_executor(path: Path) -> str:
    """Return who does the work as a plan says; what is wrong with a plan comes with all else."""
    try:
        return read_plan_so_far(path)[0].study.executor
    except StudyProblemsError:
        return "local"


def _run(path: Path, out: Path | None, how: _How) -> StudyResult:
    watch = Stopwatch()
    with watch.stage("Reading and checking"):
        opening = partial(how.show, "Opening images and masks")
        inputs = read_study_to_fit(path, opening, how.workers)
    folder = out if out is not None else path.resolve().parent / RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    stages = Stages(how.workers, how.show, watch, folder / "resampling.sqlite", how.retry)
    if not how.resume:
        stages.ledger.unlink(missing_ok=True)
        if inputs.plan.has_any_image:
            _empty(folder / "features")
    with logged("run", inputs, folder, watch) as log:
        analysis, not_fitted = _analyse(inputs, folder / "features", stages, log)
        return _write(analysis, not_fitted, folder, stages, how.formats, log)


def _analyse(
    inputs: StudyInputs, features: Path, stages: Stages, log: RunLog
) -> tuple[Analysis, dict[ProtocolName, str]]:
    """Extract features, fit and resample both protocols, and compare the raters."""
    extracted = None
    if inputs.plan.has_any_image:
        inputs, extracted = _extract(inputs, features, stages, log)
    cases = cases_of(inputs, extracted)
    _show_expected_time(inputs, cases, stages)
    protocols, not_fitted = run_protocols(inputs, cases, stages)
    drawings = () if extracted is None else _compare(inputs, extracted, features, stages)
    analysis = Analysis(
        inputs=inputs,
        extracted=extracted,
        cases=cases,
        timings=stages.watch.seconds,
        warnings=(
            *changed_inputs(inputs, extracted),
            *protocols_not_fitted(not_fitted),
            *study_warnings(inputs, protocols),
        ),
        protocols=protocols,
        drawings=drawings,
    )
    return analysis, not_fitted


def _extract(
    inputs: StudyInputs, features: Path, stages: Stages, log: RunLog
) -> tuple[StudyInputs, ExtractedFeatures]:
    """Extract features, past cases that cannot be measured where the plan says so."""
    stage = "Extracting features"
    with stages.watch.stage(stage):
        left, extracted = extract_every_image(
            inputs,
            FeatureStore(features),
            workers=stages.workers,
            progress=partial(stages.show, stage),
            log=log,
            retry=stages.retry,
        )
    log.measured_in(stages.watch.seconds[stage])
    return inputs if left is inputs else to_fit_still(left, inputs), extracted


def _show_expected_time(inputs: StudyInputs, cases: Cases, stages: Stages) -> None:
    """Say how long the trainings of a network will take, where the plan asks for them."""
    finetune = finetune_settings(inputs.plan)
    if finetune is None:
        return
    centres = len(inputs.centre_names) if can_be_judged_by_centre(cases) else 0
    deep = cases.features[DEEP]
    expected = expected_time(deep, cases.survival, finetune, inputs.plan, stages.workers, centres)
    stages.show(expected, 1, 1)


def _compare(
    inputs: StudyInputs, extracted: ExtractedFeatures, features: Path, stages: Stages
) -> tuple[Comparison, ...]:
    """Compare what the raters drew."""
    stage = "Comparing raters"
    with stages.watch.stage(stage):
        return tuple(
            replace(one, name=f"{key}: {one.name}") if key else one
            for key, view in image_views(inputs).items()
            for one in compare_all_drawings(
                view,
                extracted.of_images[key].reading_keys,
                FeatureStore(features),
                fingerprints=extracted.fingerprints,
                workers=stages.workers,
                progress=partial(stages.show, stage),
            )
        )


def _write(
    analysis: Analysis,
    not_fitted: Mapping[ProtocolName, str],
    folder: Path,
    stages: Stages,
    formats: Sequence[ReportFormat] | None,
    log: RunLog,
) -> StudyResult:
    """Write pictures, facts, model and report."""
    with stages.watch.stage("Pictures"):
        pictures = draw_pictures(analysis, folder / "pictures")
    stage = "Performance and intervals"
    with stages.watch.stage(stage):
        facts = assemble_facts(
            analysis, pictures, workers=stages.workers, progress=partial(stages.show, stage)
        )
    write_facts(facts, folder / "facts.json")
    bundle = None
    if analysis.inputs.plan.study.protocol in analysis.protocols:
        bundle = save_bundle(analysis, facts, folder / "model")
    stages.show("Writing the report", 0, 1)
    written = write_report(
        facts, folder / "pictures", folder, formats=formats, workers=stages.workers
    )
    stages.show("Writing the report", 1, 1)
    report = written[0] if written else None
    measured = log.summary if log.summary.worth_saying else None
    return StudyResult(folder, report, bundle, facts, analysis, not_fitted, measured)


def _empty(place: Path) -> None:
    """Remove a feature store's own files, and nothing else."""
    own = ("shards/*.parquet", "ledger.sqlite*", "maps/*.npy")
    for file in [file for pattern in own for file in place.glob(pattern)]:
        file.unlink()


def _interval(estimate: object) -> str:
    if estimate is None or getattr(estimate, "value", None) is None:
        return "not available"
    value, low, high = (getattr(estimate, part) for part in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f}-{high:.3f})" if low is not None else f"{value:.3f}"
