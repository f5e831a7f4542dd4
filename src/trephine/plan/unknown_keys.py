"""Keys that a file does not know: which they are, and the nearest right one."""

from __future__ import annotations

import difflib
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from trephine.errors import Problem

# Keys of earlier versions, and what to write now.
_RENAMED: dict[tuple[Any, ...], str] = {
    ("data", "correct_mask"): (
        "It was two things in one. Remove it; where masks do not lie on their images by their"
        ' headers, set mask_geometry = "adopt" (the drawing stays on its pixels: it was drawn on'
        ' the image itself under a wrong header) or mask_geometry = "resample" (what'
        " correct_mask = true did: the header decides where it lies)"
    ),
}


def of_key(detail: Any) -> bool:
    """Say whether what pydantic found is an unknown or renamed key."""
    return tuple(detail["loc"]) in _RENAMED or detail["type"] == "extra_forbidden"


def key_problem(name: str, detail: Any, root: type[BaseModel]) -> Problem:
    """Return the problem of an unknown key, with the nearest right one.

    Parameters
    ----------
    name
        Of the file.
    detail
        What pydantic found.
    root
        What the whole file is.
    """
    location = tuple(detail["loc"])
    where = f"{name} [{'.'.join(str(part) for part in location)}]"
    if location in _RENAMED:
        return Problem(where, "keys of this version", repr(location[-1]), _RENAMED[location])
    known = _keys_at(location[:-1], root)
    elsewhere = _sections_that_know(str(location[-1]), root)
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.4)
    advice = f"Did you mean {near[0]!r}?" if near else "Remove it"
    if elsewhere:
        advice = f"It is a key of {' and of '.join(elsewhere)}: move it there"
    return Problem(where, f"one of {known}", f"unknown key {location[-1]!r}", advice)


def _sections_that_know(key: str, root: type[BaseModel]) -> list[str]:
    """Return the sections of a file, in brackets, that have a key of this name."""
    sections = {name: _section_of(field.annotation) for name, field in root.model_fields.items()}
    return [f"[{name}]" for name, one in sections.items() if one and key in one.model_fields]


def _keys_at(location: tuple[Any, ...], root: type[BaseModel]) -> list[str]:
    """Return the keys that a section knows, following ``location`` from the file's root."""
    annotation: Any = root
    for part in location:
        section = _section_of(annotation)
        if section is not None:
            field = section.model_fields.get(str(part))
            annotation = field.annotation if field is not None else None
        else:
            annotation = _values_of(annotation)
    section = _section_of(annotation)
    return list(section.model_fields) if section is not None else []


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the section class that an annotation such as ``Section | None`` names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        return next(filter(None, map(_section_of, get_args(annotation))), None)
    return None


def _values_of(annotation: Any) -> Any:
    """Return what a dictionary holds under each of its keys (a clinical variable's name)."""
    return get_args(annotation)[1] if get_origin(annotation) is dict else None
