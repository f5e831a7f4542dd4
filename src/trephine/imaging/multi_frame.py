"""Enhanced CT, MR and PET objects: all slices of a volume in one DICOM file, in any order."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames

from trephine.errors import ImageError
from trephine.imaging.decode import transfer_syntax
from trephine.imaging.decode_checks import PIXEL_KEYWORDS, integer_of
from trephine.imaging.dicom import defined_term, quiet_pydicom
from trephine.imaging.functional_groups import elements_of_frame
from trephine.imaging.limits import check_pixels
from trephine.imaging.series import MODALITIES, PlacedSlice, placed_slice, stacked
from trephine.types import Image

_GROUPS = "PerFrameFunctionalGroupsSequence"


def holds_slices(dataset: Dataset) -> bool:
    """Say whether a data set holds several slices that each say where they lie."""
    several = str(dataset.get("NumberOfFrames") or 1).strip() not in ("", "1")
    return several and defined_term(dataset, "Modality") in MODALITIES and _GROUPS in dataset


def volume_of_frames(dataset: Dataset, name: str) -> Image:
    """Return the volume of an enhanced object; its pixels are taken out of it.

    Every frame becomes a data set of its own, with what its functional groups say, and is read as
    the slice of a series is: rescaled by its own numbers, and sorted by its position.

    Parameters
    ----------
    dataset
        Parsed, with several frames (`holds_slices`).
    name
        File name for messages.

    Raises
    ------
    ImageError
        If a frame cannot be read or does not say where it lies, or if frames are missing, doubled
        (several echoes, times or stacks) or differ in size, spacing or orientation.
    """
    frames = integer_of(dataset, "NumberOfFrames", name)
    described = len(dataset[_GROUPS].value or ())
    if described != frames:
        raise ImageError(
            f"{name}: expected groups of each of {frames} frames, found {described}; the file is"
            " damaged: fetch it again"
        )
    rows, columns = (integer_of(dataset, key, name) for key in ("Rows", "Columns"))
    check_pixels((frames, rows, columns), name)
    slices: list[PlacedSlice] = []
    with quiet_pydicom():
        for number, own in enumerate(_alone(dataset, frames, rows * columns, name), start=1):
            slices.append(placed_slice(own, f"{name}, frame {number} of {frames}"))
    dataset.pop("PixelData", None)
    try:
        return stacked(slices, name)
    except ImageError as error:
        raise ImageError(f"{error} (frames of one file: export one stack, echo and time)") from None


def _alone(dataset: Dataset, frames: int, pixels: int, name: str) -> Iterator[Dataset]:
    """Yield each frame as a data set of one frame."""
    left_out = {*PIXEL_KEYWORDS, _GROUPS, "SharedFunctionalGroupsSequence", "NumberOfFrames"}
    root = [element for element in dataset if element.keyword not in left_out]
    for frame, data in enumerate(_pixel_data(dataset, frames, pixels, name)):
        own = Dataset()
        for element in (*root, *elements_of_frame(dataset, frame)):
            own.add(element)
        own.file_meta = dataset.file_meta
        own.PixelData = data
        yield own


def _pixel_data(dataset: Dataset, frames: int, pixels: int, name: str) -> Iterator[bytes]:
    """Yield the pixel data of each frame, as an object of this frame alone would have it."""
    whole = dataset.get("PixelData")
    if whole is None:
        raise ImageError(f"{name}: expected pixels, found a DICOM object without them")
    if transfer_syntax(dataset, name).is_encapsulated:
        try:
            parts = list(generate_frames(whole, number_of_frames=frames))
        except Exception as error:  # pydicom raises many kinds on damaged bytes
            raise ImageError(
                f"{name}: expected {frames} compressed frames, found others; the file is damaged:"
                " fetch it again"
            ) from error
        if len(parts) != frames:
            raise ImageError(f"{name}: expected {frames} frames, found {len(parts)}")
        yield from (encapsulate([part]) for part in parts)
        return
    size = pixels * integer_of(dataset, "BitsAllocated", name) // 8
    if not size or len(whole) < frames * size:
        raise ImageError(
            f"{name}: expected {frames * size} bytes of pixels, found {len(whole)}; the file is cut"
            " short: fetch it again"
        )
    for frame in range(frames):
        yield whole[frame * size : (frame + 1) * size]
