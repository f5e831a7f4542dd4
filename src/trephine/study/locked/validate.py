"""A locked model on outside data: measured as it is, and updated only where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from trephine.choices import UpdateMethod
from trephine.cohort.schema import label_of
from trephine.errors import BundleError
from trephine.facts import Facts, write_facts
from trephine.modelling.bundle_signing import told
from trephine.modelling.cases import Cases
from trephine.report import ReportFormat, write_report
from trephine.report.wording import name_column
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction.extracted import ExtractedFeatures, cases_of
from trephine.study.extraction.several import extract_every_image
from trephine.study.extraction.whole_study import Extraction
from trephine.study.gather.external import assemble_external_facts
from trephine.study.image_plans import DEEP
from trephine.study.inputs import StudyInputs, read_study
from trephine.study.locked.cohort_gaps import cohort_gaps
from trephine.study.locked.equation import ENTERED, is_equation, read_equation
from trephine.study.locked.external import external_facts
from trephine.study.locked.model import LockedModel, opened
from trephine.study.locked.network import check_weights
from trephine.study.locked.outside_plan import as_the_model_needs
from trephine.study.locked.updating import (
    CHANGED,
    has_clusters,
    rate_of,
    refuse_no_update,
    update_locked,
)
from trephine.study.provenance import changed_inputs
from trephine.study.results import Validation, prediction_times
from trephine.study.run_log import logged
from trephine.study.stages import StageProgress, Stopwatch
from trephine.study.weak_evidence import validated_on_little


@dataclass(frozen=True)
class ValidationResult:
    """What a validation left on disk.

    Attributes
    ----------
    folder
        Results folder.
    report
        The page to open; None where no page was asked for.
    facts
        Every number of the report.
    remarks
        What was assumed, looks odd, left cases out or was filled in, one sentence each.
    updated
        Bundle of the updated model; None where none was asked for.
    """

    folder: Path
    report: Path | None
    facts: Facts
    remarks: tuple[str, ...] = ()
    updated: Path | None = None

    @property
    def signed_by(self) -> str | None:
        """Fingerprint of the key that signed the model; None where nobody did."""
        return None if self.facts.external is None else self.facts.external.signed_by

    def to_json(self) -> str:
        """Return the model, the cases, its performance on them and what was remarked, as JSON."""
        assert self.facts.external is not None
        content = {
            **self.facts.external.model_dump(mode="json"),
            "flow": self.facts.flow.model_dump(mode="json"),
            "performance": [row.model_dump(mode="json") for row in self.facts.performance],
            "remarks": self.remarks,
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def summary(self) -> list[str]:
        """Return a few lines for a terminal."""
        heading, *names = name_column("model", [row.model for row in self.facts.performance])
        lines = ["", f"{heading}{'C-index, outside data':>26}"]
        for row, name in zip(self.facts.performance, names, strict=True):
            c = row.c_index
            value = "not available" if c.value is None else f"{c.value:.3f}"
            if c.value is not None and c.low is not None and c.high is not None:
                value = f"{c.value:.3f} ({c.low:.3f}-{c.high:.3f})"
            lines.append(f"{name}{value:>26}")
        lines += self._updates()
        lines += [f"Note: {remark}" for remark in self.remarks]
        equation = self.facts.external is not None and self.facts.external.equation
        lines += ["", ENTERED if equation else told(self.signed_by)]
        return lines if self.report is None else [*lines, f"Report: {self.report}"]

    def _updates(self) -> list[str]:
        """Return what was changed in the updated model, and by which tests."""
        if self.updated is None or self.facts.external is None:
            return []
        lines = [""]
        for one in self.facts.external.updates:
            lines.append(f"{rate_of(one.model, one.cause)}: updated {CHANGED[one.method]}")
            for test in one.tests:
                p = "none" if test.p is None else f"{test.p:.3g}"
                lines.append(
                    f"  {CHANGED[test.larger]} against {CHANGED[test.smaller]}: chi-square"
                    f" {test.statistic:.2f} on {test.degrees_of_freedom}, p {p}"
                )
            lines += [f"  {one.note}"] if one.note else []
        return [*lines, f"Updated model: {self.updated}"]


@dataclass(frozen=True)
class Update:
    """An updated model that is asked for.

    Attributes
    ----------
    folder
        Of its bundle.
    method
        What to change; None lets closed testing choose.
    """

    folder: Path
    method: UpdateMethod | None = None


def validate_bundle(
    bundle: str | Path | LockedModel,
    study: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: StageProgress | None = None,
    signer: str | None = None,
    formats: Sequence[ReportFormat] | None = None,
    update: Update | None = None,
) -> ValidationResult:
    """Run a locked model on outside data.

    Parameters
    ----------
    bundle
        The locked model: its bundle, a folder or a .zip, or what `read_model` returned; or the
        .toml of a published equation.
    study
        A study file that says where the outside table, images and masks are. How features are
        extracted, which clinical variables count and what is predicted come from the model.
    out
        Results folder; ``validation`` beside the study file by default.
    workers, progress, formats
        As ``run_study``.
    signer
        Fingerprint of the key that must have signed the bundle, if any.
    update
        Where to write an updated model, and what it may change; none by default.

    Raises
    ------
    BundleError
        If the bundle is refused, its network's weights are others, or it cannot be updated.
    ModelError
        If the update that is asked for cannot be fitted.
    StudyProblemsError
        If the outside data, or the file of the equation, have problems.

    Examples
    --------
    >>> from pathlib import Path
    >>> from trephine import validate_bundle
    >>> found = validate_bundle(Path("results/model"), Path("outside/study.toml"))
    >>> found.facts.performance[0].c_index.value > 0.5
    True
    """
    show = progress or (lambda stage, done, total: None)
    watch, path = Stopwatch(), Path(study)
    model = _opened(bundle, signer)
    if update is not None:
        refuse_no_update(bundle, update.folder)
    with watch.stage("Reading and checking"):
        inputs = read_study(
            path,
            partial(show, "Opening images and masks"),
            workers,
            adjust=partial(as_the_model_needs, model),
        )
    folder = Path(out) if out is not None else path.resolve().parent / "validation"
    folder.mkdir(parents=True, exist_ok=True)
    with logged("validate", inputs, folder, watch) as log:
        extracted = None
        if inputs.plan.has_any_image:
            with watch.stage("Extracting features"):
                inputs, extracted = _extracted(model, inputs, folder, workers, show, log)
            log.measured_in(watch.seconds["Extracting features"])
        validation, gaps = _validation(model, inputs, extracted, watch)
        external, updated = external_facts(model, validation), None
        if update is not None:
            changed, rows = update_locked(model, validation, update.method)
            by_patient = has_clusters(validation)
            external = external.model_copy(update={"updates": rows, "by_patient": by_patient})
            updated = changed.write(update.folder)
        with watch.stage("Performance"):
            facts = assemble_external_facts(validation, external, workers=workers)
        write_facts(facts, folder / "facts.json")
        written = write_report(facts, folder / "pictures", folder, formats=formats)
    report = written[0] if written else None
    return ValidationResult(folder, report, facts, (*inputs.remarks, *gaps), updated)


def _opened(model: str | Path | LockedModel, signer: str | None) -> LockedModel:
    """Return a locked model, or that of an equation."""
    if not is_equation(model):
        return opened(model, signer)
    if signer is not None:
        raise BundleError("equation: expected a signed bundle, found an equation, which is not")
    assert not isinstance(model, LockedModel)
    return read_equation(Path(model))


def _extracted(
    model: LockedModel,
    inputs: StudyInputs,
    folder: Path,
    workers: int | None,
    show: StageProgress,
    log: RunLog,
) -> Extraction:
    """Extract features as the model's study did, by its own network."""
    block = model.predictor.blocks.get(DEEP)
    extraction = extract_every_image(
        inputs,
        FeatureStore(folder / "features"),
        block=block,
        workers=workers,
        progress=partial(show, "Extracting features"),
        log=log,
    )
    for key, found in extraction.features.of_images.items():
        if found.weights_sha256:
            own = model.context.of_image(key).features.weights_sha256
            check_weights(own if block is None else block.sha256, found.weights_sha256)
    return extraction


def _validation(
    model: LockedModel,
    inputs: StudyInputs,
    extracted: ExtractedFeatures | None,
    watch: Stopwatch,
) -> tuple[Validation, list[str]]:
    """Predict the outside cases; also return what was filled in for them."""
    cases = cases_of(inputs, extracted)
    if inputs.centre is not None:
        names = [inputs.centre_names[code] for code in inputs.centre]
        cases = replace(cases, centre=model.centre_codes(names))
    gaps = cohort_gaps(model, cases, inputs.rows, inputs.plan.data.table.name)
    times = prediction_times(inputs.plan.outcome.horizons, inputs.survival)
    predictor = model.predictor
    validation = Validation(
        inputs=inputs,
        extracted=extracted,
        cases=cases,
        timings=watch.seconds,
        warnings=(
            *changed_inputs(inputs, extracted),
            *_unknown_centres(model, cases),
            *_unseen_levels(model, cases),
            *(("Missing values", gap) for gap in gaps),
            *validated_on_little(inputs.survival, inputs.plan.outcome.horizons, inputs.flow),
        ),
        protocol=model.context.protocol,
        models=predictor.models,
        predictions=predictor.predict(cases.features, cases.clinical, times, centre=cases.centre),
    )
    return validation, gaps


def _unknown_centres(model: LockedModel, cases: Cases) -> list[tuple[str, str]]:
    """Say how many cases come from centres whose effects the model does not know."""
    n = len(cases)
    harmonisers = model.predictor.harmonisers.values()
    unknown = [int(np.sum(~part.knows(cases.centre, n))) for part in harmonisers]
    if not any(unknown):
        return []
    text = (
        f"{max(unknown)} of {n} cases come from centres that the model was not fitted with;"
        " their features count as measured, as if their scanners were average"
    )
    return [("Harmonisation", text)]


def _unseen_levels(model: LockedModel, cases: Cases) -> list[tuple[str, str]]:
    """Say how many cases are at a level that no training case had."""
    return [
        (
            label_of(found.variable, model.predictor.variables[found.variable]),
            f"{len(found.rows)} cases are at a level that no training case had; it counts as"
            f" {found.reference}",
        )
        for found in model.predictor.unseen_levels(cases.clinical)
    ] + [
        (
            " and ".join(label_of(key, model.predictor.variables[key]) for key in pair.variables),
            f"{len(pair.rows)} cases have {' with '.join(pair.levels)}, which no training case had"
            " together; the two effects are taken as independent of one another",
        )
        for pair in model.predictor.unseen_together(cases.clinical)
    ]
