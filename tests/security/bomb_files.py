"""Small files that ask for much: each maker writes one into a folder and returns its path."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image as Pillow
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from security.seeds import radiograph, summed

ZEROS = bytes(1 << 24)
AT_LIMIT = (7873, 7874)  # rows and columns: just within 62,000,000 pixels
NIFTI = {"u1": (2, 8), "u2": (512, 16)}


def deflated(mebibytes: int, bits: int = -zlib.MAX_WBITS) -> bytes:
    """Return so many MiB of zeros as one stream: a block that stands again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    head = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (mebibytes // 16 - 1) + packer.flush()


def gzipped(size: int, before: bytes = b"", noise: int = 0) -> bytes:
    """Return bytes and so many zeros, gzipped in members, some bytes of each not zero."""
    grey = np.random.default_rng(5).bytes(noise)
    members, rest = divmod(size, len(ZEROS))
    whole = gzip.compress(grey + ZEROS[noise:], 9) * members
    return gzip.compress(before, 9) + whole + gzip.compress(ZEROS[:rest], 9)


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# Images


def dicom(folder: Path, dataset: Dataset) -> Path:
    path = folder / "x.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def dicom_coded(
    folder: Path, syntax: str, frame: bytes, rows: int, columns: int, bits: int
) -> Path:
    dataset = radiograph()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dicom(folder, dataset)


def dicom_deflated(folder: Path) -> Path:
    dataset = radiograph()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO(bytes(128) + b"DICM")
    buffer.seek(0, io.SEEK_END)
    pydicom.filewriter.write_file_meta_info(buffer, dataset.file_meta)
    private = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = private.compress(struct.pack("<HH2sHI", 9, 0x1001, b"OB", 0, 0xFFFFFFF0))
    return saved(folder, "x.dcm", buffer.getvalue() + head + private.flush(zlib.Z_FULL_FLUSH)
                 + deflated(4000))  # fmt: skip


def dicom_rle(folder: Path) -> Path:
    rows, columns = AT_LIMIT
    runs = b"\x81\x00" * (-(-columns // 128)) * rows  # 128 zeros in two bytes
    segments = struct.pack("<16I", 2, 64, 64 + len(runs), *[0] * 13) + runs * 2
    return dicom_coded(folder, RLELossless, segments, rows, columns, 16)


def dicom_jpeg(folder: Path) -> Path:
    buffer = io.BytesIO()
    Pillow.fromarray(np.zeros(AT_LIMIT, np.uint8)).save(buffer, "JPEG")
    return dicom_coded(folder, JPEGBaseline8Bit, buffer.getvalue(), *AT_LIMIT, 8)


def dicom_jpeg2000(folder: Path, *, lying: bool = False) -> Path:
    """At the limit, where a pixel counts twice; or a codestream that says more than the header."""
    side = 512 if lying else 5567
    buffer = io.BytesIO()
    spots = np.zeros((side, side), np.uint8)
    spots[::16, ::16] = 200  # nothing at all would be refused for its size
    Pillow.fromarray(spots).save(buffer, "JPEG2000", no_jp2=True)
    frame = bytearray(buffer.getvalue())
    if lying:
        place = frame.index(b"\xff\x51") + 6
        frame[place : place + 8] = struct.pack(">2I", 60000, 60000)
    return dicom_coded(folder, JPEG2000Lossless, bytes(frame), side, side, 8)


def dicom_frames(folder: Path) -> Path:
    dataset = radiograph()
    dataset.NumberOfFrames = 2**31 - 1
    return dicom(folder, dataset)


def segmentation(folder: Path, *, frames: int, items: int) -> Path:
    """A segmentation that says how many frames it has, and describes some of them."""
    dataset = radiograph()
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
    dataset.Modality, dataset.SegmentationType = "SEG", "BINARY"
    dataset.NumberOfFrames = frames
    dataset.Rows = dataset.Columns = 4096
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "x"
    dataset.SegmentSequence = [segment]
    item = Dataset()
    item.SegmentIdentificationSequence = [Dataset()]
    item.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 1
    dataset.PerFrameFunctionalGroupsSequence = Sequence([item] * items)
    dataset.PixelData = bytes(64)
    dataset["PixelData"].VR = "OB"
    return dicom(folder, dataset)


def sequences(folder: Path) -> Path:
    from security.test_what_held import dicom_head

    deeper = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    deeper += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return saved(folder, "x.dcm", dicom_head() + deeper * 100_000)


def dicom_elements(folder: Path) -> Path:
    from security.test_what_held import dicom_head

    parts = (struct.pack("<HH2sH", 9 + 2 * (n >> 16), n & 0xFFFF, b"LO", 0) for n in range(10**6))
    return saved(folder, "x.dcm", dicom_head() + b"".join(parts))


def dicom_items(folder: Path) -> Path:
    from security.test_what_held import dicom_head

    sequence = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 8 * 10**6)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 10**6
    return saved(folder, "x.dcm", dicom_head() + sequence + items)


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(folder: Path, rows: int, columns: int, values: bytes, before: bytes = b"") -> Path:
    """Write a 16-bit PNG; ``before`` stands between header and values, its sums as they are."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, 0))
    return saved(folder, "x.png", b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", values)
                 + chunk(b"IEND", b""))  # fmt: skip


def png_within(folder: Path) -> Path:
    return png(folder, *AT_LIMIT, deflated(128, zlib.MAX_WBITS))


def png_beyond(folder: Path) -> Path:
    return png(folder, 65000, 65000, deflated(128, zlib.MAX_WBITS))


def png_named(folder: Path, kind: bytes, before: bytes) -> Path:
    """A small PNG whose text or colour profile inflates to a gigabyte."""
    return png(folder, 4, 4, zlib.compress(bytes(36)),
               chunk(kind, before + deflated(1024, zlib.MAX_WBITS)))  # fmt: skip


def png_chunks(folder: Path) -> Path:
    """Half a million chunks before the values."""
    return png(folder, 4, 4, zlib.compress(bytes(36)), chunk(b"tIME", bytes(7)) * 500_000)


def tiff(folder: Path, entries: list[tuple[int, int, int, int]], more: bytes, after: int) -> Path:
    """Write one directory of (tag, type, count, value) at 8, then bytes; ``after`` is the next."""
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = struct.pack("<2sHI", b"II", 42, 8) + directory + struct.pack("<I", after)
    return saved(folder, "x.tif", head + more)


def tiff_tags(rows: int, columns: int, place: int, size: int, coding: int = 1) -> list[
    tuple[int, int, int, int]
]:  # fmt: skip
    return [(256, 4, 1, columns), (257, 4, 1, rows), (258, 3, 1, 16), (259, 3, 1, coding),
            (262, 3, 1, 1), (273, 4, 1, place), (277, 3, 1, 1), (278, 4, 1, rows),
            (279, 4, 1, size)]  # fmt: skip


def tiff_loop(folder: Path) -> Path:
    """Directories in a circle."""
    return tiff(folder, tiff_tags(4, 4, 122, 32), bytes(32), 8)


def tiff_strips(folder: Path) -> Path:
    """As many strips as a count can say, all beyond the end."""
    tags = [tag for tag in tiff_tags(4, 4, 122, 32) if tag[0] not in (273, 279)]
    return tiff(folder, [*tags, (273, 4, 0xFFFFFFF0, 122), (279, 4, 0xFFFFFFF0, 122)], bytes(32), 0)


def tiff_shared(folder: Path) -> Path:
    """Entries that each name the same five megabytes."""
    shared = [(40_000 + number, 7, 5_000_000, 8) for number in range(3000)]
    return tiff(folder, [*tiff_tags(4, 4, 36_122, 32), *shared], bytes(5_000_000), 0)


def tiff_within(folder: Path) -> Path:
    content = deflated(128, zlib.MAX_WBITS)
    return tiff(folder, tiff_tags(*AT_LIMIT, 122, len(content), 8), content, 0)


def nrrd(folder: Path, rows: int, columns: int, mebibytes: int) -> Path:
    head = f"NRRD0004\ntype: uint8\ndimension: 2\nsizes: {columns} {rows}\nencoding: gzip\n"
    head += "spacings: 1 1\n\n"
    return saved(folder, "x.nrrd", head.encode() + gzipped(mebibytes << 20))


def metaimage(folder: Path) -> Path:
    rows, columns = AT_LIMIT
    content = deflated(64, zlib.MAX_WBITS)
    head = (
        "ObjectType = Image\nNDims = 2\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"CompressedData = True\nCompressedDataSize = {len(content)}\nElementSpacing = 1 1\n"
        f"DimSize = {columns} {rows}\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    )
    return saved(folder, "x.mha", head.encode() + content)


def nifti(
    folder: Path, shape: tuple[int, ...], size: int, offset: float = 352, noise: int = 0
) -> Path:
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    struct.pack_into("<2h", head, 70, *NIFTI["u1"])
    struct.pack_into("<8f", head, 76, *[1.0] * 8)
    struct.pack_into("<3f", head, 108, offset, 1, 0)
    struct.pack_into("<2h", head, 252, 0, 1)
    struct.pack_into("<12f", head, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    head[123], head[344:348] = 2, b"n+1\0"
    return saved(folder, "x.nii.gz", gzipped(size, bytes(head), noise))


# Archives


def entry(
    name: bytes, *, size: int = 0, packed: int = 0, place: int = 0, more: bytes = b""
) -> bytes:
    """Return a line of a zip file's directory."""
    head = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 45, 0, 0, 0, 0, 0, 0, packed, size,
                       len(name), len(more), 0, 0, 0, 0, place)  # fmt: skip
    return head + name + more


def end(count: int, size: int, place: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, size, place, 0)


def end64(count: int, size: int, place: int, here: int) -> bytes:
    """Return the two records of zip64 and the one of old that points to them."""
    big = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, place)
    big += struct.pack("<4sLQL", b"PK\6\7", 0, here, 1)
    return big + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def local(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4s2B4HL2L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, zlib.crc32(content),
                       len(content), len(content), len(name), 0) + name + content  # fmt: skip


def directories(name: bytes) -> dict[str, bytes]:
    """Return archives whose directory lies, with one member of this name."""
    whole, line = local(name, b"{}"), entry(name, size=2, packed=2)
    far = struct.pack("<HHQQQ", 1, 24, 5, 5, 2**63 + 5)
    beyond = entry(name, size=0xFFFFFFFF, packed=0xFFFFFFFF, place=0xFFFFFFFF, more=far)
    broken = entry(name, size=0xFFFFFFFF, packed=2, more=struct.pack("<HH", 1, 2) + b"xx")
    huge = entry(name, size=2**32 - 2, packed=2)
    return {
        "a place of 2^63": beyond + end(1, len(beyond), 0),
        "a directory of 2^63": line + end64(1, 2**63 + 9, 2**63, len(line)),
        "a count of 2^40": whole + line + end64(2**40, len(line), len(whole), len(whole + line)),
        "a member of 4 GiB in 2 bytes": whole + huge + end(1, len(huge), len(whole)),
        "members that overlap": whole + line * 2 + end(2, 2 * len(line), len(whole)),
        "a place before the file": line + end(1, len(line), 500),
        "a broken field of zip64": whole + broken + end(1, len(broken), len(whole)),
    }


def long_directory(folder: Path, name: str) -> Path:
    """Two million entries without a name."""
    lines = entry(b"") * 2_000_000
    return saved(folder, name, lines + end(2_000_000, len(lines), 0))


def bundle_of(folder: Path, **parts: bytes) -> Path:
    """A model's archive, some of its files exchanged, with sums that fit."""
    from security.seeds import bundle

    (whole,) = bundle(folder)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.replace(".", "_"), old.read(name)))
    return saved(folder, "x.zip", summed(made.getvalue()))
