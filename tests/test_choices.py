"""What a user or a room chooses among is written down once."""

import ast
from collections import defaultdict
from pathlib import Path

import trephine

SOURCE = Path(trephine.__file__).parent


def choices_in(file: Path) -> list[tuple[frozenset[object], str]]:
    """Return every set of two or more words that a file's Literals name, with the place."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            words = frozenset(part.value for part in parts if isinstance(part, ast.Constant))
            if len(words) > 1:
                found.append((words, f"{file.relative_to(SOURCE)}:{node.lineno}"))
    return found


def test_no_set_of_words_to_choose_among_is_declared_twice() -> None:
    places = defaultdict(list)
    for file in sorted(SOURCE.rglob("*.py")):
        for words, place in choices_in(file):
            places[words].append(place)
    assert places
    assert {words: found for words, found in places.items() if len(found) > 1} == {}
