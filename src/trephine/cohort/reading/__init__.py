"""Reading a hospital's table as it is: any common file, said what was assumed, within bounds."""

from trephine.choices import TABLE_SUFFIXES
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.marks import MERGED, UNCALCULATED, cause_of
from trephine.cohort.reading.source import (
    SourceTable,
    read_source,
    texts_of_sheets,
)

__all__ = [
    "MERGED",
    "TABLE_SUFFIXES",
    "UNCALCULATED",
    "SourceTable",
    "TableLimits",
    "cause_of",
    "read_source",
    "texts_of_sheets",
]
