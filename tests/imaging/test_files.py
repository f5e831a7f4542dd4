"""NRRD, MHA, PNG and TIFF: grey values or a refusal."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image as Pillow

from trephine.errors import ImageError
from trephine.imaging import read_image

GREY = np.random.default_rng(1).integers(0, 65536, (9, 6), dtype=np.uint16)


@pytest.mark.parametrize("name", ["image.nrrd", "image.mha", "image.mhd", "image.nhdr"])
@pytest.mark.parametrize("axes", [2, 3])
def test_itk_formats_are_read_with_their_geometry(tmp_path: Path, name: str, axes: int) -> None:
    values = GREY if axes == 2 else np.stack([GREY, GREY + 1])
    itk = SimpleITK.GetImageFromArray(values)
    itk.SetSpacing((0.2, 0.3, 1.5)[:axes])
    itk.SetOrigin((4.0, 5.0, 6.0)[:axes])
    SimpleITK.WriteImage(itk, str(tmp_path / name))
    image = read_image(tmp_path / name)
    assert np.array_equal(image.pixels, values)
    assert image.geometry.spacing_mm == pytest.approx((1.5, 0.3, 0.2)[3 - axes :])
    assert image.geometry.origin_mm == pytest.approx((4.0, 5.0, 6.0)[:axes])


def test_colour_nan_and_truncation_are_refused(tmp_path: Path) -> None:
    colour = SimpleITK.GetImageFromArray(np.zeros((4, 4, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(colour, str(tmp_path / "colour.nrrd"))
    with pytest.raises(ImageError, match="one grey channel, found 3"):
        read_image(tmp_path / "colour.nrrd")
    broken = np.ones((4, 4), np.float32)
    broken[2, 2] = np.nan
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(broken), str(tmp_path / "nan.mha"))
    with pytest.raises(ImageError, match="found 1 of 16 NaN"):
        read_image(tmp_path / "nan.mha")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(GREY), str(tmp_path / "whole.mha"))
    (tmp_path / "cut.mha").write_bytes((tmp_path / "whole.mha").read_bytes()[:-40])
    with pytest.raises(ImageError, match="damaged, truncated"):
        read_image(tmp_path / "cut.mha")


def test_a_header_that_declares_the_impossible_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.nrrd"
    path.write_bytes(
        b"NRRD0004\ntype: double\ndimension: 2\nsizes: 400000 400000\nencoding: gzip\n"
        b"endian: little\n\n" + b"\x1f\x8b" + b"0" * 100
    )
    with pytest.raises(ImageError, match=r"expected at most \d+ pixels, found 400000 x 400000"):
        read_image(path)


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_sixteen_bit_pictures_keep_their_bits(tmp_path: Path, name: str) -> None:
    Pillow.fromarray(GREY).save(tmp_path / name)
    image = read_image(tmp_path / name, spacing_mm=(0.3, 0.2))
    assert np.array_equal(image.pixels, GREY)
    assert image.geometry.spacing_mm == (0.3, 0.2)
    assert image.provenance["spacing_source"] == "stated in the plan"


def test_a_float_tiff_is_read(tmp_path: Path) -> None:
    values = GREY.astype(np.float32) / 7
    Pillow.fromarray(values).save(tmp_path / "float.tif")
    assert np.array_equal(read_image(tmp_path / "float.tif", spacing_mm=0.2).pixels, values)


def test_a_picture_without_a_stated_spacing_is_refused(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).save(tmp_path / "image.png", dpi=(300, 300))
    with pytest.raises(ImageError, match="state it: spacing_mm"):
        read_image(tmp_path / "image.png")


def grey8() -> np.ndarray:
    return (GREY >> 8).astype(np.uint8)


def test_grey_in_palette_rgb_or_opaque_alpha_is_read(tmp_path: Path) -> None:
    grey = Pillow.fromarray(grey8())
    for number, mode in enumerate(("P", "RGB", "RGBA", "LA")):
        path = tmp_path / f"{number}.png"
        grey.convert(mode).save(path)
        assert np.array_equal(read_image(path, spacing_mm=0.2).pixels, grey8())


def test_colour_transparency_and_one_bit_are_refused(tmp_path: Path) -> None:
    colour = np.repeat(grey8()[..., None], 3, axis=2)
    colour[0, 0] = (250, 3, 3)
    Pillow.fromarray(colour).save(tmp_path / "colour.png")
    alpha = Pillow.fromarray(grey8()).convert("LA")
    alpha.putpixel((0, 0), (10, 100))
    alpha.save(tmp_path / "alpha.png")
    Pillow.fromarray(grey8() > 100).save(tmp_path / "bit.png")
    for name, told in (
        ("colour.png", "found colour"),
        ("alpha.png", "transparent pixels"),
        ("bit.png", "1 bit a pixel"),
    ):
        with pytest.raises(ImageError, match=told):
            read_image(tmp_path / name, spacing_mm=0.2)


def test_sixteen_bit_colour_is_refused_rather_than_cut_to_eight(tmp_path: Path) -> None:
    colour = SimpleITK.GetImageFromArray(np.repeat(GREY[..., None], 3, 2), isVector=True)
    SimpleITK.WriteImage(colour, str(tmp_path / "colour.png"))
    with pytest.raises(ImageError, match="16-bit colour"):
        read_image(tmp_path / "colour.png", spacing_mm=0.2)


def test_several_pages_and_truncation_are_refused(tmp_path: Path) -> None:
    page = Pillow.fromarray(grey8())
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page])
    with pytest.raises(ImageError, match="expected one page, found 2"):
        read_image(tmp_path / "pages.tif", spacing_mm=0.2)
    page.save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match="damaged or truncated"):
        read_image(tmp_path / "cut.png", spacing_mm=0.2)


def test_a_picture_that_declares_the_impossible_costs_no_memory(tmp_path: Path) -> None:
    Pillow.fromarray(grey8()).save(tmp_path / "bomb.png")
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = (60000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(ImageError, match="found 60000 x 60000"):
        read_image(tmp_path / "bomb.png", spacing_mm=0.2)
