"""A locked model on outside data: nothing is fitted, everything is measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from trephine.cohort.cells import CellReading
from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.errors import BundleError, PlanError
from trephine.evaluation.recalibration import recalibrate
from trephine.facts import (
    CaseMixRow,
    EstimateFact,
    ExternalFacts,
    Facts,
    RecalibrationRow,
    write_facts,
)
from trephine.modelling.bundle import Bundle, read_bundle
from trephine.modelling.bundle_signing import told
from trephine.modelling.cases import Cases
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Prediction
from trephine.modelling.protocols import PROTOCOLS
from trephine.modelling.recipe import FittedRecipe
from trephine.plan import StudyPlan
from trephine.plan.sections import DeepSection, ModelsSection, RadiomicsSection
from trephine.report import write_report
from trephine.report.wording import name_column
from trephine.store import FeatureStore
from trephine.study.cohort_gaps import cohort_gaps
from trephine.study.extraction import ExtractedFeatures, cases_of, extract_all
from trephine.study.gather.external import assemble_external_facts
from trephine.study.inputs import read_study
from trephine.study.locked.new_case import check_engine, network_settings
from trephine.study.locked.predict import centre_codes
from trephine.study.provenance import changed_inputs
from trephine.study.results import Analysis, ProtocolResult, prediction_times
from trephine.study.settings import DEEP, RADIOMICS, recipe_settings
from trephine.study.stages import StageProgress, Stopwatch


@dataclass(frozen=True)
class ValidationResult:
    """What a validation left on disk.

    Attributes
    ----------
    folder, report
        Results folder and the page to open.
    facts
        Every number of the report.
    remarks
        What was assumed, looks odd, left cases out or was filled in, one sentence each.
    """

    folder: Path
    report: Path
    facts: Facts
    remarks: tuple[str, ...] = ()

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
        lines += [f"Note: {remark}" for remark in self.remarks]
        return [*lines, "", told(self.signed_by), f"Report: {self.report}"]


def validate_bundle(
    bundle_path: Path,
    path: Path,
    out: Path | None = None,
    *,
    workers: int | None = None,
    progress: StageProgress | None = None,
    signer: str | None = None,
) -> ValidationResult:
    """Run a locked model on outside data.

    Parameters
    ----------
    bundle_path
        The model.
    path
        A study file that says where the outside table, images and masks are. How features are
        extracted, which clinical variables count and what is predicted come from the model.
    out
        Results folder; ``validation`` beside the study file by default.
    workers, progress
        As ``run_study``.
    signer
        Fingerprint of the key that must have signed the bundle, if any.

    Raises
    ------
    BundleError
        If the bundle is refused, or its network's weights are others.
    StudyProblemsError
        If the outside data have problems.

    Examples
    --------
    >>> from pathlib import Path
    >>> from trephine import validate_bundle
    >>> found = validate_bundle(Path("results/model"), Path("outside/study.toml"))
    >>> found.facts.performance[0].c_index.value > 0.5
    True
    """
    show = progress or (lambda stage, done, total: None)
    watch = Stopwatch()
    bundle = read_bundle(bundle_path, signer)
    with watch.stage("Reading and checking"):
        inputs = read_study(
            path,
            partial(show, "Opening images and masks"),
            workers,
            adjust=partial(as_the_model_needs, bundle),
        )
    folder = out if out is not None else path.resolve().parent / "validation"
    folder.mkdir(parents=True, exist_ok=True)
    extracted: ExtractedFeatures | None = None
    if inputs.files is not None:
        with watch.stage("Extracting features"):
            store = FeatureStore(folder / "features")
            extracted = extract_all(
                inputs,
                store,
                block=bundle.predictor.blocks.get(DEEP),
                workers=workers,
                progress=partial(show, "Extracting features"),
            )
        _same_weights(bundle, extracted)
    cases = cases_of(inputs, extracted)
    times = prediction_times(inputs.plan.outcome.horizons, inputs.survival)
    if inputs.centre is not None:
        names = [inputs.centre_names[code] for code in inputs.centre]
        cases = replace(cases, centre=centre_codes(bundle, names))
    gaps = cohort_gaps(bundle, cases, inputs.rows, inputs.plan.data.table.name)
    predictions = bundle.predictor.predict(
        cases.features, cases.clinical, times, centre=cases.centre
    )
    settings = recipe_settings(inputs.plan, PROTOCOLS[bundle.context["protocol"]])
    settings = replace(settings, models=tuple((m.name, m.parts) for m in _models(bundle).values()))
    fitted = FittedRecipe(settings, {}, None, bundle.predictor)
    result = ProtocolResult(settings, fitted, predictions, None)
    analysis = Analysis(
        inputs,
        extracted,
        cases,
        {settings.protocol: result},
        watch.seconds,
        (
            *changed_inputs(inputs, extracted),
            *_warnings(bundle, cases),
            *(("Missing values", gap) for gap in gaps),
        ),
    )
    external = _external(bundle, cases, predictions, inputs.plan.outcome.horizons)
    with watch.stage("Performance"):
        facts = assemble_external_facts(analysis, external, workers=workers)
    write_facts(facts, folder / "facts.json")
    written = write_report(facts, folder / "pictures", folder)
    return ValidationResult(folder, written[0], facts, (*inputs.remarks, *gaps))


def _warnings(bundle: Bundle, cases: Cases) -> tuple[tuple[str, str], ...]:
    """Tell how many cases come from centres whose effects the model does not know."""
    n = len(cases)
    harmonisers = bundle.predictor.harmonisers.values()
    unknown = [int(np.sum(~part.knows(cases.centre, n))) for part in harmonisers]
    found = []
    if any(unknown):
        text = (
            f"{max(unknown)} of {n} cases come from centres that the model was not fitted with;"
            " their features count as measured, as if their scanners were average"
        )
        found.append(("Harmonisation", text))
    return (*found, *_unseen_levels(bundle, cases))


def _unseen_levels(bundle: Bundle, cases: Cases) -> list[tuple[str, str]]:
    """Tell how many cases are at a level that no training case had."""
    terms = {term for model in _models(bundle).values() for term in model.terms}
    found = []
    for key, variable in bundle.predictor.variables.items():
        references = {term.level: term.reference for term in terms if term.variable == key}
        own = set(references)
        if not own or not variable.categorical or key not in cases.clinical.variables:
            continue
        reference = next(iter(references.values()))
        known = {None, reference, *own}
        count = sum(level not in known for level in cases.clinical.texts(key))
        if count:
            text = (
                f"{count} cases are at a level that no training case had; it counts as {reference}"
            )
            found.append((label_of(key, variable), text))
    return found


def _models(bundle: Bundle) -> Mapping[str, FittedModel]:
    return bundle.predictor.models


def as_the_model_needs(bundle: Bundle, plan: StudyPlan) -> StudyPlan:
    """Return a plan with everything that decides a prediction taken from the model.

    Raises
    ------
    PlanError
        If the plan counts time in another unit, or the model needs images and the plan has none.
    """
    context = bundle.context
    outcome = plan.outcome.model_validate(context["outcome"])
    if "unit" in plan.outcome.model_fields_set and plan.outcome.unit != outcome.unit:
        raise PlanError(
            f"outcome.unit: expected {outcome.unit}, as the model counts time, found"
            f" {plan.outcome.unit}; convert the times of the table"
        )
    needed = {t.variable for m in _models(bundle).values() for t in m.terms}
    for part in bundle.predictor.harmonisers.values():
        needed |= {term.variable for term in part.terms}
    signatures = needed & set(bundle.predictor.signatures)
    settings = context["features"]
    pictured = plan.features is None and signatures & {RADIOMICS, DEEP}
    if pictured and not plan.has_images:
        raise PlanError(f"data.image: expected images, for the signatures {sorted(pictured)}")
    if pictured and RADIOMICS in signatures:
        check_engine(bundle)
    first = dict(list(plan.data.raters.items())[:1])
    return plan.model_copy(
        update={
            "outcome": outcome,
            "data": plan.data.model_copy(update={"raters": first, "repeats": {}}),
            "clinical": {
                key: _as_outside(variable, plan.clinical.get(key))
                for key, variable in bundle.predictor.variables.items()
                if key in needed
            },
            "radiomics": RadiomicsSection(
                enabled=RADIOMICS in signatures,
                preset="pyradiomics",
                settings=settings[RADIOMICS] or {},
                normalise=settings["normalise"],
            ),
            "deep": _network(bundle, plan, DEEP in signatures),
            "models": ModelsSection(),
        }
    )


def _as_outside(variable: ClinicalVariable, outside: ClinicalVariable | None) -> ClinicalVariable:
    """Return the model's variable, read from the column that the outside plan names for it.

    Raises
    ------
    PlanError
        If the outside plan gives it another unit or other levels than the model has.
    """
    if outside is None:
        return variable
    for part in ("unit", "levels"):
        expected, found = getattr(variable, part), getattr(outside, part)
        same = sorted(found) == sorted(expected) if part == "levels" else found == expected
        if part in outside.model_fields_set and not same:
            raise PlanError(
                f"clinical: expected {part} {expected!r}, as the model has, for the variable"
                f" {variable.label or variable.column or 'of this name'}, found {found!r}; recode"
                " the table"
            )
    named = {"column", "arcs", "measure", *CellReading.model_fields} & outside.model_fields_set
    return variable.model_copy(update={part: getattr(outside, part) for part in named})


def _network(bundle: Bundle, plan: StudyPlan, needed: bool) -> DeepSection:
    """Return the model's network section; its file, where it has one, is the outside plan's."""
    if not needed:
        return DeepSection(enabled=False)
    own = plan.deep.backbone if plan.deep.is_network_file else plan.deep.weights
    given = Path(own) if "deep" in plan.model_fields_set else None
    return DeepSection(**network_settings(bundle, given, plan.deep.trust).model_dump())


def _same_weights(bundle: Bundle, extracted: ExtractedFeatures) -> None:
    block = bundle.predictor.blocks.get(DEEP)
    expected = bundle.context["features"]["weights_sha256"] if block is None else block.sha256
    if extracted.weights_sha256 and extracted.weights_sha256 != expected:
        raise BundleError(
            f"bundle: expected network weights {expected[:12]}, found"
            f" {extracted.weights_sha256[:12]}; use the file that the model was fitted with"
        )


def _external(
    bundle: Bundle,
    cases: Cases,
    predictions: Mapping[str, Prediction],
    horizons: tuple[float, ...],
) -> ExternalFacts:
    models = _models(bundle)
    fullest = max(models.values(), key=lambda model: len(model.parts))
    reached = [h for h in horizons if h <= cases.survival.time.max()]
    rows = []
    for name, model in models.items():
        found = recalibrate(
            cases.survival,
            predictions[name].linear_predictor,
            reached,
            model.baseline_survival(reached) if reached else np.empty(0),
            cluster=cases.patient,
        )
        slope = None if np.isnan(found.slope.value) else EstimateFact.model_validate(found.slope)
        rows += [
            RecalibrationRow(
                model=name,
                horizon=horizon,
                slope=slope,
                locked=found.locked_baseline[j],
                new_baseline=found.new_baseline[j],
                new_baseline_and_slope=found.new_baseline_and_slope[j],
            )
            for j, horizon in enumerate(reached)
        ]
    return ExternalFacts(
        model_title=str(bundle.context["title"]),
        protocol=bundle.context["protocol"],
        training_cases=fullest.n,
        training_events=fullest.n_events,
        case_mix=_case_mix(bundle, fullest, cases),
        recalibration=tuple(rows),
        signed_by=bundle.signed_by,
    )


def _case_mix(bundle: Bundle, model: FittedModel, cases: Cases) -> tuple[CaseMixRow, ...]:
    design = bundle.predictor.design(model, cases.features, cases.clinical, cases.centre)
    return tuple(
        CaseMixRow(
            label=term.label,
            training_mean=model.centre[j],
            training_low=model.low[j],
            training_high=model.high[j],
            mean=design[:, j].mean(),
            low=design[:, j].min(),
            high=design[:, j].max(),
            outside=int(np.sum((design[:, j] < model.low[j]) | (design[:, j] > model.high[j]))),
        )
        for j, term in enumerate(model.terms)
    )
