"""Cox models, penalised paths and nomograms on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.regression.cause_specific import CauseSpecificModel as CauseSpecificModel
    from trephine.regression.cause_specific import fit_cause_specific as fit_cause_specific
    from trephine.regression.cox import CoxModel as CoxModel
    from trephine.regression.cox_equation import CoxEquation as CoxEquation
    from trephine.regression.cox_result import ChiSquareTest as ChiSquareTest
    from trephine.regression.cox_result import CoxResult as CoxResult
    from trephine.regression.cox_result import SurvivalPrediction as SurvivalPrediction
    from trephine.regression.coxnet_cv import CoxNetCV as CoxNetCV
    from trephine.regression.coxnet_cv import cross_validate as cross_validate
    from trephine.regression.coxnet_estimator import CoxNetCVModel as CoxNetCVModel
    from trephine.regression.coxnet_estimator import CoxNetModel as CoxNetModel
    from trephine.regression.coxnet_path import coxnet_path as coxnet_path
    from trephine.regression.coxnet_result import CoxNetPath as CoxNetPath
    from trephine.regression.coxnet_settings import PathSettings as PathSettings
    from trephine.regression.dummies import DummyCoding as DummyCoding
    from trephine.regression.dummies import dummy_coding as dummy_coding
    from trephine.regression.elimination import backward_elimination as backward_elimination
    from trephine.regression.elimination import drop_one_term as drop_one_term
    from trephine.regression.elimination_result import Elimination as Elimination
    from trephine.regression.elimination_result import EliminationSettings as EliminationSettings
    from trephine.regression.fast_elimination import FastElimination as FastElimination
    from trephine.regression.fast_elimination import (
        fast_backward_elimination as fast_backward_elimination,
    )
    from trephine.regression.fine_gray import FineGrayModel as FineGrayModel
    from trephine.regression.fine_gray import fit_fine_gray as fit_fine_gray
    from trephine.regression.folds import assign_folds as assign_folds
    from trephine.regression.foreign import from_cox_model as from_cox_model
    from trephine.regression.foreign import from_lifelines as from_lifelines
    from trephine.regression.foreign import from_sksurv as from_sksurv
    from trephine.regression.nomogram import Nomogram as Nomogram
    from trephine.regression.nomogram import NomogramPredictor as NomogramPredictor
    from trephine.regression.nomogram import make_nomogram as make_nomogram
    from trephine.regression.proportional_hazards import (
        ProportionalHazardsTest as ProportionalHazardsTest,
    )
    from trephine.regression.restricted_spline import harrell_knots as harrell_knots
    from trephine.regression.restricted_spline import spline_columns as spline_columns
    from trephine.regression.univariable import UnivariableTable as UnivariableTable
    from trephine.regression.univariable import univariable_table as univariable_table

open_face(
    __name__,
    {
        "trephine.regression.restricted_spline": (
            "harrell_knots",
            "spline_columns",
        ),
        "trephine.regression.cause_specific": (
            "CauseSpecificModel",
            "fit_cause_specific",
        ),
        "trephine.regression.fine_gray": (
            "FineGrayModel",
            "fit_fine_gray",
        ),
        "trephine.regression.cox": ("CoxModel",),
        "trephine.regression.cox_equation": ("CoxEquation",),
        "trephine.regression.cox_result": (
            "ChiSquareTest",
            "CoxResult",
            "SurvivalPrediction",
        ),
        "trephine.regression.coxnet_cv": (
            "CoxNetCV",
            "cross_validate",
        ),
        "trephine.regression.coxnet_estimator": (
            "CoxNetCVModel",
            "CoxNetModel",
        ),
        "trephine.regression.coxnet_path": ("coxnet_path",),
        "trephine.regression.coxnet_result": ("CoxNetPath",),
        "trephine.regression.coxnet_settings": ("PathSettings",),
        "trephine.regression.dummies": (
            "DummyCoding",
            "dummy_coding",
        ),
        "trephine.regression.elimination": (
            "backward_elimination",
            "drop_one_term",
        ),
        "trephine.regression.elimination_result": (
            "Elimination",
            "EliminationSettings",
        ),
        "trephine.regression.fast_elimination": (
            "FastElimination",
            "fast_backward_elimination",
        ),
        "trephine.regression.folds": ("assign_folds",),
        "trephine.regression.foreign": (
            "from_cox_model",
            "from_lifelines",
            "from_sksurv",
        ),
        "trephine.regression.nomogram": (
            "Nomogram",
            "NomogramPredictor",
            "make_nomogram",
        ),
        "trephine.regression.proportional_hazards": ("ProportionalHazardsTest",),
        "trephine.regression.univariable": (
            "UnivariableTable",
            "univariable_table",
        ),
    },
)
