"""``trephine plan-size``: a development, a validation, and what belongs to the other one."""

from __future__ import annotations

import math

import pytest

from cli.command import Command
from trephine import validation_size

RATES = ("--rate", 0.065, "--horizon", 3)


def test_the_worked_example_of_a_development(trephine: Command) -> None:
    said = trephine(
        "plan-size", 30, "--rate", 0.065, "--horizon", 2, "--follow-up", 2.07, "--r2", 0.051
    )
    assert said.code == 0, said.err
    assert said.out.startswith("5143 cases with 692 events")


def test_a_validation_says_what_the_function_says(trephine: Command) -> None:
    said = trephine("plan-size", "--validate", *RATES, "--c-index", 0.7, "--followed", 0.9)
    assert said.code == 0, said.err
    found = validation_size(risk=1 - math.exp(-0.195), followed=0.9, c_index=0.7)
    assert said.out.startswith(f"{found.n} cases with {found.events} events")
    for n in (found.ratio_n, found.slope_n, found.c_n):
        assert f"{n} cases" in said.out
    assert "0.900 followed" in said.out


def test_mean_follow_up_gives_the_share_followed(trephine: Command) -> None:
    said = trephine("plan-size", "--validate", *RATES, "--c-index", 0.7, "--follow-up", 2.07)
    assert said.code == 0, said.err
    assert "0.285 followed" in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*RATES, "--follow-up", 2), "number of candidate PARAMETERS"),
        ((10, *RATES), "number of candidate PARAMETERS and --follow-up"),
        ((10, *RATES, "--follow-up", 2, "--followed", 0.5), "expected no --followed; leave it"),
        (("--validate", *RATES, "--followed", 0.5), "expected --c-index"),
        (("--validate", *RATES, "--c-index", 0.7), "--followed or --follow-up"),
        (
            (10, "--validate", *RATES, "--r2", 0.1, "--c-index", 0.7, "--followed", 1),
            "expected no PARAMETERS and no --r2",
        ),
        (("--validate", *RATES, "--c-index", 0.3, "--followed", 3), "C-index: expected a number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    trephine: Command, arguments: tuple[object, ...], sentence: str
) -> None:
    said = trephine("plan-size", *arguments)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err
