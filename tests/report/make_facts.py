"""Facts of a study that never was, with numbers like the paper's: for tests and for looking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fake_cohort import HORIZONS, MODELS, SHOWN, Cohort, calibration, decision, risk_groups, roc
from fake_instability import instability
from fake_models import (
    comparisons,
    model_facts,
    nomogram,
    null_check,
    performance,
    reclassification,
)
from fake_selection import agreement, correlation, pictures, selection
from fake_tables import cox_table, signatures_table, table1

from trephine.facts import (
    DeepMethod,
    EstimateFact,
    ExclusionFact,
    Facts,
    FlowCount,
    FlowFacts,
    HorizonFlow,
    InputFile,
    InputsFacts,
    MethodsFacts,
    ProtocolFact,
    Quartiles,
    RadiomicsMethod,
    ResamplingMethod,
    RunFacts,
    RunWarning,
    SampleSizeFacts,
    SampleSizeRow,
    SignatureMethod,
    SpacingFacts,
    StudyFacts,
    Timing,
    Version,
)

PLAN = """[study]
title = "No-collapse survival after multiple drilling"
protocol = "sound"
seed = 2025

[outcome]
name = "no-collapse survival"
event = "collapse"
unit = "months"
horizons = [36, 60]
"""


def make_facts(pictures_folder: Path, predictors: int = 6) -> Facts:
    """Facts with every part filled in; pictures are written to ``pictures_folder``."""
    cohort = Cohort()
    rng = np.random.default_rng(11)
    chosen = tuple(
        selection(rng, protocol, feature_set)
        for protocol in ("published", "sound")
        for feature_set in ("Radiomics", "DL")
    )
    curves = tuple(roc(cohort, p, k, m, h) for p, k in SHOWN for h in HORIZONS for m in MODELS)
    return Facts(
        study=StudyFacts(
            title="No-collapse survival after multiple drilling",
            outcome_name="no-collapse survival",
            event_noun="collapse",
            case_noun="hip",
            time_unit="months",
            horizons=HORIZONS,
            protocol="sound",
            protocols=(
                ProtocolFact(name="published", judged="apparent"),
                ProtocolFact(name="sound", judged="nested cross-validated"),
            ),
            seed=2025,
            simulated=True,
            simulated_note="Every radiograph, outline and clinical value was made by a program."
            " No patient is behind this report.",
            random_weights_note="Deep features come from a network with random weights; a study"
            " uses ImageNet weights.",
        ),
        flow=FlowFacts(
            enrolled=FlowCount(patients=151, cases=223),
            exclusions=(
                ExclusionFact(reason="Follow-up shorter than 6 months", patients=4, cases=6),
                ExclusionFact(reason="Radiograph not readable", patients=1, cases=2),
                ExclusionFact(reason="Missing clinical value", patients=2, cases=3),
            ),
            analysed=FlowCount(patients=144, cases=212),
            events=64,
            event_percent=100 * 64 / 212,
            patients_with_event=58,
            follow_up=Quartiles(median=29.55, q1=19.48, q3=40.83),
            follow_up_reverse_km=EstimateFact(value=34.1, low=31.0, high=38.2),
            longest_follow_up=84.0,
            horizons=(
                HorizonFlow(horizon=36, events=41, censored=96, at_risk=75),
                HorizonFlow(horizon=60, events=59, censored=131, at_risk=22),
            ),
        ),
        inputs=InputsFacts(
            files=(
                InputFile(role="clinical table", name="clinical.csv", sha256="4f" * 32),
                InputFile(
                    role="radiographs", name="images/{patient_id}.dcm", files=144, sha256="a1" * 32
                ),
                InputFile(
                    role="masks of rater a",
                    name="masks/a/{patient_id}.nii.gz",
                    files=144,
                    sha256="b2" * 32,
                ),
                InputFile(
                    role="masks of rater b",
                    name="masks/b/{patient_id}.nii.gz",
                    files=144,
                    sha256="c3" * 32,
                ),
            ),
            spacing=(
                SpacingFacts(
                    source="PixelSpacing (calibrated)", images=98, low_mm=0.143, high_mm=0.2
                ),
                SpacingFacts(
                    source="ImagerPixelSpacing / magnification",
                    images=46,
                    low_mm=0.12,
                    high_mm=0.139,
                ),
            ),
            weights_name="random:0",
            weights_sha256="9e" * 32,
        ),
        methods=MethodsFacts(
            normalisation="z-score over the whole image",
            raters=("a", "b"),
            radiomics=RadiomicsMethod(
                preset="native2d",
                bin_width=0.1,
                image_types=("original", "wavelet", "LoG"),
                families=("shape", "first order", "GLCM", "GLRLM", "GLSZM", "GLDM", "NGTDM"),
                features=930,
            ),
            deep=DeepMethod(
                backbone="resnet18",
                layer="average pooling",
                weights="random:0",
                features=512,
                crop="bounding box of the region, square, 224 x 224, left hips mirrored",
            ),
            missing_values="cases with a missing clinical value are left out",
            signatures=(
                SignatureMethod(
                    protocol="published",
                    learner="penalised-cox",
                    mixtures=(1.0,),
                    inner_folds=10,
                    fold_unit="case",
                    training="in-sample",
                ),
                SignatureMethod(
                    protocol="sound",
                    learner="adaptive-ridge",
                    adaptivities=(0.0, 0.5, 1.0),
                    inner_folds=10,
                    fold_unit="patient",
                    training="out-of-fold",
                    clipped_at=1.5,
                ),
            ),
            resampling=(
                ResamplingMethod(
                    protocol="published",
                    unit="case",
                    folds=10,
                    repeats=1,
                    bootstraps=200,
                    permutations=60,
                ),
                ResamplingMethod(
                    protocol="sound",
                    unit="patient",
                    folds=5,
                    repeats=10,
                    bootstraps=200,
                    permutations=60,
                ),
            ),
        ),
        run=RunFacts(
            started="2025-01-15",
            plan=PLAN,
            plan_sha256="d4" * 32,
            versions=(
                Version(name="trephine", version="0.1.0"),
                Version(name="python", version="3.11.9"),
                Version(name="numpy", version="2.2.1"),
                Version(name="scipy", version="1.15.0"),
            ),
            timings=(
                Timing(stage="images and masks", seconds=21.4),
                Timing(stage="radiomics", seconds=33.9),
                Timing(stage="deep features", seconds=18.0),
                Timing(stage="models and resampling", seconds=88.7),
            ),
            warnings=(
                RunWarning(
                    where="sample size",
                    text="Fewer than 10 events per candidate parameter in every selection step.",
                ),
            ),
        ),
        agreement=agreement(rng),
        table1=table1(),
        table2=tuple(cox_table(p) for p in ("published", "sound")),
        selection=chosen,
        correlation=tuple(
            correlation(rng, [s for s in chosen if s.protocol == p]) for p in ("published", "sound")
        ),
        models=model_facts("published") + model_facts("sound"),
        nomograms=tuple(nomogram(predictors, p) for p in ("published", "sound")),
        sample_size=SampleSizeFacts(
            n=212,
            events=64,
            rows=(
                SampleSizeRow(
                    model="Clinical",
                    parameters=4,
                    events_per_parameter=16.0,
                    riley_n=188,
                    riley_events=56.8,
                ),
                SampleSizeRow(
                    model="DLRC",
                    parameters=6,
                    events_per_parameter=64 / 6,
                    riley_n=281,
                    riley_events=84.8,
                ),
                SampleSizeRow(
                    model="Radiomics selection",
                    parameters=930,
                    events_per_parameter=64 / 930,
                    riley_n=43508,
                    riley_events=13134.5,
                ),
            ),
            assumed_r2=0.18,
            target_shrinkage=0.9,
        ),
        performance=performance(curves),
        comparisons=comparisons(),
        null_check=null_check(rng),
        reclassification=reclassification(),
        table_s2=tuple(signatures_table(p) for p in ("published", "sound")),
        roc=curves,
        calibration=tuple(
            calibration(cohort, p, k, m, h) for p, k in SHOWN for h in HORIZONS for m in MODELS
        ),
        decision_curves=tuple(decision(cohort, p, k, h) for p, k in SHOWN for h in HORIZONS),
        instability=tuple(
            instability(p, m, h) for p in ("published", "sound") for m in MODELS for h in HORIZONS
        ),
        survival=cohort.kaplan_meier(np.ones(cohort.time.size, bool), "All hips"),
        risk_groups=tuple(risk_groups(cohort, p, k) for p, k in SHOWN),
        pictures=pictures(pictures_folder, rng),
    )
