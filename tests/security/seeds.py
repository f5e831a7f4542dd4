"""Small whole files of every kind that strangers may send; the corpus that is mutated."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pydicom
import SimpleITK
from openpyxl import Workbook
from PIL import Image as Pillow
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from cohort import old_workbook as xls

SIDE = 40
GREY = np.random.default_rng(3).integers(0, 4096, (SIDE, SIDE), dtype=np.uint16)


def radiograph() -> FileDataset:
    """A CR image of random grey values, with names to lose."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["seed"])
    dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.PatientName, dataset.PatientID = "CR", "Doe^Jane", "P001"
    dataset.PatientBirthDate, dataset.StudyDate, dataset.PatientAge = "19500101", "20200101", "070Y"
    dataset.PixelSpacing, dataset.SamplesPerPixel = [0.2, 0.2], 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME1", 0
    dataset.Rows = dataset.Columns = SIDE
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-10"
    dataset.PixelData = GREY.tobytes()
    dataset["PixelData"].VR = "OW"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-15710", "SRT", "Hip joint"
    dataset.AnatomicRegionSequence = [item]
    return dataset


def dicom() -> list[bytes]:
    """Return one image in seven transfer syntaxes."""
    syntaxes = (
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEG2000Lossless,
        JPEGLSLossless,
    )
    files = []
    for syntax in syntaxes:
        dataset = radiograph()
        if syntax.is_compressed and syntax != DeflatedExplicitVRLittleEndian:
            dataset.compress(syntax, GREY, generate_instance_uid=False)
        else:
            dataset.file_meta.TransferSyntaxUID = syntax
            if syntax == ExplicitVRBigEndian:
                dataset.PixelData = GREY.byteswap().tobytes()
        buffer = io.BytesIO()
        pydicom.dcmwrite(
            buffer,
            dataset,
            implicit_vr=syntax == ImplicitVRLittleEndian,
            little_endian=syntax != ExplicitVRBigEndian,
            enforce_file_format=True,
        )
        files.append(buffer.getvalue())
    return files


def _by_itk(folder: Path, *endings: str) -> list[bytes]:
    files = []
    for number, ending in enumerate(endings):
        for shape in ((SIDE, SIDE), (5, SIDE, SIDE)):
            path = folder / f"seed{number}{len(shape)}{ending}"
            values = np.resize(GREY, shape).astype(np.uint16 if number % 2 else np.int16)
            SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path), number > 1)
            files.append(path.read_bytes())
    return files


def nifti(folder: Path) -> list[bytes]:
    """Return NIfTI plain and gzipped, of two and three axes."""
    return _by_itk(folder, ".nii", ".nii.gz")


def nrrd(folder: Path) -> list[bytes]:
    """Return NRRD and MetaImage, raw and compressed."""
    return _by_itk(folder, ".nrrd", ".mha", ".nrrd", ".mha")


def png() -> list[bytes]:
    """Return PNG of every depth, and TIFF."""
    eight = (GREY >> 4).astype(np.uint8)
    pictures = [Pillow.fromarray(GREY), Pillow.fromarray(eight)]
    pictures += [pictures[1].convert(mode) for mode in ("1", "P", "RGBA", "LA")]
    files = []
    for picture, kind, more in (
        *((picture, "PNG", {}) for picture in pictures),
        (pictures[0], "TIFF", {}),
        (pictures[1], "TIFF", {"compression": "tiff_deflate"}),
        (pictures[1], "TIFF", {"compression": "tiff_lzw"}),
    ):
        buffer = io.BytesIO()
        picture.save(buffer, kind, **more)
        files.append(buffer.getvalue())
    return files


ROWS = (
    ("hip_id", "patient_id", "side", "months", "collapse", "age", "date"),
    ("007", "P1", "left", 12.5, 1, 54, "2020-01-31"),
    ("008", "P1", "right", 3, 0, None, "31.01.2020"),
    ("009", "P2", "left", "14,5", "ja", "<60 Jahre", ""),
)


def xlsx() -> list[bytes]:
    """Return a workbook with merged cells, formulas, dates, a hidden row and a second sheet.

    The same rows also as Excel 97's and as OpenDocument's.
    """
    import datetime

    book = Workbook()
    sheet = book.active
    for row in ROWS:
        sheet.append(row)
    sheet["H1"], sheet["H2"], sheet["H3"] = "note", "=1+1", datetime.date(2020, 1, 2)
    sheet.merge_cells("G3:G4")
    sheet.row_dimensions[3].hidden = True
    book.create_sheet("other").append(["x", "y"])
    buffer = io.BytesIO()
    book.save(buffer)
    return [buffer.getvalue(), _xls(), _ods()]


def _xls() -> bytes:
    cells = [
        xls.number(r, c, value) if isinstance(value, int | float) else xls.label(r, c, str(value))
        for r, row in enumerate(ROWS)
        for c, value in enumerate(row)
    ]
    more = xls.record(0xE5, struct.pack("<5H", 1, 1, 2, 0, 0)) + xls.record(
        0xBE, struct.pack("<5H", 1, 8, 0, 0, 9)
    )
    return xls.xls_file(xls.records([b"".join(cells) + more, xls.label(0, 0, "x")]))


def _ods() -> bytes:
    rows = "".join(
        "<t:table-row>"
        + "".join(f'<t:table-cell t:number-columns-repeated="1"><x:p>{escape(str(c))}</x:p>'
                  "</t:table-cell>" for c in row)
        + "</t:table-row>"
        for row in ROWS
    )  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr(
            "content.xml",
            '<o:document-content xmlns:o="o" xmlns:t="table" xmlns:x="text"><o:body>'
            f'<o:spreadsheet><t:table t:name="A">{rows}</t:table></o:spreadsheet></o:body>'
            "</o:document-content>",
        )
    return buffer.getvalue()


def csv() -> list[bytes]:
    """Return the same table as text in several encodings and separators, and gzipped."""
    texts = [
        "\n".join(mark.join('"' + str(c) + '"' if "," in str(c) else str(c) for c in row)
                  for row in ROWS) + "\n"
        for mark in ",;\t|"
    ]  # fmt: skip
    plain = [text.encode(kind) for text in texts for kind in ("utf-8", "utf-16", "utf-8-sig")]
    return [*plain, texts[0].replace("side", "侧别").encode("gb18030"), gzip.compress(plain[0])]


def toml() -> list[bytes]:
    """Return a study file that uses most sections."""
    return [
        b"""[study]
title = "A study"
seed = 3
[data]
table = "clinical.csv"
columns = { case = "hip_id", patient = "patient_id", time = "months", event = "collapse" }
image = "images/{hip_id}.dcm"
raters = { a = "masks/a/{hip_id}.nii.gz", b = "masks/b/{hip_id}.nii.gz" }
mask_label = 1
spacing_mm = [0.2, 0.2]
outside = ["../other"]
read = { months = { strip = ["m"], decimal = "," } }
[outcome]
unit = "months"
horizons = [12, 36]
risk_cuts = [0.2, 0.5]
[clinical]
age = { unit = "years", label = "Age" }
arco = { levels = ["I", "II", "III"] }
[features]
table = "features.csv"
sets.expression = { prefix = "gene_" }
[radiomics]
preset = "native2d"
settings = { binWidth = 25 }
[deep]
backbone = "net.onnx"
input_size = 64
mean = [0.5, 0.5, 0.5]
std = [0.2, 0.2, 0.2]
[selection]
icc_threshold = 0.75
mixtures = [0.5, 1]
[models]
parts = { Clinical = ["clinical"] }
[validation]
folds = 5
repeats = 10
"""
    ]


def bundle(folder: Path) -> list[bytes]:
    """Return a model with its sums, as an archive."""
    parts = {name: path.read_bytes() for name, path in _bundle_parts(folder).items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return [buffer.getvalue()]


def summed(content: bytes) -> bytes:
    """Make the manifest's sums right again, so that what they guard is read too."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(parts["manifest.json"])
        for name in manifest["sha256"]:
            if name in parts:
                manifest["sha256"][name] = hashlib.sha256(parts[name]).hexdigest()
        parts["manifest.json"] = json.dumps(manifest).encode()
    except Exception:  # the archive or its manifest is past mending: as it is, then
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _bundle_parts(folder: Path) -> dict[str, Path]:
    from modelling.test_bundle import fitted
    from trephine.modelling.bundle import Bundle, write_bundle

    made = Bundle(fitted("published").predictor, {"title": "x", "horizons": [12, 36]}, "# Card\n")
    return {path.name: path for path in sorted(write_bundle(made, folder / "model").iterdir())}


def safetensors() -> list[bytes]:
    """Return two small sets of weights."""
    import torch
    from safetensors.torch import save

    tensors = {"layer4.0.conv1.weight": torch.ones(4, 3), "fc.bias": torch.zeros(5)}
    return [save(tensors), save({"x": torch.ones(2, dtype=torch.float16)}, {"made": "by a test"})]


def onnx(folder: Path) -> list[bytes]:
    """Return relu -> pool -> flatten, of free and of fixed batch size."""
    from deep.test_external import write_onnx

    files = []
    for number, batch in enumerate(("n", 1)):
        path = folder / f"seed{number}.onnx"
        write_onnx(path, batch)
        files.append(path.read_bytes())
    return files


SEEDS: dict[str, Callable[[Path], list[bytes]]] = {
    "dicom": lambda _: dicom(),
    "nifti": nifti,
    "nrrd": nrrd,
    "png": lambda _: png(),
    "xlsx": lambda _: xlsx(),
    "csv": lambda _: csv(),
    "toml": lambda _: toml(),
    "bundle": bundle,
    "safetensors": lambda _: safetensors(),
    "onnx": onnx,
}
