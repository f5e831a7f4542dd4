"""What the study is, who was in it, what went in and how it ran."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections import defaultdict
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trephine import __version__
from trephine.deep.settings import DeepSettings
from trephine.facts import (
    EstimateFact,
    ExclusionFact,
    FlowCount,
    FlowFacts,
    HorizonFlow,
    InputFile,
    InputsFacts,
    ProtocolFact,
    Quartiles,
    RunFacts,
    RunWarning,
    SpacingFacts,
    StudyFacts,
    Timing,
    Version,
)
from trephine.facts.base import CompetingCount
from trephine.modelling.protocols import PROTOCOLS
from trephine.report import phrases
from trephine.study.assess.follow_up import entries, median_follow_up
from trephine.study.gather.methods import weights_name
from trephine.study.image_plans import image_of, image_plans
from trephine.study.image_views import image_views
from trephine.study.images.fingerprints import Fingerprint
from trephine.study.network_file import trust_note
from trephine.study.provenance import read_fingerprints, roles_of
from trephine.study.results import Analysed
from trephine.study.settings import deep_settings, radiomics_settings
from trephine.survival.competing_outcome import CompetingSurvival, competing_counts

# What the numbers of a report rest on.
LIBRARIES = ("numpy", "scipy", "numba", "pandas", "SimpleITK", "PyWavelets", "pydicom")

_COUNTED = """hip knee shoulder ankle wrist elbow limb leg arm joint bone femur eye ear breast
    kidney lung ovary tumour tumor lesion nodule vertebra implant graft patient subject
    participant"""
COUNTED = frozenset(_COUNTED.split())
"""What a case may be, beside a case: words whose plural is regular."""


def study_facts(analysis: Analysed) -> StudyFacts:
    """Return what the study is about."""
    plan = analysis.inputs.plan
    networks = [deep_settings(one) for one in image_plans(plan).values()]
    weights = list(dict.fromkeys(d.weights for d in networks if d and d.random_seed is not None))
    return StudyFacts(
        title=plan.study.title,
        outcome_name=plan.outcome.full_name,
        event_noun=plan.outcome.event,
        case_noun=case_noun(plan.data.columns.case),
        time_unit=plan.outcome.unit,
        horizons=plan.outcome.horizons,
        landmark=plan.outcome.landmark,
        protocol=plan.study.protocol,
        protocols=tuple(
            ProtocolFact(name=one.name, judged=one.judged) for one in PROTOCOLS.values()
        ),
        seed=plan.study.seed,
        simulated=bool(plan.study.simulated),
        simulated_note=plan.study.simulated,
        random_weights_note=phrases.RANDOM_WEIGHTS.format(weights=", ".join(weights))
        if weights
        else "",
    )


def case_noun(column: str) -> str:
    """Return what a case is called: the case column's stem, such as "hip" of hip_id.

    Only a word that an English sentence can count ("102 hips of 62 patients"): of a column that is
    named in another language, or "accession_id", the report says "cases".
    """
    stem = re.sub(r"[\W_]*(id|ids|no|nr|number)?[\W_]*$", "", column.lower())
    return stem if stem in COUNTED else "case"


def flow_facts(analysis: Analysed) -> FlowFacts:
    """Return the participant flow."""
    flow = analysis.inputs.flow
    survival = analysis.cases.survival
    time, event, since = survival.time, survival.event, entries(analysis)
    low, middle, high = np.quantile(time - since, (0.25, 0.5, 0.75))
    other = survival.competing if isinstance(survival, CompetingSurvival) else np.zeros_like(event)
    horizons = tuple(
        HorizonFlow(
            horizon=horizon,
            events=int(np.sum(event & (time <= horizon))),
            competing=int(np.sum(other & (time <= horizon))),
            censored=int(np.sum(~event & ~other & (time < horizon))),
            at_risk=int(
                np.sum(
                    ((time > horizon) | (~event & ~other & (time == horizon))) & (since <= horizon)
                )
            ),
            not_yet=int(np.sum(since > horizon)),
        )
        for horizon in analysis.inputs.plan.outcome.horizons
    )
    return FlowFacts(
        enrolled=FlowCount(patients=flow.enrolled_patients, cases=flow.enrolled_cases),
        exclusions=tuple(
            ExclusionFact(reason=e.reason, patients=e.n_patients, cases=e.n_cases)
            for e in flow.exclusions
        ),
        analysed=FlowCount(patients=flow.analysed_patients, cases=flow.analysed_cases),
        events=int(event.sum()),
        event_percent=100 * float(event.mean()),
        competing=tuple(
            CompetingCount(name=name, cases=count, percent=100 * count / len(survival))
            for name, count in competing_counts(survival).items()
        ),
        patients_with_event=len(np.unique(analysis.cases.patient[event])),
        follow_up=Quartiles(median=middle, q1=low, q3=high),
        follow_up_reverse_km=EstimateFact.model_validate(median_follow_up(analysis)),
        longest_follow_up=float(time.max()),
        horizons=horizons,
    )


def inputs_facts(analysis: Analysed) -> InputsFacts:
    """Return every input with its fingerprint; a group of files has one for all."""
    plan = analysis.inputs.plan
    taken = read_fingerprints(analysis.inputs, analysis.extracted)
    files = [_one_file("study table", plan.data.table, taken)]
    if plan.features is not None and plan.features.table != plan.data.table:
        files.append(_one_file("feature table", plan.features.table, taken))
    for rater, path in list(plan.data.measures.items())[:1]:
        files.append(_one_file(f"measures of rater {rater}", path, taken))
    for key, view in image_views(analysis.inputs).items():
        for role, pattern, paths in roles_of(view):
            named = f"{key} {role}" if key else role
            files.append(_group(named, Path(pattern).name, paths, taken))
    networks = _networks(analysis)
    return InputsFacts(
        files=tuple(files),
        spacing=_spacing(analysis),
        weights_name=", ".join(dict.fromkeys(weights_name(deep) for deep, _ in networks)),
        weights_sha256=", ".join(dict.fromkeys(sha256 for _, sha256 in networks)),
        trust_note=" ".join(dict.fromkeys(trust_note(deep) for deep, _ in networks)).strip(),
    )


def _networks(analysis: Analysed) -> list[tuple[DeepSettings, str]]:
    """Return the network that each image's regions are read by, and the hash of its weights."""
    found = analysis.extracted.of_images if analysis.extracted is not None else {}
    plans = image_plans(analysis.inputs.plan)
    return [
        (deep, found[key].weights_sha256 if key in found else "")
        for key, plan in plans.items()
        if (deep := deep_settings(plan)) is not None
    ]


# As they were read: what lies there now may be another file.
Fingerprints = Mapping[Path, Fingerprint]


def _one_file(role: str, path: Path, taken: Fingerprints) -> InputFile:
    return InputFile(role=role, name=path.name, sha256=taken[path].sha256)


def _group(role: str, name: str, paths: tuple[Path, ...], taken: Fingerprints) -> InputFile:
    distinct = sorted(set(paths))
    digests = "\n".join(sorted(taken[path].sha256 for path in distinct))
    whole = hashlib.sha256(digests.encode()).hexdigest()
    return InputFile(role=role, name=name, files=len(distinct), sha256=whole)


def _spacing(analysis: Analysed) -> tuple[SpacingFacts, ...]:
    if analysis.extracted is None:
        return ()
    found: dict[str, list[float]] = defaultdict(list)
    # The regions of one image have the same notes.
    notes = {image_of(key): one.image_notes for key, one in analysis.extracted.of_images.items()}
    for image, of_image in notes.items():
        for note in of_image:
            source = str(note.get("spacing_source", "not recorded"))
            spacing = float(note["spacing_row_mm"])
            found[f"{source} ({image})" if image else source].append(spacing)
    return tuple(
        SpacingFacts(source=source, images=len(values), low_mm=min(values), high_mm=max(values))
        for source, values in sorted(found.items())
    )


def run_facts(analysis: Analysed) -> RunFacts:
    """Return the plan as it ran, versions, timings and warnings."""
    plan = json.dumps(plan_as_ran(analysis), indent=1, ensure_ascii=False)
    versions = [Version(name="trephine", version=__version__)]
    versions.append(Version(name="Python", version=platform.python_version()))
    versions += [Version(name=name, version=version(name)) for name in LIBRARIES]
    versions += _network_library(analysis)
    return RunFacts(
        plan=plan,
        plan_sha256=hashlib.sha256(plan.encode()).hexdigest(),
        versions=tuple(versions),
        timings=tuple(Timing(stage=s, seconds=t) for s, t in analysis.timings.items()),
        warnings=tuple(RunWarning(where=where, text=text) for where, text in analysis.warnings),
    )


def _network_library(analysis: Analysed) -> list[Version]:
    """Return what computed deep features, where there are any and it is installed."""
    used = _networks(analysis) if analysis.extracted is not None else []
    names = ["onnxruntime" if d.backbone.lower().endswith(".onnx") else "torch" for d, _ in used]
    return [
        Version(name=name, version=str(import_module(name).__version__))
        for name in dict.fromkeys(names)
        if find_spec(name) is not None
    ]


def plan_as_ran(analysis: Analysed) -> dict[str, object]:
    """Return the plan with every default filled in and paths cut to their last parts."""
    plan = analysis.inputs.plan
    content = plan.model_dump(mode="json", exclude_none=True)
    if not plan.images:
        del content["images"]
    for key, alone in image_plans(plan).items():
        radiomics = radiomics_settings(alone)
        if radiomics is not None:
            settings = radiomics.model_dump(mode="json", exclude_none=True)
            place = content["images"][image_of(key)] if key else content
            place.setdefault("radiomics", {})["settings"] = settings
    if not plan.limits.stated():
        del content["limits"]
    cut = _without_folders(content, plan.data.table.parent)
    assert isinstance(cut, dict)
    return cut


def _without_folders(value: object, folder: Path) -> object:
    """Return a plan's values with paths from the table's folder on, else by their last parts.

    Where a study lay on somebody's machine is nobody's business who reads its report.
    """
    if isinstance(value, dict):
        return {key: _without_folders(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item, folder) for item in value]
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    path = Path(value)
    inside = path.is_relative_to(folder)
    return path.relative_to(folder).as_posix() if inside else "/".join(path.parts[-2:])
