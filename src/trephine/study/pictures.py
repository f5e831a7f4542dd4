"""Pictures for the report: a radiograph with the raters' outlines, and what the network saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from trephine.deep.embed import Embedder
from trephine.facts import Outline, PictureFacts
from trephine.imaging import region_outline
from trephine.imaging.sides import facing_of, picture_sides
from trephine.modelling.feature_chain import FittedChain
from trephine.study.image_plans import DEEP, set_name
from trephine.study.image_views import image_views
from trephine.study.images.files import CaseFiles, open_image, open_mask
from trephine.study.inputs import StudyInputs
from trephine.study.locked.saliency import case_map
from trephine.study.picture_frame import as_bytes, frame_round
from trephine.study.results import Analysis
from trephine.study.settings import deep_settings
from trephine.types import BoolArray, Image
from trephine.writing import whole_file

# Longest side of a picture in the report, in pixels.
LONGEST_SIDE = 900
# What is shown round the regions, as a share of their extent. Less is shown than was taken: the
# edges of a radiograph are where names are burned in.
MARGIN = 0.6
SALIENCY_MARGIN = 0.35
_SALIENCY = (
    "Where the image raises and lowers the deep signature, in the case with the highest"
    " score, compared with the average case. Summed over the image, the map gives the case's"
    " score: a feature beyond the limits of the signature counts at its limit, and what has no"
    " location in the image is spread evenly over the part that the network saw."
)


def draw_pictures(analysis: Analysis, folder: Path) -> tuple[PictureFacts, ...]:
    """Write the report's pictures; none where the study has no two-dimensional images.

    Parameters
    ----------
    analysis
        A study that ran.
    folder
        Gets the PNG files; their names hold no identifier.
    """
    found: list[PictureFacts] = []
    for key, view in image_views(analysis.inputs).items():
        assert view.files is not None
        row = _most_typical(view, view.files)
        image = open_image(view.files.images[row], view.plan.data)
        if image.pixels.ndim != 2:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        place = _PictureFiles(folder, key)
        found.append(_radiograph(view, view.files, row, image, place))
        result = analysis.protocols.get(analysis.inputs.plan.study.protocol)
        chain = result.fitted.chains.get(set_name(key, DEEP)) if result is not None else None
        cases = analysis.inputs.images[key].cases if key else range(len(view.case_ids))
        if chain is not None and not chain.signature.empty:
            row = int(np.argmax(chain.training_score[list(cases)]))
            saliency = _saliency(view, view.files, chain, row, place)
            found += [saliency] if saliency is not None else []
    return tuple(found)


@dataclass(frozen=True)
class _PictureFiles:
    """Where the pictures of one image lie, and how it is called; empty where there is only one."""

    folder: Path
    key: str

    def file(self, name: str) -> str:
        """Return the name of a file of this image."""
        return f"{self.key}-{name}" if self.key else name

    def caption(self, text: str) -> str:
        """Return a caption that says which image it is of."""
        return f"{self.key}: {text}" if self.key else text


def _most_typical(view: StudyInputs, files: CaseFiles) -> int:
    """Return the case of median follow-up among those whose image holds most regions."""
    drawn = dict.fromkeys(files.images, 0)
    for masks in files.masks.values():
        for path, mask in zip(files.images, masks, strict=True):
            drawn[path] += mask is not None
    shared = np.array([drawn[path] for path in files.images])
    best = np.flatnonzero(shared == shared.max())
    time = view.survival.time[best]
    return int(best[np.argsort(time, kind="stable")[len(best) // 2]])


def _radiograph(
    view: StudyInputs, files: CaseFiles, row: int, image: Image, place: _PictureFiles
) -> PictureFacts:
    data = view.plan.data
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
    _write(place.folder / place.file("radiograph.png"), as_bytes(frame.cut(image.pixels)))
    outlines = tuple(
        Outline(
            rater=rater,
            label=_side_name(view.sides[other]),
            points=frame.place(np.asarray(line)),
        )
        for (rater, other), region in regions.items()
        for line in region_outline(region)
    )
    return PictureFacts(
        type="radiograph",
        file=place.file("radiograph.png"),
        caption=place.caption(f"Regions as the raters drew them.{_told_sides(image, view)}"),
        spacing_mm=image.geometry.spacing_mm[0] * frame.step,
        outlines=outlines,
        edge_sides=_letters(image, view),
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


def _saliency(
    view: StudyInputs, files: CaseFiles, chain: FittedChain, row: int, place: _PictureFiles
) -> PictureFacts | None:
    """Draw the deep signature of the case that it puts highest, where its network can show it."""
    deep = deep_settings(view.plan)
    if deep is None or not deep.has_maps:
        return None
    image = open_image(files.images[row], view.plan.data)
    first = next(iter(files.masks.values()))
    path = first[row]
    assert path is not None  # the first rater drew every case
    mask = open_mask(path, image, view.plan.data)
    region = mask.region(files.labels[row])
    embedder = Embedder(deep)
    if chain.tuned is not None:
        embedder = embedder.with_last_block(chain.tuned.block)
    found = case_map(embedder, chain.signature, image, region, view.sides[row])
    frame = frame_round(region, SALIENCY_MARGIN, LONGEST_SIDE)
    heat = frame.cut(found.values) * frame.step**2
    limit = float(np.abs(heat).max()) or 1.0
    _write(place.folder / place.file("saliency.png"), as_bytes(frame.cut(image.pixels)))
    signed = np.clip(np.rint(128 + 127 * heat / limit), 0, 255)
    _write(place.folder / place.file("saliency-heat.png"), signed.astype(np.uint8))
    outlines = tuple(
        Outline(
            rater=next(iter(files.masks)),
            label=_side_name(view.sides[row]),
            points=frame.place(np.asarray(line)),
        )
        for line in region_outline(region)
    )
    return PictureFacts(
        type="saliency",
        file=place.file("saliency.png"),
        heat_file=place.file("saliency-heat.png"),
        caption=place.caption(f"{_SALIENCY}{_told_sides(image, view)}"),
        spacing_mm=image.geometry.spacing_mm[0] * frame.step,
        outlines=outlines,
        edge_sides=_letters(image, view),
        heat_limit=limit,
    )


def _write(path: Path, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    with whole_file(path) as draft:
        Picture.fromarray(pixels).save(draft, format="PNG", optimize=True)


def _letters(image: Image, view: StudyInputs) -> tuple[str, str]:
    """Return the letters at the edges of a picture; none on a lateral radiograph."""
    return picture_sides(image) if view.plan.data.view != "lateral" else ("", "")


def _told_sides(image: Image, view: StudyInputs) -> str:
    """Say what the letters rest on."""
    facing = facing_of(image) if view.plan.data.view != "lateral" else None
    if facing is None or not any(facing.picture_sides):
        return ""
    if facing.certain:
        return f" R and L: the patient's right and left, by the file's {facing.source}."
    return " R and L by the convention of frontal radiographs: the file does not state them."


def _side_name(side: str | None) -> str:
    return {"R": "right", "L": "left"}.get(side or "", "")
