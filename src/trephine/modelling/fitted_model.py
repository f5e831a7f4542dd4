"""A Cox model as it predicts: terms, coefficients, baseline, and the range of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.choices import Penalty
from trephine.errors import InputError
from trephine.modelling.absolute_risk import OtherCause, absolute_risk
from trephine.modelling.joint_range import JointRange
from trephine.modelling.terms import CLINICAL, Term, clinical_of, signatures_of
from trephine.regression.cox_fit import CoxOptions, fit_cox, weighted_sum
from trephine.regression.cox_prediction import hazard_with_error
from trephine.regression.cox_result import CoxResult
from trephine.regression.interval_cox import baseline_times, fit_interval_cox
from trephine.regression.interval_result import interval_result
from trephine.survival.baseline import BaselineHazard, hazard_of_all
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import FloatArray, IntArray, Survival

LEVEL = 0.95
# Of the training cases' linear predictors, these shares are kept: where others stand among them.
DECILES = tuple(tenth / 10 for tenth in range(1, 10))


@dataclass(frozen=True)
class SurvivalAt:
    """Predicted survival of m cases at k times.

    Attributes
    ----------
    times
        Shape (k,).
    survival_probability, low, high
        Shape (m, k); the interval is symmetric on the log scale, as ``survfit``'s. With competing
        events 1 - P(the event by then, before any other), without an interval (NaN).
    """

    times: FloatArray
    survival_probability: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class FittedModel:
    """A Cox model of q terms.

    Attributes
    ----------
    name, parts
        For example "DLRC" of ("radiomics", "deep", "clinical").
    terms
        Columns of the design.
    coefficients
        Log hazard ratio per unit of each term, shape (q,).
    covariance
        Of ``coefficients``, shape (q, q); robust by patient where the protocol asks for it.
    centre, scale
        Mean and spread of each term in training, shape (q,); the linear predictor is 0 at the
        centre, the scale only keeps the variance well conditioned.
    low, high
        Range of each term in training, shape (q,); of a signature, over its in-sample and
        out-of-fold values.
    baseline
        At the centre.
    linear_predictor_range
        Smallest and largest of the training cases.
    risk_cut
        Median linear predictor of the training cases as the model was fitted to them (with
        out-of-fold signatures where those were): above it, a case is high risk.
    n, n_events
        Training cases and their events.
    result
        The Cox fit's tables and tests; None where the model has no term, or was read from a
        bundle.
    left_out
        Terms that could not enter, with the reason.
    deciles
        First to ninth decile of the training cases' linear predictors, shape (9,).
    others
        The rates of competing events; empty where there are none.
    unfittable
        Of ``left_out``, the signatures with which the Cox model cannot be fitted (they may order
        the events perfectly), other than those that carry nothing; not kept in a bundle.
    joint
        How training's values lie together; None with fewer than two variables, and where nobody
        knows: an older bundle, a published equation.
    """

    name: str
    parts: tuple[str, ...]
    terms: tuple[Term, ...]
    coefficients: FloatArray
    covariance: FloatArray
    centre: FloatArray
    scale: FloatArray
    low: FloatArray
    high: FloatArray
    baseline: BaselineHazard
    linear_predictor_range: tuple[float, float]
    risk_cut: float
    n: int
    n_events: int
    result: CoxResult | None = None
    left_out: tuple[tuple[str, str], ...] = field(default=())
    deciles: FloatArray = field(default_factory=lambda: np.zeros(len(DECILES)))
    unfittable: tuple[str, ...] = ()
    others: tuple[OtherCause, ...] = ()
    joint: JointRange | None = None

    @property
    def signatures(self) -> tuple[str, ...]:
        """Feature sets whose signatures are terms, in order."""
        return signatures_of(self.terms)

    @property
    def clinical_variables(self) -> tuple[str, ...]:
        """Clinical variables that have terms, in order."""
        return clinical_of(self.terms)

    @property
    def present(self) -> tuple[str, ...]:
        """Those of ``parts`` that have a term."""
        return tuple(
            part
            for part in self.parts
            if part in self.signatures or (part == CLINICAL and self.clinical_variables)
        )

    def linear_predictor(self, design: FloatArray) -> FloatArray:
        """Return the centred linear predictor of m cases; higher is worse.

        Parameters
        ----------
        design
            Terms in the model's order, shape (m, q).
        """
        if design.ndim != 2 or design.shape[1] != len(self.terms):
            raise InputError(
                f"model {self.name}: expected {len(self.terms)} terms, found shape {design.shape}"
            )
        return weighted_sum(design - self.centre, self.coefficients)

    def baseline_survival(self, times: npt.ArrayLike) -> FloatArray:
        """Return S0(t) of the case at the centre, shape (k,); NaN past the last follow-up."""
        return np.exp(-self.cumulative_hazard(times))

    def cumulative_hazard(self, times: npt.ArrayLike) -> FloatArray:
        """Return H0(t) of the case at the centre, shape (k,); NaN past the last follow-up."""
        hazard, _, _ = self.baseline.observed_at(np.atleast_1d(np.asarray(times, np.float64)))
        return hazard

    def typical_survival(self, linear_predictor: FloatArray, horizon: float) -> FloatArray:
        """Return 1 - P(event by the horizon) where competing rates are those of the centre, (m,).

        What a nomogram reads: its points are of the event's rate alone.
        """
        average = np.ones(linear_predictor.size)
        pairs = [(other, average) for other in self.others]
        found: FloatArray = 1 - absolute_risk(self.baseline, linear_predictor, pairs, [horizon])
        return found[:, 0]

    def predict_survival(
        self, design: FloatArray, times: npt.ArrayLike, level: float = LEVEL
    ) -> SurvivalAt:
        """Predict survival with pointwise intervals, as R's ``survfit(coxph, newdata)``.

        Parameters
        ----------
        design
            Terms, shape (m, q).
        times
            Shape (k,); past the last follow-up of training the result is NaN.
        level
            Coverage of the intervals.
        """
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if self.others:
            ratios = [(other, other.ratio(design)) for other in self.others]
            risk = absolute_risk(self.baseline, self.linear_predictor(design), ratios, asked)
            nothing = np.full(risk.shape, np.nan)
            return SurvivalAt(asked, 1 - risk, nothing, nothing)
        hazard, error = hazard_with_error(
            self.baseline,
            (design - self.centre) / self.scale,
            self.linear_predictor(design),
            self.covariance * np.outer(self.scale, self.scale),
            asked,
        )
        z = float(ndtri(0.5 + level / 2))
        return SurvivalAt(
            asked,
            np.exp(-hazard),
            np.exp(-hazard - z * error),
            np.exp(np.minimum(-hazard + z * error, 0.0)),
        )


def fit_model(
    name: str,
    parts: tuple[str, ...],
    terms: Sequence[Term],
    design: FloatArray,
    survival: Survival,
    *,
    cluster: IntArray | None = None,
    left_out: Sequence[tuple[str, str]] = (),
    penalty: Penalty = "none",
) -> FittedModel:
    """Fit a Cox model (Efron's ties) to a design.

    Where events lie between visits, the likelihood is that of the intervals, with a spline for the
    baseline.

    Parameters
    ----------
    name, parts
        Of the model.
    terms, design
        Columns, shape (n, q); a model without any is the same prediction for everyone.
    survival
        Of the n cases.
    cluster
        Patient of each case, for the sandwich variance; None for the model's own.
    left_out
        Terms that could not enter, with the reason.
    penalty
        On the likelihood; ``firth`` where a term separates the events.

    Raises
    ------
    ModelError
        As ``CoxModel.fit``.
    """
    if isinstance(survival, IntervalSurvival):
        made = _between_visits(name, parts, terms, design, survival, cluster)
        return replace(made, left_out=tuple(left_out))
    if not terms:
        return _without_terms(name, parts, survival, left_out)
    fit = fit_cox(
        design,
        tuple(term.name for term in terms),
        survival,
        CoxOptions(penalty=penalty),
        cluster=cluster,
    )
    centre, scale = fit.risk_sets.centre, fit.risk_sets.scale
    lp = weighted_sum(design - centre, fit.result.coefficients)
    return FittedModel(
        name=name,
        parts=parts,
        terms=tuple(terms),
        coefficients=fit.result.coefficients,
        covariance=fit.result.covariance,
        centre=centre,
        scale=scale,
        low=design.min(axis=0),
        high=design.max(axis=0),
        baseline=fit.baselines[0],
        linear_predictor_range=(float(lp.min()), float(lp.max())),
        risk_cut=float(np.median(lp)),
        n=len(survival),
        n_events=int(survival.event.sum()),
        result=fit.result,
        left_out=tuple(left_out),
        deciles=np.quantile(lp, DECILES),
    )


def _between_visits(
    name: str,
    parts: tuple[str, ...],
    terms: Sequence[Term],
    design: FloatArray,
    survival: IntervalSurvival,
    cluster: IntArray | None,
) -> FittedModel:
    """Return the model whose likelihood knows of an event only between which visits it lies."""
    names = tuple(term.name for term in terms)
    fit = fit_interval_cox(design, names, survival.low, survival.high, cluster=cluster)
    lp = weighted_sum(fit.columns, fit.beta)
    k, units = fit.spline.width, np.outer(fit.scale, fit.scale)
    return FittedModel(
        name, parts, tuple(terms), fit.beta / fit.scale, fit.covariance[k:, k:] / units,
        fit.centre, fit.scale, design.min(axis=0), design.max(axis=0),
        fit.baseline(baseline_times(survival.low, survival.high)),
        linear_predictor_range=(float(lp.min()), float(lp.max())),
        risk_cut=float(np.median(lp)), n=len(survival), n_events=int(survival.event.sum()),
        result=interval_result(fit, names, survival, cluster) if names else None,
        deciles=np.quantile(lp, DECILES),
    )  # fmt: skip


def _without_terms(
    name: str,
    parts: tuple[str, ...],
    survival: Survival,
    left_out: Sequence[tuple[str, str]],
) -> FittedModel:
    """Return the model that predicts the same for everyone: the hazard of all cases."""
    none = np.empty(0)
    return FittedModel(
        name, parts, (), none, np.empty((0, 0)), none, none, none, none,
        baseline=hazard_of_all(survival),
        linear_predictor_range=(0.0, 0.0),
        risk_cut=0.0,
        n=len(survival),
        n_events=int(survival.event.sum()),
        left_out=tuple(left_out),
    )  # fmt: skip
