"""Updating a locked model on outside cases: as little as they call for, by closed testing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from scipy.linalg import null_space
from scipy.special import chdtrc

from trephine.choices import UpdateMethod
from trephine.errors import ModelError
from trephine.evaluation.normal_interval import with_interval
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.new_baseline import rescaled, with_own_hazard
from trephine.regression.poisson import PoissonFit, fit_poisson, wald_chi_square
from trephine.survival.baseline import BaselineHazard
from trephine.survival.late_outcome import entry_of
from trephine.types import BoolArray, Estimate, FloatArray, IntArray, Survival

TEST_LEVEL = 0.05
# From what changes nothing to what changes most, as far as tests choose among them.
ORDER: tuple[UpdateMethod, ...] = ("none", "baseline", "slope", "refit")
Made = TypeVar("Made")


@dataclass(frozen=True)
class UpdateTest:
    """The largest update against a smaller one.

    Attributes
    ----------
    larger, smaller
        The two.
    statistic, degrees_of_freedom, p_value
        Of the likelihood ratio; Wald's with a sandwich by patient where patients have several
        cases.
    """

    larger: UpdateMethod
    smaller: UpdateMethod
    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True)
class ModelUpdate:
    """A model as outside cases have it.

    Attributes
    ----------
    method
        What was changed.
    model
        The updated model; the locked one itself where nothing was.
    tests
        In the order in which they were made; empty where the update was asked for by name.
    ratio
        Observed over expected events of the locked model up to each case's end of follow-up, which
        multiplies the baseline hazard where that alone is updated.
    slope
        Of the locked linear predictor beside a new baseline; NaN where it cannot be fitted.
    note
        Why a larger update was not possible; empty where all were.
    """

    method: UpdateMethod
    model: FittedModel
    tests: tuple[UpdateTest, ...]
    ratio: Estimate
    slope: Estimate
    note: str = ""


@dataclass(frozen=True)
class _Outside:
    """Outside cases as a model sees them."""

    model: FittedModel
    design: FloatArray
    survival: Survival
    cluster: IntArray | None
    event: BoolArray = field(init=False)
    offset: FloatArray = field(init=False)
    predictor: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        base = self.model.baseline
        time = np.minimum(self.survival.time, base.times[-1])
        hazard = np.interp(time, *_straight(base))
        entry = entry_of(self.survival)
        if entry is not None:
            hazard = hazard - np.interp(np.minimum(entry, base.times[-1]), *_straight(base))
        with np.errstate(divide="ignore"):
            offset = np.log(hazard)
        found = {
            "event": self.survival.event & (self.survival.time <= base.times[-1]),
            "offset": offset,
            "predictor": self.model.linear_predictor(self.design),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def one(self) -> FloatArray:
        """The intercept's column."""
        return np.ones((self.event.size, 1))

    @property
    def standard(self) -> FloatArray:
        """The terms about the model's centre, by its scale."""
        found: FloatArray = (self.design - self.model.centre) / self.model.scale
        return found

    def fit(self, columns: FloatArray) -> PoissonFit:
        """Fit these columns with all that the locked model expects of each case as offset."""
        return fit_poisson(columns, self.event, self.offset + self.predictor, self.cluster)


def _straight(base: BaselineHazard) -> tuple[FloatArray, FloatArray]:
    """Return the corners of the baseline hazard with its steps joined by straight lines.

    A case that has its event before the first of training would else have had none expected.
    """
    jumps = np.diff(base.cumulative_hazard, prepend=0.0) > 0
    times = np.concatenate([[0.0], base.times[jumps], base.times[-1:]])
    hazard = np.concatenate([[0.0], base.cumulative_hazard[jumps], base.cumulative_hazard[-1:]])
    return times, hazard


def update_model(
    model: FittedModel,
    design: FloatArray,
    survival: Survival,
    *,
    cluster: IntArray | None = None,
    asked: UpdateMethod | None = None,
    may_refit: bool = True,
) -> ModelUpdate:
    """Update a locked model to outside cases.

    The closed testing procedure of Vergouwe et al. (2017, Stat Med 36:4529): the refit of all
    coefficients is tested against the model as it is, then against a new baseline, then against
    baseline and slope; the first that it does not beat at the 5 % level is the update. A Cox
    model's counterpart of the intercept is the factor of its baseline hazard, and all four are
    compared by Poisson regression of the events on those expected (Crowson, Atkinson and Therneau
    2016), between whose steps the locked hazard counts as straight, and past whose end nobody is
    followed.

    Parameters
    ----------
    model
        As locked; of competing events (`trephine.modelling.updating_causes`) the one rate.
    design
        Its terms for n outside cases, shape (n, q).
    survival
        Of those cases.
    cluster
        Patient of each, where some have several cases: tests and intervals then allow for it.
    asked
        What to change, without a test; None lets the tests choose.
    may_refit
        Whether there are events enough for a refit.

    Returns
    -------
    ModelUpdate
        ``baseline`` multiplies the locked hazard, ``hazard`` (by request alone) estimates it anew
        with its shape, the coefficients held, ``slope`` multiplies it, and the coefficients by one
        number, ``refit`` is a Cox model of the same terms with a baseline of its own.

    Raises
    ------
    ModelError
        If no event was seen, or what was asked for cannot be fitted.
    """
    cases = _Outside(model, design, survival, cluster)
    ratio_fit = cases.fit(cases.one)
    log = with_interval(ratio_fit.coefficients[0], ratio_fit.covariance[0, 0])
    ratio = Estimate(*np.exp([log.value, log.low, log.high]).tolist())
    slope_fit, note = _tried(lambda: _slope(cases), "the slope")
    refit, more = _tried(lambda: _refit(cases), "the refit of all coefficients")
    if len(model.terms) < 2:  # it would be the slope's
        refit, more = (refit if asked == "refit" else None), ""
    elif not may_refit:
        refit, more = None, "there are too few events for a refit of all coefficients"
    note = "; ".join(part for part in (note, more) if part)
    made: dict[UpdateMethod, Callable[[], FittedModel]] = {
        "none": lambda: model,
        "baseline": lambda: rescaled(model, ratio_fit),
        "hazard": lambda: with_own_hazard(model, design, survival),
    }
    if slope_fit is not None:
        made["slope"] = lambda: rescaled(model, slope_fit)
    if refit is not None:
        made["refit"] = lambda: refit
    if asked is not None and asked not in made:
        raise ModelError(note or f"the model has {len(model.terms)} terms", model=f"update {asked}")
    tests = () if asked is not None else _closed(cases, [one for one in ORDER if one in made])
    method = asked if asked is not None else _chosen(tests)
    return ModelUpdate(method, made[method](), tests, ratio, _slope_estimate(slope_fit), note)


def _tried(make: Callable[[], Made], what: str) -> tuple[Made | None, str]:
    try:
        return make(), ""
    except ModelError as error:
        return None, f"{what} cannot be fitted to these cases ({error.reason.worded()})"


def _slope(cases: _Outside) -> PoissonFit:
    """Fit what the slope is more than 1 by, beside a new factor of the baseline."""
    if not cases.model.terms or np.ptp(cases.predictor) == 0:
        raise ModelError("the predictions do not differ", kind="constant")
    return cases.fit(np.column_stack([cases.one, cases.predictor]))


def _slope_estimate(fit: PoissonFit | None) -> Estimate:
    if fit is None:
        return Estimate(float("nan"))
    return with_interval(1 + fit.coefficients[1], fit.covariance[1, 1])


def _refit(cases: _Outside) -> FittedModel:
    """Return a Cox model of the same terms, with ranges and cut of the outside cases."""
    if not cases.model.terms:
        raise ModelError("the model has no term", kind="constant")
    locked = cases.model
    found = fit_model(
        locked.name, locked.parts, locked.terms, cases.design, cases.survival,
        cluster=cases.cluster, left_out=locked.left_out,
    )  # fmt: skip
    return replace(found, result=None)


def _closed(cases: _Outside, methods: list[UpdateMethod]) -> tuple[UpdateTest, ...]:
    """Test the largest update against each smaller one, until one holds."""
    *smaller, largest = methods
    columns = [cases.one]
    if largest == "slope":
        columns.append(cases.predictor[:, None])
    elif largest == "refit":
        columns.append(cases.standard)
    full = cases.fit(np.hstack(columns))
    tests: list[UpdateTest] = []
    for one in smaller:
        tests.append(_test(cases, full, largest, one))
        if tests[-1].p_value >= TEST_LEVEL:
            break
    return tuple(tests)


def _test(
    cases: _Outside, full: PoissonFit, largest: UpdateMethod, smaller: UpdateMethod
) -> UpdateTest:
    p = full.coefficients.size
    held: dict[UpdateMethod, int] = {"none": 0, "baseline": 1, "slope": 2}
    df = p - held[smaller]
    if cases.cluster is None:
        columns = np.hstack([cases.one, cases.predictor[:, None]])[:, : held[smaller]]
        value = 2 * (full.log_likelihood - cases.fit(columns).log_likelihood)
        statistic = max(value, 0.0)
        return UpdateTest(largest, smaller, statistic, df, float(chdtrc(df, statistic)))
    contrast = np.eye(p)[held[smaller] and 1 :]
    if smaller == "slope":  # what of the coefficients' change is not along the locked ones
        locked = cases.model.coefficients * cases.model.scale
        contrast = np.column_stack([np.zeros(p - 2), null_space(locked[None, :]).T])
    statistic, p_value = wald_chi_square(
        contrast @ full.coefficients, contrast @ full.covariance @ contrast.T
    )
    return UpdateTest(largest, smaller, statistic, df, p_value)


def _chosen(tests: tuple[UpdateTest, ...]) -> UpdateMethod:
    last = tests[-1]
    return last.larger if last.p_value < TEST_LEVEL else last.smaller
