"""A confined process that hangs, dies, eats memory, starts others or answers falsely."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from trephine.apart.child_pipe import ChildPipe
from trephine.deep import confined
from trephine.deep.checkpoint import NetworkFile
from trephine.deep.external import ExternalNetwork
from trephine.deep.settings import DeepSettings
from trephine.deep.weights import WeightsRecord
from trephine.errors import InputError

FILE = NetworkFile("net.pt2", b"any bytes", "0" * 64)
SETTINGS = DeepSettings(backbone="net.pt2", input_size=32, mean=(0.0,), std=(1.0,), threads=1)
CROPS = np.zeros((2, 1, 32, 32), np.float32)
FIRST = '{"runtime": "torch", "place": "cpu, confined", "fixed_batch": null, "lacking": []}'

# A process in the network's place: takes the file, says `first`, then does `then` for each batch.
_PLAYED = """
import json, os, sys, time
questions, answers = sys.stdin.buffer, sys.stdout.buffer
def say(head, content=b""):
    answers.write((head if isinstance(head, bytes) else head.encode()) + b"\\n" + content)
    answers.flush()
def taken():
    head = json.loads(questions.readline())
    questions.read(head["size"])
    return head
{first}
while True:
    head = taken()
    n = head["shape"][0]
    {then}
"""
OPENED = f"taken(); say({FIRST!r})"

Play = Callable[..., confined.ConfinedReader]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Opens a network whose process is played."""

    def open_played(
        first: str = OPENED,
        then: str = "pass",
        file: NetworkFile = FILE,
        waits: tuple[float, float] = (30.0, 30.0),
    ) -> confined.ConfinedReader:
        monkeypatch.setattr(confined, "OPEN_SECONDS", waits[0])
        monkeypatch.setattr(confined, "BATCH_SECONDS", waits[1])
        text = _PLAYED.replace("{first}", first).replace("{then}", then)
        monkeypatch.setattr(confined, "_START", text)
        return confined.ConfinedReader(SETTINGS, file)

    return open_played


def gone(reader: confined.ConfinedReader) -> bool:
    """Whether no process of the reader's group is left that could still do something."""
    if not Path("/proc/self/stat").exists():
        return reader._pipe._process.returncode is not None
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            _, _, rest = path.read_text().rpartition(") ")
            state, _, group, *_ = rest.split()
            states += [state] if int(group) == reader._pipe.pid else []
    return set(states) <= {"Z", "X"}


def test_an_honest_process_is_read(play: Play) -> None:
    reader = play(then="say(json.dumps({'shape': [n, 3]}), b'\\0\\0\\x80?' * (3 * n))")
    for _ in range(2):
        np.testing.assert_array_equal(reader(CROPS), np.ones((2, 3), np.float32))
    assert (reader.place, reader.fixed_batch) == ("cpu, confined", None)


@pytest.mark.parametrize(
    "first",
    [
        "time.sleep(60)",  # reads nothing
        "taken(); time.sleep(60)",
        "answers.write(b'{'); answers.flush(); time.sleep(60)",  # begins to answer
    ],
)
def test_a_process_that_hangs_while_it_opens_is_ended_by_the_clock_on_the_wall(
    play: Play, first: str
) -> None:
    begun = time.monotonic()
    # More than the pipe holds: a process that reads nothing must not hold up its writer either.
    with pytest.raises(InputError, match=r"net\.pt2 gave no answer in 0\.4 seconds and was ended"):
        play(first, file=NetworkFile("net.pt2", bytes(1 << 20), "0" * 64), waits=(0.4, 30))
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "then",
    [
        "time.sleep(60)",
        "while True: pass",
        "say(json.dumps({'shape': [n, 3]}), b'1234'); time.sleep(60)",  # the rest never comes
    ],
)
def test_a_process_that_hangs_in_a_batch_is_ended_and_stays_so(play: Play, then: str) -> None:
    reader = play(then=then, waits=(30, 0.2))
    with pytest.raises(InputError, match=r"gave no answer in 0\.2 seconds"):
        reader(CROPS)
    assert gone(reader)
    with pytest.raises(InputError, match=r"deep\.backbone: the process that runs net\.pt2"):
        reader(CROPS)


@pytest.mark.parametrize("how", ["os._exit(0)", "os.abort()", "os.kill(os.getpid(), 9)"])
def test_a_process_that_dies_is_said_to_have_ended(play: Play, how: str) -> None:
    for first in (how, OPENED):
        with pytest.raises(InputError, match=r"that runs net\.pt2 ended"):
            play(first, how)(CROPS)


ANSWERS = {
    "nothing": "",
    "no JSON": "x\x00\x1b[2J",
    "a list": "[]",
    "a number": "7",
    "a text": '"error"',
    "nothing known": "{}",
    "too long": "1" * 70_000,
    "too deep": "[" * 60_000,
    "no number": '{"shape": [NaN, 3]}',
    "infinity": '{"shape": [Infinity, 3]}',
    "too large a number": '{"shape": [1e999, 3]}',
    "a long number": '{"shape": [' + "9" * 5000 + ", 3]}",
    "a negative length": '{"shape": [-2, -3]}',
    "a truth": '{"shape": [true, 3]}',
    "a text for a shape": '{"shape": "23"}',
    "many axes": '{"shape": [1,1,1,1,1,1,1,1,1]}',
    "more than there is memory": '{"shape": [1048576, 1048576]}',
    "an error that is none": '{"error": {"a": 1}}',
    "an error of nothing": '{"error": null}',
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_false_answers_end_the_process_with_a_sentence(play: Play, answer: str) -> None:
    # One process for each: starting it takes longest.
    of_a_batch = "shape" in answer or "error" in answer
    first, then = (OPENED, f"say({answer!r})") if of_a_batch else (f"taken(); say({answer!r})", "")
    if True:
        with pytest.raises(
            InputError, match=r"that runs net\.pt2 answered with .*was ended"
        ) as seen:
            play(first, then)(CROPS)
        assert str(seen.value).isprintable()
        assert len(str(seen.value)) < 300


@pytest.mark.parametrize(
    "changed",
    [{"runtime": 7}, {"place": None}, {"fixed_batch": "2"}, {"fixed_batch": True},
     {"fixed_batch": 0}, {"fixed_batch": -1}, {"fixed_batch": 1 << 40}, {"lacking": 7},
     {"lacking": [7]}, {"lacking": None}],
)  # fmt: skip
def test_a_false_first_answer_ends_the_process(play: Play, changed: dict[str, object]) -> None:
    first = json.dumps(json.loads(FIRST) | changed)
    with pytest.raises(InputError, match="answered with"):
        play(f"taken(); say({first!r})")


@pytest.mark.parametrize("shape", ["[]", "[3]", "[n + 1, 3]", "[n, 3, 2]", "[n, 0]"])
def test_numbers_of_another_shape_are_no_features(play: Play, shape: str) -> None:
    answer = f"shape = {shape}; count = 1\n    for k in shape: count *= k\n    "
    reader = play(then=answer + "say(json.dumps({'shape': shape}), bytes(4 * count))")
    record = WeightsRecord("net.pt2", "file", "net.pt2", FILE.sha256)
    with pytest.raises(InputError):
        ExternalNetwork(reader, record, (1, 32, 32))


def test_an_answer_without_end_is_not_kept(play: Play) -> None:
    with pytest.raises(InputError, match="a line of more than 65536 bytes"):
        play("taken()\nwhile True: answers.write(b'x' * 65536)")


def test_what_a_process_says_cannot_move_the_terminal(play: Play) -> None:
    with pytest.raises(InputError) as seen:
        play("taken(); say(json.dumps({'error': 'a\\x1b[2J\\u202eb\\n' * 1000}))")
    assert str(seen.value).isprintable()
    assert len(str(seen.value)) <= 2000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")
def test_what_a_process_started_ends_with_it_and_keeps_nobody_waiting(play: Play) -> None:
    # The second process holds the pipe open when the first has died.
    reader = play(then="os.fork() and os._exit(0); time.sleep(60)", waits=(30, 0.4))
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"gave no answer|ended"):
        reader(CROPS)
    assert time.monotonic() - begun < 10
    while not gone(reader) and time.monotonic() - begun < 20:
        time.sleep(0.05)  # it has been killed; on a busy machine that takes a moment
    assert gone(reader)


def test_a_process_ends_with_its_reader(play: Play) -> None:
    reader = play()
    pipe: ChildPipe = reader._pipe
    del reader
    assert pipe._process.returncode is not None


def run_confined(tries: str) -> list[object]:
    """Run code in a process that has given up what a network has no use for."""
    code = f"""
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from trephine.apart import confinement
lacking = confinement.confine(sys.path)
{tries}
"""
    paths = json.dumps([path for path in sys.path if path])
    command = [sys.executable, "-I", "-B", "-c", code, paths]
    found = subprocess.run(command, capture_output=True, text=True, env={}, check=False)
    return [found.returncode, found.stdout]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own ways")
def test_a_confined_process_starts_no_other_and_signals_none() -> None:
    code, said = run_confined("""
import resource, socket, threading
def refused(do):
    try: do()
    except OSError: return True
    return False
parent = os.getppid()
found = [refused(do) for do in (
    os.fork, lambda: os.posix_spawn("/bin/true", ["true"], {}), lambda: os.kill(parent, 0),
    lambda: resource.prlimit(parent, resource.RLIMIT_CPU), socket.socketpair, socket.socket)]
thread = threading.Thread(target=lambda: found.append("a thread")); thread.start(); thread.join()
print(json.dumps([lacking, found]))
""")
    lacking, found = json.loads(str(said))
    if any("start processes" in part for part in lacking):
        pytest.skip("this system has no filter of calls")
    assert code == 0
    assert found == [True] * 6 + ["a thread"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own ways")
def test_a_confined_process_has_a_limit_of_memory_that_it_cannot_raise() -> None:
    code, said = run_confined("""
import resource
limits = [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)]
try: bytearray(confinement.MEMORY_BYTES)
except MemoryError: limits.append("refused")
try: resource.setrlimit(resource.RLIMIT_AS, (1 << 40,) * 2)
except (ValueError, OSError): limits.append("no way back")
print(json.dumps([lacking, limits]))
""")
    lacking, limits = json.loads(str(said))
    assert code == 0
    assert limits[0] <= 16 << 30
    assert limits[1:3] == [0, "refused"]
    assert limits[3:] == ["no way back"] or any("network" in part for part in lacking)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own ways")
def test_a_process_that_eats_its_memory_is_said_to_have_ended(play: Play) -> None:
    eat = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28,) * 2); x = []"
    reader = play(then=f"{eat}\n    while True: x.append(bytearray(1 << 24))")
    with pytest.raises(InputError, match="more memory than it is given"):
        reader(CROPS)
    assert gone(reader)
