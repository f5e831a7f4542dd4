"""Facts: everything that a report shows, frozen, in one JSON file.

The study fills them in from its results; tables, figures and pages are rendered from them and
from nothing else. So a report can be rebuilt without recomputing, and every printed number can be
traced to its place in ``facts.json``. The schema is ``docs/facts-schema.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from trephine.errors import InputError
from trephine.facts.base import (
    EstimateFact,
    Fact,
    HorizonEstimate,
    HorizonNumber,
    Quartiles,
    SpreadFact,
)
from trephine.facts.centres import CentreFacts
from trephine.facts.changing_hazards import RelaxedFacts
from trephine.facts.competing import CompetingFacts
from trephine.facts.evaluation import (
    BenefitGainFacts,
    CalibrationFacts,
    CalibrationGroupFact,
    CalibrationNumbers,
    ComparisonFacts,
    DecisionCurveFacts,
    NetBenefit,
    NullFacts,
    OptimismFacts,
    PerformanceFacts,
    ReclassificationFacts,
    RiskGroupsFacts,
    RocFacts,
    SurvivalCurve,
    ThresholdSpan,
)
from trephine.facts.external import (
    CaseMixRow,
    ExternalFacts,
    RecalibrationRow,
    UpdatedHorizon,
    UpdatedTerm,
    UpdateFacts,
    UpdateTestRow,
)
from trephine.facts.instability import InstabilityFacts
from trephine.facts.late_entry import LateEntryFacts
from trephine.facts.measuring import DeepMethod, ImageMethod, RadiomicsMethod
from trephine.facts.missing import MissingFacts
from trephine.facts.models import (
    AxisTick,
    CoefficientOverTime,
    ExampleValue,
    HazardsTest,
    ModelFacts,
    NomogramFacts,
    PredictorAxis,
    SampleSizeFacts,
    SampleSizeRow,
    SurvivalAxisFact,
    TermFact,
    WorkedExample,
)
from trephine.facts.pictures import Outline, PictureFacts
from trephine.facts.restricted_mean import RestrictedMeanFacts
from trephine.facts.selection import (
    AgreementFacts,
    CoefficientPath,
    CorrelationFacts,
    IccFacts,
    LassoFacts,
    OverlapFacts,
    PartShare,
    SelectedFeature,
    SelectionFacts,
    SelectionStep,
    ShortFeature,
    ShortSignature,
)
from trephine.facts.study import (
    ExclusionFact,
    FlowCount,
    FlowFacts,
    HorizonFlow,
    InputFile,
    InputsFacts,
    MethodsFacts,
    PartialRater,
    ProtocolFact,
    ResamplingMethod,
    RunFacts,
    RunWarning,
    SignatureMethod,
    SpacingFacts,
    StudyFacts,
    Timing,
    Version,
)
from trephine.facts.subgroups import SubgroupFacts
from trephine.facts.tables import (
    ContinuousSummaryFact,
    CoxRow,
    CoxTableFacts,
    CoxVariable,
    HazardRatio,
    LevelCount,
    Table1Facts,
    Table1Level,
    Table1Variable,
)
from trephine.facts.visits import VisitsFacts
from trephine.paths import irregular, open_regular
from trephine.writing import write_text


class Facts(Fact):
    """Everything that the report of one study shows.

    Parts that a study does not have are null or empty: a study without images has no pictures and
    no agreement, one without clinical variables no ``table1``, and so on.
    """

    schema_version: Literal[1] = 1
    """Version of this schema."""
    study: StudyFacts
    """What the study is about."""
    flow: FlowFacts
    """From the enrolled to the analysed."""
    inputs: InputsFacts = InputsFacts()
    """What went in, with fingerprints."""
    methods: MethodsFacts = MethodsFacts()
    """Settings for the methods section."""
    run: RunFacts = RunFacts()
    """How the study ran."""
    agreement: AgreementFacts | None = None
    """Agreement between and within raters."""
    table1: Table1Facts | None = None
    """Baseline characteristics; null without clinical variables."""
    missing: MissingFacts | None = None
    """Missing clinical values and their imputations; null where a study does not impute several
    times."""
    table2: tuple[CoxTableFacts, ...] = ()
    """Cox regression of the clinical variables, one table a protocol."""
    selection: tuple[SelectionFacts, ...] = ()
    """Selection audit, penalised regression and signature, by feature set and protocol."""
    correlation: tuple[CorrelationFacts, ...] = ()
    """Correlation between selected features, one per protocol."""
    models: tuple[ModelFacts, ...] = ()
    """Fitted models, by protocol."""
    nomograms: tuple[NomogramFacts, ...] = ()
    """Nomograms, by protocol."""
    sample_size: SampleSizeFacts | None = None
    """Whether there are enough events."""
    performance: tuple[PerformanceFacts, ...] = ()
    """Performance, by model, protocol and kind (Table 3)."""
    comparisons: tuple[ComparisonFacts, ...] = ()
    """Differences between models."""
    null_check: tuple[NullFacts, ...] = ()
    """The pipeline on permuted outcomes, by model and protocol."""
    reclassification: tuple[ReclassificationFacts, ...] = ()
    """Table S1: NRI and IDI between pairs of models."""
    table_s2: tuple[CoxTableFacts, ...] = ()
    """Table S2: signatures as independent factors, one table a protocol."""
    roc: tuple[RocFacts, ...] = ()
    """ROC curves."""
    calibration: tuple[CalibrationFacts, ...] = ()
    """Calibration curves."""
    decision_curves: tuple[DecisionCurveFacts, ...] = ()
    """Decision curves."""
    benefit_gains: tuple[BenefitGainFacts, ...] = ()
    """What each image of a case gains in net benefit; empty for studies of one image."""
    instability: tuple[InstabilityFacts, ...] = ()
    """Models beside their bootstrap refits, by protocol, model and horizon."""
    survival: SurvivalCurve | None = None
    """Kaplan-Meier curve of all analysed cases."""
    risk_groups: tuple[RiskGroupsFacts, ...] = ()
    """Kaplan-Meier curves of risk groups."""
    competing: CompetingFacts | None = None
    """Incidences where other events may come first; null where the plan names none."""
    visits: VisitsFacts | None = None
    """Events known to lie between two visits; null where their times are known."""
    late_entry: LateEntryFacts | None = None
    """Cases that came under observation late; null where all did at the start."""
    restricted_means: tuple[RestrictedMeanFacts, ...] = ()
    """Mean event-free time by group; empty where the plan did not ask for it."""
    relaxed_hazards: tuple[RelaxedFacts, ...] = ()
    """Final models whose hazards need not be proportional; empty where the plan names none."""
    subgroups: tuple[SubgroupFacts, ...] = ()
    """Models in the subgroups of the plan, out of fold."""
    centres: tuple[CentreFacts, ...] = ()
    """Models in each centre, by recipes refitted without it; empty without two centres."""
    external: ExternalFacts | None = None
    """A locked model on outside data; null in the report of a study that makes models."""
    pictures: tuple[PictureFacts, ...] = ()
    """Pictures that lie beside this file."""


def write_facts(facts: Facts, path: str | Path) -> Path:
    """Write facts as JSON, whole or not at all; what is not finite is already null.

    Parameters
    ----------
    facts
        What to write.
    path
        Where; usually ``facts.json`` in the results folder.

    Returns
    -------
    The path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, indent=1)
    write_text(path, text + "\n")
    return path


def read_facts(path: str | Path) -> Facts:
    """Read facts that ``write_facts`` wrote.

    Raises
    ------
    InputError
        If the file is missing, is not JSON or does not fit the schema; the first misfits are named.
    """
    path = Path(path)
    try:
        with open_regular(path) as file:
            text = file.read().decode("utf-8")
    except InputError:
        raise InputError(
            f"facts: expected a results file at {path}, found {irregular(path)};"
            " run the study again"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"facts: expected {path.name} as the run wrote it, in UTF-8, found other bytes at"
            f" position {error.start}; the file is damaged: run the study again, which goes on from"
            " what is stored"
        ) from None
    except OSError as error:
        raise InputError(
            f"facts: expected a results file at {path}, found none that can be read"
            f" ({error.strerror}); run the study first"
        ) from error
    try:
        return Facts.model_validate_json(text)
    except ValidationError as error:
        misfits = "; ".join(
            f"{'.'.join(map(str, misfit['loc'])) or 'file'}: {misfit['msg']}"
            for misfit in error.errors()[:3]
        )
        raise InputError(
            f"facts: expected {path.name} to fit schema version 1, found {error.error_count()}"
            f" misfits ({misfits}); run the study again with this version of Trephine"
        ) from error


__all__ = [
    "AgreementFacts",
    "AxisTick",
    "BenefitGainFacts",
    "CalibrationFacts",
    "CalibrationGroupFact",
    "CalibrationNumbers",
    "CaseMixRow",
    "CentreFacts",
    "CoefficientOverTime",
    "CoefficientPath",
    "ComparisonFacts",
    "ContinuousSummaryFact",
    "CorrelationFacts",
    "CoxRow",
    "CoxTableFacts",
    "CoxVariable",
    "DecisionCurveFacts",
    "DeepMethod",
    "EstimateFact",
    "ExampleValue",
    "ExclusionFact",
    "ExternalFacts",
    "Fact",
    "Facts",
    "FlowCount",
    "FlowFacts",
    "HazardRatio",
    "HazardsTest",
    "HorizonEstimate",
    "HorizonFlow",
    "HorizonNumber",
    "IccFacts",
    "ImageMethod",
    "InputFile",
    "InputsFacts",
    "InstabilityFacts",
    "LassoFacts",
    "LevelCount",
    "MethodsFacts",
    "ModelFacts",
    "NetBenefit",
    "NomogramFacts",
    "NullFacts",
    "OptimismFacts",
    "Outline",
    "OverlapFacts",
    "PartShare",
    "PartialRater",
    "PerformanceFacts",
    "PictureFacts",
    "PredictorAxis",
    "ProtocolFact",
    "Quartiles",
    "RadiomicsMethod",
    "RecalibrationRow",
    "ReclassificationFacts",
    "ResamplingMethod",
    "RiskGroupsFacts",
    "RocFacts",
    "RunFacts",
    "RunWarning",
    "SampleSizeFacts",
    "SampleSizeRow",
    "SelectedFeature",
    "SelectionFacts",
    "SelectionStep",
    "ShortFeature",
    "ShortSignature",
    "SignatureMethod",
    "SpacingFacts",
    "SpreadFact",
    "StudyFacts",
    "SurvivalAxisFact",
    "SurvivalCurve",
    "Table1Facts",
    "Table1Level",
    "Table1Variable",
    "TermFact",
    "ThresholdSpan",
    "Timing",
    "UpdateFacts",
    "UpdateTestRow",
    "UpdatedHorizon",
    "UpdatedTerm",
    "Version",
    "WorkedExample",
    "read_facts",
    "write_facts",
]
