"""Errors that come back from a worker process."""

from __future__ import annotations

import pickle

import pytest

from trephine.errors import (
    MissingExtraError,
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
