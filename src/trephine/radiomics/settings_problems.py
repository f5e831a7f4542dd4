"""What is wrong with settings, in words: unknown names with the nearest, and values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import pydantic

from trephine.radiomics.catalogue_ibsi import ALL_FAMILIES


def nearest(name: str, valid: list[str] | tuple[str, ...]) -> str:
    """Return the valid name that is meant, or all of them, for the end of a sentence."""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else f"; valid names are {', '.join(valid)}"


def unknown_names(
    values: Mapping[str, Any], fields: Mapping[str, Any], valid_types: tuple[str, ...]
) -> list[str]:
    """Name every key, image type, class and feature that does not exist, with the nearest."""
    problems = [
        f"{key!r} is not a setting{nearest(key, list(fields))}"
        for key in values
        if key not in fields
    ]
    image_types = values.get("imageType") or {}
    problems += [
        f"{name!r} is not an image type{nearest(name, valid_types)}"
        # What is no list of names is for the fields' own types to refuse.
        for name in (image_types if isinstance(image_types, Mapping) else ())
        if name not in valid_types
    ]
    classes = values.get("featureClass") or {}
    for family, features in classes.items() if isinstance(classes, Mapping) else ():
        if family not in ALL_FAMILIES:
            near = nearest(family, tuple(ALL_FAMILIES))
            problems.append(f"{family!r} is not a feature class{near}")
            continue
        valid = tuple(entry.name for entry in ALL_FAMILIES[family])
        problems += [
            f"{name!r} is not a feature of {family}{nearest(str(name), valid)}"
            for name in (features if isinstance(features, list | tuple) else ())
            if name not in valid
        ]
    return problems


def readable(error: pydantic.ValidationError) -> str:
    """Return what pydantic found, a setting after the other."""
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"][:1])
        told = problem.get("ctx", {}).get("error", problem["msg"])
        lines.append(f"{where}: {told}, found {problem['input']!r}")
    return "; ".join(dict.fromkeys(lines))
