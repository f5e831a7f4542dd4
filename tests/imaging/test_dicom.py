"""Reading DICOM: the right pixels, polarity and spacing, or a refusal that says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from trephine.errors import ImageError
from trephine.imaging import pixels_sha256, read_image


def test_stored_values_come_back_as_float64(make_dicom, save_dicom, stored) -> None:
    image = read_image(save_dicom(make_dicom(stored)))
    assert image.pixels.dtype == np.float64
    assert np.array_equal(image.pixels, stored)
    assert image.geometry.spacing_mm == (0.2, 0.2)
    assert image.provenance["polarity"] == "as stored"


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_lossless_encodings_give_identical_pixels(make_dicom, save_dicom, stored, syntax) -> None:
    plain = read_image(save_dicom(make_dicom(stored), "plain.dcm"))
    dataset = make_dicom(stored)
    dataset.compress(syntax)
    assert pixels_sha256(read_image(save_dicom(dataset, "packed.dcm"))) == pixels_sha256(plain)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_native_encodings_give_identical_pixels(make_dicom, save_dicom, stored, syntax) -> None:
    dataset = make_dicom(stored)
    dataset.file_meta.TransferSyntaxUID = syntax
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, stored)


def test_big_endian_files_are_read(make_dicom, tmp_path, stored) -> None:
    dataset = make_dicom(stored, PixelData=stored.astype(">u2").tobytes())
    dataset["PixelData"].VR = "OB"  # already in the file's byte order
    big = Dataset()
    big.update(dataset)
    big.file_meta = dataset.file_meta
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    path = tmp_path / "big.dcm"
    pydicom.dcmwrite(path, big, implicit_vr=False, little_endian=False, enforce_file_format=True)
    assert np.array_equal(read_image(path).pixels, stored)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_preamble_and_meta_is_read(make_dicom, tmp_path, stored, implicit) -> None:
    dataset = make_dicom(stored)
    path = tmp_path / "bare.dcm"
    bare = Dataset()
    bare.update(dataset)
    bare.save_as(path, implicit_vr=implicit, little_endian=True)
    assert np.array_equal(read_image(path).pixels, stored)


def test_monochrome1_is_inverted_once(make_dicom, save_dicom, stored) -> None:
    image = read_image(save_dicom(make_dicom(stored, PhotometricInterpretation="MONOCHROME1")))
    assert np.array_equal(image.pixels, 4095.0 - stored)
    assert image.provenance["polarity"] == "inverted from MONOCHROME1"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("slope", "intercept"), [("1", "0"), ("0.5", "-1000"), ("2", "7")])
def test_pixels_equal_itks_where_itk_is_right(
    make_dicom, save_dicom, stored, photometric: str, slope: str, intercept: str
) -> None:
    path = save_dicom(
        make_dicom(
            stored,
            PhotometricInterpretation=photometric,
            RescaleSlope=slope,
            RescaleIntercept=intercept,
            ImagerPixelSpacing=[0.2, 0.2],
        )
    )
    itk = SimpleITK.ReadImage(str(path))
    assert np.allclose(
        read_image(path).pixels, SimpleITK.GetArrayFromImage(itk)[0], atol=1e-9, rtol=0
    )
    assert itk.GetSpacing()[:2] == (0.2, 0.2)


def test_negative_stored_values_are_read(make_dicom, save_dicom) -> None:
    stored = np.array([[-2048, -1], [0, 2047]], dtype=np.int16)
    assert np.array_equal(read_image(save_dicom(make_dicom(stored))).pixels, stored)
    inverted = make_dicom(stored, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(read_image(save_dicom(inverted)).pixels, -1.0 - stored)


def test_garbage_above_the_high_bit_is_not_read(make_dicom, save_dicom, stored) -> None:
    dirty = stored | np.uint16(0xA000)
    assert np.array_equal(read_image(save_dicom(make_dicom(dirty))).pixels, stored)
    signed = np.array([[-5, 5]], dtype=np.int16)
    dirty_signed = (signed.view(np.uint16) & np.uint16(0x0FFF)).view(np.int16)
    assert np.array_equal(read_image(save_dicom(make_dicom(dirty_signed))).pixels, signed)


def test_the_window_is_not_applied(make_dicom, save_dicom, stored) -> None:
    dataset = make_dicom(stored, WindowCenter="100", WindowWidth="50")
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, stored)


def lut(entries: np.ndarray, first: int, bits: int) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    item.ModalityLUTType = "US"
    return Sequence([item])


@pytest.mark.parametrize("first", [0, 100])
def test_the_modality_lut_is_applied_and_clamped(make_dicom, save_dicom, stored, first) -> None:
    entries = (np.arange(2000, dtype=np.uint16) // 2) + 50
    dataset = make_dicom(stored, ModalityLUTSequence=lut(entries, first, 16))
    expected = entries[np.clip(stored.astype(int) - first, 0, 1999)].astype(float)
    image = read_image(save_dicom(dataset))
    assert np.array_equal(image.pixels, expected)
    assert image.provenance["modality_transform"] == "modality LUT"
    dataset.PhotometricInterpretation = "MONOCHROME1"
    inverted = read_image(save_dicom(dataset)).pixels
    assert np.array_equal(inverted, entries.min() + float(entries.max()) - expected)


def test_padding_becomes_the_darkest_grey_in_either_polarity(make_dicom, save_dicom) -> None:
    stored = np.array([[0, 500], [600, 700]], dtype=np.uint16)
    for photometric, expected in (
        ("MONOCHROME2", [[500, 500], [600, 700]]),
        ("MONOCHROME1", [[3395, 3595], [3495, 3395]]),
    ):
        dataset = make_dicom(stored, PhotometricInterpretation=photometric)
        dataset.add_new("PixelPaddingValue", "US", 0)
        image = read_image(save_dicom(dataset))
        assert image.pixels.tolist() == expected
        assert image.provenance["padding_pixels"] == 1


def test_grey_in_rgb_is_read_and_colour_is_refused(make_dicom, save_dicom) -> None:
    grey = np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4, 1), 3, axis=2)
    options = {"bits": 8, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    image = read_image(save_dicom(make_dicom(grey, **options)))
    assert np.array_equal(image.pixels, grey[..., 0])
    colour = grey.copy()
    colour[1, 1, 0] = 200
    with pytest.raises(ImageError, match="found RGB with colours"):
        read_image(save_dicom(make_dicom(colour, **options)))


def test_an_overlay_is_not_drawn_into_the_pixels(make_dicom, save_dicom, stored) -> None:
    dataset = make_dicom(stored)
    dataset.add_new(0x60000010, "US", 48)
    dataset.add_new(0x60000011, "US", 40)
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60003000, "OW", b"\xff" * 240)
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, stored)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"NumberOfFrames": "3"}, "expected one frame, found 3"),
        ({"Rows": 49}, "expected 3920 bytes of pixels"),
        ({"Rows": 65535, "Columns": 65535}, "at most"),
        ({"Rows": None}, "expected Rows in the header"),
        ({"BitsStored": 13}, "high bit one below the bits stored"),
        ({"BitsAllocated": 12}, "expected 8, 16 or 32 bits"),
        ({"PhotometricInterpretation": "MONOCHROME3"}, "MONOCHROME1 or MONOCHROME2"),
        ({"PresentationLUTShape": "INVERSE"}, "expected one polarity"),
        ({"RescaleSlope": "0"}, "Rescale Slope other than 0"),
        ({"PixelData": None}, "without pixel data"),
        ({"Modality": "SEG"}, "use read_mask"),
    ],
)
def test_a_contradiction_is_refused_with_its_reason(
    make_dicom, save_dicom, stored, attributes: dict[str, object], told: str
) -> None:
    with pytest.raises(ImageError, match=told) as refusal:
        read_image(save_dicom(make_dicom(stored, **attributes)))
    assert "Doe" not in str(refusal.value)


def test_one_bit_a_pixel_is_a_mask(make_dicom, save_dicom) -> None:
    dataset = make_dicom(np.zeros((4, 4), np.uint8), bits=8)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    dataset.PixelData = b"\0\0"
    with pytest.raises(ImageError, match="1 bit a pixel; a mask"):
        read_image(save_dicom(dataset))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_compressed_stream_that_stops_early_is_refused(
    make_dicom, save_dicom, stored, syntax
) -> None:
    dataset = make_dicom(stored)
    dataset.compress(syntax)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    dataset.PixelData = encapsulate([frame[: len(frame) // 2 & ~1]])
    with pytest.raises(ImageError, match="without its end marker"):
        read_image(save_dicom(dataset))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_compressed_stream_of_another_size_never_reaches_a_decoder(
    make_dicom, save_dicom, stored, syntax
) -> None:
    dataset = make_dicom(stored)
    dataset.compress(syntax)
    dataset.Rows = 2 * dataset.Rows
    with pytest.raises(ImageError, match="stream of 96 x 40 pixels, found another size"):
        read_image(save_dicom(dataset))


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nothing.dcm: expected a readable file"):
        read_image(tmp_path / "nothing.dcm")
    for name, content, told in (
        ("empty.dcm", b"", "an empty file"),
        ("text.dcm", b"hello, world" * 30, "something else"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + b"0" * 200, "a JPEG photograph"),
        ("bundle.zip", b"PK\x03\x04" + b"0" * 200, "a ZIP archive"),
        ("mask.bmp", b"BM" + b"0" * 200, "a BMP picture; save a mask as PNG or NIfTI"),
        ("mask.webp", b"RIFF\x10\0\0\0WEBPVP8 " + b"0" * 200, "a WebP picture"),
        ("mask.npy", b"\x93NUMPY\x01\0" + b"0" * 200, "an array of NumPy, which has no geometry"),
        ("login.dcm", b"<!DOCTYPE html>" + b" " * 200, "a web page or XML, as where a download"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ImageError, match=told):
            read_image(path)


@pytest.mark.parametrize(
    ("attributes", "side", "source"),
    [
        ({"ImageLaterality": "L", "Laterality": "R"}, "L", "ImageLaterality"),
        ({"Laterality": "R"}, "R", "Laterality"),
        ({"Laterality": ""}, None, None),
        ({"ImageLaterality": "B"}, "both", "ImageLaterality"),
    ],
)
def test_laterality_of_the_image_goes_before_that_of_the_series(
    make_dicom, save_dicom, stored, attributes, side, source
) -> None:
    provenance = read_image(save_dicom(make_dicom(stored, **attributes))).provenance
    assert (provenance["laterality"], provenance["laterality_source"]) == (side, source)


def test_provenance_holds_no_identifier(make_dicom, save_dicom, stored) -> None:
    dataset = make_dicom(
        stored, ViewPosition="AP", PatientOrientation=["L", "F"], AccessionNumber="ACC77"
    )
    told = repr(dict(read_image(save_dicom(dataset)).provenance))
    for secret in (
        "Doe",
        "Jane",
        "P001",
        "ACC77",
        dataset.SOPInstanceUID,
        dataset.StudyInstanceUID,
    ):
        assert secret not in told
    assert "AP" in told
