"""Simulated hips with their follow-up, and the curves that follow from them."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from trephine.facts import (
    CalibrationFacts,
    CalibrationGroupFact,
    DecisionCurveFacts,
    EstimateFact,
    HazardRatio,
    HorizonEstimate,
    NetBenefit,
    RiskGroupsFacts,
    RocFacts,
    SurvivalCurve,
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


def wald(value: float, p: float) -> HazardRatio:
    """Return a hazard ratio with the interval that belongs to its p."""
    return HazardRatio(ratio=ratio(value, abs(np.log(value)) / norm.isf(p / 2)), p=p)


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
            CalibrationGroupFact(
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
        smooth_method="Cox regression on log(-log(1 - predicted risk))",
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
