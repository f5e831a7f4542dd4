"""Pixels are written anew: values stay, everything that hides beside them goes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from trephine.errors import ImageError
from trephine.imaging import read_image
from trephine.imaging.deidentify import (
    Choices,
    PseudonymKey,
    deidentify_dataset,
    deidentify_folder,
)
from trephine.imaging.deidentify.burned_in import burned_in_text

KEY = PseudonymKey(b"a secret of some length")
SECRET = b"CANARY-DOE-JOHN-19500101"
SYNTAXES = [RLELossless, JPEGLSLossless, JPEG2000Lossless]


def cleaned(dataset: Dataset) -> Dataset:
    return deidentify_dataset(dataset, KEY, "file 1").dataset


def content_of(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    cleaned(dataset).save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def repacked(dataset: Dataset, change) -> Dataset:
    """Change the bytes of the one compressed frame."""
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([change(frame)])
    dataset["PixelData"].is_undefined_length = True
    return dataset


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def jpeg(grey: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(grey).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.fixture
def eight_bits() -> np.ndarray:
    return np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)


@pytest.mark.parametrize(
    "options",
    [{"comment": SECRET}, {"exif": b"Exif\0\0" + SECRET}, {"icc_profile": SECRET}, {}],
    ids=["comment", "EXIF", "ICC profile", "after the end"],
)
def test_segments_of_a_jpeg_go_and_the_decoded_values_stay(
    make_dicom, eight_bits, options: dict[str, object]
) -> None:
    dataset = make_dicom(eight_bits, bits=8)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    stream = jpeg(eight_bits, **options)
    stream += b"" if options else SECRET + b"\xff\xd9"
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    assert SECRET in dataset.PixelData
    decoded = np.asarray(Pillow.open(io.BytesIO(stream)))
    kept = cleaned(dataset)
    assert SECRET not in content_of(dataset)
    assert kept.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (kept.LossyImageCompression, kept.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert np.array_equal(kept.pixel_array, decoded)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_comments_and_tails_of_lossless_streams_go(make_dicom, stored, syntax) -> None:
    dataset = make_dicom(stored)
    dataset.compress(syntax, generate_instance_uid=False)

    def plant(frame: bytes) -> bytes:
        if syntax == RLELossless:
            return frame + SECRET
        if syntax == JPEGLSLossless:
            return frame[:2] + segment(0xFE, SECRET) + frame[2:]
        size = int.from_bytes(frame[4:6], "big") + 4  # SOC, then SIZ
        return frame[:size] + segment(0x64, b"\0\1" + SECRET) + frame[size:]

    repacked(dataset, plant)
    assert SECRET in dataset.PixelData
    assert SECRET not in content_of(dataset)
    assert np.array_equal(cleaned(dataset).pixel_array, stored)


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_bits_above_the_grey_values_are_cleared_in_every_encoding(
    make_dicom, stored, syntax
) -> None:
    dirty = stored.copy()
    dirty[5:12, 5:30] |= 0x1000
    dataset = make_dicom(dirty, bits=16)
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    kept = np.frombuffer(cleaned(dataset).PixelData, "<u2").reshape(stored.shape)
    assert np.array_equal(kept, stored)


def test_bits_above_signed_values_hold_the_sign_and_nothing_else(make_dicom) -> None:
    values = np.random.default_rng(3).integers(-2048, 2048, (48, 40)).astype(np.int16)
    dirty = ((values.view(np.uint16) & 0x0FFF) | 0x5000).view(np.int16)
    kept = np.frombuffer(cleaned(make_dicom(dirty)).PixelData, "<i2").reshape(values.shape)
    assert np.array_equal(kept, values)


def test_values_at_the_top_of_their_word_move_down_and_the_bits_below_go(
    make_dicom, stored
) -> None:
    dataset = make_dicom((stored << 4) | np.uint16(0x0005))
    dataset.HighBit = 15
    kept = cleaned(dataset)
    assert (kept.HighBit, kept.BitsStored) == (11, 12)
    assert np.array_equal(np.frombuffer(kept.PixelData, "<u2").reshape(stored.shape), stored)


def test_bytes_behind_the_last_pixel_go_and_too_few_are_refused(make_dicom, stored) -> None:
    dataset = make_dicom(stored)
    whole = bytes(dataset.PixelData)
    dataset.PixelData = whole + SECRET
    assert cleaned(dataset).PixelData == whole
    dataset.PixelData = whole[:-2]
    with pytest.raises(ImageError, match="truncated"):
        cleaned(dataset)


def test_one_pixel_element_stays(make_dicom, stored) -> None:
    dataset = make_dicom(stored)
    dataset.add_new(0x7FE00008, "OF", SECRET)
    dataset.add_new(0x7FE00009, "OD", SECRET)
    dataset.add_new(0x7FE00001, "OV", SECRET)
    kept = cleaned(dataset)
    assert [element.keyword for element in kept if element.tag.group == 0x7FE0] == ["PixelData"]


def test_a_palette_becomes_the_colours_it_gives(make_dicom, eight_bits) -> None:
    dataset = make_dicom(eight_bits % 64, bits=8, PhotometricInterpretation="PALETTE COLOR")
    table = bytes(range(64)) + SECRET + bytes(256 - 64 - len(SECRET))
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", table)
    kept = cleaned(dataset)
    assert SECRET not in content_of(dataset)
    assert kept.PhotometricInterpretation == "RGB"
    assert np.array_equal(kept.pixel_array[..., 0], eight_bits % 64)
    assert "RedPaletteColorLookupTableDescriptor" not in kept


def test_a_grey_image_loses_its_palette_and_its_display_tables(make_dicom, stored) -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [12, 0, 16], [1] * 12
    dataset = make_dicom(stored, VOILUTSequence=Sequence([item]))
    dataset.RedPaletteColorLookupTableData = SECRET
    kept = cleaned(dataset)
    assert "VOILUTSequence" not in kept
    assert "RedPaletteColorLookupTableData" not in kept


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_modality_table_keeps_what_pixels_use(
    make_dicom, save_dicom, tmp_path: Path, photometric: str
) -> None:
    values = np.random.default_rng(0).integers(0, 2000, (48, 40)).astype(np.uint16)
    table = (np.arange(4096) * 3 + 7).astype("<u2")
    table[3000:3012] = np.frombuffer(SECRET, "<u2")
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4096, 0, 16], "OD"
    item.add_new(0x00283006, "OW", table.tobytes())
    dataset = make_dicom(
        values, PhotometricInterpretation=photometric, ModalityLUTSequence=Sequence([item])
    )
    path = save_dicom(dataset)
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    result = tmp_path / "out" / row.file
    assert SECRET not in result.read_bytes()
    assert np.array_equal(read_image(result).pixels, read_image(path).pixels)


def frames_of(make_dicom, stored: np.ndarray, count: int) -> Dataset:
    dataset = make_dicom(stored)
    dataset.NumberOfFrames = count
    dataset.PixelData = dataset.PixelData * count
    return dataset


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_every_frame_is_written_anew_and_looked_at(make_dicom, stored, syntax) -> None:
    dataset = frames_of(make_dicom, stored, 3)
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    result = deidentify_dataset(dataset, KEY, "file 1")
    assert result.frames.values.shape == (3, *stored.shape)
    assert np.array_equal(result.dataset.pixel_array, np.stack([stored] * 3))
    drawn = result.frames.values.copy()
    drawn[2, 10:30, 5:8] = 4095
    assert burned_in_text(dataset, drawn).finding == "flagged"


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_keeps_its_values_and_coloured_marks_are_flagged(make_dicom, planar: int) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)
    dataset = make_dicom(
        colours, bits=8, PhotometricInterpretation="RGB", PlanarConfiguration=planar
    )
    if planar:
        dataset.PixelData = np.moveaxis(colours, -1, 0).tobytes()
    result = deidentify_dataset(dataset, KEY, "file 1")
    assert np.array_equal(result.dataset.pixel_array, colours)
    hint = burned_in_text(dataset, result.frames.values, result.frames.kind)
    assert (hint.finding, hint.reason) == ("flagged", "coloured marks")


def binary_mask(make_dicom) -> Dataset:
    bits = np.random.default_rng(0).integers(0, 2, (9, 7), dtype=np.uint8)
    dataset = make_dicom(bits, bits=1, Modality="SEG")
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    packed = np.packbits(bits, bitorder="little")
    packed[-1] |= 0x80
    dataset.PixelData = packed.tobytes() + SECRET
    return dataset


def test_what_cannot_be_checked_is_written_only_if_asked(
    make_dicom, save_dicom, tmp_path: Path
) -> None:
    path = save_dicom(binary_mask(make_dicom))
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert row.status == "refused"
    assert "--write-unchecked" in row.detail
    (row,) = deidentify_folder(path, tmp_path / "other", KEY, Choices(unchecked="write"))
    assert (row.status, row.burned_in) == ("written", "not checked")
    kept = pydicom.dcmread(tmp_path / "other" / row.file)
    assert len(kept.PixelData) == 8
    assert kept.PixelData[7] & 0x80 == 0


def test_a_map_of_numbers_must_be_finite(make_dicom, stored) -> None:
    dataset = make_dicom(stored, PixelData=None)
    values = np.linspace(0, 1, stored.size, dtype="<f4")
    dataset.FloatPixelData = values.tobytes() + SECRET
    result = deidentify_dataset(dataset, KEY, "file 1")
    assert result.dataset.FloatPixelData == values.tobytes()
    assert burned_in_text(dataset, result.frames.values, "float").finding == "not checked"
    values[3] = np.nan
    dataset.FloatPixelData = values.tobytes()
    with pytest.raises(ImageError, match="finite"):
        cleaned(dataset)


def film(seed: int = 0) -> np.ndarray:
    """A simulated film: smooth anatomy, noise, a collimated and a saturated area."""
    rows, columns = np.mgrid[:600, :500]
    smooth = 1500 + 900 * np.sin(rows / 90) * np.cos(columns / 70)
    values = np.rint(smooth + np.random.default_rng(seed).normal(0, 12, rows.shape))
    values[:, :40] = 0
    values[560:] = 4095
    return np.clip(values, 0, 4095)


@pytest.mark.parametrize("seed", range(3))
def test_a_film_without_marks_is_not_flagged(make_dicom, stored, seed: int) -> None:
    assert burned_in_text(make_dicom(stored), film(seed)).finding == "not found"


@pytest.mark.parametrize("grey", [300, 1200, 2400, 3600, 4095])
@pytest.mark.parametrize("drawn", ["text", "box", "line"])
def test_marks_at_any_grey_are_flagged(make_dicom, stored, grey: int, drawn: str) -> None:
    layer = Pillow.new("L", (500, 600))
    pen = ImageDraw.Draw(layer)
    if drawn == "text":
        pen.text((200, 100), "DOE JOHN 1950", fill=255, font_size=22)
    elif drawn == "box":
        pen.rectangle((150, 100, 300, 260), outline=255, width=2)
    else:
        pen.line((150, 300, 260, 300), fill=255, width=2)
    values = film()
    values[np.asarray(layer) > 127] = grey
    assert burned_in_text(make_dicom(stored), values).finding == "flagged"


def test_marks_that_went_through_a_lossy_compression_are_flagged(make_dicom, stored) -> None:
    picture = Pillow.fromarray((film() / 16).astype(np.uint8))
    ImageDraw.Draw(picture).text((200, 100), "DOE JOHN 1950", fill=255, font_size=22)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    lossy = np.asarray(Pillow.open(buffer)).astype(float)
    dataset = make_dicom(stored, LossyImageCompression="01")
    assert burned_in_text(dataset, lossy).finding == "flagged"
