"""The command line as a whole: its verbs, its speed, its manners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

import trephine as package
from cli.command import Command
from trephine.cli import app, terminal
from trephine.errors import Problem, StudyProblemsError

VERB_FILES = {
    path.stem
    for path in Path(terminal.__file__).parent.glob("*.py")
    if path.stem not in ("__init__", "terminal")
}


def test_every_verb_that_has_a_file_can_be_called() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {name.replace("-", "_") for name in commands} == VERB_FILES


def test_help_waits_for_no_heavy_library() -> None:
    code = (
        "import sys, trephine.cli\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'numba', 'torch', 'matplotlib', 'pydantic',"
        " 'pydicom', 'SimpleITK', 'sklearn'}\n"
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


def test_the_version_is_told(trephine: Command) -> None:
    said = trephine("--version")
    assert (said.code, said.out.strip()) == (0, f"trephine {package.__version__}")


def test_a_file_that_cannot_be_used_is_told_without_a_traceback(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(path: Path) -> None:
        raise PermissionError(13, "Permission denied", "results")

    monkeypatch.setattr("trephine.study.inputs.read_plan_so_far", locked)
    said = trephine("check", "study.toml")
    assert (said.code, said.err.strip()) == (2, "Error: results: permission denied")


def test_brackets_in_a_message_are_printed_and_not_taken_for_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.complain(StudyProblemsError([Problem("[data] [red]", "[a]", "[/b]", "Do [c]")]))
    assert "[data] [red]: expected [a], found [/b]. Do [c]." in capsys.readouterr().err


def test_stopping_long_work_says_that_it_can_go_on(
    trephine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trephine.study.inputs.read_study", stopped)
    said = trephine("check", "study.toml")
    assert said.code in (1, 130)
    assert "The same command goes on where it stopped." in said.err


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
