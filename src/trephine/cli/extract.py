"""``trephine extract``: radiomic features of one image, a folder or a table of pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.choices import Failures
from trephine.cli.extract_maps import extract_maps, maps_wanted
from trephine.cli.extract_shown import ExtractionLines
from trephine.cli.extract_source import ImageSource, MaskSource, pairs_at
from trephine.cli.options import ExecutorName, Misplaced, Quality, Retry, SpacingMm
from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:  # both take seconds to import: `trephine --help` does not wait for them
    import pandas as pd

    from trephine.radiomics.settings import RadiomicsSettings
    from trephine.store.places import Send
    from trephine.study.batch.drive import Conduct, Kept
    from trephine.study.batch.log import RunLog
    from trephine.study.batch.measuring import PairFeatures, Work
    from trephine.study.batch.share import Share
    from trephine.study.images.pairs import Pairs


Label = Annotated[int | None, typer.Option(help="Label of the region in the mask.")]
SettingsSource = Annotated[
    str,
    typer.Option(
        help="native2d, published-1562, pyradiomics, ibsi, or a file of settings"
        " (TOML, or a PyRadiomics parameter file)."
    ),
]
TableOut = Annotated[
    Path | None,
    typer.Option(
        help="Table to write, one row per region: CSV, or Parquet if its name ends in .parquet;"
        " to the terminal if absent."
    ),
]
StorePlace = Annotated[
    str | None,
    typer.Option(
        help="Folder, or address such as s3://bucket/parts/7, that keeps what is measured, for"
        " `trephine merge`; beside the table and until that is complete if absent."
    ),
]
ShardText = Annotated[
    str,
    typer.Option(
        help="Measure one share of the rows, i/n with i from 0: 0/8 to 7/8 are all of them."
    ),
]
OnFailure = Annotated[
    Failures,
    typer.Option(help="Count a region that fails and go on, or end at the first."),
]
Timeout = Annotated[
    float | None,
    typer.Option(help="Time limit for one region, in seconds; one that exceeds it fails.", min=0.1),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        help="File of JSON lines, one per region, appended to; log.jsonl in --store if absent."
    ),
]
MapsFolder = Annotated[
    Path | None,
    typer.Option(
        help="Write feature maps (NIfTI on the image's grid, every voxel measured by the kernel"
        " round it) into this folder instead of a table."
    ),
]
MapRadius = Annotated[
    int | None,
    typer.Option(help="With --maps: the kernel's edge is 2 x radius + 1 voxels; 1 if absent."),
]
MapFeatures = Annotated[
    str | None,
    typer.Option(
        help="With --maps: pattern of the features, such as *_glcm_JointEntropy; original_* if"
        " absent."
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; at most one per processor if absent.")
]


def extract(
    image: ImageSource,
    mask: MaskSource = None,
    label: Label = None,
    settings: SettingsSource = "native2d",
    spacing_mm: SpacingMm = None,
    mask_geometry: Misplaced = "strict",
    quality: Quality = False,
    out: TableOut = None,
    store: StorePlace = None,
    shard: ShardText = "",
    failures: OnFailure = "skip",
    timeout: Timeout = None,
    retry: Retry = False,
    log: LogFile = None,
    workers: Workers = None,
    executor: ExecutorName = None,
    maps: MapsFolder = None,
    map_radius: MapRadius = None,
    map_features: MapFeatures = None,
) -> None:
    """Measure radiomic features, or with --maps the map of each.

    A folder's masks are matched by file name (case1.dcm with case1.nii.gz or case1_mask.nii.gz). A
    table has the columns image and mask, and may have label, side and name or id; its paths are
    relative to it; it and they may lie at addresses (s3://...). With --out or --store the same
    command continues where it was stopped.

    An array of jobs: give each `--shard 0/8 --store part-0` and so on, and join the stores with
    `trephine merge features.csv part-*`.
    """
    from trephine.radiomics.compilation import is_compiled
    from trephine.store.places import written_store
    from trephine.study.batch.drive import Conduct
    from trephine.study.batch.log import RunLog, log_in
    from trephine.study.batch.measuring import Work
    from trephine.study.batch.share import Share

    share = Share.parse(shard) if shard else Share()
    if shard and out is None and store is None:
        raise InputError("--shard: expected --store or --out with it, found neither")
    work = Work(_settings(settings), spacing_mm, mask_geometry, quality)
    found = pairs_at(image, mask, label)
    if maps is not None or map_radius is not None or map_features is not None:
        beside = any((out, store, shard, executor, log, timeout, workers, quality))
        extract_maps(found, work, maps_wanted(maps, map_radius, map_features, beside=beside))
        return
    if not is_compiled(work.settings):
        errors.print("First run with these settings here: compiling, about half a minute ...")
    with written_store(_place(out, store, found)) as (folder, send):
        named = log_in(folder) if folder is not None and store is not None else None
        conduct = Conduct(workers, timeout, failures, retry)
        asked = _Asked(found, share, work, conduct, RunLog(log or named), store)
        shown = _carry_out(asked, folder, send, out, executor or "local")
    _sum_up(asked, shown, wanted=store is not None or log is not None)


def _carry_out(
    asked: _Asked, folder: Path | None, send: Send | None, out: Path | None, executor: str
) -> ExtractionLines:
    """Measure and write; return what was shown of it."""
    from trephine.cluster import work_done_by

    shown = ExtractionLines(len(asked.share.take(asked.found.pairs)))
    with work_done_by(executor, asked.conduct.workers):
        if folder is None:
            _write(_table(_in_memory(asked, shown)), out)
        else:
            _through_store(asked, shown, folder, send, out)
    return shown


def _sum_up(asked: _Asked, shown: ExtractionLines, *, wanted: bool) -> None:
    """Say how it went, where that is wanted or there was much to do.

    Raises
    ------
    typer.Exit
        If some could not be measured.
    """
    from trephine.study.batch.log import WORTH_A_SUMMARY

    if wanted or shown.total >= WORTH_A_SUMMARY:
        for sentence in asked.log.summary.sentences():
            errors.print(sentence, soft_wrap=True, markup=False)
    if shown.failed:
        errors.print(f"{shown.failed} of {shown.total} pairs could not be measured.")
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Asked:
    """What is measured, and how; ``store`` is the place that the user named to keep it."""

    found: Pairs
    share: Share
    work: Work
    conduct: Conduct
    log: RunLog
    store: str | None


def _place(out: Path | None, store: str | None, found: Pairs) -> str | None:
    """Return where what is measured is kept; None where it is one region, or for the terminal."""
    if store is not None:
        return store
    if out is None or len(found.pairs) < 2:
        return None
    return str(out.with_name(f"{out.name}.partial"))


def _measure(asked: _Asked, kept: Kept | None, shown: ExtractionLines) -> Iterator[PairFeatures]:
    from trephine.study.batch.drive import measure_pairs

    pairs = asked.share.take(asked.found.pairs)
    asked.log.begin({"rows": len(pairs), "shard": str(asked.share), "work": asked.work.digest()})
    how = "stopped"
    try:
        with stages("goes on" if kept is not None else "starts again") as show:
            progress = partial(show, "Extracting features")
            for row in measure_pairs(
                pairs, asked.work, asked.conduct, asked.log, kept, progress=progress
            ):
                shown.take(row)
                yield row
        how = "done"
    finally:
        asked.log.end(how)
    if len(asked.found.pairs) == 1 and row.problem:
        raise InputError(row.problem)
    shown.show()


def _in_memory(asked: _Asked, shown: ExtractionLines) -> list[PairFeatures]:
    return [row for row in _measure(asked, None, shown) if not row.problem]


def _through_store(
    asked: _Asked, shown: ExtractionLines, folder: Path, send: Send | None, out: Path | None
) -> None:
    """Measure into a store; write the table from it, and remove one that was for this alone."""
    from trephine.study.batch.keeping import forget_kept, open_kept, write_share

    own = asked.store is not None
    kept = open_kept(folder, asked.work, len(asked.found.pairs), own=own, send=send)
    for _ in _measure(asked, kept, shown):
        pass
    if out is not None:
        written = write_share(out, kept, asked.share)
        console.print(
            f"{written.regions} regions x {written.features} features: {out}", soft_wrap=True
        )
    else:
        console.print(f"{shown.total - shown.failed} regions: {asked.store}", soft_wrap=True)
    if not own and not shown.failed:
        forget_kept(folder)


def _settings(text: str) -> RadiomicsSettings:
    from trephine.radiomics.settings import RadiomicsSettings

    path = Path(text)
    if path.is_file():
        return RadiomicsSettings.from_file(path)
    return RadiomicsSettings.from_preset(text)


def _table(measured: Sequence[PairFeatures]) -> pd.DataFrame:
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
