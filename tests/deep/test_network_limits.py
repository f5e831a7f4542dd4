"""ONNX files of some hundred bytes that ask for gigabytes or for ever are ended, in words."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deep.test_external import field, settings_for, value_info, write_onnx
from trephine.deep import confined
from trephine.deep.external import open_external
from trephine.deep.network_limits import NetworkLimits
from trephine.deep.onnx_check import check_onnx
from trephine.errors import InputError
from trephine.limits import state_limits

onnxruntime = pytest.importorskip("onnxruntime")

MIB = 1 << 20


@pytest.fixture(autouse=True)
def none_stated() -> Iterator[None]:
    """Leaves no limits behind."""
    state_limits({})
    yield
    state_limits({})


def node(kind: str, sources: list[str], target: str, *more: bytes) -> bytes:
    named = b"".join(field(1, source) for source in sources)
    return field(1, named + field(2, target) + field(4, kind) + b"".join(more))


def whole(name: str, number: int) -> bytes:
    return field(5, field(1, name) + field(3, number) + field(20, 2))


def sizes(name: str, *numbers: int, scalar: bool = False) -> bytes:
    shape = b"" if scalar else field(1, len(numbers))
    raw = struct.pack(f"<{len(numbers)}q", *numbers)
    return field(5, shape + field(2, 7) + field(8, name) + field(9, raw))


def network(nodes: bytes, more: bytes = b"", pooled: str | None = "big") -> bytes:
    if pooled is not None:
        nodes += node("GlobalAveragePool", [pooled], "pooled") + node("Flatten", ["pooled"], "flat")
    graph = nodes + field(2, "net") + more
    graph += field(11, value_info("x", ["n", 3, "h", "w"]))
    graph += field(12, value_info("flat", ["n", "d"]))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def constant() -> bytes:
    return network(node("ConstantOfShape", ["s"], "big"), sizes("s", 4096, 1024, 32, 32))


def doubling(start: str) -> bytes:
    """A value joined to itself, again and again; ``k`` is known before anything runs."""
    more = field(5, field(1, 1) * 4 + field(2, 1) + field(8, "k") + field(9, b"\0\0\x80?"))
    nodes, last = b"", start
    for step in range(32):
        nodes += node("Concat", [last, last], f"v{step}", whole("axis", 2))
        last = f"v{step}"
    nodes += node("ReduceMean", [last], "mean") + node("Mul", ["x", "mean"], "big")
    return network(nodes, more)


def endless() -> bytes:
    def plain(name: str, kind: int, shape: bytes = field(2, b"")) -> bytes:
        return field(1, name) + field(2, field(1, field(1, kind) + shape))

    body = node("Identity", ["go"], "on") + node("Relu", ["held"], "next") + field(2, "body")
    body += field(11, plain("turn", 7)) + field(11, plain("go", 9))
    body += field(11, plain("held", 1, b"")) + field(12, plain("on", 9))
    body += field(12, plain("next", 1, b""))
    loop = field(5, field(1, "body") + field(6, body) + field(20, 5))
    true = field(5, field(2, 9) + field(8, "true") + field(9, b"\1"))
    more = sizes("turns", 1 << 62, scalar=True) + true
    return network(node("Loop", ["turns", "true", "x"], "big", loop), more)


def wide() -> bytes:
    mean = node("ReduceMean", ["x"], "mean", whole("keepdims", 1))
    more = sizes("s", 1, (1 << 24) + 1)
    grown = node("ConstantOfShape", ["s"], "k") + mean + node("Flatten", ["mean"], "m")
    return network(grown + node("Add", ["m", "k"], "flat"), more, pooled=None)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (constant(), r"cannot be run.*memory_bytes under \[limits\.network\]"),
        (doubling("x"), r"cannot be run.*memory_bytes"),
        (doubling("k"), r"needs more memory than memory_bytes|more than \d+ MiB of memory"),
        (endless(), r"more than 1 seconds of a processor.*TREPHINE_NETWORK_LIMITS=seconds="),
        (wide(), r"expected one vector a case, found \(1, 16777217\)"),
    ],
    ids=["constant", "doubling", "doubling while it opens", "endless", "wide"],
)
def test_a_network_that_asks_for_too_much_is_ended_and_costs_its_reader_nothing(
    content: bytes, told: str, tmp_path: Path
) -> None:
    state_limits({"network": {"memory_bytes": 400 * MIB, "seconds": 1}})
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    before = resident()
    with pytest.raises(InputError, match=told) as seen:
        open_external(settings_for(path, threads=1))
    assert resident() - before < 100 * MIB
    assert len(str(seen.value)) < 800


def resident() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    return int(status.read_text().partition("VmRSS:")[2].split()[0]) << 10


def test_a_file_of_millions_of_fields_is_not_walked_to_its_end() -> None:
    content = network(b"", field(13, b"") * 1_000_001)
    with pytest.raises(InputError, match=r"at most 1000000 fields in net\.onnx"):
        check_onnx(content, "net.onnx")


def test_large_inputs_go_to_the_process_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_onnx(tmp_path / "net.onnx")
    opened = open_external(settings_for(tmp_path / "net.onnx", threads=1))
    crops = np.random.default_rng(3).normal(size=(5, 3, 64, 64)).astype(np.float32)
    whole_batch = opened.features(crops)
    sent: list[int] = []
    run = confined.ConfinedReader._run

    def counted(reader: confined.ConfinedReader, batch: np.ndarray) -> np.ndarray:
        sent.append(len(batch))
        return run(reader, batch)

    monkeypatch.setattr(confined, "PIXELS_IN_MEMORY", 2 * opened.reader._pixels)
    monkeypatch.setattr(confined.ConfinedReader, "_run", counted)
    np.testing.assert_allclose(opened.features(crops), whole_batch, rtol=1e-6)
    assert sent == [2, 2, 1]


def test_what_a_network_may_use_grows_with_its_file_its_threads_and_its_input() -> None:
    limits = NetworkLimits(memory_bytes=800 * MIB, seconds=8)
    assert limits.memory_for(10 * MIB, 224**2, 2) == (800 + 40 + 32) * MIB
    assert limits.memory_for(0, 2048**2, 1) == (4 * 800 + 16) * MIB
    assert limits.seconds_for(1, 224**2) == 8
    assert limits.seconds_for(4, 1024**2) == 8 * 4 * 4


def test_a_limit_of_networks_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREPHINE_NETWORK_LIMITS", "seconds=soon")
    with pytest.raises(InputError, match=r"expected numbers for memory_bytes, seconds"):
        NetworkLimits.in_force()
