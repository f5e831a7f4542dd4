"""Every random draw follows from the study's seed, by a stream that has a name."""

import ast
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import trephine
from trephine.streams import NUMBER, Stream, generator, seeds

SOURCE = Path(trephine.__file__).parent
# The demonstration draws its own patients, from its own seed.
OTHERS = {"demo", "streams.py"}
SOURCES_OF_CHANCE = {"default_rng", "SeedSequence", "RandomState", "seed", "manual_seed"}


def test_every_stream_has_a_number_of_its_own() -> None:
    assert set(NUMBER) == set(get_args(Stream))
    assert len(set(NUMBER.values())) == len(NUMBER)


def test_a_stream_begins_anew_each_time_and_differs_from_every_other() -> None:
    first = {name: generator(7, name).random() for name in NUMBER}
    assert first == {name: generator(7, name).random() for name in NUMBER}
    assert len(set(first.values())) == len(NUMBER)
    assert generator(8, "folds").random() != first["folds"]


def test_the_numbers_of_the_streams_are_those_of_earlier_versions() -> None:
    for number, name in enumerate(NUMBER):
        expected = np.random.default_rng([2025, number]).random(3)
        np.testing.assert_array_equal(generator(2025, name).random(3), expected)
        assert seeds(2025, name).entropy == [2025, number]


def seeded_by_hand(text: str) -> list[int]:
    """Return the lines that start random numbers from constants, or from a list of their own."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in SOURCES_OF_CHANCE:
            continue
        given = [*node.args, *(word.value for word in node.keywords)]
        if not given or any(isinstance(one, ast.Constant | ast.List | ast.Tuple) for one in given):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "line",
    ["default_rng(0)", "np.random.default_rng()", "np.random.SeedSequence([seed, 3])",
     "np.random.default_rng(seed=1)", "torch.manual_seed(5)", "np.random.RandomState((s, 2))"],
)  # fmt: skip
def test_a_seed_of_its_own_is_found(line: str) -> None:
    assert seeded_by_hand(f"rng = {line}") == [1]
    assert seeded_by_hand("rng = np.random.default_rng(task.seed)") == []


def test_no_source_file_seeds_random_numbers_by_hand() -> None:
    files = [
        file for file in SOURCE.rglob("*.py") if not OTHERS & set(file.relative_to(SOURCE).parts)
    ]
    assert len(files) > 200
    by_hand = {
        f"{file.relative_to(SOURCE)}:{line}"
        for file in files
        for line in seeded_by_hand(file.read_text(encoding="utf-8"))
    }
    assert by_hand == set()
