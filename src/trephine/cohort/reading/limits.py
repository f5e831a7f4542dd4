"""How large a table may be: the only place where the bounds on what people send stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trephine.errors import Problem, StudyProblemsError
from trephine.limits import OperatorLimits


@dataclass(frozen=True)
class TableLimits(OperatorLimits):
    """What a table file may hold; beyond it the file is refused before it is read further.

    Attributes
    ----------
    file_bytes
        Of the file, and of a compressed text table once it is inflated.
    inflated_bytes
        Of all parts of a workbook that are read, once they are inflated.
    rows, columns, cells
        Of one table; in a workbook, texts of eight letters a cell on average.
    sheets
        Of a workbook.
    cell_letters
        Of one cell's text.
    workbook_cells
        Of all sheets of an xlsx or ods workbook that are read, empty ones that it spells out too;
        a text that cells share counts as three, since it costs as much.
    depth
        To which a workbook's XML may nest.
    old_file_bytes, old_cells
        Of an xls workbook, cells of all its sheets together: its reader is slower.
    """

    kind = "table"
    variable = "TREPHINE_TABLE_LIMITS"
    example = "rows=500000"

    file_bytes: int = 256 << 20
    inflated_bytes: int = 512 << 20
    rows: int = 200_000
    columns: int = 20_000
    cells: int = 8_000_000
    sheets: int = 256
    cell_letters: int = 32_767
    workbook_cells: int = 4_000_000
    depth: int = 64
    old_file_bytes: int = 64 << 20
    old_cells: int = 1_000_000

    def check(self, name: str, table: str, found: int) -> None:
        """Refuse a number beyond a bound.

        Parameters
        ----------
        name
            Of the bound, such as ``rows``.
        table
            File name, for the message.
        found
            What the table has, so far as it was read.

        Raises
        ------
        StudyProblemsError
            If it is more than the bound.
        """
        self.check_all(table, {name: found})

    def check_all(self, table: str, found: Mapping[str, int]) -> None:
        """Refuse numbers beyond their bounds, all of them at once.

        Parameters
        ----------
        table
            File name, for the message.
        found
            What the table has, by the name of the bound.

        Raises
        ------
        StudyProblemsError
            If any is more than its bound.
        """
        problems = [
            self._refused(name, table, number)
            for name, number in found.items()
            if number > int(getattr(self, name))
        ]
        if problems:
            raise StudyProblemsError(problems)

    def _refused(self, name: str, table: str, found: int) -> Problem:
        noun = name.removeprefix("old_").removeprefix("workbook_").replace("_", " ")
        advice = (
            f"Delete what is not the table (stray cells far below or to the right), or raise"
            f" the bound: {name} = {found} under [limits.table] in the study file, or"
            f" {self.raised_by(name, found)} in the environment"
        )
        bound = int(getattr(self, name))
        return Problem(table, f"at most {bound:,} {noun}", f"{found:,} or more", advice)
