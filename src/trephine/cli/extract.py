"""``trephine extract``: radiomic features of one image, a folder or a table of pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.terminal import console, errors, stages
from trephine.errors import ImageError, InputError
from trephine.executors import available_workers, executor
from trephine.spreadsheet import csv_text, write_csv_table

if TYPE_CHECKING:  # both take seconds to import: `trephine --help` does not wait for them
    import pandas as pd

    from trephine.radiomics.settings import RadiomicsSettings

_MASK_SUFFIXES = ("_mask", "-mask", "_label", "-label", "_seg", "-seg")

# A process takes as long to start as some pairs take to measure.
_PAIRS_WORTH_A_PROCESS = 8


@dataclass(frozen=True)
class Pair:
    """One image and its mask."""

    name: str
    image: Path
    mask: Path
    label: int | None = None


@dataclass(frozen=True)
class Row:
    """What was measured of one pair: feature to value, feature to reason; or the problem."""

    name: str
    values: dict[str, float]
    reasons: dict[str, str]
    problem: str = ""


def extract(
    image: Annotated[
        Path, typer.Argument(help="An image, a folder of images, or a table (CSV, XLSX).")
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
    out: Annotated[
        Path | None, typer.Option(help="CSV to write, one row a region; to the terminal if absent.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; up to one a processor if absent.")
    ] = None,
) -> None:
    """Measure radiomic features.

    A folder's masks are matched by file name (case1.dcm with case1.nii.gz or case1_mask.nii.gz). A
    table has the columns image and mask, and may have label and name; its paths start from it.
    """
    import pandas as pd

    from trephine.radiomics.compilation import is_compiled

    measures = _settings(settings)
    pairs = list(_pairs(image, mask, label))
    if not is_compiled():
        errors.print("First run here: compiling the kernels, about half a minute ...")
    if len(pairs) == 1:
        measured = [_measure(pairs[0], measures)]
    else:
        measured = _measure_all(pairs, measures, workers)
    found = [row for row in measured if not row.problem]
    for row in found:
        _tell(row.name, row.reasons)
    for row in measured:
        if row.problem:
            errors.print(f"{row.name}: left out. {row.problem}", soft_wrap=True, markup=False)
    names = pd.Index([row.name for row in found], name="name")
    _write(pd.DataFrame([row.values for row in found], index=names), out)
    if len(found) < len(measured):
        raise typer.Exit(1)


def _settings(text: str) -> RadiomicsSettings:
    from trephine.radiomics.settings import RadiomicsSettings

    path = Path(text)
    if path.is_file():
        return RadiomicsSettings.from_file(path)
    return RadiomicsSettings.from_preset(text)


def _pairs(image: Path, mask: Path | None, label: int | None) -> Iterator[Pair]:
    """Yield what is to be measured.

    Raises
    ------
    InputError
        If files are missing, a mask cannot be told apart, or a table lacks its columns.
    """
    if not image.exists():
        raise InputError(f"image: expected a file or a folder, found nothing at {image}")
    if image.suffix.lower() in (".csv", ".xlsx"):
        yield from _table_pairs(image, label)
        return
    if mask is None or not mask.exists():
        raise InputError(
            f"mask: expected a mask beside the image, found {mask or 'none'}; give its path, or a"
            " table with the columns image and mask"
        )
    if image.is_file():
        yield Pair(image.name, image, mask, label)
        return
    masks = {_stem(path): path for path in sorted(mask.iterdir()) if path.is_file()}
    images = [path for path in sorted(image.iterdir()) if path.is_file()]
    if mask.resolve() == image.resolve():
        images = [path for path in images if not path.name.split(".")[0].endswith(_MASK_SUFFIXES)]
        masks = {
            stem: path
            for stem, path in masks.items()
            if path.name.split(".")[0].endswith(_MASK_SUFFIXES)
        }
    alone = [path.name for path in images if _stem(path) not in masks]
    if not images or alone:
        raise InputError(
            f"masks: expected one for each image in {image.name}, found none for"
            f" {', '.join(alone[:5]) or 'an empty folder'}; name them alike, as in case1.dcm and"
            " case1.nii.gz or case1_mask.nii.gz"
        )
    for path in images:
        yield Pair(path.name, path, masks[_stem(path)], label)


def _stem(path: Path) -> str:
    stem = path.name.split(".")[0]
    for suffix in _MASK_SUFFIXES:
        stem = stem.removesuffix(suffix)
    return stem


def _table_pairs(table: Path, label: int | None) -> Iterator[Pair]:
    import pandas as pd

    read = pd.read_csv if table.suffix.lower() == ".csv" else pd.read_excel
    frame: pd.DataFrame = read(table, dtype={"name": str})  # 007 stays 007
    missing = [name for name in ("image", "mask") if name not in frame.columns]
    if missing:
        raise InputError(
            f"{table.name}: expected the columns image and mask, found"
            f" {', '.join(map(str, frame.columns))}"
        )
    for number, row in enumerate(frame.to_dict("records"), start=2):
        own = row.get("label")
        yield Pair(
            str(row.get("name", f"row {number}")),
            table.parent / str(row["image"]),
            table.parent / str(row["mask"]),
            int(own) if own is not None and not pd.isna(own) else label,
        )


def _measure(pair: Pair, settings: RadiomicsSettings) -> Row:
    from trephine.imaging import read_image, read_mask
    from trephine.radiomics import measure_region

    image = read_image(pair.image)
    mask = read_mask(pair.mask, image=image)
    result = measure_region(image, mask, settings, label=pair.label)
    values = dict(zip(result.names, result.values.tolist(), strict=True))
    return Row(pair.name, values, dict(result.reasons))


def _measure_all(pairs: list[Pair], settings: RadiomicsSettings, workers: int | None) -> list[Row]:
    """Measure every pair, in the pairs' order; a pair that cannot be measured says why."""
    if workers is None:
        workers = min(available_workers(), math.ceil(len(pairs) / _PAIRS_WORTH_A_PROCESS))
    with executor(workers, _start, (settings,)) as run, stages("starts again") as show:
        show("Extracting features", 0, len(pairs))
        return list(run.map(_measure_or_tell, pairs, partial(show, "Extracting features")))


# What a worker needs for every pair, set once in each process by _start.
_worker_settings: RadiomicsSettings


def _start(settings: RadiomicsSettings) -> None:
    global _worker_settings
    _worker_settings = settings


def _measure_or_tell(pair: Pair) -> Row:
    try:
        return _measure(pair, _worker_settings)
    except ImageError as error:
        return Row(pair.name, {}, {}, str(error))


def _tell(name: str, reasons: dict[str, str]) -> None:
    """Say why values are missing or conventional, a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for feature, reason in reasons.items():
        by_reason.setdefault(reason, []).append(feature)
    for reason, features in by_reason.items():
        more = f" and {len(features) - 1} more" if len(features) > 1 else ""
        errors.print(f"{name}: {features[0]}{more}: {reason}", soft_wrap=True, markup=False)


def _write(frame: pd.DataFrame, out: Path | None) -> None:
    if out is not None:
        write_csv_table(frame, out, row_names=True, float_format="%.17g")
        console.print(f"{len(frame)} regions x {frame.shape[1]} features: {out}")
    elif len(frame) == 1:
        for feature, value in frame.iloc[0].items():
            console.print(f"{feature}\t{value:.10g}", soft_wrap=True, markup=False)
    else:
        text = csv_text(frame, row_names=True, float_format="%.17g")
        console.print(text, soft_wrap=True, markup=False)
