"""Tests between groups: Table 1 and what it rests on. Arrays only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.group_tests.baseline_comparison import (
        CategoricalComparison as CategoricalComparison,
    )
    from trephine.group_tests.baseline_comparison import (
        ContinuousComparison as ContinuousComparison,
    )
    from trephine.group_tests.baseline_comparison import compare_categorical as compare_categorical
    from trephine.group_tests.baseline_comparison import compare_continuous as compare_continuous
    from trephine.group_tests.baseline_comparison import group_members as group_members
    from trephine.group_tests.contingency import chi_square_test as chi_square_test
    from trephine.group_tests.contingency import contingency_table as contingency_table
    from trephine.group_tests.contingency import expected_counts as expected_counts
    from trephine.group_tests.contingency import fisher_exact_test as fisher_exact_test
    from trephine.group_tests.correlation_test import correlation_test as correlation_test
    from trephine.group_tests.descriptive import CategoricalSummary as CategoricalSummary
    from trephine.group_tests.descriptive import ContinuousSummary as ContinuousSummary
    from trephine.group_tests.descriptive import describe_categorical as describe_categorical
    from trephine.group_tests.descriptive import describe_continuous as describe_continuous
    from trephine.group_tests.kolmogorov_smirnov import (
        fitted_normal_distance as fitted_normal_distance,
    )
    from trephine.group_tests.kolmogorov_smirnov import (
        kolmogorov_smirnov_normal as kolmogorov_smirnov_normal,
    )
    from trephine.group_tests.kolmogorov_smirnov import (
        two_sample_kolmogorov_smirnov as two_sample_kolmogorov_smirnov,
    )
    from trephine.group_tests.kolmogorov_smirnov import why_no_normal as why_no_normal
    from trephine.group_tests.mean_tests import analysis_of_variance as analysis_of_variance
    from trephine.group_tests.mean_tests import t_test as t_test
    from trephine.group_tests.mean_tests import variance_ratio_test as variance_ratio_test
    from trephine.group_tests.normality import lilliefors_test as lilliefors_test
    from trephine.group_tests.normality import shapiro_wilk_test as shapiro_wilk_test
    from trephine.group_tests.rank_tests import kruskal_wallis_test as kruskal_wallis_test
    from trephine.group_tests.rank_tests import mann_whitney_test as mann_whitney_test
    from trephine.group_tests.standardised_difference import (
        standardised_mean_difference as standardised_mean_difference,
    )
    from trephine.group_tests.standardised_difference import (
        standardised_proportion_difference as standardised_proportion_difference,
    )

open_face(
    __name__,
    {
        "trephine.group_tests.baseline_comparison": (
            "CategoricalComparison",
            "ContinuousComparison",
            "compare_categorical",
            "compare_continuous",
            "group_members",
        ),
        "trephine.group_tests.contingency": (
            "chi_square_test",
            "contingency_table",
            "expected_counts",
            "fisher_exact_test",
        ),
        "trephine.group_tests.correlation_test": ("correlation_test",),
        "trephine.group_tests.descriptive": (
            "CategoricalSummary",
            "ContinuousSummary",
            "describe_categorical",
            "describe_continuous",
        ),
        "trephine.group_tests.kolmogorov_smirnov": (
            "fitted_normal_distance",
            "kolmogorov_smirnov_normal",
            "two_sample_kolmogorov_smirnov",
            "why_no_normal",
        ),
        "trephine.group_tests.mean_tests": (
            "analysis_of_variance",
            "t_test",
            "variance_ratio_test",
        ),
        "trephine.group_tests.normality": (
            "lilliefors_test",
            "shapiro_wilk_test",
        ),
        "trephine.group_tests.rank_tests": (
            "kruskal_wallis_test",
            "mann_whitney_test",
        ),
        "trephine.group_tests.standardised_difference": (
            "standardised_mean_difference",
            "standardised_proportion_difference",
        ),
    },
)
