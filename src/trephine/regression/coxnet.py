"""Penalised Cox regression: LASSO, elastic net and ridge, path and cross-validation."""

from __future__ import annotations

from trephine.regression.coxnet_cv import CoxNetCV, cross_validate, deviance
from trephine.regression.coxnet_estimator import CoxNetCVModel, CoxNetModel
from trephine.regression.coxnet_path import CoxNetPath, PenaltyGridWarning, coxnet_path

__all__ = [
    "CoxNetCV",
    "CoxNetCVModel",
    "CoxNetModel",
    "CoxNetPath",
    "PenaltyGridWarning",
    "coxnet_path",
    "cross_validate",
    "deviance",
]
