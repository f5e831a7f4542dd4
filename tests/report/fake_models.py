"""Made-up models, performance and nomograms of 3 to 12 predictors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from fake_cohort import C_INDEX, HORIZONS, MODELS, SHOWN, estimate, ratio

from trephine.facts import (
    AxisTick,
    CalibrationNumbers,
    CoefficientOverTime,
    ComparisonFacts,
    EstimateFact,
    ExampleValue,
    HazardsTest,
    HorizonEstimate,
    HorizonNumber,
    ModelFacts,
    NomogramFacts,
    NullFacts,
    PerformanceFacts,
    PredictorAxis,
    ReclassificationFacts,
    RocFacts,
    SurvivalAxisFact,
    TermFact,
    WorkedExample,
)


def nomogram(predictors: int = 5, protocol: str = "sound") -> NomogramFacts:
    """A nomogram of 3 to 12 predictors: levels, long names, ticks that crowd."""
    stock: Sequence[tuple[str, str, str, tuple[tuple[str, float], ...]]] = (
        (
            "radiomics",
            "Radiomics signature",
            "",
            tuple((f"{v:.1f}", v * 0.9) for v in np.arange(-1.5, 2.01, 0.5)),
        ),
        ("arco", "ARCO stage", "", (("I", 0.0), ("II", 0.2), ("IIIA", 0.75))),
        (
            "dl",
            "DL signature",
            "",
            tuple((f"{v:.1f}", v * 1.05) for v in np.arange(-1.0, 1.51, 0.25)),
        ),
        ("oedema", "Bone marrow oedema", "", (("No", 0.0), ("Yes", 0.59))),
        (
            "angle",
            "Combined necrotic angle",
            "°",
            tuple((f"{v:.0f}", v * 0.0035) for v in np.arange(80, 361, 40)),
        ),
        ("age", "Age", "years", tuple((f"{v:.0f}", -v * 0.012) for v in np.arange(20, 76, 5))),
        ("location", "JIC type", "", (("B", 0.0), ("C1", 0.05), ("C2", 0.09))),
        (
            "aetiology",
            "Aetiology",
            "",
            (("Idiopathic", 0.31), ("Corticosteroid", 0.35), ("Alcohol-related", 0.0)),
        ),
        (
            "bmi",
            "Body mass index",
            "kg/m²",
            tuple((f"{v:.0f}", v * 0.02) for v in np.arange(16, 41, 2)),
        ),
        (
            "laterality",
            "Laterality of the procedure",
            "",
            (
                ("Unilateral with contralateral arthroplasty", 0.0),
                ("Unilateral", 0.04),
                ("Bilateral", 0.12),
            ),
        ),
        (
            "duration",
            "Duration of symptoms before surgery",
            "months",
            tuple((f"{v:.0f}", v * 0.004) for v in np.arange(0, 61, 10)),
        ),
        ("centre", "Treating centre", "", tuple((f"Centre {k}", 0.06 * k) for k in range(12))),
    )
    chosen = stock[:predictors]
    spans = [max(b for _, b in ticks) - min(b for _, b in ticks) for *_, ticks in chosen]
    scale = 100 / max(spans)
    axes, lowest = [], 0.0
    for name, label, unit, ticks in chosen:
        start = min(b for _, b in ticks)
        lowest += start
        continuous = ticks[0][0].replace("-", "").replace(".", "").isdigit()
        axes.append(
            PredictorAxis(
                name=name,
                label=label,
                unit=unit,
                type="continuous" if continuous else "categorical",
                ticks=tuple(
                    AxisTick(
                        value=float(text) if continuous else None,
                        label=text,
                        points=scale * (b - start),
                    )
                    for text, b in ticks
                ),
            )
        )
    top = scale * sum(spans)
    step = next(s for s in (20, 25, 50, 100) if top / s <= 12)
    total = tuple(float(t) for t in np.arange(0, top + step, step))
    base = {36.0: 0.985, 60.0: 0.955}

    def survival_points(horizon: float, probability: float) -> float:
        predictor = np.log(np.log(probability) / np.log(base[horizon]))
        return float(scale * (predictor - lowest - 0.8))

    picked = [axis.ticks[len(axis.ticks) // 2] for axis in axes]
    points = sum(tick.points for tick in picked)
    predictor = points / scale + lowest + 0.8
    return NomogramFacts(
        model="DLRC",
        protocol=protocol,
        points_ticks=tuple(float(v) for v in range(0, 101, 10)),
        predictors=tuple(axes),
        total_ticks=total,
        survival=tuple(
            SurvivalAxisFact(
                horizon=h,
                ticks=tuple(
                    AxisTick(value=p, label=f"{p:g}", points=survival_points(h, p))
                    for p in (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.01)
                    if 0 <= survival_points(h, p) <= total[-1]
                ),
            )
            for h in HORIZONS
        ),
        points_per_unit=scale,
        zero_points_predictor=lowest + 0.8,
        example=WorkedExample(
            description="the case with the median linear predictor",
            values=tuple(
                ExampleValue(name=axis.name, label=tick.label, points=tick.points)
                for axis, tick in zip(axes, picked, strict=True)
            ),
            total_points=points,
            linear_predictor=predictor,
            survival=tuple(
                HorizonNumber(horizon=h, value=base[h] ** np.exp(predictor)) for h in HORIZONS
            ),
        ),
    )


def model_facts(protocol: str) -> tuple[ModelFacts, ...]:
    clinical = (
        ("arco", "ARCO stage: II", 0.2, 0.57),
        ("arco", "ARCO stage: IIIA", 0.75, 0.037),
        ("oedema", "Bone marrow oedema: yes", 0.59, 0.010),
        ("angle", "Combined necrotic angle, per 10°", 0.11, 0.001),
    )
    radiomics = ("radiomics_signature", "Radiomics signature", 0.9, 1 / 61)
    deep = ("dl_signature", "DL signature", 1.05, 1 / 61)
    terms = {
        "Clinical": clinical,
        "Radiomics": (radiomics, *clinical),
        "DL": (deep, *clinical),
        "DLRC": (radiomics, deep, *clinical),
    }
    return tuple(
        ModelFacts(
            name=name,
            protocol=protocol,
            description={
                "Clinical": "clinical variables",
                "Radiomics": "radiomics signature and clinical variables",
                "DL": "deep-learning signature and clinical variables",
                "DLRC": "both signatures and clinical variables",
            }[name],
            n=212,
            events=64,
            standard_errors="model" if protocol == "published" else "cluster-robust",
            terms=tuple(
                TermFact(
                    name=n,
                    label=label,
                    coefficient=b,
                    ratio=ratio(np.exp(b), 0.25),
                    p=p,
                    permutations=60 if "signature" in n else None,
                )
                for n, label, b, p in terms[name]
            ),
            baseline_survival=(
                HorizonNumber(horizon=36, value=0.93),
                HorizonNumber(horizon=60, value=0.81),
            ),
            proportional_hazards_p=0.34,
            hazards_tests=_hazards_tests([label for _, label, _, _ in terms[name]]),
            over_time=_over_time(terms[name]) if name == "DLRC" else (),
        )
        for name in MODELS
    )


def _hazards_tests(labels: Sequence[str]) -> tuple[HazardsTest, ...]:
    single = [
        HazardsTest(label=label, statistic=1.2, degrees_of_freedom=1, p=0.273) for label in labels
    ]
    count = len(labels)
    whole = HazardsTest(label="All terms together", statistic=4.5, degrees_of_freedom=count, p=0.34)
    return (*single, whole)


def _over_time(terms: Sequence[tuple[str, str, float, float]]) -> tuple[CoefficientOverTime, ...]:
    rng = np.random.default_rng(5)
    places = np.linspace(0.0, 0.3, 64)
    at = np.linspace(0.0, 0.3, 40)
    return tuple(
        CoefficientOverTime(
            label=label,
            coefficient=b,
            times=np.linspace(1, 60, 64),
            places=places,
            residuals=b + rng.normal(size=64),
            smooth_at=at,
            smooth=b + 0.3 * np.sin(12 * at),
            smooth_low=b - 0.5 + 0.3 * np.sin(12 * at),
            smooth_high=b + 0.5 + 0.3 * np.sin(12 * at),
        )
        for _, label, b, _ in terms[:3]
    )


def performance(curves: Sequence[RocFacts]) -> tuple[PerformanceFacts, ...]:
    areas = {(c.protocol, c.kind, c.model, c.horizon): c.auc for c in curves}
    rows = []
    for (protocol, kind), values in C_INDEX.items():
        for model, c in zip(MODELS, values, strict=True):
            rows.append(
                PerformanceFacts(
                    protocol=protocol,
                    kind=kind,
                    model=model,
                    n=212,
                    events=64,
                    c_index=EstimateFact(
                        value=c, low=c - 0.071, high=c + 0.059 + 0.001 * len(model)
                    ),
                    c_index_uno=estimate(c - 0.012, 0.068),
                    auc=tuple(
                        HorizonEstimate(
                            horizon=h,
                            estimate=areas.get(
                                (protocol, kind, model, h), estimate(c + 0.02, 0.08)
                            ),
                        )
                        for h in HORIZONS
                    ),
                    brier=(
                        HorizonEstimate(horizon=36, estimate=estimate(0.245 - c / 8, 0.02)),
                        HorizonEstimate(horizon=60, estimate=estimate(0.30 - c / 8, 0.025)),
                    ),
                    ipa=(
                        HorizonEstimate(horizon=36, estimate=estimate(c - 0.57, 0.07)),
                        HorizonEstimate(horizon=60, estimate=estimate(c - 0.56, 0.08)),
                    ),
                    integrated_brier=estimate(0.16, 0.02),
                    calibration=tuple(
                        CalibrationNumbers(
                            horizon=h,
                            slope=estimate(1.0 if kind == "apparent" else 0.81, 0.3),
                            observed_expected=estimate(1.02, 0.2),
                            ici=0.031,
                            e50=0.027,
                            e90=0.066,
                            emax=0.112,
                            gnd_p=0.42,
                        )
                        for h in HORIZONS
                    ),
                )
            )
    return tuple(rows)


def comparisons() -> tuple[ComparisonFacts, ...]:
    rows = []
    for protocol, kind in SHOWN:
        for new, old in (("Radiomics", "Clinical"), ("DL", "Clinical"), ("DLRC", "Clinical")):
            rows.append(
                ComparisonFacts(
                    protocol=protocol,
                    kind=kind,
                    new=new,
                    old=old,
                    measure="C-index",
                    difference=estimate(0.09 if kind == "apparent" else 0.03, 0.05),
                    statistic=2.9,
                    p=0.004 if kind == "apparent" else 0.31,
                )
            )
            rows += [
                ComparisonFacts(
                    protocol=protocol,
                    kind=kind,
                    new=new,
                    old=old,
                    measure="AUC",
                    horizon=h,
                    difference=estimate(0.08 if kind == "apparent" else 0.03, 0.06),
                    statistic=2.1,
                    p=0.036 if kind == "apparent" else 0.4,
                )
                for h in HORIZONS
            ]
    rows.append(
        ComparisonFacts(
            protocol="published",
            kind="apparent",
            new="DLRC",
            old="Clinical",
            measure="likelihood ratio",
            statistic=38.2,
            degrees_of_freedom=2,
            p=1 / 61,
            permutations=60,
        )
    )
    return tuple(rows)


def reclassification() -> tuple[ReclassificationFacts, ...]:
    pairs = (("Radiomics", "Clinical"), ("DL", "Clinical"), ("DLRC", "Clinical"), ("DLRC", "DL"))
    rows = []
    for protocol, kind in SHOWN:
        size = 1.0 if kind == "apparent" else 0.35
        for new, old in pairs:
            rows += [
                ReclassificationFacts(
                    protocol=protocol,
                    kind=kind,
                    new=new,
                    old=old,
                    horizon=h,
                    method="KM",
                    nri=estimate(0.52 * size, 0.31),
                    nri_events=estimate(0.21 * size, 0.2),
                    nri_nonevents=estimate(0.31 * size, 0.2),
                    idi=estimate(0.11 * size, 0.06),
                    idi_events=0.08 * size,
                    idi_nonevents=0.03 * size,
                    half_nri=estimate(0.26 * size, 0.15),
                    median_improvement=estimate(0.09 * size, 0.06),
                )
                for h in HORIZONS
            ]
    return tuple(rows)


def null_check(rng: np.random.Generator) -> tuple[NullFacts, ...]:
    out = []
    for protocol, kind, centre, spread, observed in (
        ("published", "apparent", 0.765, 0.022, 0.80),
        ("sound", "nested cross-validated", 0.49, 0.035, 0.67),
    ):
        permuted = rng.normal(centre, spread, 60)
        out.append(
            NullFacts(
                protocol=protocol,
                kind=kind,
                model="DLRC",
                observed=observed,
                permuted=permuted,
                median=np.median(permuted),
                p95=np.quantile(permuted, 0.95),
                p=(1 + (permuted >= observed).sum()) / 61,
            )
        )
    return tuple(out)
