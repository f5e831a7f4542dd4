"""The report's figures for a model from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from regression.test_cox_equation import EQUATION, FACTORS, OUTCOME, TABLE
from trephine.errors import InputError
from trephine.evaluation.decision_curve import decision_curves
from trephine.study.drawing import draw_calibration, draw_decision_curves, draw_nomogram

RISK = EQUATION.event_probability(TABLE, [24])[:, 0]
HALF = 0.5 * RISK


def words(figure: Figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def legend(figure: Figure) -> list[str]:
    entries = figure.axes[0].get_legend()
    assert entries is not None
    return [text.get_text() for text in entries.get_texts()]


def test_a_nomogram_has_an_axis_per_predictor_and_horizon() -> None:
    nomogram = EQUATION.nomogram(TABLE, [12, 24], factors=FACTORS, labels={"stage": "ARCO stage"})
    shown = words(draw_nomogram(nomogram, units={"age": "years"}, outcome_name="survival"))
    assert {"Points", "age (years)", "ARCO stage", "male", "Total points"} <= shown
    assert {"1-year survival", "2-year survival", "I", "II", "III"} <= shown


def test_calibration_shows_the_groups_of_the_headline() -> None:
    figure = draw_calibration(OUTCOME, {"half": HALF, "whole": RISK}, 24, headline="half")
    assert legend(figure) == ["half", "whole"]
    groups = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert len(groups) == 1
    assert np.max(groups[0].get_xdata()) < 0.5
    with pytest.raises(InputError, match="headline: expected one of"):
        draw_calibration(OUTCOME, {"half": HALF}, 24, headline="whole")
    with pytest.raises(InputError, match="at least one model"):
        draw_calibration(OUTCOME, {}, 24)


def test_decision_curves_show_models_and_treat_all() -> None:
    thresholds = np.arange(0.1, 0.6, 0.1)
    curves = decision_curves(OUTCOME, {"half": HALF, "whole": RISK}, 24, thresholds)
    figure = draw_decision_curves(curves)
    assert legend(figure) == ["Treat all", "half", "whole"]
    drawn = next(line for line in figure.axes[0].lines if line.get_label() == "whole")
    np.testing.assert_array_equal(drawn.get_ydata(), curves["whole"].net_benefit)
    del curves["treat all"]
    with pytest.raises(InputError, match="expected 'treat all' among them"):
        draw_decision_curves(curves)
