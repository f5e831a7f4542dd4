"""``trephine tidy``: a hospital's table as one row per case, with every change listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.choices import TableFormat
from trephine.cli.terminal import console


def tidy(
    table: Annotated[Path, typer.Argument(help="The table as it is: xlsx, xls, ods or CSV.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; TABLE-tidy beside it if absent.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="Study file that says how to read it; drafted if absent.")
    ] = None,
    kind: Annotated[
        TableFormat, typer.Option("--format", help="Format of the clean table.")
    ] = "xlsx",
) -> None:
    """Write a clean table, a list of every changed cell, and a study file for the original."""
    from trephine.study.tidy_export import tidy_file

    folder = out if out is not None else table.with_name(f"{table.name.split('.')[0]}-tidy")
    done = tidy_file(table, folder, study, kind)
    for line in done.said:
        console.print(line, soft_wrap=True, markup=False)
    if done.undecided:
        console.print(f"\n{len(done.undecided)} to decide; such cells are left as they are:")
        for problem in done.undecided:
            console.print(f"  {problem}", soft_wrap=True, markup=False)
        again = f"Settle them in the study file, then: trephine tidy {table} --study {done.study}"
        console.print(f"{again} --out FOLDER", soft_wrap=True, markup=False)
    console.print(
        f"\n{done.n_rows} rows became {done.n_cases} cases; {table.name} itself is unchanged.",
        soft_wrap=True,
        markup=False,
    )
    for what, path in (
        ("Clean table", done.table),
        (f"{done.n_changes} made or changed cells", done.log),
        ("Study file that reads the original", done.study),
    ):
        console.print(f"{what}: {path}", soft_wrap=True, markup=False)
