"""Smooth calibration curves and the errors read from them: ICI, E50, E90, Emax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import CurveMethod
from trephine.errors import InputError, ModelError
from trephine.evaluation.calibration_slope import complementary_log_log
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.evaluation.intervals import patient_bootstrap
from trephine.evaluation.local_linear import local_linear
from trephine.evaluation.pseudo_values import survival_pseudo_values
from trephine.evaluation.unfitted import why_unfitted
from trephine.regression.cox import CoxModel
from trephine.regression.fine_gray import fit_fine_gray
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.hare import hazard_regression
from trephine.survival.late_outcome import is_late
from trephine.types import Estimate, FloatArray, IntArray, Survival

_HARE_DIMENSION = 5
_HARE_CERTAIN = 1e-4
"""rms keeps predictions so far from 0 and 1 before its hazard regression."""


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed against predicted probability of the event.

    Attributes
    ----------
    predicted, observed
        On a grid over the predictions, ascending; NaN where there is no answer.
    low, high
        Bootstrap interval of ``observed``; NaN where none was drawn.
    observed_of_cases
        Shape (n,): the curve at every case's own prediction.
    integrated_index
        ICI: mean |observed - predicted| over the cases (Austin and Steyerberg 2019).
    e50, e90, e_max
        Median, 90th percentile and maximum of the same.
    horizon, n
        t, and all cases.
    method
        How the curve was drawn.
    note
        Why there is no answer; empty where there is one.
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    observed_of_cases: FloatArray
    integrated_index: Estimate
    e50: Estimate
    e90: Estimate
    e_max: Estimate
    horizon: float
    n: int
    method: CurveMethod
    note: str = ""


# Many parameters: cluster, repeats, rng and level are keywords of their own in every measure.
def calibration_curve(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    horizon: float,
    *,
    method: CurveMethod = "hazard",
    points: int = 50,
    cluster: npt.ArrayLike | None = None,
    repeats: int = 0,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> CalibrationCurve:
    """Draw a smooth calibration curve.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n,): probability of the event by ``horizon``.
    horizon
        t > 0, in the unit of ``outcome``, within follow-up.
    method
        "hazard": Cox regression on log(-log(1 - p)) (Austin, Harrell and van Klaveren 2020);
        "hazard spline": on its restricted cubic spline with 3 knots; "hazard regression": hazard
        by splines in time and in the same transform, chosen stepwise, without proportional
        hazards (the curve of rms's ``val.surv`` and ``calibrate(cmethod = "hare")``);
        "pseudo-values linear" and "pseudo-values local": least squares, or local linear
        regression with tricube weights, of jackknife pseudo-values on p.
    points
        Of the grid.
    cluster, repeats, rng
        Where ``repeats`` > 0, intervals come from so many draws of patients (None: of cases).
    level
        Coverage.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, the horizon is not positive, or ``rng`` is
        missing.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, calibration_curve
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> curve = calibration_curve(outcome, risk, 24, points=5)
    >>> curve.predicted.shape == curve.observed.shape
    True
    """
    check_horizon(horizon)
    risk = check_risk(event_probability, len(outcome), "event probability", probability=True)
    if repeats and rng is None:
        raise InputError("calibration curve: intervals need rng, a numpy random Generator")
    grid = np.linspace(risk.min(), risk.max(), points)
    drawing = _CurveToDraw(outcome, risk, float(horizon), grid, method)
    every = np.arange(risk.size)
    try:
        of_cases, observed = drawing.curve(every)
    except (ModelError, InputError) as error:
        note = why_unfitted(error) if isinstance(error, ModelError) else str(error)
        return drawing.result(None, [Estimate(float("nan"), level=level)] * 4, note)
    if repeats and rng is not None:
        labels = every if cluster is None else cluster
        drawn = patient_bootstrap(drawing.statistic, labels, repeats, rng, level=level).estimates()
        return drawing.result((of_cases, observed), drawn)
    errors = [Estimate(float(e), level=level) for e in absolute_errors(of_cases, risk)]
    return drawing.result((of_cases, observed), errors)


@dataclass(frozen=True)
class _CurveToDraw:
    """Whose curve is drawn, for which horizon, over which grid, and how."""

    outcome: Survival
    risk: FloatArray
    horizon: float
    grid: FloatArray
    method: CurveMethod

    def curve(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the curve of some cases at their own predictions and over the grid."""
        p = self.risk[rows]
        both = smooth_observed(
            self.outcome.take(rows), p, self.horizon, np.append(p, self.grid), self.method
        )
        return both[: p.size], both[p.size :]

    def statistic(self, rows: IntArray) -> FloatArray:
        """Return what a bootstrap draws: the four errors, then the curve over the grid."""
        try:
            of_cases, observed = self.curve(rows)
        except ModelError as error:
            raise InputError(str(error)) from error
        return np.append(absolute_errors(of_cases, self.risk[rows]), observed)

    def result(
        self,
        curve: tuple[FloatArray, FloatArray] | None,
        estimates: Sequence[Estimate],
        note: str = "",
    ) -> CalibrationCurve:
        """Name the parts; the estimates are the four errors and, where drawn, the grid's points."""
        nothing = np.full(self.grid.size, np.nan)
        of_cases, observed = curve or (np.full(self.risk.size, np.nan), nothing)
        limits = np.array([(e.low, e.high) for e in estimates[4:]], dtype=np.float64)
        low, high = limits.T if limits.size else (nothing, nothing)
        ici, e50, e90, e_max = estimates[:4]
        return CalibrationCurve(
            predicted=self.grid,
            observed=observed,
            low=low,
            high=high,
            observed_of_cases=of_cases,
            integrated_index=ici,
            e50=e50,
            e90=e90,
            e_max=e_max,
            horizon=self.horizon,
            n=self.risk.size,
            method=self.method,
            note=note,
        )


def absolute_errors(observed: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return ICI, E50, E90 and Emax, shape (4,); quantiles of type 7."""
    error = np.abs(observed - predicted)
    return np.array([error.mean(), np.median(error), np.quantile(error, 0.9), error.max()])


def smooth_observed(
    outcome: Survival,
    event_probability: FloatArray,
    horizon: float,
    at: FloatArray,
    method: CurveMethod,
) -> FloatArray:
    """Return the smoothed observed probability of the event at the predictions ``at``.

    Raises
    ------
    InputError
        If all predictions are alike, nobody was followed to the horizon, or there are too few
        cases for a hazard regression.
    ModelError
        If the Cox model or the hazard regression cannot be fitted.
    """
    if np.ptp(event_probability) == 0.0:
        raise InputError("every case has the same prediction")
    if horizon > outcome.time.max():
        raise InputError(f"nobody was followed to the horizon of {outcome.when(horizon)}")
    if isinstance(outcome, CompetingSurvival):
        return _by_subdistribution(outcome, event_probability, horizon, at, method)
    if is_late(outcome) and method not in ("hazard", "hazard spline"):
        raise InputError(
            "calibration curve: expected hazard where cases came under observation late, found"
            f" {method}"
        )
    if method == "hazard regression":
        return _by_hazard_regression(outcome, event_probability, horizon, at)
    if method in ("hazard", "hazard spline"):
        return _by_hazard(outcome, event_probability, horizon, at, method)
    pseudo = 1.0 - survival_pseudo_values(outcome, horizon)
    if method == "pseudo-values linear":
        slope, intercept = np.polyfit(event_probability, pseudo, 1)
        line: FloatArray = intercept + slope * at
        return line
    return local_linear(event_probability, pseudo, at)


def _by_hazard(
    outcome: Survival, risk: FloatArray, horizon: float, at: FloatArray, method: CurveMethod
) -> FloatArray:
    design, design_at = _designs(risk, at, method)
    model = CoxModel().fit(design, outcome)
    (baseline,) = model.baseline_cumulative_hazard().values()
    reached = np.searchsorted(baseline.index.to_numpy(dtype=np.float64), horizon, side="right")
    hazard = np.append(0.0, baseline.to_numpy())[reached]
    observed: FloatArray = -np.expm1(-hazard * np.exp(model.predict_linear_predictor(design_at)))
    return observed


def _designs(
    risk: FloatArray, at: FloatArray, method: CurveMethod
) -> tuple[FloatArray, FloatArray]:
    """Return the columns of predictions, and of those where the curve is asked for."""
    x, new = complementary_log_log(risk), complementary_log_log(at)
    knots = np.quantile(x, [0.1, 0.5, 0.9])
    if method == "hazard spline" and (np.diff(knots) > 0.0).all():
        return (
            np.column_stack([x, _spline_term(x, knots)]),
            np.column_stack([new, _spline_term(new, knots)]),
        )
    return x[:, None], new[:, None]


def _by_subdistribution(
    outcome: CompetingSurvival,
    risk: FloatArray,
    horizon: float,
    at: FloatArray,
    method: CurveMethod,
) -> FloatArray:
    """Return the curve where events compete: Fine and Gray's model (Austin and others 2022)."""
    if method not in ("hazard", "hazard spline"):
        raise InputError(f"calibration curve: expected hazard where events compete, found {method}")
    if not outcome.event.any():
        raise InputError("no event")
    design, design_at = _designs(risk, at, method)
    model = fit_fine_gray(design, outcome.time, outcome.cause)
    return model.predict_incidence(design_at, [horizon])[:, 0]


def _by_hazard_regression(
    outcome: Survival, risk: FloatArray, horizon: float, at: FloatArray
) -> FloatArray:
    def inside(probability: FloatArray) -> FloatArray:
        kept = np.clip(probability, _HARE_CERTAIN, 1.0 - _HARE_CERTAIN)
        return complementary_log_log(kept)

    fitted = hazard_regression(
        outcome.time, outcome.event, inside(risk), max_dimension=_HARE_DIMENSION
    )
    observed: FloatArray = -np.expm1(-fitted.cumulative_hazard(horizon, inside(at)))
    return observed


def _spline_term(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the second column of a restricted cubic spline with 3 knots (Harrell's scaling)."""
    first, middle, last = knots

    def cube(knot: float) -> FloatArray:
        return np.maximum(x - knot, 0.0) ** 3

    term: FloatArray = (
        cube(first)
        - cube(middle) * (last - first) / (last - middle)
        + cube(last) * (middle - first) / (last - middle)
    ) / (last - first) ** 2
    return term
