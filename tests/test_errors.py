"""Errors that come back from a worker process."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

import trephine
from trephine.errors import (
    MisfitError,
    MissingExtraError,
    ModelError,
    Problem,
    StudyProblemsError,
    TrephineError,
    grouped,
    named_rows,
)


@pytest.mark.parametrize(
    "error",
    [
        StudyProblemsError([Problem("row 2", "a number", "'x'"), Problem("row 3", "R or L", "''")]),
        MissingExtraError("deep features", "deep"),
        MisfitError("levels", "two or more", "one"),
        ModelError("no fold can be fitted"),
        ModelError("{} follows from {}", ["a"], ["b{}", "c"], model="Cox model", kind="collinear"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_from_a_worker_says_what_it_said_there(error: TrephineError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_alike_problems_of_one_column_are_one_with_their_rows_together() -> None:
    expected = ("one of ['no', 'yes']", "'Y'", "Recode it")
    alike = [Problem.of_cells("t.csv", [row], "oedema", *expected) for row in (9, 2, 4)]
    other = Problem.of_cells("t.csv", [2], "sex", *expected)
    plan = Problem("study.toml", *expected)
    found = grouped([alike[0], other, *alike[1:], plan])
    assert [str(problem) for problem in found] == [
        "t.csv, rows 2, 4, 9, column oedema: expected one of ['no', 'yes'], found 'Y'. Recode it",
        str(other),
        str(plan),
    ]


def test_problems_without_rows_are_joined_only_if_they_lie_in_one_place() -> None:
    image = Problem("t.csv, row 3, image", "an image", "none")
    mask = Problem("t.csv, row 3, mask of rater a", "an image", "none")
    assert grouped([image, mask, image]) == [image, mask]


def test_many_rows_are_named_by_the_first_five() -> None:
    assert named_rows([7]) == "row 7"
    assert named_rows(range(1, 9)) == "rows 1, 2, 3, 4, 5 and 3 more"


def test_a_model_error_names_its_terms_as_data_and_in_words() -> None:
    error = ModelError("{} follows from {}", ["a"], ["b", "a"], model="Cox model", kind="collinear")
    assert str(error) == "Cox model: 'a' follows from 'b', 'a'"
    assert error.terms == ("a", "b")
    assert error.kind == "collinear"
    words = {"a": "Age", "b": "Birth year"}
    assert error.reason.worded(words.__getitem__) == "Age follows from Birth year, Age"


def test_of_many_names_eight_are_written_out_and_all_are_data() -> None:
    names = [f"x{j}" for j in range(11)]
    error = ModelError("found constant {}; drop them", names)
    assert str(error) == f"found constant {', '.join(map(repr, names[:8]))} and 3 more; drop them"
    assert error.terms == tuple(names)


def test_a_sentence_without_names_may_hold_braces() -> None:
    assert str(ModelError("expected {a}, found {}")) == "expected {a}, found {}"


# What another library's error says is in its message alone.
MESSAGES_OF_OTHERS = {
    "cohort/reading/xls_file.py",  # xlrd has one class for a password and for damage
    "deep/checkpoint.py",  # torch names what it would not load in the message
    "plan/reading.py",  # tomllib has no line number before Python 3.14
}
PARSES = {
    "find", "findall", "finditer", "fullmatch", "index", "match", "partition", "removeprefix",
    "removesuffix", "rpartition", "rsplit", "search", "split", "startswith", "endswith", "sub",
}  # fmt: skip


def is_worded(node: ast.expr, told: set[str]) -> bool:
    """Say whether an expression makes a text of an error, or is one that did."""
    inside = list(ast.walk(node))
    of_data = {
        id(one.value) for one in inside if isinstance(one, ast.Attribute) and one.attr != "args"
    }
    whole = [one for one in inside if isinstance(one, ast.Name) and id(one) not in of_data]
    named = any(one.id in told for one in whole)
    makes = any(isinstance(one, ast.Call | ast.Subscript) for one in inside)
    return named and (makes or isinstance(node, ast.Name))


def parsed_messages(text: str) -> list[int]:
    """Return the lines where the text of a caught error is searched or taken apart."""
    found = []
    for handler in ast.walk(ast.parse(text)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        told = {handler.name}
        for node in ast.walk(handler):
            if isinstance(node, ast.Assign) and is_worded(node.value, told):
                told |= {ast.unparse(target) for target in node.targets}
        for node in ast.walk(handler):
            match node:
                case ast.Compare(ops=[ast.In() | ast.NotIn()]):
                    searched = node.comparators
                case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in PARSES:
                    searched = [value, *node.args]
                case _:
                    continue
            if any(is_worded(one, told) for one in searched):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "if 'full' in str(error): pass",
        "words = str(error).lower(); print('x' not in words)",
        "re.search('a', str(error))",
        "str(error).removeprefix('Cox model: ')",
        "a, b = str(error).split(': expected ', 1)",
        "error.args[0].endswith('column x')",
        "found = _REPEATED.sub('', without_names(error, path))",
    ],
)
def test_a_message_that_is_taken_apart_is_found(line: str) -> None:
    assert parsed_messages(f"try: f()\nexcept E as error:\n  {line}") == [3]
    assert parsed_messages("try: f()\nexcept E as error:\n  raise F(str(error))") == []
    assert parsed_messages("try: f()\nexcept E as error:\n  x = error.errno in (1, 2)") == []
    assert parsed_messages("try: f()\nexcept E as error:\n  x = 'a' in error.terms") == []


def test_no_message_of_an_error_is_taken_apart() -> None:
    source = Path(trephine.__file__).parent
    found = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if parsed_messages(file.read_text(encoding="utf-8"))
    }
    assert found <= MESSAGES_OF_OTHERS


def test_settings_of_the_study_file_say_what_was_expected_as_data() -> None:
    """What a section refuses in words of its own is a misfit, whose parts no message hides."""
    source = Path(trephine.__file__).parent
    files = [*source.glob("plan/*.py"), *source.glob("*/settings.py"), source / "cohort/schema.py"]
    assert len(files) > 5
    for file in files:
        assert "raise ValueError(" not in file.read_text(encoding="utf-8"), file.name
