"""What images and masks say against each other and against the table, beyond case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from trephine.errors import Problem, named_rows
from trephine.plan.data_section import DataSection
from trephine.study.images.contradictions import Contradiction, numbers, sorted_out
from trephine.study.images.film_letters import film_remarks
from trephine.study.images.headers import frame_columns, header_contradictions
from trephine.study.images.overlaps import Overlap, overlap_remarks
from trephine.study.images.polarity import Brightness, polarity_remarks
from trephine.study.images.seen import SeenImage, SeenRegion
from trephine.study.images.shared_regions import copied_regions, shared_images, shared_regions
from trephine.study.images.sides import named_sides, side_contradictions
from trephine.study.table.outcome import TableRows


def cross_check(
    seen: Sequence[SeenImage],
    frame: pd.DataFrame,
    table: TableRows,
    data: DataSection,
    further: Sequence[Contradiction] = (),
) -> tuple[list[Problem], list[str]]:
    """Return the problems and the remarks of a study's images and masks as a whole.

    Parameters
    ----------
    seen
        What opening them showed.
    frame, table
        The clinical table, and the roles of its columns.
    data
        The plan's section.
    further
        What else the images contradict.
    """
    rows, columns = table.numbers, data.columns
    identifiers = frame_columns([data.image or ""], (columns.patient, columns.case))
    # Paths may be filled with the side or the centre, which name nobody.
    identifiers = [name for name in identifiers if name not in (columns.side, columns.centre)]
    found = [
        *shared_images(seen, table.patient_ids, rows, columns.patient or ""),
        *shared_regions(seen, table.sides, rows),
        *copied_regions(seen, table.patient_ids, table.sides, rows),
        *(
            side_contradictions(seen, table.sides, rows, columns.side or "", table.patient_ids)
            if data.view != "lateral"
            else ()
        ),
        *named_sides(table.case_ids, table.sides, rows, columns.side or ""),
        *further,
        *header_contradictions(seen, frame, table.patient_ids, identifiers),
    ]
    problems, remarks = sorted_out(found, data)
    remarks += [*_folder_remarks(seen), *_mask_remarks(seen, rows, data)]
    if "sides" not in data.accept and data.view != "lateral":
        doubts = film_remarks(seen, table.sides, rows)
        remarks += [f'{one} [data] accept = ["sides"] silences this.' for one in doubts]
    greys = (Brightness(image.rows, [region.darker for region in image.regions]) for image in seen)
    remarks += polarity_remarks(greys, rows)
    return problems, [*remarks, *overlap_remarks(_overlaps(seen, rows))]


def _overlaps(seen: Sequence[SeenImage], rows: Sequence[int]) -> Iterator[Overlap]:
    for image in seen:
        for region in image.regions:
            if region.dice is not None:
                readings = f"{region.beside} and {region.reading}"
                yield Overlap(readings, rows[region.row], region.dice)


def _folder_remarks(seen: Sequence[SeenImage]) -> list[str]:
    """Say how many paths name a folder, and that the one file in it was read."""
    masks = {region.mask for image in seen for region in image.regions if region.alone}
    counts = {"images": sum(image.alone for image in seen), "masks": len(masks)}
    return [
        f"{count} of the {what} are named by their folder: the only one in it was read."
        for what, count in counts.items()
        if count
    ]


def _mask_remarks(seen: Sequence[SeenImage], rows: Sequence[int], data: DataSection) -> list[str]:
    """Say what was done to masks, which regions reach an edge, and what nobody can know."""
    regions = [region for image in seen for region in image.regions]
    remarks = []
    masks = {(region.mask, region.reading): region for region in regions}.values()
    for how, count in Counter(mask.corrected for mask in masks if mask.corrected).items():
        remarks.append(f"{count} of {len(masks)} masks did not lie on their image: {how}.")
    cut = [region.row for region in regions if region.edges]
    if cut:
        named = named_rows(numbers(rows, cut))
        remarks.append(f"{len(cut)} regions reach an edge of their image ({named}): cut off?")
    remarks += _form_remarks(regions, rows)
    radiographs = [image for image in seen if image.radiograph]
    unsure = {r.mask for image in radiographs for r in image.regions if r.plain_nifti}
    if unsure and "orientation" not in data.accept:
        remarks.append(
            f"{len(unsure)} NIfTI masks were laid on their DICOM radiographs row for row: a NIfTI"
            " file does not say how it lies on a radiograph. Look at the report's picture of the"
            ' outlines; [data] accept = ["orientation"] silences this.'
        )
    return remarks


def _form_remarks(regions: Sequence[SeenRegion], rows: Sequence[int]) -> list[str]:
    """Name the regions whose form a slip of the hand would leave, by reading."""
    remarks = []
    for reading in dict.fromkeys(region.reading for region in regions):
        own = [region for region in regions if region.reading == reading]
        if outlines := [region.row for region in own if region.outline]:
            remarks.append(
                f"{len(outlines)} of {len(own)} regions of {reading} enclose more pixels than they"
                f" hold ({named_rows(numbers(rows, outlines))}): outlines that were not filled?"
            )
        if specks := [region.row for region in own if region.specks]:
            remarks.append(
                f"{len(specks)} of {len(own)} regions of {reading} have small parts apart from the"
                f" rest ({named_rows(numbers(rows, specks))}): stray strokes?"
            )
    return remarks
