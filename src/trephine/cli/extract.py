"""``trephine extract``: radiomic features of one image, a folder or a table of pairs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.choices import MaskGeometry
from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:  # both take seconds to import: `trephine --help` does not wait for them
    import pandas as pd

    from trephine.radiomics.settings import RadiomicsSettings
    from trephine.study.measuring import Measured
    from trephine.study.pairs import Pairs


def extract(
    image: Annotated[
        Path,
        typer.Argument(
            help="An image, a folder of images (files, or folders of one series each), or a table"
            " (CSV, xlsx, Parquet)."
        ),
    ],
    mask: Annotated[
        Path | None,
        typer.Argument(help="Its mask, or the folder of masks. Not for a table, which names them."),
    ] = None,
    label: Annotated[int | None, typer.Option(help="Label of the region in the mask.")] = None,
    settings: Annotated[
        str,
        typer.Option(
            help="native2d, published-1562, pyradiomics, ibsi, or a file of settings"
            " (TOML, or a PyRadiomics parameter file)."
        ),
    ] = "native2d",
    spacing_mm: Annotated[
        float | None,
        typer.Option(help="Pixel spacing of images that state none, such as PNG.", min=0.005),
    ] = None,
    mask_geometry: Annotated[
        MaskGeometry,
        typer.Option(
            help="What to do with a mask whose header does not put it on its image: refuse it, keep"
            " the drawing on its pixels, or move it to where its header puts it."
        ),
    ] = "strict",
    out: Annotated[
        Path | None, typer.Option(help="CSV to write, one row a region; to the terminal if absent.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; up to one a processor if absent.")
    ] = None,
) -> None:
    """Measure radiomic features.

    A folder's masks are matched by file name (case1.dcm with case1.nii.gz or case1_mask.nii.gz). A
    table has the columns image and mask, and may have label, side and name or id; its paths start
    from it. With --out the same command goes on where it was stopped.
    """
    from trephine.radiomics.compilation import is_compiled
    from trephine.study.measuring import forget_kept, kept_beside, measure_pairs

    measures = _settings(settings)
    found = _pairs(image, mask, label)
    _show_left_aside(found)
    if not is_compiled():
        errors.print("First run here: compiling the kernels, about half a minute ...")
    kept = kept_beside(out) if out is not None and len(found.pairs) > 1 else None
    with stages("goes on" if kept is not None else "starts again") as show:
        measured = measure_pairs(
            found.pairs,
            measures,
            spacing_mm=spacing_mm,
            mask_geometry=mask_geometry,
            kept=kept,
            workers=workers,
            progress=partial(show, "Extracting features"),
        )
    if len(measured) == 1 and measured[0].problem:
        raise InputError(_by_option(measured[0].problem))
    _show(measured)
    _write(_table([row for row in measured if not row.problem]), out)
    failed = sum(bool(row.problem) for row in measured)
    if failed:
        errors.print(f"{failed} of {len(measured)} pairs could not be measured.")
        raise typer.Exit(1)
    if kept is not None:
        forget_kept(kept)


def _settings(text: str) -> RadiomicsSettings:
    from trephine.radiomics.settings import RadiomicsSettings

    path = Path(text)
    if path.is_file():
        return RadiomicsSettings.from_file(path)
    return RadiomicsSettings.from_preset(text)


def _pairs(image: Path, mask: Path | None, label: int | None) -> Pairs:
    from trephine.study.manifest import is_manifest, read_manifest
    from trephine.study.pairs import Pairs, pairs_of

    if not is_manifest(image):
        return pairs_of(image, mask, label)
    if mask is not None:
        raise InputError("mask: expected none beside a table, which names the masks itself")
    return Pairs(read_manifest(image, label))


def _show_left_aside(found: Pairs) -> None:
    if found.strays:
        errors.print(f"{found.strays} files of the system left aside (such as .DS_Store).")
    if found.unused:
        errors.print(f"{found.unused} masks have no image and are not used.")


def _show(measured: Sequence[Measured]) -> None:
    """Say why values are missing or conventional, a line a reason, and which pairs failed."""
    for doubt, count in Counter(doubt for row in measured for doubt in row.doubts).items():
        text = f"Note, {count} of {len(measured)} pairs: {doubt}."
        errors.print(text, soft_wrap=True, markup=False)
    for row in measured:
        by_reason: dict[str, list[str]] = {}
        for feature, reason in row.reasons.items():
            by_reason.setdefault(reason, []).append(feature)
        for reason, features in by_reason.items():
            more = f" and {len(features) - 1} more" if len(features) > 1 else ""
            text = f"{row.pair.where or row.pair.name}: {features[0]}{more}: {reason}"
            errors.print(text, soft_wrap=True, markup=False)
        if row.problem:
            text = f"{row.pair.where}: left out. {_by_option(row.problem)}"
            errors.print(text, soft_wrap=True, markup=False)


def _by_option(problem: str) -> str:
    """Return a problem with the option of this verb where the study file's key is advised."""
    return re.sub(r'set mask_geometry = "([a-z]+)"', r"give --mask-geometry \1", problem)


def _table(measured: Sequence[Measured]) -> pd.DataFrame:
    """Return one row per region; with the sides where the manifest has them."""
    import pandas as pd

    names = pd.Index([row.pair.name for row in measured], name="name")
    frame = pd.DataFrame([dict(row.values) for row in measured], index=names)
    if any(row.pair.side for row in measured):
        frame.insert(0, "side", [row.pair.side for row in measured])
    return frame


def _write(frame: pd.DataFrame, out: Path | None) -> None:
    from trephine.spreadsheet import csv_text, write_csv_table

    if out is not None:
        write_csv_table(frame, out, row_names=True, float_format="%.17g")
        console.print(f"{len(frame)} regions x {frame.shape[1]} features: {out}")
    elif len(frame) == 1:
        for feature, value in frame.iloc[0].items():
            shown = value if isinstance(value, str) else f"{value:.10g}"
            console.print(f"{feature}\t{shown}", soft_wrap=True, markup=False)
    else:
        text = csv_text(frame, row_names=True, float_format="%.17g")
        console.print(text, soft_wrap=True, markup=False)
