"""How well a model predicts: discrimination, calibration, clinical use, resampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.evaluation.agreement import BlandAltman as BlandAltman
    from trephine.evaluation.agreement import RegionAgreement as RegionAgreement
    from trephine.evaluation.agreement import bland_altman as bland_altman
    from trephine.evaluation.agreement import boundary as boundary
    from trephine.evaluation.agreement import compare_regions as compare_regions
    from trephine.evaluation.agreement import hausdorff_mm as hausdorff_mm
    from trephine.evaluation.binary_validation_size import (
        BinaryValidationSize as BinaryValidationSize,
    )
    from trephine.evaluation.binary_validation_size import (
        binary_validation_size as binary_validation_size,
    )
    from trephine.evaluation.brier_curve import BrierCurve as BrierCurve
    from trephine.evaluation.brier_curve import IntegratedBrierScore as IntegratedBrierScore
    from trephine.evaluation.brier_curve import brier_curve as brier_curve
    from trephine.evaluation.brier_curve import integrated_brier_score as integrated_brier_score
    from trephine.evaluation.brier_score import BrierDifference as BrierDifference
    from trephine.evaluation.brier_score import BrierScore as BrierScore
    from trephine.evaluation.brier_score import brier_score as brier_score
    from trephine.evaluation.brier_score import compare_brier_scores as compare_brier_scores
    from trephine.evaluation.calibration import CalibrationGroup as CalibrationGroup
    from trephine.evaluation.calibration import CalibrationTest as CalibrationTest
    from trephine.evaluation.calibration import calibration_groups as calibration_groups
    from trephine.evaluation.calibration import equal_size_groups as equal_size_groups
    from trephine.evaluation.calibration import (
        greenwood_nam_dagostino_test as greenwood_nam_dagostino_test,
    )
    from trephine.evaluation.calibration import grouping_codes as grouping_codes
    from trephine.evaluation.calibration import quantile_groups as quantile_groups
    from trephine.evaluation.calibration_curve import CalibrationCurve as CalibrationCurve
    from trephine.evaluation.calibration_curve import absolute_errors as absolute_errors
    from trephine.evaluation.calibration_curve import calibration_curve as calibration_curve
    from trephine.evaluation.calibration_curve import smooth_observed as smooth_observed
    from trephine.evaluation.calibration_slope import CalibrationInTheLarge as CalibrationInTheLarge
    from trephine.evaluation.calibration_slope import CalibrationSlope as CalibrationSlope
    from trephine.evaluation.calibration_slope import (
        calibration_in_the_large as calibration_in_the_large,
    )
    from trephine.evaluation.calibration_slope import calibration_slope as calibration_slope
    from trephine.evaluation.calibration_slope import complementary_log_log as complementary_log_log
    from trephine.evaluation.competing_scores import CompetingScores as CompetingScores
    from trephine.evaluation.competing_scores import competing_scores as competing_scores
    from trephine.evaluation.concordance import ConcordanceComparison as ConcordanceComparison
    from trephine.evaluation.concordance import compare_concordance as compare_concordance
    from trephine.evaluation.concordance import concordance_index as concordance_index
    from trephine.evaluation.decision_curve import DecisionCurve as DecisionCurve
    from trephine.evaluation.decision_curve import decision_curves as decision_curves
    from trephine.evaluation.delong import BinaryAuc as BinaryAuc
    from trephine.evaluation.delong import binary_auc as binary_auc
    from trephine.evaluation.delong import delong_test as delong_test
    from trephine.evaluation.discrimination_improvement import (
        DiscriminationImprovement as DiscriminationImprovement,
    )
    from trephine.evaluation.discrimination_improvement import (
        ImprovementMeasure as ImprovementMeasure,
    )
    from trephine.evaluation.discrimination_improvement import (
        discrimination_improvement as discrimination_improvement,
    )
    from trephine.evaluation.discrimination_improvement import (
        events_and_non_events as events_and_non_events,
    )
    from trephine.evaluation.discrimination_improvement import (
        improvement_measures as improvement_measures,
    )
    from trephine.evaluation.improvement_perturbation import (
        PerturbedImprovement as PerturbedImprovement,
    )
    from trephine.evaluation.improvement_perturbation import (
        exponential_perturbations as exponential_perturbations,
    )
    from trephine.evaluation.improvement_perturbation import (
        perturbed_improvement as perturbed_improvement,
    )
    from trephine.evaluation.intervals import BootstrapIntervals as BootstrapIntervals
    from trephine.evaluation.intervals import patient_bootstrap as patient_bootstrap
    from trephine.evaluation.likelihood_ratio import likelihood_ratio_test as likelihood_ratio_test
    from trephine.evaluation.prediction_accuracy import PredictionAccuracy as PredictionAccuracy
    from trephine.evaluation.prediction_accuracy import integrated_brier as integrated_brier
    from trephine.evaluation.prediction_accuracy import prediction_accuracy as prediction_accuracy
    from trephine.evaluation.recalibration import Recalibration as Recalibration
    from trephine.evaluation.recalibration import breslow_baseline as breslow_baseline
    from trephine.evaluation.recalibration import recalibrate as recalibrate
    from trephine.evaluation.reclassification import NetReclassification as NetReclassification
    from trephine.evaluation.reclassification import (
        categorical_reclassification as categorical_reclassification,
    )
    from trephine.evaluation.reclassification import (
        continuous_reclassification as continuous_reclassification,
    )
    from trephine.evaluation.reclassification_summary import (
        ReclassificationSummary as ReclassificationSummary,
    )
    from trephine.evaluation.reclassification_summary import (
        summarise_reclassification as summarise_reclassification,
    )
    from trephine.evaluation.risk_groups import RiskGroup as RiskGroup
    from trephine.evaluation.risk_groups import RiskGroups as RiskGroups
    from trephine.evaluation.risk_groups import group_names as group_names
    from trephine.evaluation.risk_groups import median_cut_off as median_cut_off
    from trephine.evaluation.risk_groups import risk_groups as risk_groups
    from trephine.evaluation.roc_curve import RocCurve as RocCurve
    from trephine.evaluation.roc_curve import roc_curve as roc_curve
    from trephine.evaluation.sample_size import SampleSize as SampleSize
    from trephine.evaluation.sample_size import cases_for_shrinkage as cases_for_shrinkage
    from trephine.evaluation.sample_size import largest_r2 as largest_r2
    from trephine.evaluation.sample_size import sample_size as sample_size
    from trephine.evaluation.sample_size import supported_parameters as supported_parameters
    from trephine.evaluation.time_dependent_auc import AucDifference as AucDifference
    from trephine.evaluation.time_dependent_auc import TimeDependentAuc as TimeDependentAuc
    from trephine.evaluation.time_dependent_auc import (
        compare_time_dependent_auc as compare_time_dependent_auc,
    )
    from trephine.evaluation.time_dependent_auc import time_dependent_auc as time_dependent_auc
    from trephine.evaluation.uno_difference import UnoDifference as UnoDifference
    from trephine.evaluation.uno_difference import pair_mean_move as pair_mean_move
    from trephine.evaluation.uno_difference import uno_difference as uno_difference
    from trephine.evaluation.validation_indices import ValidationIndices as ValidationIndices
    from trephine.evaluation.validation_indices import adjusted_r_squared as adjusted_r_squared
    from trephine.evaluation.validation_indices import gini_mean_difference as gini_mean_difference
    from trephine.evaluation.validation_indices import nagelkerke_r_squared as nagelkerke_r_squared
    from trephine.evaluation.validation_indices import validation_indices as validation_indices
    from trephine.evaluation.validation_size import ValidationSize as ValidationSize
    from trephine.evaluation.validation_size import share_followed as share_followed
    from trephine.evaluation.validation_size import share_with_event as share_with_event
    from trephine.evaluation.validation_size import slope_variance as slope_variance
    from trephine.evaluation.validation_size import validation_size as validation_size

open_face(
    __name__,
    {
        "trephine.evaluation.competing_scores": (
            "CompetingScores",
            "competing_scores",
        ),
        "trephine.evaluation.agreement": (
            "BlandAltman",
            "RegionAgreement",
            "bland_altman",
            "boundary",
            "compare_regions",
            "hausdorff_mm",
        ),
        "trephine.evaluation.binary_validation_size": (
            "BinaryValidationSize",
            "binary_validation_size",
        ),
        "trephine.evaluation.brier_curve": (
            "BrierCurve",
            "IntegratedBrierScore",
            "brier_curve",
            "integrated_brier_score",
        ),
        "trephine.evaluation.brier_score": (
            "BrierDifference",
            "BrierScore",
            "brier_score",
            "compare_brier_scores",
        ),
        "trephine.evaluation.calibration": (
            "CalibrationGroup",
            "CalibrationTest",
            "calibration_groups",
            "equal_size_groups",
            "greenwood_nam_dagostino_test",
            "grouping_codes",
            "quantile_groups",
        ),
        "trephine.evaluation.calibration_curve": (
            "CalibrationCurve",
            "absolute_errors",
            "calibration_curve",
            "smooth_observed",
        ),
        "trephine.evaluation.calibration_slope": (
            "CalibrationInTheLarge",
            "CalibrationSlope",
            "calibration_in_the_large",
            "calibration_slope",
            "complementary_log_log",
        ),
        "trephine.evaluation.concordance": (
            "ConcordanceComparison",
            "compare_concordance",
            "concordance_index",
        ),
        "trephine.evaluation.decision_curve": (
            "DecisionCurve",
            "decision_curves",
        ),
        "trephine.evaluation.delong": (
            "BinaryAuc",
            "binary_auc",
            "delong_test",
        ),
        "trephine.evaluation.discrimination_improvement": (
            "DiscriminationImprovement",
            "ImprovementMeasure",
            "discrimination_improvement",
            "events_and_non_events",
            "improvement_measures",
        ),
        "trephine.evaluation.improvement_perturbation": (
            "PerturbedImprovement",
            "exponential_perturbations",
            "perturbed_improvement",
        ),
        "trephine.evaluation.intervals": (
            "BootstrapIntervals",
            "patient_bootstrap",
        ),
        "trephine.evaluation.likelihood_ratio": ("likelihood_ratio_test",),
        "trephine.evaluation.prediction_accuracy": (
            "PredictionAccuracy",
            "integrated_brier",
            "prediction_accuracy",
        ),
        "trephine.evaluation.recalibration": (
            "Recalibration",
            "breslow_baseline",
            "recalibrate",
        ),
        "trephine.evaluation.reclassification": (
            "NetReclassification",
            "categorical_reclassification",
            "continuous_reclassification",
        ),
        "trephine.evaluation.reclassification_summary": (
            "ReclassificationSummary",
            "summarise_reclassification",
        ),
        "trephine.evaluation.risk_groups": (
            "RiskGroup",
            "RiskGroups",
            "group_names",
            "median_cut_off",
            "risk_groups",
        ),
        "trephine.evaluation.roc_curve": (
            "RocCurve",
            "roc_curve",
        ),
        "trephine.evaluation.sample_size": (
            "SampleSize",
            "cases_for_shrinkage",
            "largest_r2",
            "sample_size",
            "supported_parameters",
        ),
        "trephine.evaluation.time_dependent_auc": (
            "AucDifference",
            "TimeDependentAuc",
            "compare_time_dependent_auc",
            "time_dependent_auc",
        ),
        "trephine.evaluation.uno_difference": (
            "UnoDifference",
            "pair_mean_move",
            "uno_difference",
        ),
        "trephine.evaluation.validation_indices": (
            "ValidationIndices",
            "adjusted_r_squared",
            "gini_mean_difference",
            "nagelkerke_r_squared",
            "validation_indices",
        ),
        "trephine.evaluation.validation_size": (
            "ValidationSize",
            "share_followed",
            "share_with_event",
            "slope_variance",
            "validation_size",
        ),
    },
)
