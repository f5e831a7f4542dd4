"""The steps that choose features; each leaves an audit row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.selection.audit import AuditRow as AuditRow
    from trephine.selection.audit import SelectionStepResult as SelectionStepResult
    from trephine.selection.audit import step_result as step_result
    from trephine.selection.completeness import CompletenessResult as CompletenessResult
    from trephine.selection.completeness import keep_complete as keep_complete
    from trephine.selection.icc import IntraclassCorrelation as IntraclassCorrelation
    from trephine.selection.icc import intraclass_correlation as intraclass_correlation
    from trephine.selection.icc import keep_reliable as keep_reliable
    from trephine.selection.mann_whitney import MannWhitney as MannWhitney
    from trephine.selection.mann_whitney import mann_whitney as mann_whitney
    from trephine.selection.redundancy import correlation_matrix as correlation_matrix
    from trephine.selection.redundancy import prune_correlated as prune_correlated
    from trephine.selection.redundancy import rank_columns as rank_columns
    from trephine.selection.relevance import CoxScoreTest as CoxScoreTest
    from trephine.selection.relevance import benjamini_hochberg as benjamini_hochberg
    from trephine.selection.relevance import cox_score_test as cox_score_test
    from trephine.selection.relevance import keep_by_cox_score as keep_by_cox_score
    from trephine.selection.relevance import keep_by_mann_whitney as keep_by_mann_whitney

open_face(
    __name__,
    {
        "trephine.selection.audit": (
            "AuditRow",
            "SelectionStepResult",
            "step_result",
        ),
        "trephine.selection.completeness": (
            "CompletenessResult",
            "keep_complete",
        ),
        "trephine.selection.icc": (
            "IntraclassCorrelation",
            "intraclass_correlation",
            "keep_reliable",
        ),
        "trephine.selection.redundancy": (
            "correlation_matrix",
            "prune_correlated",
            "rank_columns",
        ),
        "trephine.selection.mann_whitney": (
            "MannWhitney",
            "mann_whitney",
        ),
        "trephine.selection.relevance": (
            "CoxScoreTest",
            "benjamini_hochberg",
            "cox_score_test",
            "keep_by_cox_score",
            "keep_by_mann_whitney",
        ),
    },
)
