"""A study's tables by the start of their slugs."""

from trephine.report.tables import make_tables
from trephine.report.trace import plain


def table(facts, slug):
    return next(table for table in make_tables(facts) if table.slug.startswith(slug))


def lines(made):
    return [[plain(cell) for cell in row.cells] for row in made.rows]
