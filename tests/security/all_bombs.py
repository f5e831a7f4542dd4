"""The list of bombs: what a reader of the table sees, and which door each goes through."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cohort import old_workbook as xls
from security import bomb_files as files
from security import doors
from security.bomb_files import AT_LIMIT, saved
from security.bombs import Bomb

_XLSX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"/>',
    "xl/workbook.xml": '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Type="http://schemas.'
    'openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml'
    '"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}
_FIRST = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>v'
    "</t></is></c></row>"
)
_CELL = '<c t="inlineStr"><is><t>1</t></is></c>'


def xlsx(folder: Path, rows: str, more: str = "", shared: str | None = None) -> Path:
    """A workbook of one sheet of rows as they are; ``more`` stands before them."""
    sheet = f"<worksheet>{more}<sheetData>{rows}</sheetData></worksheet>"
    parts = _XLSX | {"xl/worksheets/sheet1.xml": sheet}
    if shared is not None:
        parts["xl/sharedStrings.xml"] = f"<sst>{shared}</sst>"
    return packed(folder, "x.xlsx", parts)


def packed(folder: Path, name: str, parts: dict[str, str]) -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return folder / name


def shared(folder: Path) -> Path:
    """A text of 30,000 letters that two million cells share, and ten thousand more of them."""
    cells = '<c t="s"><v>0</v></c>' * 200
    return xlsx(
        folder,
        _FIRST + f"<row>{cells}</row>" * 10_000,
        shared=f"<si><t>{'x' * 30_000}</t></si>" * 10_000,
    )


def ods(folder: Path, body: str) -> Path:
    content = (
        '<o:document-content xmlns:o="o" xmlns:t="table" xmlns:x="text"><o:body><o:spreadsheet>'
        f'<t:table t:name="A">{body}</t:table></o:spreadsheet></o:body></o:document-content>'
    )
    return packed(folder, "x.ods", {"content.xml": content})


def ods_repeats(folder: Path) -> Path:
    cell = '<t:table-cell t:number-columns-repeated="16384"><x:p>1</x:p></t:table-cell>'
    return ods(folder, f'<t:table-row t:number-rows-repeated="1048576">{cell}</t:table-row>')


def old_workbook(folder: Path) -> Path:
    rows = b"".join(xls.number(row, column) for row in range(60_000) for column in range(40))
    return saved(folder, "x.xls", xls.xls_file(xls.records([rows])))


def csv_gz(folder: Path) -> Path:
    lines = gzip.compress(b"1,2\n" * (1 << 22), 9)
    return saved(folder, "x.csv.gz", gzip.compress(b"id,v\n") + lines * 16)


def parquet(folder: Path, kind: str) -> Path:
    """Texts in a dictionary or built from the one before, one text of a gigabyte, or rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = {"dictionary": 200_000, "rows": 30_000_000, "deltas": 400, "one text": 1}[kind]
    text = "x" * ((1 << 29) if kind == "one text" else 1 if kind == "rows" else 1 << 20)
    if kind in ("dictionary", "rows"):
        index = pa.array(np.zeros(count, np.int32))
        column = pa.DictionaryArray.from_arrays(index, pa.array([text]))
        more = {"row_group_size": count}
    else:
        column, more = pa.array([text] * count), {"use_dictionary": False}
        if kind == "deltas":
            more |= {"column_encoding": dict.fromkeys(("image", "mask"), "DELTA_BYTE_ARRAY")}
    table = pa.table({"image": column, "mask": column})
    pq.write_table(table, folder / "x.parquet", compression="zstd", **more)
    return folder / "x.parquet"


def shard(folder: Path, kind: str) -> Path:
    """A store whose one shard holds a billion numbers or long keys in a few kilobytes."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from trephine.store import FeatureStore
    from trephine.store.database import checksum

    count = {"values": 100_000_000, "keys": 100_000}[kind]
    if kind == "values":
        ends = pa.array([0, count], pa.int32())
        lists = pa.ListArray.from_arrays(ends, pa.array(np.zeros(count)))
        keys = pa.array(["a"])
    else:
        lists = pa.array([[0.0]] * count, pa.list_(pa.float64()))
        index = pa.array(np.zeros(count, np.int32))
        keys = pa.DictionaryArray.from_arrays(index, pa.array(["x" * (1 << 20)]))
    store = FeatureStore(folder / "store")
    schema = pa.schema(
        [("key", keys.type), ("values", lists.type)], metadata={"names": "f", "notes": "{}"}
    )
    path = store.shards / "x.parquet"
    table = pa.table([keys, lists], schema=schema)
    pq.write_table(table, path, compression="zstd", row_group_size=count)
    with store.database.connection() as ledger:
        ledger.execute("INSERT INTO features VALUES ('a', ?)", (path.name,))
        ledger.execute("INSERT INTO shards VALUES (?, ?)", (path.name, checksum(path.read_bytes())))
    return path


def read_shard(path: Path) -> None:
    """Read a store's features, as the next run does."""
    from trephine.store import FeatureStore

    FeatureStore(path.parents[1]).read(["a"])


def safetensors(folder: Path, kind: str) -> Path:
    wide = {"dtype": "F32", "shape": [1 << 20, 1 << 20], "data_offsets": [0, 1 << 42]}
    twice = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    empty = b'"t%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    tensors = (empty % number for number in range(1 << 20))
    head = {
        "a header of 2^63": b"",
        "numbers beyond the end": json.dumps({"w": wide}).encode(),
        "numbers that overlap": json.dumps({"v": twice, "w": twice}).encode(),
        "a million tensors": b"{" + b",".join(tensors) + b"}",
        "a nested header": b'{"w":' + b"[" * 1_000_000,
    }[kind]
    size = 2**63 if not head else len(head)
    return saved(folder, "x.safetensors", struct.pack("<Q", size) + head + bytes(16))


def pth(folder: Path) -> Path:
    """A tensor that is one number, said to stand a million million times, and 2 GiB of zeros."""
    import torch

    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(1).expand(1 << 40)}, buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(folder / "x.pth", "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        root = old.namelist()[0].partition("/")[0]
        with new.open(f"{root}/data/1", "w", force_zip64=True) as part:
            for _ in range(128):
                part.write(files.ZEROS)
    return folder / "x.pth"


def onnx(folder: Path, kind: str) -> Path:
    from deep import test_network_limits as networks

    content = networks.constant() if kind == "constant" else networks.doubling("k")
    return saved(folder, "x.onnx", content)


def open_onnx(path: Path) -> None:
    from deep.test_external import settings_for
    from trephine.deep.external import open_external

    open_external(settings_for(path, threads=1))


def read_parameters(path: Path) -> None:
    from trephine.radiomics.settings import RadiomicsSettings

    RadiomicsSettings.from_file(path)


def as_simpleitk(path: Path) -> None:
    """Read an image as the face of PyRadiomics does."""
    from trephine.imaging.itk_any import read_any_itk

    read_any_itk(path)


def read_model(path: Path) -> None:
    """Read a bundle once: the other door packs it again, which is no part of the program."""
    from trephine.modelling.bundle import read_bundle

    read_bundle(path)


def references() -> bytes:
    """Lists of references to lists, nine to the eleventh in all."""
    lines = [b"a0: &a0 [x]\n"]
    for n in range(1, 12):
        nine = b",".join([b"*a%d" % (n - 1)] * 9)
        lines.append(b"a%d: &a%d [%s]\n" % (n, n, nine))
    return b"".join(lines)


def lists() -> bytes:
    """A predictor of 256 MiB."""
    return b'{"signatures":[' + b"0," * (1 << 27) + b"0]}"


def ledger(folder: Path, definition: str) -> Path:
    """A feature store's ledger, exchanged for one that computes when it is asked or written to."""
    import sqlite3
    from contextlib import closing

    from trephine.store import FeatureStore

    FeatureStore(folder / "store")
    path = folder / "store" / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(definition)
    return path


def use_store(path: Path) -> None:
    import numpy as np

    from trephine.store import FeatureStore

    store = FeatureStore(path.parent)
    assert not store.known(["a"])
    store.write(("f",), {"b": np.ones(1)}, {"b": {"x": 1}})
    assert store.read(["b"]).values.shape == (1, 1)


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT"
LEDGERS = {
    "a view without end": f"DROP TABLE features; CREATE VIEW features AS {ENDLESS} 'a' AS key,"
    " 'b' AS shard FROM c WHERE n < 0;",
    "a trigger without end": "CREATE TRIGGER t AFTER INSERT ON features BEGIN DELETE FROM notes"
    f" WHERE key IN ({ENDLESS} 'a' FROM c WHERE n < 0); END;",
    "a computed gigabyte": "DROP TABLE notes; CREATE TABLE notes (key TEXT PRIMARY KEY, note TEXT"
    " AS (hex(zeroblob(400000000))) STORED, sha256 TEXT CHECK (length(zeroblob(900000000)) > 0));",
}

_images: dict[str, Callable[[Path], Path]] = {
    "DICOM, deflated, 4 GiB": files.dicom_deflated,
    "DICOM, RLE, at the limit": files.dicom_rle,
    "DICOM, JPEG, at the limit": files.dicom_jpeg,
    "DICOM, JPEG 2000, at the limit": files.dicom_jpeg2000,
    "DICOM, JPEG 2000 of 60000 x 60000 under 512 x 512": partial(files.dicom_jpeg2000, lying=True),
    "DICOM, 2^31 - 1 frames": files.dicom_frames,
    "DICOM SEG, 100,000 frames of 4096 x 4096": partial(
        files.segmentation, frames=100_000, items=1
    ),
    "DICOM SEG, 50,000 descriptions": partial(files.segmentation, frames=50_000, items=50_000),
    "DICOM, 100,000 sequences in each other": files.sequences,
    "DICOM, 1,000,000 elements": files.dicom_elements,
    "DICOM, 1,000,000 items": files.dicom_items,
    "PNG, 65000 x 65000": files.png_beyond,
    "PNG, at the limit": files.png_within,
    "PNG, zTXt of 1 GiB": partial(files.png_named, kind=b"zTXt", before=b"a\0\0"),
    "PNG, iTXt of 1 GiB": partial(files.png_named, kind=b"iTXt", before=b"a\0\1\0\0\0"),
    "PNG, iCCP of 1 GiB": partial(files.png_named, kind=b"iCCP", before=b"a\0\0"),
    "PNG, 500,000 chunks before its values": files.png_chunks,
    "TIFF, deflated, at the limit": files.tiff_within,
    "TIFF, directories in a circle": files.tiff_loop,
    "TIFF, 2^32 strips": files.tiff_strips,
    "TIFF, 3,000 entries of the same 5 MB": files.tiff_shared,
    "NRRD, gzip, 44000 x 40000": partial(files.nrrd, rows=44_000, columns=40_000, mebibytes=1680),
    "NRRD, gzip, at the limit": partial(
        files.nrrd, rows=AT_LIMIT[0], columns=AT_LIMIT[1], mebibytes=64
    ),
    "MetaImage, zlib, at the limit": files.metaimage,
    "NIfTI, gzip, 32000 x 32000 x 2": partial(
        files.nifti, shape=(32000, 32000, 2), size=2_048_000_000
    ),
    "NIfTI, gzip, at the limit": partial(
        files.nifti, shape=AT_LIMIT, size=AT_LIMIT[0] * AT_LIMIT[1], noise=400_000
    ),
    "NIfTI, gzip, values after 30 GB": partial(
        files.nifti, shape=(4, 4), size=1 << 32, offset=3e10
    ),
}
_tables: dict[str, Callable[[Path], Path]] = {
    "xlsx, 3,000,000 rows": lambda f: xlsx(f, _FIRST + f"<row>{_CELL}</row>" * 3_000_000),
    "xlsx, a cell at XFD1048576": lambda f: xlsx(
        f, _FIRST + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "xlsx, shared texts": shared,
    "xlsx, a dimension of all cells": lambda f: xlsx(
        f, _FIRST + f"<row>{_CELL}</row>", '<dimension ref="A1:XFD1048576"/>'
    ),
    "xlsx, a text of 400 MB": lambda f: xlsx(
        f, f'{_FIRST}<row><c t="inlineStr"><is><t>{"x" * 400_000_000}</t></is></c></row>'
    ),
    "xlsx, 1,000,000 elements in each other": lambda f: xlsx(f, "<row>" * 1_000_000),
    "xlsx, a directory of 2,000,000 entries": partial(files.long_directory, name="x.xlsx"),
    "ods, repeated cells": ods_repeats,
    "ods, a directory of 2,000,000 entries": partial(files.long_directory, name="x.ods"),
    "xls, 2,400,000 cells": old_workbook,
    "CSV, gzip, 67,000,000 rows": csv_gz,
    "CSV, 1,000,000 columns": lambda f: saved(f, "x.csv", b"id" + b",a" * 1_000_000 + b"\n1\n" * 3),
    "CSV, a cell of 100 MB": lambda f: saved(f, "x.csv", b'id,v\n1,"' + b"x" * 100_000_000),
}
_texts: dict[str, tuple[str, Callable[[], bytes], Callable[[Path], object]]] = {
    "TOML, 100,000 arrays in each other": (
        "study.toml", lambda: b"a = " + b"[" * 100_000, doors.plan
    ),
    "TOML, a key of 300,000 parts": (
        "study.toml", lambda: b"a" + b".a" * 300_000 + b" = 1", doors.plan
    ),
    "TOML, 200 MB": ("study.toml", lambda: b"# " + b"x" * 200_000_000, doors.plan),
    "TOML of radiomics, 60,000 arrays in each other": (
        "p.toml", lambda: b"a = " + b"[" * 60_000, read_parameters
    ),
    "YAML, references to references": ("p.yaml", references, read_parameters),
    "YAML, 60,000 lists in each other": ("p.yaml", lambda: b"[" * 60_000, read_parameters),
    "JSON of radiomics, 100,000 lists in each other": (
        "p.json", lambda: b"[" * 100_000, read_parameters
    ),
}  # fmt: skip

BOMBS: list[Bomb] = [
    *(Bomb(name, make, doors.image) for name, make in _images.items()),
    *(Bomb(name, make, doors.table) for name, make in _tables.items()),
    *(
        Bomb(f"Parquet, {kind}", partial(parquet, kind=kind), doors.table)
        for kind in ("dictionary", "rows", "deltas", "one text")
    ),
    *(
        Bomb(name, lambda f, n=file, c=content: saved(f, n, c()), door)
        for name, (file, content, door) in _texts.items()
    ),
    Bomb("bundle, JSON of 256 MiB", lambda f: files.bundle_of(f, predictor_json=lists()),
         doors.bundle),
    Bomb("bundle, 200,000 lists in each other",
         lambda f: files.bundle_of(f, context_json=b"[" * 200_000), doors.bundle),
    Bomb("bundle, a number of 100,000 digits",
         lambda f: files.bundle_of(f, context_json=b'{"x":' + b"9" * 100_000 + b"}"), doors.bundle),
    Bomb("bundle, a directory of 2,000,000 entries", partial(files.long_directory, name="x.zip"),
         read_model),
    *(
        Bomb(f"safetensors, {kind}", partial(safetensors, kind=kind), doors.weights)
        for kind in ("a header of 2^63", "numbers beyond the end", "numbers that overlap",
                     "a million tensors", "a nested header")
    ),
    Bomb("pth, 2 GiB of zeros", pth, doors.weights),
    *(
        Bomb(f"ONNX, {kind}", partial(onnx, kind=kind), open_onnx)
        for kind in ("constant", "doubling")
    ),
    *(
        Bomb(f"ledger, {name}", partial(ledger, definition=text), use_store)
        for name, text in LEDGERS.items()
    ),
    *(Bomb(f"for SimpleITK: {name}", _images[name], as_simpleitk)
      for name in ("DICOM, deflated, 4 GiB", "TIFF, directories in a circle",
                   "NRRD, gzip, 44000 x 40000", "NIfTI, gzip, values after 30 GB")),
    *(Bomb(f"stored features, {kind}", partial(shard, kind=kind), read_shard)
      for kind in ("values", "keys")),
]  # fmt: skip
