"""Facts of a study that never was, with numbers like the paper's: for tests and for looking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from trephine.report.facts import (
    AgreementFacts,
    AxisTick,
    CalibrationFacts,
    CalibrationGroup,
    CalibrationNumbers,
    CoefficientPath,
    ComparisonFacts,
    ContinuousSummary,
    CorrelationFacts,
    CoxRow,
    CoxTableFacts,
    CoxVariable,
    DecisionCurveFacts,
    DeepMethod,
    EstimateFact,
    ExampleValue,
    Exclusion,
    Facts,
    FlowCount,
    FlowFacts,
    HazardRatio,
    HorizonEstimate,
    HorizonFlow,
    HorizonNumber,
    IccFacts,
    InputFile,
    InputsFacts,
    LassoFacts,
    LevelCount,
    MethodsFacts,
    ModelFacts,
    NetBenefit,
    NomogramFacts,
    NullFacts,
    Outline,
    OverlapFacts,
    PerformanceFacts,
    PictureFacts,
    PredictorAxis,
    Quartiles,
    RadiomicsMethod,
    ReclassificationFacts,
    ResamplingMethod,
    RiskGroupsFacts,
    RocFacts,
    RunFacts,
    RunWarning,
    SampleSizeFacts,
    SampleSizeRow,
    SelectedFeature,
    SelectionFacts,
    SelectionStep,
    SpacingSource,
    StudyFacts,
    SurvivalAxis,
    SurvivalCurve,
    Table1Facts,
    Table1Level,
    Table1Variable,
    Term,
    Timing,
    Version,
    WorkedExample,
)

HORIZONS = (36.0, 60.0)
MODELS = ("Clinical", "Radiomics", "DL", "DLRC")
C_INDEX = {
    ("published", "apparent"): (0.64, 0.76, 0.77, 0.80),
    ("published", "nested cross-validated"): (0.61, 0.62, 0.60, 0.63),
    ("sound", "nested cross-validated"): (0.63, 0.66, 0.62, 0.67),
    ("sound", "optimism-corrected"): (0.63, 0.66, 0.63, 0.68),
}
SHOWN = (("published", "apparent"), ("sound", "nested cross-validated"))


def estimate(value: float, half: float = 0.06) -> EstimateFact:
    return EstimateFact(value=value, low=value - half, high=value + half)


def ratio(value: float, se: float = 0.27) -> EstimateFact:
    return EstimateFact(value=value, low=value * np.exp(-1.96 * se), high=value * np.exp(1.96 * se))


class Cohort:
    """212 simulated hips, their follow-up and the risk that each model gives them."""

    def __init__(self, seed: int = 3, n: int = 212) -> None:
        self.rng = np.random.default_rng(seed)
        self.truth = self.rng.normal(size=n)
        event_time = 95 * (-np.log(self.rng.uniform(size=n)) / np.exp(self.truth)) ** (1 / 1.5)
        censor_time = 6 + self.rng.gamma(2.6, 10.5, size=n)
        self.time = np.maximum(np.round(np.minimum(event_time, censor_time), 2), 1.0)
        self.event = event_time <= censor_time
        self.risk = {
            (protocol, model): self._risk(spread)
            for protocol, spreads in (
                ("published", (1.7, 0.9, 0.8, 0.65)),
                ("sound", (1.9, 1.5, 1.8, 1.3)),
            )
            for model, spread in zip(MODELS, spreads, strict=True)
        }

    def _risk(self, spread: float) -> np.ndarray:
        return (self.truth + spread * self.rng.normal(size=self.truth.size)) / (1 + spread**2)

    def kaplan_meier(self, rows: np.ndarray, label: str) -> SurvivalCurve:
        time, event = self.time[rows], self.event[rows]
        steps = np.unique(time[event])
        at_risk = (time[None] >= steps[:, None]).sum(1)
        deaths = ((time == steps[:, None]) & event).sum(1)
        survival = np.cumprod(1 - deaths / at_risk)
        with np.errstate(divide="ignore", invalid="ignore"):
            se = np.sqrt(np.cumsum(deaths / (at_risk * (at_risk - deaths))))
        low, high = survival * np.exp(-1.96 * se), np.minimum(survival * np.exp(1.96 * se), 1)
        grid = np.arange(0, 85, 12.0)

        def at(t: float) -> EstimateFact:
            if t > time.max():
                return EstimateFact(value=None)
            k = np.searchsorted(steps, t, side="right") - 1
            if k < 0:
                return EstimateFact(value=1.0, low=1.0, high=1.0)
            return EstimateFact(value=survival[k], low=low[k], high=high[k])

        half = np.flatnonzero(survival <= 0.5)
        return SurvivalCurve(
            label=label,
            n=int(rows.sum()),
            events=int(event.sum()),
            times=np.concatenate([[0.0], steps]),
            survival=np.concatenate([[1.0], survival]),
            low=np.concatenate([[1.0], low]),
            high=np.concatenate([[1.0], high]),
            censored_times=np.sort(time[~event]),
            at_risk_times=grid,
            at_risk=(time[None] >= grid[:, None]).sum(1),
            at_horizons=tuple(HorizonEstimate(horizon=h, estimate=at(h)) for h in HORIZONS),
            median=EstimateFact(value=steps[half[0]] if half.size else None),
        )

    def event_probability(self, protocol: str, model: str, horizon: float) -> np.ndarray:
        base = {36.0: 0.20, 60.0: 0.48}[horizon]
        return 1 - (1 - base) ** np.exp(1.6 * self.risk[protocol, model])

    def observed(self, rows: np.ndarray, horizon: float) -> EstimateFact:
        """Event probability by Kaplan-Meier."""
        curve = self.kaplan_meier(rows, "").at_horizons[HORIZONS.index(horizon)].estimate
        if curve.value is None:
            return EstimateFact(value=None)
        return EstimateFact(value=1 - curve.value, low=1 - curve.high, high=1 - curve.low)


def roc(cohort: Cohort, protocol: str, kind: str, model: str, horizon: float) -> RocFacts:
    risk = cohort.risk[protocol, model]
    cases, controls = cohort.event & (cohort.time <= horizon), cohort.time > horizon
    cuts = np.concatenate([[np.inf], np.sort(risk)[::-1]])
    sensitivity = (risk[cases][None] >= cuts[:, None]).mean(1)
    false_positive = (risk[controls][None] >= cuts[:, None]).mean(1)
    area = float(np.trapezoid(sensitivity, false_positive))
    return RocFacts(
        protocol=protocol,
        kind=kind,
        model=model,
        horizon=horizon,
        false_positive=false_positive,
        true_positive=sensitivity,
        auc=EstimateFact(value=area, low=area - 0.07, high=min(area + 0.07, 1)),
    )


def calibration(
    cohort: Cohort, protocol: str, kind: str, model: str, horizon: float
) -> CalibrationFacts:
    predicted = cohort.event_probability(protocol, model, horizon)
    order = np.array_split(np.argsort(predicted), 4)
    groups = []
    for rows in order:
        mask = np.isin(np.arange(predicted.size), rows)
        groups.append(
            CalibrationGroup(
                n=rows.size,
                events=int(cohort.event[rows].sum()),
                predicted=predicted[rows].mean(),
                observed=cohort.observed(mask, horizon),
            )
        )
    grid = np.linspace(*np.quantile(predicted, [0.02, 0.98]), 40)
    smooth = np.clip(grid + 0.05 * np.sin(5 * grid), 0, 1)
    edges = np.linspace(0, 1, 26)
    return CalibrationFacts(
        protocol=protocol,
        kind=kind,
        model=model,
        horizon=horizon,
        groups=tuple(groups),
        smooth_predicted=grid,
        smooth_observed=smooth,
        smooth_low=np.clip(smooth - 0.09, 0, 1),
        smooth_high=np.clip(smooth + 0.09, 0, 1),
        bin_edges=edges,
        bin_counts=np.histogram(predicted, edges)[0],
    )


def decision(cohort: Cohort, protocol: str, kind: str, horizon: float) -> DecisionCurveFacts:
    thresholds = np.arange(0.01, 0.91, 0.01)
    prevalence = cohort.observed(np.ones(cohort.time.size, bool), horizon).value
    curves = []
    for model in MODELS:
        predicted = cohort.event_probability(protocol, model, horizon)
        benefit = []
        for cut in thresholds:
            treated = predicted >= cut
            share = treated.mean()
            rate = cohort.observed(treated, horizon).value if treated.sum() > 3 else None
            rate = 0.7 if rate is None else rate
            benefit.append(share * (rate - (1 - rate) * cut / (1 - cut)))
        net = np.array(benefit)
        curves.append(
            NetBenefit(
                model=model,
                net_benefit=net,
                low=net - 0.03,
                high=net + 0.03,
                interventions_avoided=100
                * (net - (prevalence - (1 - prevalence) * thresholds / (1 - thresholds)))
                * (1 - thresholds)
                / thresholds,
            )
        )
    return DecisionCurveFacts(
        protocol=protocol,
        kind=kind,
        horizon=horizon,
        thresholds=thresholds,
        treat_all=prevalence - (1 - prevalence) * thresholds / (1 - thresholds),
        models=tuple(curves),
    )


def risk_groups(cohort: Cohort, protocol: str, kind: str) -> RiskGroupsFacts:
    risk = cohort.risk[protocol, "DLRC"]
    cut = float(np.median(risk))
    return RiskGroupsFacts(
        protocol=protocol,
        kind=kind,
        model="DLRC",
        rule="median of the linear predictor in training",
        cuts=(cut,),
        curves=(
            cohort.kaplan_meier(risk <= cut, "Low risk"),
            cohort.kaplan_meier(risk > cut, "High risk"),
        ),
        logrank_statistic=41.3 if protocol == "published" else 6.2,
        logrank_p=1.3e-10 if protocol == "published" else 0.013,
        ratio=ratio(5.4 if protocol == "published" else 1.9),
    )


def lasso(rng: np.random.Generator, features: int, entering: int, name: str) -> LassoFacts:
    penalties = np.exp(np.linspace(np.log(0.21), np.log(0.0021), 100))
    starts = np.sort(rng.integers(0, 95, entering))
    slopes = rng.normal(scale=0.25, size=entering)
    position = np.arange(100)
    paths = [
        slope * np.clip((position - start) / 60, 0, None) ** 0.8
        for start, slope in zip(starts, slopes, strict=True)
    ]
    best = 38
    deviance = 10.05 + 0.00012 * (position - best) ** 2 * np.where(position < best, 0.9, 1.6)
    nonzero = (position[None] > starts[:, None]).sum(0)
    return LassoFacts(
        mixture=1.0,
        folds=10,
        features=features,
        penalties=penalties,
        deviance=deviance,
        deviance_se=np.full(100, 0.21),
        nonzero=nonzero,
        lambda_min=penalties[best],
        lambda_1se=penalties[4],
        chosen=penalties[best],
        paths=tuple(
            CoefficientPath(feature=f"{name}_{k}", coefficients=path)
            for k, path in enumerate(paths)
        ),
    )


RADIOMIC = (
    ("wavelet-LH_glcm_JointEntropy", "GLCM", "wavelet-LH", "TU9B", "Joint entropy"),
    ("log-sigma-3-0-mm-2D_firstorder_Skewness", "First order", "LoG 3 mm", "KE2A", "Skewness"),
    ("original_shape2D_Sphericity", "Shape", "original", "QCFX", "Sphericity"),
    ("wavelet-HL_glrlm_RunEntropy", "GLRLM", "wavelet-HL", "HJ9O", "Run entropy"),
    ("original_glszm_ZonePercentage", "GLSZM", "original", "P30P", "Zone percentage"),
    ("square_firstorder_Kurtosis", "First order", "square", "IPH6", "Kurtosis"),
    ("gradient_gldm_DependenceVariance", "GLDM", "gradient", "7WT1", "Dependence variance"),
    ("wavelet-HH_ngtdm_Coarseness", "NGTDM", "wavelet-HH", "QCDE", "Coarseness"),
)


def selection(rng: np.random.Generator, protocol: str, feature_set: str) -> SelectionFacts:
    deep = feature_set == "DL"
    extracted = 512 if deep else 930
    if protocol == "published":
        counts = (extracted, extracted - 4, extracted - 4, 402, 61, 34)
    else:
        counts = (extracted, extracted - 4, extracted - 4, 402, 402, 170)
    names = (
        ("complete and not constant", "no missing value, variance > 0", ""),
        ("z-score", "mean 0, variance 1", ""),
        ("ICC between and within raters", "ICC >= 0.75", ""),
        (
            "Mann-Whitney U" if protocol == "published" else "relevance filter",
            "p < 0.05" if protocol == "published" else "",
            "" if protocol == "published" else "off under this protocol",
        ),
        ("Pearson correlation", "|r| <= 0.9", "the feature with the lower p is kept"),
    )
    kept = 12 if not deep else 14
    steps = [
        SelectionStep(name=n, threshold=t, note=note, features_in=a, features_out=b)
        for (n, t, note), a, b in zip(names, counts, counts[1:], strict=False)
    ]
    steps.append(
        SelectionStep(
            name="LASSO-Cox, tenfold",
            threshold="non-zero at lambda_min",
            features_in=counts[-1],
            features_out=kept,
        )
    )
    weights = sorted(rng.normal(scale=0.22, size=kept), key=abs, reverse=True)
    chosen = []
    for k, weight in enumerate(weights):
        name, family, image, code, title = (
            (f"resnet18_avgpool_{37 * k + 5:03d}", "deep", "crop 224 x 224", "", "")
            if deep
            else RADIOMIC[k % 8]
        )
        if not deep and k >= 8:
            name, image = name.replace("wavelet-LH", "exponential") + f"_{k}", "exponential"
        chosen.append(
            SelectedFeature(
                name=name,
                weight=weight,
                centre=1.2 * k,
                scale=0.8,
                family=family,
                image_type=image,
                ibsi_code=code,
                ibsi_name=title,
                definition="" if deep else "How irregular the grey levels of neighbours are.",
                stability=float(np.clip(0.95 - 0.06 * k, 0.08, 1)),
            )
        )
    return SelectionFacts(
        feature_set=feature_set,
        protocol=protocol,
        extracted=extracted,
        steps=tuple(steps),
        lasso=lasso(rng, counts[-1], 26 if deep else 22, feature_set.lower()),
        selected=tuple(chosen),
        resamples=100,
        selected_per_resample=EstimateFact(value=11, low=2, high=27),
    )


def table1() -> Table1Facts:
    sizes = (212, 148, 64)

    def categorical(name, label, rows, test, statistic, p, smd):
        levels = tuple(
            Table1Level(
                level=level,
                columns=tuple(
                    LevelCount(count=c, percent=100 * c / n)
                    for c, n in zip((a + b, a, b), sizes, strict=True)
                ),
            )
            for level, a, b in rows
        )
        return Table1Variable(
            name=name,
            label=label,
            type="categorical",
            summary="counts",
            levels=levels,
            missing=(0, 0, 0),
            test=test,
            statistic=statistic,
            p=p,
            smd=smd,
        )

    def continuous(name, label, unit, rows, summary, test, statistic, p, smd, **more):
        return Table1Variable(
            name=name,
            label=label,
            unit=unit,
            type="continuous",
            summary=summary,
            continuous=tuple(
                ContinuousSummary(n=n, mean=m, sd=s, median=q2, q1=q1, q3=q3)
                for n, (m, s, q2, q1, q3) in zip(sizes, rows, strict=True)
            ),
            missing=(0, 0, 0),
            normality_p=0.21 if summary == "mean" else 0.001,
            test=test,
            statistic=statistic,
            p=p,
            smd=smd,
            **more,
        )

    def skewed(q2, q1, q3):
        return (q2, (q3 - q1) / 1.35, q2, q1, q3)

    chi = "chi-square"
    return Table1Facts(
        columns=("All", "No collapse", "Collapse"),
        sizes=sizes,
        variables=(
            categorical(
                "sex",
                "Sex",
                (("Female", 30, 12), ("Male", 118, 52)),
                chi,
                0.07,
                0.799,
                0.04,
            ),
            continuous(
                "age",
                "Age",
                "years",
                (skewed(42, 33, 49), skewed(40.5, 33, 50), skewed(42.5, 35.75, 47.25)),
                "median",
                "Mann-Whitney",
                -0.01,
                0.992,
                0.02,
            ),
            continuous(
                "bmi",
                "Body mass index",
                "kg/m²",
                (
                    skewed(23.71, 21.58, 26.04),
                    skewed(23.66, 21.22, 26.05),
                    skewed(23.79, 22.32, 25.86),
                ),
                "median",
                "Mann-Whitney",
                -1.12,
                0.262,
                0.15,
            ),
            categorical(
                "aetiology",
                "Aetiology",
                (("Idiopathic", 84, 37), ("Corticosteroid", 37, 21), ("Alcohol-related", 27, 6)),
                chi,
                3.26,
                0.196,
                0.28,
            ),
            categorical(
                "arco",
                "ARCO stage",
                (("I", 39, 10), ("II", 77, 31), ("IIIA", 32, 23)),
                chi,
                5.87,
                0.053,
                0.37,
            ),
            categorical(
                "oedema",
                "Bone marrow oedema",
                (("No", 68, 15), ("Yes", 80, 49)),
                chi,
                9.50,
                0.002,
                0.49,
            ),
            categorical(
                "location",
                "JIC type",
                (("B", 13, 2), ("C1", 51, 16), ("C2", 84, 46)),
                "Fisher",
                None,
                0.084,
                0.35,
            ),
            continuous(
                "angle",
                "Combined necrotic angle",
                "°",
                (
                    (211.53, 44.58, 210.5, 180.1, 242.0),
                    (204.23, 44.67, 203.0, 172.0, 235.0),
                    (228.40, 39.82, 229.0, 201.0, 255.0),
                ),
                "mean",
                "t",
                -3.73,
                0.0003,
                0.57,
                lowest_possible=0,
                highest_possible=720,
            ),
            continuous(
                "index",
                "Necrosis degree index",
                "",
                (
                    (35.47, 14.36, 33.8, 25.1, 44.9),
                    (33.21, 13.94, 31.9, 23.0, 41.0),
                    (40.69, 14.05, 39.9, 30.8, 50.1),
                ),
                "mean",
                "t",
                -3.58,
                0.0004,
                0.53,
                formula="(A/180)(B/180)·100",
                lowest_possible=0,
                highest_possible=100,
            ),
        ),
    )


def cox_table(protocol: str) -> CoxTableFacts:
    cut = protocol == "published"

    def row(level, n, events, uni=None, multi=None, reference=False):
        return CoxRow(
            level=level,
            n=n,
            events=events,
            reference=reference,
            univariable=uni and HazardRatio(ratio=ratio(uni[0]), p=uni[1]),
            multivariable=multi and HazardRatio(ratio=ratio(multi[0]), p=multi[1]),
        )

    def ref(level, n, events):
        return row(level, n, events, reference=True)

    angle = (
        CoxVariable(
            name="angle",
            label="Combined necrotic angle",
            unit="°",
            cut_off=210.5,
            rows=(
                ref("< 210.50", 106, 21),
                row("≥ 210.50", 106, 43, (2.42, 0.0008), (2.41, 0.0008)),
            ),
            univariable_p=0.0008,
            multivariable_p=0.0008,
        )
        if cut
        else CoxVariable(
            name="angle",
            label="Combined necrotic angle",
            unit="°",
            rows=(row("per 10°", 212, 64, (1.12, 0.0002), (1.11, 0.0009)),),
            univariable_p=0.0002,
            multivariable_p=0.0009,
        )
    )
    return CoxTableFacts(
        protocol=protocol,
        continuous="cut at the median" if cut else "as measured",
        standard_errors="model" if cut else "cluster-robust",
        entry_p=0.1 if cut else None,
        stay_p=0.05 if cut else None,
        elimination="backward elimination by Wald p" if cut else "backward elimination by AIC",
        n=212,
        events=64,
        variables=(
            CoxVariable(
                name="sex",
                label="Sex",
                rows=(ref("Female", 42, 12), row("Male", 170, 52, (1.21, 0.545))),
                univariable_p=0.545,
                note="not entered: univariable p ≥ 0.1" if cut else "eliminated",
            ),
            CoxVariable(
                name="arco",
                label="ARCO stage",
                rows=(
                    ref("I", 49, 10),
                    row("II", 108, 31, (1.35, 0.41), (1.22, 0.57)),
                    row("IIIA", 55, 23, (2.12, 0.005), (2.12, 0.037)),
                ),
                univariable_p=0.018,
                multivariable_p=0.041,
            ),
            CoxVariable(
                name="oedema",
                label="Bone marrow oedema",
                rows=(ref("No", 83, 15), row("Yes", 129, 49, (2.13, 0.011), (2.13, 0.010))),
                univariable_p=0.011,
                multivariable_p=0.010,
            ),
            angle,
        ),
    )


def signatures_table(protocol: str) -> CoxTableFacts:
    return CoxTableFacts(
        protocol=protocol,
        continuous="as measured",
        standard_errors="model" if protocol == "published" else "cluster-robust",
        n=212,
        events=64,
        variables=tuple(
            CoxVariable(
                name=name,
                label=label,
                rows=(
                    CoxRow(
                        level="per unit",
                        n=212,
                        events=64,
                        univariable=HazardRatio(ratio=ratio(u), p=0.00001),
                        multivariable=HazardRatio(ratio=ratio(m), p=p),
                    ),
                ),
                univariable_p=0.00001,
                multivariable_p=p,
            )
            for name, label, u, m, p in (
                ("radiomics_signature", "Radiomics signature", 2.72, 1.91, 0.004),
                ("dl_signature", "DL signature", 2.95, 2.20, 0.0007),
                ("oedema", "Bone marrow oedema: yes", 2.13, 1.80, 0.041),
            )
        ),
    )


def nomogram(predictors: int = 5, protocol: str = "sound") -> NomogramFacts:
    """A nomogram of 3 to 12 predictors: levels, long names, ticks that crowd."""
    stock: Sequence[tuple[str, str, str, tuple[tuple[str, float], ...]]] = (
        ("radiomics", "Radiomics signature", "", tuple((f"{v:.1f}", v * 0.9) for v in np.arange(-1.5, 2.01, 0.5))),
        ("arco", "ARCO stage", "", (("I", 0.0), ("II", 0.2), ("IIIA", 0.75))),
        ("dl", "DL signature", "", tuple((f"{v:.1f}", v * 1.05) for v in np.arange(-1.0, 1.51, 0.25))),
        ("oedema", "Bone marrow oedema", "", (("No", 0.0), ("Yes", 0.59))),
        ("angle", "Combined necrotic angle", "°", tuple((f"{v:.0f}", v * 0.0035) for v in np.arange(80, 361, 40))),
        ("age", "Age", "years", tuple((f"{v:.0f}", -v * 0.012) for v in np.arange(20, 76, 5))),
        ("location", "JIC type", "", (("B", 0.0), ("C1", 0.05), ("C2", 0.09))),
        ("aetiology", "Aetiology", "", (("Idiopathic", 0.31), ("Corticosteroid", 0.35), ("Alcohol-related", 0.0))),
        ("bmi", "Body mass index", "kg/m²", tuple((f"{v:.0f}", v * 0.02) for v in np.arange(16, 41, 2))),
        ("laterality", "Laterality of the procedure", "", (("Unilateral with contralateral arthroplasty", 0.0), ("Unilateral", 0.04), ("Bilateral", 0.12))),
        ("duration", "Duration of symptoms before surgery", "months", tuple((f"{v:.0f}", v * 0.004) for v in np.arange(0, 61, 10))),
        ("centre", "Treating centre", "", tuple((f"Centre {k}", 0.06 * k) for k in range(12))),
    )  # fmt: skip
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
            SurvivalAxis(
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
    radiomics = ("radiomics_signature", "Radiomics signature", 0.9, 0.0001)
    deep = ("dl_signature", "DL signature", 1.05, 0.00004)
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
                Term(name=n, label=label, coefficient=b, ratio=ratio(np.exp(b), 0.25), p=p)
                for n, label, b, p in terms[name]
            ),
            baseline_survival=(
                HorizonNumber(horizon=36, value=0.93),
                HorizonNumber(horizon=60, value=0.81),
            ),
            proportional_hazards_p=0.34,
        )
        for name in MODELS
    )


def performance(cohort: Cohort) -> tuple[PerformanceFacts, ...]:
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
                    c_index=EstimateFact(value=c, low=c - 0.071, high=c + 0.059 + 0.001 * len(model)),
                    c_index_uno=estimate(c - 0.012, 0.068),
                    auc=(
                        HorizonEstimate(horizon=36, estimate=estimate(c + 0.02, 0.08)),
                        HorizonEstimate(horizon=60, estimate=estimate(c + 0.05, 0.09)),
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
            )  # fmt: skip
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
            for h in HORIZONS:
                rows.append(
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
                )
    rows.append(
        ComparisonFacts(
            protocol="published",
            kind="apparent",
            new="DLRC",
            old="Clinical",
            measure="likelihood ratio",
            statistic=38.2,
            degrees_of_freedom=2,
            p=5e-9,
        )
    )
    return tuple(rows)


def reclassification() -> tuple[ReclassificationFacts, ...]:
    pairs = (("Radiomics", "Clinical"), ("DL", "Clinical"), ("DLRC", "Clinical"), ("DLRC", "DL"))
    rows = []
    for protocol, kind in SHOWN:
        size = 1.0 if kind == "apparent" else 0.35
        for new, old in pairs:
            for h in HORIZONS:
                rows.append(
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
                        nri_p=0.003 if size == 1 else 0.24,
                        idi=estimate(0.11 * size, 0.06),
                        idi_p=0.001 if size == 1 else 0.19,
                        idi_events=0.08 * size,
                        idi_nonevents=0.03 * size,
                        half_nri=estimate(0.26 * size, 0.15),
                        median_improvement=estimate(0.09 * size, 0.06),
                    )
                )
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


def correlation(rng: np.random.Generator, features: Sequence[SelectionFacts]) -> CorrelationFacts:
    names = [f.name for s in features for f in s.selected]
    sets = [s.feature_set for s in features for f in s.selected]
    draw = rng.normal(size=(212, len(names))) + 0.5 * rng.normal(size=(212, 1))
    return CorrelationFacts(
        protocol=features[0].protocol,
        features=tuple(names),
        feature_sets=tuple(sets),
        matrix=np.corrcoef(draw.T),
    )


def pictures(folder: Path, rng: np.random.Generator) -> tuple[PictureFacts, ...]:
    """Two heads in fog, with outlines and a heat map."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = 300, 420
    y, x = np.mgrid[:rows, :columns]
    grey = 60 + 25 * np.sin(x / 60) + 8 * rng.normal(size=(rows, columns))
    for cx in (110, 310):
        head = (x - cx) ** 2 + (y - 140) ** 2 < 62**2
        grey = np.where(head, grey + 95, grey)
    picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).rectangle((0, 0, columns, 6), fill=0)
    picture.save(folder / "radiograph.png")
    heat = (
        128
        + 110 * np.exp(-((x - 128) ** 2 + (y - 110) ** 2) / 600)
        - 70 * np.exp(-((x - 95) ** 2 + (y - 165) ** 2) / 500)
    )
    Image.fromarray(np.clip(heat, 0, 255).astype(np.uint8)).save(folder / "saliency.png")

    def circle(cx: float, cy: float, r: float, wobble: float) -> np.ndarray:
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        radius = r + wobble * np.sin(5 * turn)
        return np.column_stack([cy + radius * np.sin(turn), cx + radius * np.cos(turn)])

    outlines = tuple(
        Outline(rater=rater, label=label, points=circle(cx + shift, 140, 60 + shift, 2 + shift))
        for rater, shift in (("a", 0.0), ("b", 2.5))
        for cx, label in ((110, "right hip"), (310, "left hip"))
    )
    return (
        PictureFacts(
            type="radiograph",
            file="radiograph.png",
            caption="Pelvic radiograph of one patient with both raters' regions.",
            spacing_mm=0.6,
            outlines=outlines,
            dice=0.947,
        ),
        PictureFacts(
            type="saliency",
            file="radiograph.png",
            heat_file="saliency.png",
            caption="Where the DL signature of one hip comes from.",
            spacing_mm=0.6,
            outlines=outlines[:1],
            heat_limit=0.021,
        ),
    )


def agreement(rng: np.random.Generator) -> AgreementFacts:
    edges = np.linspace(0, 1, 21)

    def icc(feature_set: str, who: str, n: int) -> IccFacts:
        values = np.clip(1 - rng.gamma(1.4, 0.13, n), 0, 0.9999)
        return IccFacts(
            feature_set=feature_set,
            comparison=who,
            form="ICC(2,1), absolute agreement",
            cases=212 if "b" in who else 44,
            features=n,
            threshold=0.75,
            kept=int((values >= 0.75).sum()),
            bin_edges=edges,
            bin_counts=np.histogram(values, edges)[0],
        )

    whos = ("rater a and rater b", "rater a twice")
    return AgreementFacts(
        icc=tuple(icc(s, w, n) for s, n in (("Radiomics", 926), ("DL", 508)) for w in whos),
        overlap=(
            OverlapFacts(
                comparison=whos[0],
                cases=212,
                dice_median=0.941,
                dice_q1=0.921,
                dice_q3=0.956,
                dice_lowest=0.842,
                hd95_median_mm=2.4,
            ),
            OverlapFacts(
                comparison=whos[1], cases=44, dice_median=0.957, dice_q1=0.944, dice_q3=0.967
            ),
        ),
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
    return Facts(
        study=StudyFacts(
            title="No-collapse survival after multiple drilling",
            outcome_name="no-collapse survival",
            event_noun="collapse",
            case_noun="hip",
            time_unit="months",
            horizons=HORIZONS,
            protocol="sound",
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
                Exclusion(reason="Follow-up shorter than 6 months", patients=4, cases=6),
                Exclusion(reason="Radiograph not readable", patients=1, cases=2),
                Exclusion(reason="Missing clinical value", patients=2, cases=3),
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
                InputFile(role="radiographs", name="images/{patient_id}.dcm", files=144, sha256="a1" * 32),
                InputFile(role="masks of rater a", name="masks/a/{patient_id}.nii.gz", files=144, sha256="b2" * 32),
                InputFile(role="masks of rater b", name="masks/b/{patient_id}.nii.gz", files=144, sha256="c3" * 32),
            ),
            spacing=(
                SpacingSource(source="PixelSpacing (calibrated)", images=98, low_mm=0.143, high_mm=0.2),
                SpacingSource(source="ImagerPixelSpacing / magnification", images=46, low_mm=0.12, high_mm=0.139),
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
            resampling=(
                ResamplingMethod(protocol="published", unit="case", folds=10, repeats=1, bootstraps=200, permutations=60),
                ResamplingMethod(protocol="sound", unit="patient", folds=5, repeats=10, bootstraps=200, permutations=60),
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
                SampleSizeRow(model="Clinical", parameters=4, events_per_parameter=16.0, riley_n=188, riley_events=56.8),
                SampleSizeRow(model="DLRC", parameters=6, events_per_parameter=64 / 6, riley_n=281, riley_events=84.8),
                SampleSizeRow(model="Radiomics selection", parameters=930, events_per_parameter=64 / 930, riley_n=43508, riley_events=13134.5),
            ),
            assumed_r2=0.18,
            target_shrinkage=0.9,
        ),
        performance=performance(cohort),
        comparisons=comparisons(),
        null_check=null_check(rng),
        reclassification=reclassification(),
        table_s2=tuple(signatures_table(p) for p in ("published", "sound")),
        roc=tuple(roc(cohort, p, k, m, h) for p, k in SHOWN for h in HORIZONS for m in MODELS),
        calibration=tuple(calibration(cohort, p, k, m, h) for p, k in SHOWN for h in HORIZONS for m in MODELS),
        decision_curves=tuple(decision(cohort, p, k, h) for p, k in SHOWN for h in HORIZONS),
        survival=cohort.kaplan_meier(np.ones(cohort.time.size, bool), "All hips"),
        risk_groups=tuple(risk_groups(cohort, p, k) for p, k in SHOWN),
        pictures=pictures(pictures_folder, rng),
    )  # fmt: skip
