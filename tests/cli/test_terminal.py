"""What strangers wrote is shown as letters: a terminal obeys nothing in it."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from trephine.cli.terminal import _Screen
from trephine.errors import Problem


@pytest.mark.parametrize("sent", ["a\x1b[2Jb", "a\x1b]0;x\x07b", "a\u202eb", "a\x9b2Jb", "a\rb"])
def test_escapes_and_marks_of_direction_do_not_reach_the_terminal(sent: str) -> None:
    for shown in (sent, Text(sent, style="bold"), Text("x").append(sent, style="italic")):
        file = io.StringIO()
        _Screen(file=file).print(shown, markup=False)
        assert not set(file.getvalue()) & set("\x1b\x07\u202e\x9b\r")
        assert "a" in file.getvalue()
        assert "b" in file.getvalue()


def test_lines_letters_of_other_scripts_and_styles_stay() -> None:
    file = io.StringIO()
    _Screen(file=file, force_terminal=True).print(Text("侧别\nعمر", style="bold"))
    assert "侧别" in file.getvalue()
    assert "عمر" in file.getvalue()
    assert "\x1b[1m" in file.getvalue()


def test_a_problem_is_bounded_and_holds_no_escapes() -> None:
    problem = Problem("t.csv, column \x1b[2J" + "x" * 9000, "y" * 9000, "z\n\u202e", "w" * 9000)
    assert str(problem).isprintable()
    assert len(str(problem)) < 4000
    cells = Problem.of_cells("t.csv", [2, 3], "x" * 9000, "a number", "text")
    assert len(cells.where) <= 400
    assert cells.column == "x" * 9000  # data, not a text
