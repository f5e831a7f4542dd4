"""Reading a study file; every problem is listed at once, a wrong key with the nearest right one."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.paths import open_regular
from trephine.plan.anchoring import anchored
from trephine.plan.sections import StudyPlan
from trephine.plan.unknown_keys import key_problem, of_key
from trephine.plan.wording import value_problems

# Reading it takes a second a megabyte; none that people write is near this.
_MOST_BYTES = 1 << 20

_MOST_PARTS = 100
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'")

# Control characters that XML cannot hold: all but tab and ends of line.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

# An unknown key elsewhere changes what the data's cells are taken for.
_APART_FROM_THE_DATA = ("study", "outcome", "deep", "selection", "models", "validation")

OwnSection = TypeVar("OwnSection", bound=BaseModel)


def read_plan(path: Path) -> StudyPlan:
    """Read a study file.

    Relative paths in the file are taken from the file's own folder.

    Raises
    ------
    StudyProblemsError
        If the file is missing, is not TOML, or has keys or values that do not fit.
    """
    plan, problems = read_plan_so_far(path)
    if problems:
        raise StudyProblemsError(problems)
    return plan


def read_plan_so_far(path: Path) -> tuple[StudyPlan, list[Problem]]:
    """Read a study file past unknown keys that do not bear on the data.

    So a misspelt threshold does not keep the table's own problems from being told with it.

    Returns
    -------
    The plan without those keys, and a problem for each of them.

    Raises
    ------
    StudyProblemsError
        If anything else is wrong with it.
    """
    content = _parsed(path)
    _refuse_unprintable(content, path.name)
    folder = path.resolve().parent
    try:
        return anchored(StudyPlan.model_validate(content), folder), []
    except ValidationError as error:
        details = error.errors()
    problems = _problems(path.name, details, content)
    if not all(_harmless(detail) for detail in details):
        raise StudyProblemsError(problems)
    for detail in details:
        *sections, key = detail["loc"]
        section: Any = content
        for name in sections:
            section = section[name]
        del section[key]
    return anchored(parse_plan(content, path.name), folder), problems


def _parsed(path: Path) -> dict[str, Any]:
    """Return what a study file holds.

    Raises
    ------
    StudyProblemsError
        If the file is missing or is not TOML.
    """
    try:
        text = _text(path)
        if _has_endless_key(text):
            expected, found = f"keys of at most {_MOST_PARTS} parts", "one with more dots"
            raise StudyProblemsError([Problem(path.name, expected, found)])
        return tomllib.loads(text)
    except FileNotFoundError:
        problem = Problem(str(path), "a study file", "no such file")
        raise StudyProblemsError([problem]) from None
    except tomllib.TOMLDecodeError as error:
        raise StudyProblemsError([not_toml(path, error)]) from None
    except UnicodeDecodeError:
        advice = "Save it from an editor of plain text, as UTF-8"
        problem = Problem(str(path), "a TOML file in UTF-8", "another encoding", advice)
        raise StudyProblemsError([problem]) from None
    except InputError:
        raise
    except (RecursionError, ValueError):
        # Python's parser nests as deep as the brackets, and reads integers of 4,300 digits at most.
        found = "brackets nested too deeply, or a number of thousands of digits"
        raise StudyProblemsError([Problem(str(path), "a study file", found)]) from None


def _refuse_unprintable(content: dict[str, Any], name: str) -> None:
    """Raise a StudyProblemsError if a text has control characters."""
    unprintable = list(_unprintable(content, ()))
    if unprintable:
        raise StudyProblemsError(
            [
                Problem(
                    f"{name} [{'.'.join(map(str, where))}]",
                    "text without control characters",
                    repr(text),
                )
                for where, text in unprintable
            ]
        )


def _has_endless_key(text: str) -> bool:
    """Say whether a key goes on and on: Python's parser needs seconds for one of 10,000 parts."""
    unquoted = _QUOTED.sub("q", text)
    return any(part.count(".") > _MOST_PARTS for part in re.split(r"[=,\n{}\[\]]", unquoted))


def _text(path: Path) -> str:
    """Return a study file's text; editors on Windows put a byte order mark before it."""
    with open_regular(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        expected, found = f"a study file of at most {_MOST_BYTES} bytes", "a longer one"
        raise StudyProblemsError([Problem(path.name, expected, found, "Keep lists in tables")])
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if utf16 else "utf-8-sig")
    return text.replace("\r\n", "\n")


def not_toml(path: Path, error: Exception) -> Problem:
    """Return the problem of a file whose form is wrong, with the line where it shows."""
    if isinstance(error, UnicodeDecodeError):
        return Problem(str(path), "a TOML file", "other bytes than UTF-8", "Save it as UTF-8")
    place = re.search(r"at (line \d+, column \d+|end of document)", str(error))
    at = place[1] if place else "some line"
    if section := re.match(r"Cannot declare \((.*?),?\) twice", str(error)):
        name = ".".join(re.findall(r"'([^']*)'", section[1]))
        found = f"section [{name}] a second time, at {at}"
        return Problem(str(path), "each section once", found, "Put its keys under one heading")
    if str(error).startswith("Cannot overwrite"):
        return Problem(
            str(path), "each key once", f"one a second time, at {at}", "Keep one of the two"
        )
    found = f"one whose form is wrong at {at}"
    advice = "Look for a quote, bracket or = that is missing there; write paths with / and not \\"
    return Problem(str(path), "a TOML file", found, advice)


def _unprintable(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[Any, str]]:
    """Find what no page, document or workbook can hold, keys and values, before work begins."""
    if isinstance(value, str) and _CONTROL.search(value):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if _CONTROL.search(key):
                yield where, key
            yield from _unprintable(item, (*where, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unprintable(item, (*where, number))


def _harmless(detail: Any) -> bool:
    """Say whether an unknown key can be passed over while the data are looked at."""
    return detail["type"] == "extra_forbidden" and detail["loc"][0] in _APART_FROM_THE_DATA


def parse_plan(content: dict[str, Any], name: str = "study.toml") -> StudyPlan:
    """Check the content of a study file.

    Raises
    ------
    StudyProblemsError
        With one problem a wrong key or value.
    """
    try:
        return StudyPlan.model_validate(content)
    except ValidationError as error:
        raise StudyProblemsError(_problems(name, error.errors(), content)) from None


def read_section(path: Path, kind: type[OwnSection]) -> OwnSection:
    """Read another TOML file than a study's, of one kind of section.

    Raises
    ------
    StudyProblemsError
        If the file is missing, is not TOML, or has keys or values that do not fit.
    """
    content = _parsed(path)
    _refuse_unprintable(content, path.name)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise StudyProblemsError(_problems(path.name, error.errors(), content, kind)) from None


def _problems(
    name: str,
    details: Sequence[Any],
    content: Mapping[str, Any],
    root: type[BaseModel] = StudyPlan,
) -> list[Problem]:
    """Return what is wrong with keys and values, in the order of the file's sections."""
    keys = [detail for detail in details if of_key(detail)]
    values = [detail for detail in details if not of_key(detail)]
    return [*(key_problem(name, d, root) for d in keys), *value_problems(name, values, content)]
