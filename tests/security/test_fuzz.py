"""A minute of mutated files: every one is read or refused in words. `make fuzz` takes its time."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest

from security.doors import DOORS, NAMES
from security.fuzz import Outcome, fuzz, make_seeds
from security.seeds import SEEDS

# As in conftest: CI answers for the change and not for the dice. TREPHINE_FUZZ_SEED sets it.
SEED = int(
    os.environ.get("TREPHINE_FUZZ_SEED") or (0 if "CI" in os.environ else random.getrandbits(32))
)
SECONDS = 5.0
COUNT = 300


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    make_seeds(folder, list(SEEDS))
    return folder


@pytest.mark.parametrize("kind", SEEDS)
def test_the_files_that_are_mutated_are_whole(corpus: Path, tmp_path: Path, kind: str) -> None:
    for seed in sorted((corpus / kind).iterdir()):
        path = tmp_path / NAMES[kind]
        path.write_bytes(seed.read_bytes())
        DOORS[kind](path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SEEDS)
def test_a_mutated_file_is_read_or_refused_in_words(corpus: Path, kind: str) -> None:
    keep = Path(tempfile.mkdtemp(prefix="trephine-fuzz-"))
    outcome = fuzz(kind, corpus, keep, COUNT, SECONDS, SEED)
    assert outcome.tried >= 10
    found = sorted({finding.what for finding in outcome.findings})
    again = f"TREPHINE_FUZZ_SEED={SEED} again gives them; the files are in {keep}"
    assert not found, "\n".join([again, *found])


DYING = """
import os, sys, time
import security.doors
def door(path):
    {act}
security.doors.DOORS["png"] = door
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("import warnings; warnings.warn('x')", "warning UserWarning"),
        ("counted(path) and os.abort()", "process lost with code -6"),
        ("counted(path) and time.sleep(30)", "hang"),
        ("counted(path) and b'x' * (1300 << 20)", "memory"),
    ],
)
def test_the_fuzzer_sees_what_must_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, told: str
) -> None:
    make_seeds(tmp_path / "corpus", ["png"])
    # A door that does it from its third file on; the first is the whole one that starts a child.
    counted = "counted = lambda path, n=[0]: n.__setitem__(0, n[0] + 1) or n[0] == 3\n"
    script = tmp_path / "dying.py"
    script.write_text(counted + DYING.format(act=act))
    monkeypatch.setattr("security.fuzz.CHILD", [str(script), security_fuzz()])
    monkeypatch.setenv("TREPHINE_FUZZ_HANG", "1" if told == "hang" else "25")
    monkeypatch.setenv(
        "PYTHONPATH",
        os.pathsep.join((str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", ""))),
    )
    outcome: Outcome = fuzz("png", tmp_path / "corpus", tmp_path, 5, 30.0, 1)
    assert any(finding.what.startswith(told) for finding in outcome.findings)
    assert all(Path(finding.file).is_file() for finding in outcome.findings)


def security_fuzz() -> str:
    return str(Path(__file__).with_name("fuzz.py"))
