"""Pictures for the report: a radiograph with the raters' outlines, and what the network saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from trephine.deep.embed import Embedder
from trephine.facts import Outline, PictureFacts
from trephine.imaging import region_outline
from trephine.imaging.sides import facing_of, picture_sides
from trephine.study.images.files import CaseFiles, open_image, open_mask
from trephine.study.locked.saliency import case_map
from trephine.study.picture_frame import as_bytes, frame_round
from trephine.study.results import Analysis
from trephine.study.settings import DEEP, deep_settings
from trephine.types import BoolArray, Image
from trephine.writing import whole_file

# Longest side of a picture in the report, in pixels.
LONGEST_SIDE = 900
# What is shown round the regions, as a share of their extent. Less is shown than was taken: the
# edges of a radiograph are where names are burned in.
MARGIN = 0.6
SALIENCY_MARGIN = 0.35


def draw_pictures(analysis: Analysis, folder: Path) -> tuple[PictureFacts, ...]:
    """Write the report's pictures; none where the study has no two-dimensional images.

    Parameters
    ----------
    analysis
        A study that ran.
    folder
        Gets the PNG files; their names hold no identifier.
    """
    files = analysis.inputs.files
    if files is None:
        return ()
    row = _most_typical(analysis)
    image = open_image(files.images[row], analysis.inputs.plan.data)
    if image.pixels.ndim != 2:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [_radiograph(analysis, files, row, image, folder)]
    saliency = _saliency(analysis, files, folder)
    return (*pictures, saliency) if saliency is not None else tuple(pictures)


def _most_typical(analysis: Analysis) -> int:
    """Return the case of median follow-up among those whose image holds most regions."""
    files = analysis.inputs.files
    assert files is not None
    drawn = dict.fromkeys(files.images, 0)
    for masks in files.masks.values():
        for path, mask in zip(files.images, masks, strict=True):
            drawn[path] += mask is not None
    shared = np.array([drawn[path] for path in files.images])
    best = np.flatnonzero(shared == shared.max())
    time = analysis.cases.survival.time[best]
    return int(best[np.argsort(time, kind="stable")[len(best) // 2]])


def _radiograph(
    analysis: Analysis, files: CaseFiles, row: int, image: Image, folder: Path
) -> PictureFacts:
    data = analysis.inputs.plan.data
    rows = [other for other, path in enumerate(files.images) if path == files.images[row]]
    regions: dict[tuple[str, int], BoolArray] = {}
    for rater, masks in files.masks.items():
        path = masks[row]
        if path is None:
            continue
        mask = open_mask(path, image, data)
        for other in rows:
            if masks[other] == masks[row]:
                regions[rater, other] = mask.region(files.labels[other])
    frame = frame_round(np.any(list(regions.values()), axis=0), MARGIN, LONGEST_SIDE)
    _write(folder / "radiograph.png", as_bytes(frame.cut(image.pixels)))
    outlines = tuple(
        Outline(
            rater=rater,
            label=_side_name(analysis.inputs.sides[other]),
            points=frame.place(np.asarray(line)),
        )
        for (rater, other), region in regions.items()
        for line in region_outline(region)
    )
    return PictureFacts(
        type="radiograph",
        file="radiograph.png",
        caption=f"Regions as the raters drew them.{_told_sides(image)}",
        spacing_mm=image.geometry.spacing_mm[0] * frame.step,
        outlines=outlines,
        edge_sides=picture_sides(image),
        dice=_dice(regions, list(files.masks), row),
    )


def _dice(
    regions: dict[tuple[str, int], BoolArray], raters: Sequence[str], row: int
) -> float | None:
    drawn = [regions[rater, row] for rater in raters[:2] if (rater, row) in regions]
    if len(drawn) < 2:
        return None
    first, second = drawn
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def _saliency(analysis: Analysis, files: CaseFiles, folder: Path) -> PictureFacts | None:
    """Draw the deep signature of the case that it puts highest, where there is one."""
    deep = deep_settings(analysis.inputs.plan)
    result = analysis.protocols.get(analysis.inputs.plan.study.protocol)
    chain = result.fitted.chains.get(DEEP) if result is not None else None
    if deep is None or deep.is_network_file or chain is None or chain.signature.empty:
        return None
    row = int(np.argmax(chain.training_score))
    image = open_image(files.images[row], analysis.inputs.plan.data)
    first = next(iter(files.masks.values()))
    path = first[row]
    assert path is not None  # the first rater drew every case
    mask = open_mask(path, image, analysis.inputs.plan.data)
    region = mask.region(files.labels[row])
    embedder = Embedder(deep)
    if chain.tuned is not None:
        embedder = embedder.with_last_block(chain.tuned.block)
    found = case_map(embedder, chain.signature, image, region, analysis.inputs.sides[row])
    frame = frame_round(region, SALIENCY_MARGIN, LONGEST_SIDE)
    heat = frame.cut(found.values) * frame.step**2
    limit = float(np.abs(heat).max()) or 1.0
    _write(folder / "saliency.png", as_bytes(frame.cut(image.pixels)))
    signed = np.clip(np.rint(128 + 127 * heat / limit), 0, 255)
    _write(folder / "saliency-heat.png", signed.astype(np.uint8))
    outlines = tuple(
        Outline(
            rater=next(iter(files.masks)),
            label=_side_name(analysis.inputs.sides[row]),
            points=frame.place(np.asarray(line)),
        )
        for line in region_outline(region)
    )
    return PictureFacts(
        type="saliency",
        file="saliency.png",
        heat_file="saliency-heat.png",
        caption="Where the image raises and lowers the deep signature, in the case with the highest"
        " score, compared with the average case. Summed over the image, the map gives the case's"
        " score: a feature beyond the limits of the signature counts at its limit, and what has no"
        " location in the image is spread evenly over the part that the network saw."
        f"{_told_sides(image)}",
        spacing_mm=image.geometry.spacing_mm[0] * frame.step,
        outlines=outlines,
        edge_sides=picture_sides(image),
        heat_limit=limit,
    )


def _write(path: Path, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    with whole_file(path) as draft:
        Picture.fromarray(pixels).save(draft, format="PNG", optimize=True)


def _told_sides(image: Image) -> str:
    """Say what the letters rest on."""
    facing = facing_of(image)
    if facing is None or not any(facing.picture_sides):
        return ""
    if facing.certain:
        return f" R and L: the patient's right and left, by the file's {facing.source}."
    return " R and L by the convention of frontal radiographs: the file does not state them."


def _side_name(side: str | None) -> str:
    return {"R": "right", "L": "left"}.get(side or "", "")
