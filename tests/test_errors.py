"""Errors that come back from a worker process."""

from __future__ import annotations

import pickle

import pytest

from trephine.errors import MissingExtraError, Problem, StudyProblemsError, TrephineError


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
