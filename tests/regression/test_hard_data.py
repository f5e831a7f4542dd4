"""Data as they come that programs stumble over: the numbers are R's (survival 3.5.3, R 4.2.2)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trephine.regression.cox import CoxModel
from trephine.survival.concordance import concordance
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Survival

K = np.arange(40)
DAYS = (K * 37) % 101
EVENT = (K * 13) % 5 < 3


def test_follow_up_in_whole_years_ties_nearly_everyone() -> None:
    """``summary(survfit(Surv(years, event) ~ 1), times = c(2, 3))``, ``concordance``."""
    years = np.ceil((DAYS + 3) / 12)
    at = kaplan_meier(years, EVENT).at([2.0, 3.0])
    assert at.survival_probability == pytest.approx([0.897222222222, 0.781451612903])
    assert at.low == pytest.approx([0.806621318789, 0.657764078525])
    assert at.high == pytest.approx([0.997999553568, 0.928397647798])
    found = concordance(years, EVENT, ((K * 29) % 41) / 10)
    assert found.estimate == pytest.approx(0.427917620137)
    assert found.standard_error == pytest.approx(0.0764314003313)


def test_one_value_typed_in_another_unit_leaves_the_robust_fit_rs() -> None:
    """``coxph(Surv(months, event) ~ age + creatinine, cluster = k)``: one creatinine of 7.3e6."""
    creatinine = 70.0 + (K * 23) % 37
    creatinine[7] = 7.3e6
    design = pd.DataFrame({"age": 40.0 + (K * 17) % 31, "creatinine": creatinine})
    outcome = Survival(DAYS + 3.5, EVENT, "months")
    result = CoxModel().fit(design, outcome, cluster=K).result_
    assert result.coefficients == pytest.approx([-1.45254429251e-02, 1.09962004933e-07], rel=1e-6)
    assert result.standard_errors == pytest.approx([2.70446439172e-02, 5.97917454663e-08], rel=1e-6)
    assert result.p_values == pytest.approx([0.5912045509124, 0.0659029241739], rel=1e-6)
    alone = CoxModel().fit(design[["creatinine"]], outcome, cluster=K).result_
    assert alone.p_values[0] == pytest.approx(0.0238468841593, rel=1e-6)
    assert alone.likelihood_ratio.p_value == pytest.approx(0.574260168567, rel=1e-6)
