"""The command line as a whole: its verbs, its speed, its manners."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow
import pytest
import typer

import trephine as package
from cli.command import Command
from trephine.cli import app, terminal
from trephine.errors import InputError, Problem, StudyProblemsError

# What verbs share.
NO_VERBS = (
    "__init__",
    "announcing",
    "extract_maps",
    "extract_shown",
    "extract_source",
    "options",
    "problems",
    "terminal",
)
VERB_FILES = {
    path.stem for path in Path(terminal.__file__).parent.glob("*.py") if path.stem not in NO_VERBS
}


def test_every_verb_that_has_a_file_can_be_called() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {name.replace("-", "_") for name in commands} == VERB_FILES


def test_help_waits_for_no_heavy_library() -> None:
    code = (
        "import sys, trephine.cli\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'numba', 'torch', 'matplotlib', 'pydantic',"
        " 'pydicom', 'SimpleITK', 'sklearn', 'rich.progress', 'importlib.metadata'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", sorted(VERB_FILES))
def test_every_verb_and_option_says_what_it_is_for(verb: str) -> None:
    command = typer.main.get_command(app).commands[verb.replace("_", "-")]  # type: ignore[attr-defined]
    assert command.help
    assert command.help.strip()[0].isupper()
    for part in getattr(command, "commands", {verb: command}).values():
        silent = [p.name for p in part.params if not getattr(p, "help", "") and p.name != "help"]
        assert not silent


def test_the_version_is_reported(trephine: Command) -> None:
    said = trephine("--version")
    assert (said.code, said.out.strip()) == (0, f"trephine {package.__version__}")


def test_a_file_that_cannot_be_used_is_reported_without_a_traceback(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(path: Path) -> None:
        raise PermissionError(13, "Permission denied", "results")

    monkeypatch.setattr("trephine.study.inputs.read_plan_so_far", locked)
    said = trephine("check", "study.toml")
    assert said.code == 2
    assert said.err.strip().startswith("Error: results: permission denied; choose another folder")


def test_brackets_in_a_message_are_printed_and_not_taken_for_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.complain(StudyProblemsError([Problem("[data] [red]", "[a]", "[/b]", "Do [c]")]))
    assert "[data] [red]: expected [a], found [/b]. Do [c]." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "work", "then"),
    [
        ("check", "trephine.study.to_fit.read_study_to_fit", "starts again"),
        ("run", "trephine.study.run.read_study_to_fit", "continues where it stopped"),
    ],
)
def test_stopping_long_work_says_whether_it_can_go_on(
    trephine: Command, monkeypatch: pytest.MonkeyPatch, verb: str, work: str, then: str
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, stopped)
    said = trephine(verb, "study.toml")
    assert said.code == 130
    assert said.err.splitlines()[-1].startswith(f"Stopped. The same command {then}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_in_a_word_and_in_its_own_exit_code(
    trephine: Command, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def signalled(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    monkeypatch.setattr("trephine.study.run.read_study_to_fit", signalled)
    # A shell starts what it runs in the background with some signals ignored, and so they stay.
    before = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    inherited = signal.signal(number, before)
    try:
        said = trephine("run", "study.toml")
        assert said.code == 128 + number
        assert said.err.splitlines()[-1] == "Stopped. The same command continues where it stopped."
        assert signal.getsignal(number) is before
    finally:
        signal.signal(number, inherited)


def test_a_signal_that_compiled_code_turns_into_another_error_says_what_happens_next(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except BaseException:
            raise SystemError("returned a result with an exception set") from None

    monkeypatch.setattr("trephine.study.run.read_study_to_fit", turned)
    said = trephine("run", "study.toml")
    assert said.code == 128 + signal.SIGTERM
    assert said.err.splitlines()[-1] == "Stopped. The same command continues where it stopped."


def test_a_signal_that_meets_a_finaliser_leaves_no_trace_of_python(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Finalised:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    def swallowed(*_: object, **__: object) -> None:
        Finalised()
        raise InputError("what came next")

    monkeypatch.setattr("trephine.study.run.read_study_to_fit", swallowed)
    said = trephine("run", "study.toml")
    assert said.code == 128 + signal.SIGTERM
    assert "__del__" not in said.err
    assert said.err.splitlines()[-1] == "Stopped. The same command continues where it stopped."


DEEP_IN_COMPILED_CODE = """
import sys, time
from trephine.executors import executor

def never_ends(*_, **__):
    with executor(2) as run:
        list(run.map(abs, [1, 2]))
        print("working", flush=True)
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass

if __name__ == "__main__":
    from unittest.mock import patch
    from trephine.cli import main
    import trephine.study.run
    sys.argv = ["trephine", "run", "study.toml"]
    with patch("trephine.study.run.read_study_to_fit", never_ends):
        main()
"""


@pytest.mark.slow
def test_work_that_does_not_hear_a_signal_is_ended_within_two_seconds(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(DEEP_IN_COMPILED_CODE)
    program = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "working\n"
    start = time.monotonic()
    program.terminate()
    _, said = program.communicate(timeout=10)
    assert time.monotonic() - start < 2
    assert program.returncode == 128 + signal.SIGTERM
    assert "Stopped. The same command continues where it stopped." in said
    assert not list(tmp_path.glob("trephine-*"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/report.html"), "free some space"),
        (RuntimeError("cannot cache function 'f': no locator available"), "set NUMBA_CACHE_DIR"),
        (OSError(errno.EROFS, "Read-only file system", "a/report.html"), "--out"),
        (OSError(errno.EIO, "Input/output error"), "the disk or the network folder fails"),
        (MemoryError("Unable to allocate 2.98 GiB"), "fewer --workers"),
        (ImportError("x.so: failed to map segment from shared object"), "fewer --workers"),
        (RuntimeError("can't start new thread"), "fewer --workers"),
        (RuntimeError("Failed to allocate memory for image.\nmore"), "fewer --workers"),
        (sqlite3.DatabaseError("database disk image is malformed"), "trephine doctor"),
        (pyarrow.ArrowInvalid("Parquet magic bytes not found"), "trephine doctor"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "UTF-8"),
    ],
)
def test_what_the_system_refuses_ends_in_words_and_not_in_a_traceback(
    trephine: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("trephine.study.run.read_study_to_fit", refused)
    said = trephine("run", "study.toml")
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err


def test_a_fault_of_the_program_is_not_taken_for_one_of_the_user(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("trephine.study.run.read_study_to_fit", faulty)
    with pytest.raises(ZeroDivisionError):
        trephine("run", "study.toml")


def test_what_was_set_aside_is_shown(trephine: Command, tmp_path: Path) -> None:
    (tmp_path / "resampling.sqlite").write_bytes(b"x" * 9000)
    said = trephine("doctor", tmp_path)
    assert said.code == 0
    assert "Note: resampling.sqlite was damaged" in said.err.replace("\n", " ")
    assert "repaired resampling.sqlite" in said.out
    said = trephine("doctor", tmp_path)
    assert (said.code, "All that is stored here is whole" in said.out) == (0, True)
    said = trephine("doctor", tmp_path / "nowhere")
    assert (said.code, "expected a results folder" in said.err) == (2, True)


def test_the_doctor_finds_what_this_installation_has(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = trephine("doctor")
    assert said.code == 0, said.out
    for part in ("numpy", "DICOM codecs", "font of figures", "kernels", "Ready"):
        assert part in said.out
    monkeypatch.setattr("trephine.imaging.decode.missing_decoders", lambda: ("JPEG-LS",))
    said = trephine("doctor")
    assert said.code == 1
    assert "broken DICOM codecs: no decoder for JPEG-LS" in said.out
