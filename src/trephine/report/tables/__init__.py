"""The tables of the report, as data."""

from __future__ import annotations

from trephine.facts import Facts
from trephine.report.tables.agreement import agreement_table
from trephine.report.tables.baseline import table_1
from trephine.report.tables.centres import centre_table
from trephine.report.tables.changing_hazards import relaxed_table
from trephine.report.tables.comparison import comparison_table
from trephine.report.tables.competing import incidence_table, second_reading_table
from trephine.report.tables.cox import cox_tables, signature_tables
from trephine.report.tables.external import case_mix_table, recalibration_table
from trephine.report.tables.hazards import hazards_table
from trephine.report.tables.headline import headline_table
from trephine.report.tables.images import added_table, benefit_table
from trephine.report.tables.instability import instability_table
from trephine.report.tables.interactions import interaction_tables
from trephine.report.tables.late_entry import late_entry_table
from trephine.report.tables.missing import missing_tables
from trephine.report.tables.performance import calibration_table, risk_group_table, table_3
from trephine.report.tables.readable import contribution_table, short_signature_table
from trephine.report.tables.reclassification import reclassification_tables
from trephine.report.tables.restricted_mean import restricted_mean_table
from trephine.report.tables.rivals import rivals_table
from trephine.report.tables.selection import (
    audit_table,
    coefficients_table,
    sample_size_table,
    selected_table,
)
from trephine.report.tables.subgroups import subgroup_table
from trephine.report.tables.table import Row, Table
from trephine.report.tables.updating import update_tests_table, updated_model_table
from trephine.report.tables.visits import visits_table
from trephine.report.trace import Trace

LONGEST_SIGNATURE = 15
"""Features of a signature that page and document list; the table files list all."""


def make_tables(facts: Facts, *, shorten: bool = True) -> tuple[Table, ...]:
    """Return every table that the facts allow, in the order of a manuscript.

    Parameters
    ----------
    facts
        What the tables show.
    shorten
        Whether a long signature is cut to its largest weights, as page and document need it.
    """
    trace = Trace.start(facts)
    tables: tuple[Table | None, ...] = (
        headline_table(trace),
        table_1(trace),
        *missing_tables(trace),
        *cox_tables(trace),
        table_3(trace),
        calibration_table(trace),
        risk_group_table(trace),
        visits_table(trace),
        late_entry_table(trace),
        relaxed_table(trace),
        restricted_mean_table(trace),
        incidence_table(trace),
        second_reading_table(trace),
        instability_table(trace),
        added_table(trace),
        benefit_table(trace),
        comparison_table(trace),
        *reclassification_tables(trace),
        rivals_table(trace),
        *signature_tables(trace),
        audit_table(trace),
        selected_table(trace, most=LONGEST_SIGNATURE if shorten else None),
        short_signature_table(trace),
        contribution_table(trace),
        coefficients_table(trace),
        *interaction_tables(trace),
        hazards_table(trace),
        agreement_table(trace),
        sample_size_table(trace),
        subgroup_table(trace),
        centre_table(trace),
        case_mix_table(trace),
        recalibration_table(trace),
        update_tests_table(trace),
        updated_model_table(trace),
    )
    return tuple(table for table in tables if table is not None)


__all__ = ["Row", "Table", "make_tables"]
