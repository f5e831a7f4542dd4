"""From results to something to submit: facts, tables, figures, page and document.

Nothing here computes a statistic: ``facts`` holds every number, and all else prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trephine.report.formats import ALL_FORMATS, ReportFormat

if TYPE_CHECKING:
    from trephine.facts import Facts


def write_report(
    facts: Facts,
    pictures_folder: str | Path,
    out_folder: str | Path,
    *,
    formats: Sequence[ReportFormat] | None = None,
    workers: int | None = None,
) -> tuple[Path, ...]:
    """Write the report of a study from its facts, without computing.

    Parameters
    ----------
    facts
        Everything that the report shows.
    pictures_folder
        Where the files lie that ``facts.pictures`` names.
    out_folder
        Gets ``report.html``, ``report.docx``, ``tables/`` and ``figures/``; made if missing.
    formats
        What to write. None for every format that can be written here: docx only where
        python-docx is installed.
    workers
        Processes that draw figures; all available processors by default.

    Returns
    -------
    The files written, the page first.

    Raises
    ------
    InputError
        If a format is unknown or a picture is missing.
    MissingExtraError
        If docx is asked for and python-docx is not installed.
    """
    from trephine.report.write import available_formats, write_formats

    wanted = available_formats() if formats is None else tuple(formats)
    return write_formats(facts, Path(pictures_folder), Path(out_folder), wanted, workers)


__all__ = ["ALL_FORMATS", "ReportFormat", "write_report"]
