"""What a review found to hold, and what no other test keeps: each line of it as a test."""

from __future__ import annotations

import ast
import io
import re
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from pydicom.dataset import FileMetaDataset

from trephine.deep.onnx_check import check_onnx
from trephine.errors import ImageError, InputError
from trephine.imaging import read_image
from trephine.imaging.deidentify import PseudonymKey, deidentify_folder
from trephine.radiomics.settings import RadiomicsSettings
from trephine.report.figures.pictures import read_picture
from trephine.spreadsheet import csv_text

SOURCE = Path(__file__).parents[2] / "src" / "trephine"
KEY = PseudonymKey(bytes(range(32)))

# Where something is unpickled, or a program started: our own files and processes, and nothing that
# a stranger wrote; a cluster is whose address the user gave. A line more has to be thought about.
UNPICKLED = {"cluster.py", "worker_guard.py", "handing_over.py"}
NEVER = {"eval", "exec", "os.system", "os.popen", "yaml.load", "marshal.loads", "joblib.load",
         "pd.read_pickle", "np.lib.format.read_array"}  # fmt: skip
STARTED = {"child_pipe.py", "burned_in.py", "queue.py"}  # the last: our own verbs


def calls() -> list[tuple[str, str, dict[str, object]]]:
    """Every call by a dotted name in the program: file, name, constant keywords."""
    found = []
    # Parsing all of it takes seconds: these words stand in every file that could matter.
    words = re.compile(r"pickle|eval\(|exec\(|subprocess|popen|system\(|\.load|yaml|shell|marshal")
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if words.search(text) else ():
            if isinstance(node, ast.Call):
                given = {k.arg: getattr(k.value, "value", ...) for k in node.keywords if k.arg}
                found.append((path.name, ast.unparse(node.func), given))
    return found


def test_nothing_that_strangers_write_is_unpickled_evaluated_or_run_by_a_shell() -> None:
    seen = calls()
    assert {file for file, name, _ in seen if re.fullmatch(r"pickle\.loads?", name)} == UNPICKLED
    assert {file for file, name, _ in seen if name.startswith("subprocess.")} <= STARTED
    for file, name, given in seen:
        assert name not in NEVER, file
        assert given.get("shell", False) is False, file
        if name == "np.load":
            assert given.get("allow_pickle") is False, file
        if name == "torch.load":
            assert given.get("weights_only") is True, file


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.mkdir ['{canary}']",
        "setting: !!python/object/new:os.mkdir ['{canary}']",
        "setting:\n  binWidth: !!python/name:os.mkdir",
    ],
)
def test_a_yaml_file_makes_no_objects(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text.replace("{canary}", str(tmp_path / "ran")))
    with pytest.raises(InputError):
        RadiomicsSettings.from_file(path)
    assert not (tmp_path / "ran").exists()


def test_a_yaml_file_of_references_to_references_does_not_grow(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = tmp_path / "params.yaml"
    path.write_text("\n".join(lines))
    begun = time.process_time()
    with pytest.raises(InputError) as seen:
        RadiomicsSettings.from_file(path)
    assert time.process_time() - begun < 2
    assert len(str(seen.value)) < 1000


@pytest.mark.parametrize("place", ["beside.bin", "/etc/passwd", "../../etc/passwd", "link", ""])
def test_an_onnx_network_names_no_other_file(place: str) -> None:
    from deep.test_external import field

    entries = b"".join(
        field(13, field(1, key) + field(2, value))
        for key, value in (("location", place), ("offset", "0"), ("length", "3"))
    )
    tensor = field(1, 3) + field(2, 1) + field(8, "W")
    for weights in (tensor + entries, tensor + field(14, 1), tensor + entries + field(14, 1)):
        graph = field(5, weights) + field(2, "net")
        with pytest.raises(InputError, match="external data"):
            check_onnx(field(1, 8) + field(7, graph), "net.onnx")
        # Not in a graph within a node's attribute either.
        inner = field(1, field(4, "If") + field(5, field(1, "then_branch") + field(6, graph)))
        with pytest.raises(InputError, match="external data"):
            check_onnx(field(1, 8) + field(7, inner + field(2, "net")), "net.onnx")


def dicom_head(sop_class: str = "1.2.840.10008.5.1.4.1.1.1") -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, "1.2.3"
    buffer = io.BytesIO(bytes(128) + b"DICM")
    buffer.seek(0, io.SEEK_END)
    pydicom.filewriter.write_file_meta_info(buffer, meta)
    return buffer.getvalue()


def test_sequences_nested_without_end_are_a_damaged_header(tmp_path: Path) -> None:
    deeper = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    deeper += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    path = tmp_path / "x.dcm"
    path.write_bytes(dicom_head() + deeper * 5000)
    with pytest.raises(ImageError):
        read_image(path)
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert row.status == "refused"


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.481.3",
     "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.1.3.10", "1.2.840.10008.5.1.4.1.1.11.1"],
    ids=["a report", "structures", "a PDF", "a DICOMDIR", "a presentation state"],
)  # fmt: skip
def test_objects_without_pixels_are_not_let_through(tmp_path: Path, sop_class: str) -> None:
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.PatientName = sop_class, "1.2.3", "Canary"
    body = io.BytesIO()
    pydicom.dcmwrite(body, dataset, implicit_vr=False, little_endian=True)
    path = tmp_path / "Canary.dcm"
    path.write_bytes(dicom_head(sop_class) + body.getvalue())
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert row.status == "refused"
    assert "Canary" not in row.detail
    assert not list((tmp_path / "out").rglob("*.dcm"))


def png(width: int, height: int, more: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes((width + 1) * height) if width < 99 else b""))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(more)) if more else b""
    return b"\x89PNG\r\n\x1a\n" + head + text + rows + chunk(b"IEND", b"")


def test_a_pictures_text_that_inflates_to_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png(4, 4, b"A" * (1 << 22)))
    with pytest.raises(ImageError):
        read_image(path, spacing_mm=1.0)
    path.write_bytes(png(4, 4, b"a word"))
    assert read_image(path, spacing_mm=1.0).pixels.shape == (4, 4)


def test_pillows_guard_is_an_error_and_not_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png(65000, 65000))
    with pytest.raises(ImageError):
        read_image(path, spacing_mm=1.0)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "inner/../../secret.png", "link"])
def test_a_picture_outside_the_results_is_not_drawn(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    (folder / "inner").mkdir(parents=True)
    Pillow.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "secret.png")
    (folder / "link").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match="within pictures"):
        read_picture(folder, name)


def test_a_word_document_has_no_field_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    from trephine.report.docx_columns import lay_out
    from trephine.report.docx_table import add_grid, add_table_style

    sent = "=cmd|' /C calc'!A0 <w:instrText>INCLUDETEXT /etc/passwd</w:instrText> {{x}}"
    document = docx.Document()
    add_table_style(document)
    for columns in lay_out([sent, "n"], [[sent, "1"]]):
        add_grid(document, [sent, "n"], [([sent, "1"], "body")], columns)
    document.add_heading(sent)
    document.save(tmp_path / "x.docx")
    with zipfile.ZipFile(tmp_path / "x.docx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b"&lt;w:instrText&gt;" in parts["word/document.xml"]
    for name, content in parts.items():
        assert b'TargetMode="External"' not in content, name
        assert b"<w:instrText" not in content, name


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "−1+", "\u202e="]
)
def test_a_cell_that_begins_like_a_formula_in_any_way_is_a_text(start: str) -> None:
    import pandas as pd

    text = csv_text(pd.DataFrame({start + "name": [start + "cmd|' /C calc'!A0"]}), row_names=False)
    for cell in re.findall(r"[^\n,]+", text.replace('"', "").replace("\r", "\n")):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), cell


def test_no_password_is_an_option_of_a_command() -> None:
    import typer

    from trephine.cli import app

    command = typer.main.get_command(app)
    groups = [command]
    options: list[str] = []
    for group in groups:
        groups += list(getattr(group, "commands", {}).values())
        options += [option for part in group.params for option in part.opts]
    assert len(options) > 50
    # A file that holds one may be named: its text stands in no list of processes.
    said = [option for option in options if not option.endswith("-file")]
    assert not [option for option in said if re.search("passw|token|secret", option)]
