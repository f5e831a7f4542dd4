"""Damage to files as hypothesis draws it: bits, lengths, cuts, splices, header text, members."""

from __future__ import annotations

import gzip
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence

from hypothesis import strategies as st

# Numbers at which readers break: signs, ends of words, sizes that no memory holds.
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
         0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # fmt: skip
WORDS = (b"-1", b"0", b"nan", b"inf", b"1e999", b"99999999999999999999", b"../../x", b"/dev/zero",
         b"\x00", b"\xff\xfe", b"{" * 3000, b"[" * 3000, b"\n" * 50, b"<!ENTITY x 'y'>", b"&x;",
         b"A1:XFD1048576", b'"', b"'", b"\r", b";", b"\t", b"%s%n", b"9" * 5000)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """Draw a file: one of the seeds with one to six wounds, inside its compression or outside."""
    original = draw(st.sampled_from(seeds))
    inside = draw(st.booleans())
    if inside and original[:2] == b"PK":
        return draw(_members(original))
    if inside and original[:2] == b"\x1f\x8b":
        return gzip.compress(draw(_wounded(gzip.decompress(original), seeds)), 1, mtime=0)
    if inside and original[:4] == b"\x89PNG":
        return _with_sums(draw(_wounded(original, seeds)))
    return draw(_wounded(original, seeds))


@st.composite
def _wounded(draw: st.DrawFn, content: bytes, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        wound = draw(st.sampled_from(_WOUNDS))
        # Most of what decides stands at the beginning, so half of the places are drawn there.
        most = max(len(data) - 1, 0)
        place = draw(st.integers(0, min(most, 400)) | st.integers(0, most))
        if wound == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif wound == "byte" and data:
            data[place] = draw(st.integers(0, 255))
        elif wound == "cut":
            del data[place:]
        elif wound == "drop":
            del data[place : place + draw(st.integers(1, 64))]
        elif wound == "repeat":
            piece = data[place : place + draw(st.integers(1, 64))]
            data[place:place] = piece * draw(st.integers(1, 50))
        elif wound == "word":
            word = draw(st.sampled_from(WORDS))
            data[place : place + draw(st.sampled_from((0, len(word))))] = word
        elif wound == "length":
            size = draw(st.sampled_from((1, 2, 4, 8)))
            edge = draw(st.sampled_from(EDGES)) & ((1 << 8 * size) - 1)
            order = draw(st.sampled_from(("little", "big")))
            data[place : place + size] = edge.to_bytes(size, order)
        elif wound == "splice":
            other = draw(st.sampled_from(seeds))
            start = draw(st.integers(0, max(len(other) - 1, 0)))
            data[place : place + 64] = other[start : start + draw(st.integers(1, 256))]
        elif wound == "number":
            data = _another_number(draw, data)
        elif wound == "line":
            data = _moved_line(draw, data)
    return bytes(data)


_WOUNDS = ("flip", "byte", "cut", "drop", "repeat", "word", "length", "splice", "number", "line")


def _another_number(draw: st.DrawFn, data: bytearray) -> bytearray:
    """Put an edge where a number stands as text: header lines, cells, keys."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data[:20000]))
    if not found:
        return data
    number = draw(st.sampled_from(found))
    edge = draw(st.sampled_from((*WORDS[:6], *(str(edge).encode() for edge in EDGES))))
    return data[: number.start()] + edge + data[number.end() :]


def _moved_line(draw: st.DrawFn, data: bytearray) -> bytearray:
    """Put one line in another's place, doubled or exchanged."""
    lines = data.split(b"\n")
    first, second = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[second] = lines[first]
    return bytearray(b"\n".join(lines))


@st.composite
def _members(draw: st.DrawFn, content: bytes) -> bytes:
    """Wound one member of an archive and pack it again, with right sums; or lose or double it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(members)))
    fate = draw(st.sampled_from(("wound", "wound", "wound", "wound", "lose", "double", "rename")))
    pairs = [(n, c) for n, c in members.items() if n != name or fate in ("double", "wound")]
    if fate == "wound":
        wounded = draw(_wounded(members[name], list(members.values())))
        pairs = [(n, wounded if n == name else c) for n, c in pairs]
    elif fate == "double":
        pairs.append((name, members[name]))
    elif fate == "rename":
        other = draw(st.sampled_from(("../x", "/x", "x\\y", "é", "x" * 300, "a/" * 60 + "b")))
        pairs.append((other, members[name]))
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of a double name, which is meant
        for member, value in pairs:
            archive.writestr(member, value)
    return packed.getvalue()


def _with_sums(content: bytes) -> bytes:
    """Make a PNG's checksums right again, so that its decoder goes on to what was wounded."""
    data, place = bytearray(content), 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        end = place + 8 + size
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(data)
