"""Sample size of a validation: pmvalsampsize, published runs, and samples that are fitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from trephine.errors import InputError
from trephine.evaluation import (
    binary_validation_size,
    share_followed,
    share_with_event,
    validation_size,
)
from trephine.evaluation.pseudo_values import survival_pseudo_values
from trephine.survival.concordance import concordance
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Survival

EXPECTED = Path(__file__).parents[1] / "reference" / "validation_size" / "expected.json"

# Riley et al. 2022, recurrence of thromboembolism by 3 years: D of 1.115, hazard of 0.052 a year
# at a linear predictor of 0, censoring of 0.418 a year.
SPREAD, HAZARD, CENSORING = 0.699, 0.052 * 3, 0.418 * 3
RISK = 0.17152
FOLLOWED = float(np.exp(-CENSORING))


def sample(n: int, rng: np.random.Generator) -> tuple[Survival, np.ndarray]:
    scores = rng.normal(0, SPREAD, n)
    failing = rng.exponential(1 / (HAZARD * np.exp(scores)))
    stop = np.minimum(rng.exponential(1 / CENSORING, n), 1.0)
    return Survival(np.minimum(failing, stop), failing <= stop), scores


def linear_predictor(call: dict[str, Any]) -> np.ndarray:
    """As pmvalsampsize draws it."""
    legacy = np.random.RandomState(123456)
    if "lpnormal" in call:
        mean, spread = call["lpnormal"]
        return legacy.standard_normal(20000) * spread + mean
    chance = legacy.beta(*call["lpbeta"], 20000)
    return np.log(chance / (1 - chance))


@pytest.mark.parametrize("row", range(3))
def test_a_yes_or_no_needs_what_pmvalsampsize_says_to_the_case(row: int) -> None:
    frozen = json.loads(EXPECTED.read_text(encoding="utf-8"))[row]
    call = frozen["call"]
    found = binary_validation_size(
        linear_predictor(call),
        prevalence=call["prevalence"],
        c_statistic=call["cstatistic"],
        ratio_width=call.get("oeciwidth", 0.2),
        slope_width=call.get("csciwidth", 0.2),
        c_width=call.get("cstatciwidth", 0.1),
    )
    assert [found.ratio_n, found.slope_n, found.c_n] == frozen["n"]
    assert found.n == max(frozen["n"])
    assert found.events == np.ceil(found.n * call["prevalence"])


@pytest.mark.parametrize("risk", [0.43, 0.12, 0.018])
def test_with_everybody_followed_observed_over_expected_is_the_binary_criterion(
    risk: float,
) -> None:
    """Frozen: pmvalsampsize's criterion 1 for the same risks and widths."""
    rows = json.loads(EXPECTED.read_text(encoding="utf-8"))
    frozen = {row["call"]["prevalence"]: row for row in rows}
    width = frozen[risk]["call"].get("oeciwidth", 0.2)
    found = validation_size(risk=risk, followed=1.0, spread=1.0, ratio_width=width)
    assert found.ratio_n == frozen[risk]["n"][0]


@pytest.mark.parametrize(("n", "published"), [(5000, 0.08738), (4000, 0.09745), (3400, 0.10790)])
def test_the_slope_is_as_precise_as_in_the_published_simulations(n: int, published: float) -> None:
    """Mean standard errors of 50 runs that G. Collins printed in the paper's code, part 2."""
    needed = validation_size(
        risk=RISK, followed=FOLLOWED, spread=SPREAD, slope_width=2 * 1.96 * published
    )
    assert needed.slope_n == pytest.approx(n, rel=0.06)


def test_samples_that_are_fitted_spread_as_much_as_was_planned() -> None:
    rng = np.random.default_rng(8)
    n = 2500
    slopes, ratios, ordered = [], [], []
    for _ in range(150):
        outcome, scores = sample(n, rng)
        event = 1 - survival_pseudo_values(outcome, 1.0)
        x = np.log(HAZARD) + scores
        fitted = least_squares(
            lambda b, x=x, event=event: 1 - np.exp(-np.exp(b[0] + b[1] * x)) - event, [0.0, 1.0]
        )
        slopes.append(fitted.x[1])
        curve = kaplan_meier(outcome.time, outcome.event).at([1.0])
        ratios.append(np.log(1 - curve.survival_probability[0]))
        ordered.append(concordance(outcome.time, outcome.event, scores).estimate)
    widths = [2 * 1.96 * float(np.std(values)) for values in (ratios, slopes, ordered)]
    needed = validation_size(
        risk=RISK,
        followed=FOLLOWED,
        spread=SPREAD,
        ratio_width=2 * np.sinh(widths[0] / 2),
        slope_width=widths[1],
        c_width=widths[2],
    )
    # A standard deviation of 150 is known to 6 %, and n goes with its square.
    for planned in (needed.ratio_n, needed.slope_n, needed.c_n):
        assert planned == pytest.approx(n, rel=0.3)
    assert needed.c_index == pytest.approx(np.mean(ordered), abs=0.01)


def test_a_c_index_gives_the_population_that_has_it() -> None:
    for c in (0.6, 0.7, 0.85):
        for risk in (0.05, 0.6):
            assert validation_size(risk=risk, followed=1, c_index=c).c_index == pytest.approx(
                c, abs=0.01
            )


def test_censoring_costs_cases_and_wider_intervals_need_fewer() -> None:
    full = validation_size(risk=0.3, followed=1.0, c_index=0.7)
    half = validation_size(risk=0.3, followed=0.5, c_index=0.7)
    assert half.ratio_n > full.ratio_n
    assert half.slope_n > full.slope_n
    assert half.c_n > full.c_n
    wide = validation_size(risk=0.3, followed=1.0, c_index=0.7, slope_width=0.4)
    assert wide.slope_n == pytest.approx(full.slope_n / 4, abs=1)


def test_the_seed_decides_and_moves_the_answer_by_a_percent_or_two() -> None:
    asked = {"risk": 0.3, "followed": 0.6, "c_index": 0.7}
    first = validation_size(**asked)
    assert validation_size(**asked) == first
    other = validation_size(**asked, seed=1)
    assert other != first
    assert other.n == pytest.approx(first.n, rel=0.03)


def test_rates_give_the_risk_and_the_share_followed() -> None:
    """The paper's example: 0.065 events a year over 2.07 years leave 0.418 censored a year."""
    assert share_with_event(0.065, 3) == pytest.approx(1 - np.exp(-0.195))
    assert -np.log(share_followed(0.065, 2.07, 3)) / 3 == pytest.approx(0.418, abs=5e-4)


def test_impossible_numbers_are_refused_all_at_once() -> None:
    with pytest.raises(InputError) as error:
        validation_size(risk=1.2, followed=0, c_index=0.4, slope_width=-1)
    said = str(error.value)
    for part in ("risk at the horizon", "share followed", "C-index: expected", "calibration slope"):
        assert part in said
    with pytest.raises(InputError, match="found both"):
        validation_size(risk=0.3, followed=1, c_index=0.7, spread=1)
    with pytest.raises(InputError, match="found neither"):
        validation_size(risk=0.3, followed=1)
    with pytest.raises(InputError, match="out of reach"):
        validation_size(risk=0.3, followed=1, c_index=0.999)
    with pytest.raises(InputError, match="seed"):
        validation_size(risk=0.3, followed=1, c_index=0.7, seed=-1)
    for rare in ({"risk": 0.001, "followed": 1.0}, {"risk": 0.5, "followed": 0.001}):
        with pytest.raises(InputError, match="at least 1000 with the event"):
            validation_size(**rare, c_index=0.7)
    with pytest.raises(InputError, match="at most 1 event a case"):
        share_followed(0.5, 3, 2)
    with pytest.raises(InputError, match=r"prevalence: expected.*C-statistic"):
        binary_validation_size([0, 1], prevalence=0, c_statistic=1)
    with pytest.raises(InputError, match="values that differ"):
        binary_validation_size([1, 1], prevalence=0.2, c_statistic=0.7)
