"""Survival kernels on plain arrays; they know no patients and no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.survival.aalen_johansen import CumulativeIncidence as CumulativeIncidence
    from trephine.survival.aalen_johansen import cumulative_incidence as cumulative_incidence
    from trephine.survival.concordance import Concordance as Concordance
    from trephine.survival.concordance import concordance as concordance
    from trephine.survival.concordance import harrell_concordance as harrell_concordance
    from trephine.survival.gray_test import GrayTest as GrayTest
    from trephine.survival.gray_test import gray_test as gray_test
    from trephine.survival.hare import HazardRegression as HazardRegression
    from trephine.survival.hare import hazard_regression as hazard_regression
    from trephine.survival.ipcw import CensoringDistribution as CensoringDistribution
    from trephine.survival.ipcw import censoring_distribution as censoring_distribution
    from trephine.survival.kaplan_meier import KaplanMeierCurve as KaplanMeierCurve
    from trephine.survival.kaplan_meier import SurvivalAtTimes as SurvivalAtTimes
    from trephine.survival.kaplan_meier import kaplan_meier as kaplan_meier
    from trephine.survival.kaplan_meier import reverse_kaplan_meier as reverse_kaplan_meier
    from trephine.survival.logrank import LogrankResult as LogrankResult
    from trephine.survival.logrank import logrank_test as logrank_test

open_face(
    __name__,
    {
        "trephine.survival.gray_test": (
            "GrayTest",
            "gray_test",
        ),
        "trephine.survival.aalen_johansen": (
            "CumulativeIncidence",
            "cumulative_incidence",
        ),
        "trephine.survival.concordance": (
            "Concordance",
            "concordance",
            "harrell_concordance",
        ),
        "trephine.survival.hare": (
            "HazardRegression",
            "hazard_regression",
        ),
        "trephine.survival.ipcw": (
            "CensoringDistribution",
            "censoring_distribution",
        ),
        "trephine.survival.kaplan_meier": (
            "KaplanMeierCurve",
            "SurvivalAtTimes",
            "kaplan_meier",
            "reverse_kaplan_meier",
        ),
        "trephine.survival.logrank": (
            "LogrankResult",
            "logrank_test",
        ),
    },
)
