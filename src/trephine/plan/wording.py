"""What pydantic finds wrong with a study file, in words: expected, found, where, what to do."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from trephine.errors import MisfitError, Problem

# Longest value that a message repeats.
_SHOWN = 80

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a number",
    "string": "text in quotes",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "a section of keys and values",
    "model": "a section of keys and values",
    "dataclass": "a section of keys and values",
    "path": "a path in quotes",
    "date": "a date",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "a number of at least {}"),
    "greater_than": ("gt", "a number above {}"),
    "less_than_equal": ("le", "a number of at most {}"),
    "less_than": ("lt", "a number below {}"),
    "too_short": ("min_length", "at least {} of them"),
    "too_long": ("max_length", "at most {} of them"),
    "string_too_short": ("min_length", "a text of at least {} letters"),
    "string_too_long": ("max_length", "a text of at most {} letters"),
    "multiple_of": ("multiple_of", "a multiple of {}"),
}


def value_problems(name: str, details: Sequence[Any], content: Mapping[str, Any]) -> list[Problem]:
    """Return one problem for each value that does not fit, whichever of its forms was tried.

    Parameters
    ----------
    name
        Of the study file.
    details
        What pydantic found, keys that are unknown or renamed apart.
    content
        Of the study file.
    """
    together: dict[tuple[Any, ...], list[Any]] = {}
    for detail in details:
        together.setdefault(_place(tuple(detail["loc"]), content), []).append(detail)
    return [
        _problem(name, place, alike, _at(content, place))
        for place, alike in together.items()
        if not _follows(place, alike, together)
    ]


def _place(location: tuple[Any, ...], content: Any) -> tuple[Any, ...]:
    """Return a location without the names of the forms that were tried for its value."""
    value, place = content, []
    for part in location:
        if _holds(value, part):
            value = value[part]
        elif isinstance(value, Mapping) and re.fullmatch(r"[a-z_]+", str(part)):
            place.append(part)  # a key that is missing
            break
        else:
            continue
        place.append(part)
    return tuple(place)


def _holds(value: Any, part: Any) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def _follows(place: tuple[Any, ...], alike: Sequence[Any], all_: Mapping[Any, Any]) -> bool:
    """Say whether a list is short only because one of its values does not fit."""
    inner = any(len(other) > len(place) and other[: len(place)] == place for other in all_)
    return inner and all(detail["type"] == "too_short" for detail in alike)


def _problem(name: str, place: tuple[Any, ...], alike: Sequence[Any], value: Any) -> Problem:
    where = f"{name} [{'.'.join(map(str, place))}]" if place else name
    first = alike[0]
    if first["type"] in ("value_error", "assertion_error"):
        return _of_ours(name, place, first["ctx"]["error"], value)
    expected = list(dict.fromkeys(_expected(detail, value) for detail in alike))
    options = [option for detail in alike for option in _options(detail)]
    near = difflib.get_close_matches(str(value).casefold(), options, n=1, cutoff=0.5)
    advice = f"Did you mean {near[0]!r}?" if near else ""
    return Problem(where, " or ".join(expected), shown(value), advice)


def _of_ours(name: str, place: tuple[Any, ...], error: Exception, value: Any) -> Problem:
    """Return the problem that a section of the plan words itself; it may name one of its keys."""
    if not isinstance(error, MisfitError):
        return Problem(f"{name} [{'.'.join(map(str, place))}]", str(error), shown(value))
    parts = error.what.split(".") if error.what and " " not in error.what else []
    both = f"{error.what}: " if error.what and not parts else ""
    of_key = _at(value, tuple(parts)) if parts else value
    expected, found = f"{both}{error.expected}", error.found or shown(of_key)
    where = ".".join([*map(str, place), *parts])
    return Problem(f"{name} [{where}]" if where else name, expected, found)


def _expected(detail: Any, value: Any) -> str:
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "missing":
        last = detail["loc"][-1]
        return "more values in the list" if isinstance(last, int) else f"a value for {last!r}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return words.format(
            f"{context[key]:g}" if isinstance(context[key], float) else context[key]
        )
    word = next((word for key, word in _KINDS.items() if kind.startswith(f"{key}_")), None)
    if word is None:
        word = _KINDS.get(kind, "another value")
    return word


def _options(detail: Any) -> list[str]:
    if detail["type"] != "literal_error":
        return []
    return re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))


def _at(content: Any, place: tuple[Any, ...]) -> Any:
    value = content
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def shown(value: Any) -> str:
    """Return a value as a study file writes it, a section by its keys alone."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        simple = all(isinstance(item, (str, int, float)) for item in value.values())
        if simple and len(value) <= 3:
            return "{ " + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + " }"
        return f"a section with {', '.join(map(str, value))}" if value else "an empty section"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = f"'{value}'"
    elif isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(shown, value))}]"
    else:
        text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
