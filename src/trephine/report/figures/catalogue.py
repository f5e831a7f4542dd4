"""Which figures a study's facts allow, in the order of the paper."""

from __future__ import annotations

from pathlib import Path

from trephine.facts import Facts
from trephine.report.figures.assessment_plates import (
    calibration_plates,
    decision_curve_plates,
    interventions_plates,
    overall_plates,
    risk_group_plates,
    roc_plates,
)
from trephine.report.figures.chance_plates import comparison_plates, null_check_plates
from trephine.report.figures.competing import incidence_plates
from trephine.report.figures.image_plates import icc_plates, picture_plates
from trephine.report.figures.imputations import imputation_plates
from trephine.report.figures.instability_plates import instability_plates
from trephine.report.figures.model_plates import (
    contribution_plates,
    correlation_plates,
    flow_plates,
    forest_plates,
    lasso_plates,
    nomogram_plates,
    over_time_plates,
)
from trephine.report.figures.partial_effect import partial_effect_plates
from trephine.report.figures.plate import Plate
from trephine.report.figures.subgroups import subgroup_plates
from trephine.report.figures.visits import visit_plates
from trephine.report.typeface import cover


def make_plates(facts: Facts, pictures_folder: Path) -> tuple[Plate, ...]:
    """Return every figure that the facts allow, in the order of the paper."""
    cover(facts.model_dump_json())
    return (
        *comparison_plates(facts),
        *null_check_plates(facts),
        *flow_plates(facts),
        *imputation_plates(facts),
        *nomogram_plates(facts),
        *lasso_plates(facts),
        *roc_plates(facts),
        *calibration_plates(facts),
        *decision_curve_plates(facts),
        *interventions_plates(facts),
        *subgroup_plates(facts),
        *instability_plates(facts),
        *risk_group_plates(facts),
        *incidence_plates(facts),
        *overall_plates(facts),
        *visit_plates(facts),
        *picture_plates(facts, pictures_folder),
        *icc_plates(facts),
        *forest_plates(facts),
        *partial_effect_plates(facts),
        *over_time_plates(facts),
        *correlation_plates(facts),
        *contribution_plates(facts),
    )
