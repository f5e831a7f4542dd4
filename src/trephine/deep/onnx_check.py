"""Looking through an ONNX file for what it should not have, before its library opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trephine.errors import InputError

# protobuf itself ends at 2 GiB.
MOST_BYTES = (2 << 30) - 1
_DEEPEST = 32
# Networks for images have some thousand; opening one of 300,000 takes half a minute.
_MOST_NODES = 50_000
# A node has some ten fields; weights written number by number would have millions.
_MOST_FIELDS = 1_000_000
_DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
_EXTERNAL = 1  # TensorProto.DataLocation

# Field numbers of onnx.proto, by message: which fields are messages of which kind.
_MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _NoProtobuf(Exception):  # noqa: N818 - never leaves this module
    """The bytes are no message."""


@dataclass
class _Found:
    """What was met on the way."""

    has_graph: bool = False
    nodes: int = 0
    fields: int = 0
    is_external: bool = False
    domains: set[bytes] = field(default_factory=set)
    own: set[bytes] = field(default_factory=set)


def check_onnx(content: bytes, name: str) -> None:
    """Refuse an ONNX file with data in other files or operators of other libraries.

    Parameters
    ----------
    content
        The file's bytes.
    name
        Of the file, for messages.

    Raises
    ------
    InputError
        If it is no ONNX network in protobuf, names other files, or uses operators that are
        neither ONNX's nor functions written in the file itself.
    """
    found = _Found()
    try:
        if len(content) > MOST_BYTES:
            raise _NoProtobuf
        _walk(memoryview(content), "model", found, 0)
    except _NoProtobuf:
        found.has_graph = False
    if not found.has_graph:
        raise InputError(
            f"deep.backbone: {name} is damaged or not an ONNX network (it is not a protobuf"
            " message)"
        )
    if found.nodes > _MOST_NODES:
        raise InputError(
            f"deep.backbone: expected at most {_MOST_NODES} operators in {name}, found more"
        )
    if found.fields > _MOST_FIELDS:
        raise InputError(
            f"deep.backbone: expected at most {_MOST_FIELDS} fields in {name}, found more; export"
            " it with its weights as raw data"
        )
    if found.is_external:
        raise InputError(
            f"deep.backbone: expected all weights of {name} in the file itself, found external"
            " data, which is not read; save it with save_as_external_data=False"
        )
    if strange := sorted(found.domains - _DOMAINS - found.own):
        names = ", ".join(repr(domain.decode("ascii", "replace")[:40]) for domain in strange[:3])
        raise InputError(
            f"deep.backbone: expected operators of ONNX in {name}, found those of {names}; export"
            " it with the standard operators alone"
        )


def _walk(message: memoryview, kind: str, found: _Found, depth: int) -> None:
    if depth > _DEEPEST:
        raise _NoProtobuf
    found.nodes += kind == "node"
    if found.nodes > _MOST_NODES:
        return
    inside = _MESSAGES.get(kind, {})
    for number, wire, value in _fields(message):
        found.fields += 1
        if found.fields > _MOST_FIELDS:
            return
        if isinstance(value, memoryview):
            if kind == "model" and number == 7:
                found.has_graph = True
            _note_text(kind, number, value, found)
            if number in inside:
                _walk(value, inside[number], found, depth + 1)
        elif number in inside:
            raise _NoProtobuf
        if kind == "tensor" and (
            number == 13 or (number == 14 and wire == _VARINT and value == _EXTERNAL)
        ):
            found.is_external = True


def _note_text(kind: str, number: int, value: memoryview, found: _Found) -> None:
    if (kind, number) in (("node", 7), ("opset", 1)):
        found.domains.add(bytes(value[:200]))
    elif (kind, number) == ("function", 10):
        found.own.add(bytes(value[:200]))


def _fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield number, wire type and value of each field; groups, long out of use, are refused."""
    place, end = 0, len(message)
    while place < end:
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        value: int | memoryview
        if wire == _VARINT:
            value, place = _varint(message, place)
        elif wire == _BYTES:
            size, place = _varint(message, place)
            value, place = message[place : place + size], place + size
        elif wire in (_FIXED64, _FIXED32):
            width = 8 if wire == _FIXED64 else 4
            value, place = message[place : place + width], place + width
            if place <= end:
                value = int.from_bytes(value, "little")
        else:
            raise _NoProtobuf
        if place > end or number == 0:
            raise _NoProtobuf
        yield number, wire, value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise _NoProtobuf
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise _NoProtobuf
