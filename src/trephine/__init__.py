"""Trephine: from radiographs, regions of interest and a table to a survival nomogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

__version__ = "0.1.0"

if TYPE_CHECKING:
    from trephine.deep.embed import Embedder as Embedder
    from trephine.evaluation.brier_score import brier_score as brier_score
    from trephine.evaluation.calibration_curve import calibration_curve as calibration_curve
    from trephine.evaluation.concordance import concordance_index as concordance_index
    from trephine.evaluation.decision_curve import decision_curves as decision_curves
    from trephine.evaluation.reclassification_summary import (
        summarise_reclassification as summarise_reclassification,
    )
    from trephine.evaluation.sample_size import sample_size as sample_size
    from trephine.evaluation.time_dependent_auc import time_dependent_auc as time_dependent_auc
    from trephine.evaluation.validation_size import validation_size as validation_size
    from trephine.imaging.masks import read_mask as read_mask
    from trephine.imaging.read import read_image as read_image
    from trephine.radiomics.extract import extract_radiomics as extract_radiomics
    from trephine.radiomics.settings import RadiomicsSettings as RadiomicsSettings
    from trephine.regression.cause_specific import fit_cause_specific as fit_cause_specific
    from trephine.regression.cox import CoxModel as CoxModel
    from trephine.regression.cox_equation import CoxEquation as CoxEquation
    from trephine.regression.coxnet_estimator import CoxNetCVModel as CoxNetCVModel
    from trephine.regression.coxnet_estimator import CoxNetModel as CoxNetModel
    from trephine.regression.fine_gray import fit_fine_gray as fit_fine_gray
    from trephine.regression.foreign import from_lifelines as from_lifelines
    from trephine.regression.foreign import from_sksurv as from_sksurv
    from trephine.study import Study as Study
    from trephine.study.drawing import draw_calibration as draw_calibration
    from trephine.study.drawing import draw_decision_curves as draw_decision_curves
    from trephine.study.drawing import draw_nomogram as draw_nomogram
    from trephine.study.locked.new_case import NewCase as NewCase
    from trephine.study.locked.predict import predict_case as predict_case
    from trephine.study.locked.validate import validate_bundle as validate_bundle
    from trephine.survival.aalen_johansen import cumulative_incidence as cumulative_incidence
    from trephine.survival.kaplan_meier import kaplan_meier as kaplan_meier
    from trephine.survival.logrank import logrank_test as logrank_test
    from trephine.types import Estimate as Estimate
    from trephine.types import Geometry as Geometry
    from trephine.types import Image as Image
    from trephine.types import Mask as Mask
    from trephine.types import Survival as Survival

open_face(
    __name__,
    {
        "trephine.regression.cause_specific": ("fit_cause_specific",),
        "trephine.regression.fine_gray": ("fit_fine_gray",),
        "trephine.survival.aalen_johansen": ("cumulative_incidence",),
        "trephine.deep.embed": ("Embedder",),
        "trephine.evaluation.brier_score": ("brier_score",),
        "trephine.evaluation.calibration_curve": ("calibration_curve",),
        "trephine.evaluation.concordance": ("concordance_index",),
        "trephine.evaluation.decision_curve": ("decision_curves",),
        "trephine.evaluation.reclassification_summary": ("summarise_reclassification",),
        "trephine.evaluation.sample_size": ("sample_size",),
        "trephine.evaluation.time_dependent_auc": ("time_dependent_auc",),
        "trephine.evaluation.validation_size": ("validation_size",),
        "trephine.imaging.masks": ("read_mask",),
        "trephine.imaging.read": ("read_image",),
        "trephine.radiomics.extract": ("extract_radiomics",),
        "trephine.radiomics.settings": ("RadiomicsSettings",),
        "trephine.regression.cox": ("CoxModel",),
        "trephine.regression.cox_equation": ("CoxEquation",),
        "trephine.regression.coxnet_estimator": (
            "CoxNetCVModel",
            "CoxNetModel",
        ),
        "trephine.regression.foreign": (
            "from_lifelines",
            "from_sksurv",
        ),
        "trephine.study": ("Study",),
        "trephine.study.drawing": (
            "draw_calibration",
            "draw_decision_curves",
            "draw_nomogram",
        ),
        "trephine.study.locked.new_case": ("NewCase",),
        "trephine.study.locked.predict": ("predict_case",),
        "trephine.study.locked.validate": ("validate_bundle",),
        "trephine.survival.kaplan_meier": ("kaplan_meier",),
        "trephine.survival.logrank": ("logrank_test",),
        "trephine.types": (
            "Estimate",
            "Geometry",
            "Image",
            "Mask",
            "Survival",
        ),
    },
)
