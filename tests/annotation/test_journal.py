"""The journal: nothing that was called saved is lost, and nobody's work is written over."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trephine.annotation.journal import StaleReadingError, append, read_journal
from trephine.annotation.reading import (
    ReadingChange,
    Redo,
    Undo,
    operation_json,
    operation_of,
    reading_of,
)
from trephine.errors import InputError


def region(name: str, x: float = 5.0) -> ReadingChange | Undo | Redo:
    part = {"shape": {"kind": "disc", "centre": [x, 5], "radius_mm": 2}}
    return operation_of(
        {"do": "put region", "region": {"region_id": name, "side": "R", "parts": [part]}}
    )


UNDO, REDO = operation_of({"do": "undo"}), operation_of({"do": "redo"})


def test_what_is_added_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "one.jsonl"
    for revision, name in enumerate("abc"):
        found = append(path, region(name), revision)
        assert found == read_journal(path)
    assert list(found.reading.regions) == ["a", "b", "c"]
    assert found.revision == 3


def test_a_stale_revision_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    first = append(path, region("a"), 0)
    append(path, region("b"), 1)
    before = path.read_bytes()
    for known in (None, first):
        with pytest.raises(StaleReadingError, match="changed elsewhere"):
            append(path, region("c"), 1, known)
    assert path.read_bytes() == before


def test_undo_and_redo_go_on_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    steps = [region("a"), region("a", 9.0), region("b"), UNDO, UNDO, UNDO, REDO, REDO]
    for revision, step in enumerate(steps):
        append(path, step, revision)
    now = read_journal(path).reading
    assert list(now.regions) == ["a"]
    assert now.regions["a"].parts[0].shape.centre == (9.0, 5.0)  # type: ignore[union-attr]
    assert (now.undoable, now.redoable) == (2, 1)
    append(path, region("c"), len(steps))
    assert read_journal(path).reading.redoable == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["a", "b", "undo", "redo"]), max_size=30))
def test_undo_is_the_history_without_its_last_change(steps: list[str]) -> None:
    """A plain version: a list of whole states with a place in it."""
    states: list[dict[str, float]] = [{}]
    place, made = 0, []
    for number, step in enumerate(steps):
        if step == "undo":
            place = max(place - 1, 0)
            made.append(UNDO)
        elif step == "redo":
            place = min(place + 1, len(states) - 1)
            made.append(REDO)
        else:
            states = [*states[: place + 1], {**states[place], step: float(number)}]
            place += 1
            made.append(region(step, float(number)))
    found = {
        name: one.parts[0].shape.centre[0]  # type: ignore[union-attr]
        for name, one in reading_of(made).regions.items()
    }
    assert found == states[place]


def test_a_torn_last_line_is_set_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    append(path, region("a"), 0)
    whole = path.read_bytes()
    append(path, region("b"), 1)
    longer = path.read_bytes()
    for cut in range(len(whole) + 1, len(longer)):
        path.write_bytes(longer[:cut])
        found = read_journal(path)
        assert found.torn
        assert list(found.reading.regions) == ["a"]
    append(path, region("c"), 1, found)
    again = read_journal(path)
    assert not again.torn
    assert list(again.reading.regions) == ["a", "c"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_damaged_line_is_named_and_nothing_is_added_after_it(tmp_path: Path, place: int) -> None:
    path = tmp_path / "one.jsonl"
    for revision in range(3):
        append(path, region("a", revision), revision)
    lines = path.read_text("utf-8").splitlines()
    body = json.loads(lines[place])
    body["operation"]["region"]["side"] = "L"
    lines[place] = json.dumps(body)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(InputError, match=f"whole line {place + 1}"):
        read_journal(path)
    with pytest.raises(InputError, match="damaged"):
        append(path, region("b"), 3)


def test_operations_come_back_from_json_as_they_were() -> None:
    for one in (region("a"), UNDO, operation_of({"do": "set state", "state": "drawn"})):
        assert operation_of(json.loads(json.dumps(operation_json(one)))) == one


NEST: dict[str, object] = {"kind": "disc", "centre": [1, 1], "radius_mm": 1}
for _ in range(3000):
    NEST = {"kind": "group", "parts": [{"shape": NEST}]}


@pytest.mark.parametrize(
    "content",
    [
        None, 7, {}, {"do": "format the disk"},
        {"do": "add part", "region_id": "a"},
        {"do": "put region", "region": {"region_id": "../a"}},
        {"do": "put region", "region": {"region_id": "a", "name": "../../x"}},
        {"do": "put region", "region": {"region_id": "a", "parts": [{"shape": {
            "kind": "disc", "centre": [float("nan"), 1], "radius_mm": 2}}]}},
        {"do": "put region", "region": {"region_id": "a", "parts": [{"shape": {
            "kind": "disc", "centre": [1e9, 1], "radius_mm": 2}}]}},
        {"do": "put region", "region": {"region_id": "a", "parts": [{"shape": NEST}]}},
        {"do": "put measure", "measure": {"measure_id": "m", "kind": "angle", "points": [[1, 1]]}},
        {"do": "set state", "state": "excluded", "reason": " "},
    ],
)  # fmt: skip
def test_what_is_no_operation_is_refused(content: object) -> None:
    with pytest.raises(InputError):
        operation_of(content)


@pytest.mark.parametrize(
    "content",
    [{"do": "undo"}, {"do": "redo"}, {"do": "remove region", "region_id": "z"},
     {"do": "remove measure", "measure_id": "z"},
     {"do": "add part", "region_id": "z", "part": {"shape": {
         "kind": "disc", "centre": [1, 1], "radius_mm": 2}}}],
)  # fmt: skip
def test_an_operation_on_what_is_not_there_is_refused(
    tmp_path: Path, content: dict[str, object]
) -> None:
    path = tmp_path / "one.jsonl"
    with pytest.raises(InputError, match="operation: expected"):
        append(path, operation_of(content), 0)
    assert read_journal(path).revision == 0


WRITER = """
import sys
from pathlib import Path
from trephine.annotation.journal import append, read_journal
from trephine.annotation.reading import operation_of
path = Path(sys.argv[1])
n = read_journal(path).revision
while True:
    part = {"shape": {"kind": "disc", "centre": [n, 5], "radius_mm": 2}}
    one = {"do": "put region", "region": {"region_id": f"r{n}", "parts": [part]}}
    append(path, operation_of(one), n)
    n += 1
    print(n, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_called_saved(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    for round_ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE,
                              text=True) as writer:  # fmt: skip
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(0.05 * round_)
            writer.kill()
            said = [int(line) for line in (first + writer.stdout.read()).split()]
        assert read_journal(path).revision >= max(said)
