"""What fuzzing has found once, each as a file of its own."""

from __future__ import annotations

import io
import struct
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from security.doors import DOORS
from security.seeds import SIDE, radiograph
from trephine.deep.external import in_fixed_batches
from trephine.errors import ImageError, InputError
from trephine.imaging import read_image

META = {
    "ObjectType": "Image",
    "NDims": "2",
    "TransformMatrix": "1 0 0 1",
    "Offset": "0 0",
    "ElementSpacing": "1 1",
    "DimSize": "4 4",
    "ElementType": "MET_UCHAR",
    "ElementDataFile": "LOCAL",
}


def meta_image(path: Path, fields: dict[str, str], before: str = "") -> Path:
    lines = [f"{name} = {value}" for name, value in fields.items()]
    path.write_bytes((before + "\n".join(lines) + "\n").encode() + bytes(range(16)))
    return path


@pytest.mark.parametrize(
    "wrong",
    [
        {"NDims": "127"},  # ITK then writes beyond its memory
        {"NDims": "3"},
        {"NDims": "1"},
        {"NDims": "-1"},
        {"NDims": "2 2"},
        {"Offset": "0"},
        {"Offset": " ".join(["0"] * 500)},
        {"TransformMatrix": " ".join(["1"] * 400)},
        {"ElementSpacing": "1 1 1 1"},
        {"Comment": "x" * 5000},
    ],
)
def test_a_metaimage_whose_lists_and_axes_disagree_never_reaches_itk(
    tmp_path: Path, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = {**{k: v for k, v in (META | wrong).items() if k != "ElementDataFile"}}
    order["ElementDataFile"] = "LOCAL"
    monkeypatch.setattr("trephine.imaging.itk_file._execute", None)
    with pytest.raises(ImageError):
        read_image(meta_image(tmp_path / "x.mha", order))


def test_a_metaimage_with_a_field_twice_is_refused_and_a_whole_one_is_read(tmp_path: Path) -> None:
    assert read_image(meta_image(tmp_path / "x.mha", META)).pixels.shape == (4, 4)
    with pytest.raises(ImageError):
        read_image(meta_image(tmp_path / "y.mha", META, before="NDims = 127\n"))


def test_a_field_whose_name_is_no_text_is_passed_over(tmp_path: Path) -> None:
    head = b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 4 4\nencoding: raw\nspacings: 1 1\n"
    path = tmp_path / "x.nrrd"
    path.write_bytes(head + b"\xff\xfe:=1\n\n" + bytes(16))
    assert read_image(path).pixels.shape == (4, 4)


NRRD = {
    "type": "uint8",
    "dimension": "2",
    "sizes": "4 4",
    "encoding": "raw",
    "space dimension": "2",
    "space directions": "(1,0) (0,1)",
    "kinds": "domain domain",
}


def nrrd(path: Path, fields: dict[str, str], *more: str) -> Path:
    lines = ["NRRD0004", *(f"{name}: {value}" for name, value in fields.items()), *more, "", ""]
    path.write_bytes("\n".join(lines).encode("latin-1") + bytes(16))
    return path


@pytest.mark.parametrize(
    "wrong",
    [
        {"space directions": "(1,0) (" + "{" * 2000},  # ITK then writes beyond its memory
        {"space directions": "(1,0) (0," + "1" * 500 + ")"},
        {"space origin": "x" * 500},
        {"kinds": "domain " + "x" * 500},
        {"kinds": "domain"},
        {"space": "y" * 500},
        {"endian": "z" * 500},
        {"units": '"mm" "' + "x" * 500},
        {"dimension": "3"},
        {"dimension": "2 2"},
        {"dimension": "9" * 30},
        {"spacings": "1 1 1"},
        {"min": "1" * 500},
        {"no such field": "1"},
        {"content": "x" * 5000},
        {"content": "a\x00b"},
    ],
)
def test_an_nrrd_header_that_is_not_in_its_form_never_reaches_itk(
    tmp_path: Path, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trephine.imaging.itk_file._execute", None)
    with pytest.raises(ImageError):
        read_image(nrrd(tmp_path / "x.nrrd", NRRD | wrong))


def test_a_field_that_stands_twice_or_without_its_blank_never_reaches_itk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trephine.imaging.itk_file._execute", None)
    for more in ("sizes: 2 2", "sizes:2 2", "a line", "x" * 3000):
        with pytest.raises(ImageError):
            read_image(nrrd(tmp_path / "x.nrrd", NRRD, more))


def test_an_nrrd_header_in_its_form_is_read(tmp_path: Path) -> None:
    more = ("# " + "c" * 3000, "Segment0_Name:=" + "n: " * 1000, 'labels: "x" ""', "endian: little",
            "space origin: (-1.5e-3, 2)", 'space units: "mm" "mm"')  # fmt: skip
    assert read_image(nrrd(tmp_path / "x.nrrd", NRRD, *more)).pixels.shape == (4, 4)
    flat = {name: value for name, value in NRRD.items() if "space" not in name and name != "kinds"}
    read_image(nrrd(tmp_path / "y.nrrd", flat | {"spacings": "0.5 0.5"}))


def test_a_plane_without_area_is_no_division_by_zero(tmp_path: Path) -> None:
    head = (
        b"NRRD0004\ntype: uint8\ndimension: 2\nspace: left-posterior-superior\nsizes: 4 4\n"
        b"encoding: raw\nspace directions: (1,0,0) (1,0,0)\n\n"
    )
    path = tmp_path / "x.nrrd"
    path.write_bytes(head + bytes(16))
    with pytest.raises(ImageError):
        read_image(path)


def test_a_picture_without_its_size_is_damaged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(np.zeros((4, 4), np.uint8)).save(buffer, "TIFF")
    content = bytearray(buffer.getvalue())
    place = content.index(struct.pack("<HH", 256, 4))  # the tag of the width
    content[place : place + 2] = struct.pack("<H", 40000)
    (tmp_path / "x.tif").write_bytes(content)
    with pytest.raises(ImageError, match="found a damaged one"):
        read_image(tmp_path / "x.tif", spacing_mm=1.0)


@pytest.mark.parametrize("number", [1e38, float("inf"), float("nan")])
@pytest.mark.parametrize("place", [280, 256, 112, 80])  # srow_x, quatern_b, scl_slope, pixdim
def test_numbers_that_overflow_in_a_nifti_header_warn_nobody(
    tmp_path: Path, number: float, place: int
) -> None:
    import SimpleITK

    path = tmp_path / "x.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.ones((4, 4), np.int16)), str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2h", content, 252, 1, 1)
    struct.pack_into("<f", content, place, number)
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(ImageError):
            read_image(path)


def test_a_damaged_uid_is_not_printed_by_a_library(tmp_path: Path) -> None:
    dataset = radiograph()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.SOPClassUID = "1.2.DOE^JANE"
        dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DOORS["dicom"](tmp_path / "x.dcm")
    assert dataset.Rows == SIDE


def test_an_onnx_network_with_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from deep.test_external import write_onnx

    write_onnx(tmp_path / "x.onnx")
    content = (tmp_path / "x.onnx").read_bytes()
    for name in (b"\x01h", b"\x01w", b"\x01x"):
        assert name in content
        (tmp_path / "y.onnx").write_bytes(content.replace(name, b"\x01\xa8"))
        with pytest.raises(InputError):
            DOORS["onnx"](tmp_path / "y.onnx")


def test_an_onnx_network_without_an_output_is_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from deep.test_external import write_onnx

    write_onnx(tmp_path / "x.onnx", outputs=())
    with pytest.raises(InputError, match="has no output of its own"):
        DOORS["onnx"](tmp_path / "x.onnx")


def test_an_onnx_network_that_cannot_be_computed_or_has_operators_without_end_is_refused(
    tmp_path: Path,
) -> None:
    pytest.importorskip("onnxruntime")
    from deep.test_external import field, value_info

    path = tmp_path / "x.onnx"
    taken, given = value_info("x", ["n", 3, "h", "w"]), value_info("y", ["a", "b", "c", "d"])
    numbers = struct.pack("<4q", 2, 1, 1, 1)
    shape = field(5, field(1, 4) + field(2, 7) + field(8, "s") + field(9, numbers))
    expand = field(1, field(1, "x") + field(1, "s") + field(2, "y") + field(4, "Expand"))
    relu = field(1, field(1, "x") + field(2, "y") + field(4, "Relu"))
    for nodes, told in ((expand, "cannot be run"), (relu * 50_001, "at most 50000 operators")):
        graph = nodes + shape + field(2, "net") + field(11, taken) + field(12, given)
        path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 13)))
        with pytest.raises(InputError, match=told):
            DOORS["onnx"](path)


def test_a_network_that_takes_no_case_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="0 per batch"):
        in_fixed_batches(lambda crops: crops, 0)
