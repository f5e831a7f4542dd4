"""The clinical table: reading, types and levels, exclusions, femoral-head measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.cohort.clinical import read_clinical as read_clinical
    from trephine.cohort.dates import DateColumn as DateColumn
    from trephine.cohort.dates import read_dates as read_dates
    from trephine.cohort.femoral_head import collapsed as collapsed
    from trephine.cohort.femoral_head import combined_necrotic_angle as combined_necrotic_angle
    from trephine.cohort.femoral_head import index_limits as index_limits
    from trephine.cohort.femoral_head import necrosis_degree_index as necrosis_degree_index
    from trephine.cohort.femoral_head import parse_arco as parse_arco
    from trephine.cohort.femoral_head import parse_jic as parse_jic
    from trephine.cohort.flow import Exclusion as Exclusion
    from trephine.cohort.flow import Flow as Flow
    from trephine.cohort.flow import count_flow as count_flow
    from trephine.cohort.follow_up import DateRules as DateRules
    from trephine.cohort.follow_up import FollowUp as FollowUp
    from trephine.cohort.follow_up import follow_up as follow_up
    from trephine.cohort.schema import ClinicalTable as ClinicalTable
    from trephine.cohort.schema import ClinicalVariable as ClinicalVariable
    from trephine.cohort.table import read_table as read_table
    from trephine.cohort.tidy import TidyRules as TidyRules
    from trephine.cohort.tidy import TidyTable as TidyTable
    from trephine.cohort.tidy import tidy_table as tidy_table
    from trephine.cohort.wide import LongTable as LongTable
    from trephine.cohort.wide import SidedColumn as SidedColumn
    from trephine.cohort.wide import to_long as to_long

open_face(
    __name__,
    {
        "trephine.cohort.clinical": ("read_clinical",),
        "trephine.cohort.dates": (
            "DateColumn",
            "read_dates",
        ),
        "trephine.cohort.femoral_head": (
            "collapsed",
            "combined_necrotic_angle",
            "index_limits",
            "necrosis_degree_index",
            "parse_arco",
            "parse_jic",
        ),
        "trephine.cohort.flow": (
            "Exclusion",
            "Flow",
            "count_flow",
        ),
        "trephine.cohort.follow_up": (
            "DateRules",
            "FollowUp",
            "follow_up",
        ),
        "trephine.cohort.schema": (
            "ClinicalTable",
            "ClinicalVariable",
        ),
        "trephine.cohort.table": ("read_table",),
        "trephine.cohort.tidy": (
            "TidyRules",
            "TidyTable",
            "tidy_table",
        ),
        "trephine.cohort.wide": (
            "LongTable",
            "SidedColumn",
            "to_long",
        ),
    },
)
