"""What a person chose for a study's data, written into its study file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trephine.errors import Problem, StudyProblemsError
from trephine.plan.drawn_masks import drawn_masks
from trephine.study.editing.column_look import declarations, readings
from trephine.study.editing.looks import ColumnRole, DataChoices, ImageChoice
from trephine.study.editing.study_file import (
    ROLES,
    DataEdit,
    FileChangedError,
    Role,
    columns_of,
    edited,
    read_text,
    save_text,
    without_question,
)


def save_choices(path: Path, chosen: DataChoices) -> None:
    """Write choices into a study file.

    Raises
    ------
    StudyProblemsError
        If they contradict each other; ``column`` of each problem is the column or the key.
    FileChangedError
        If the file was changed since the page showed it.
    """
    text = read_text(path)
    if text.digest != chosen.digest:
        raise FileChangedError(
            f"{path.name}: expected the file as it was shown, found that it was changed since"
        )
    roles = _one_column_each(chosen.roles)
    sections: dict[str, dict[str, Any]] = {name: dict(keys) for name, keys in chosen.texts.items()}
    if "horizons" in sections.get("outcome", {}):
        sections["outcome"]["horizons"] = _numbers(sections["outcome"]["horizons"])
    raters = {rater: pattern for rater, pattern in chosen.raters.items() if pattern}
    if chosen.raters:
        sections.setdefault("data", {})["raters"] = raters
    sections |= _images(text.content, chosen.images)
    drawn = drawn_masks(sections.get("data", {}).get("image", ""), "a", "head")
    if drawn and not raters and _names_no_masks(text.content):
        sections["data"]["raters"] = {"a": drawn}
    clinical = tuple(column for column, role in chosen.roles.items() if role == "clinical")
    known = _known(text.content)
    fresh = tuple(column for column in clinical if column not in known)
    edit = DataEdit(
        sections=sections,
        asked=tuple(chosen.roles),
        roles=roles,
        variables={
            column: None if column in fresh else chosen.variables.get(column) for column in clinical
        },
        left_out=[c for c, role in chosen.roles.items() if role not in ("clinical", "part")],
        declared=declarations(path, fresh) if fresh else {},
        read=readings(path, roles),
    )
    save_text(path, edited(text.text, edit), chosen.digest)


def _images(
    content: Mapping[str, Any], chosen: Mapping[str, ImageChoice]
) -> dict[str, dict[str, Any]]:
    """Return the sections of images with their paths; what else they say stays."""
    known = content.get("images")
    found: dict[str, dict[str, Any]] = {}
    for name, one in chosen.items():
        if not isinstance(known, dict) or name not in known or "." in name:
            continue
        raters = {rater: path for rater, path in one.raters.items() if path}
        found[f"images.{name}"] = {
            "image": one.image,
            **({"raters": raters} if one.raters else {}),
        }
    return found


def settle_question(path: Path, question: str, digest: str) -> None:
    """Take out of a study file the comment with a question that is decided.

    Raises
    ------
    FileChangedError
        If the file was changed since the page showed it.
    """
    save_text(path, without_question(read_text(path).text, question), digest)


def _names_no_masks(content: Mapping[str, Any]) -> bool:
    """Say whether a study names no regions and no measures: what is drawn has its place then."""
    data = content.get("data")
    return not (isinstance(data, dict) and (data.get("raters") or data.get("measures")))


def _one_column_each(chosen: Mapping[str, ColumnRole]) -> dict[Role, str]:
    roles: dict[Role, str] = {}
    problems = []
    for role in ROLES:
        own = [column for column, chosen_role in chosen.items() if chosen_role == role]
        if len(own) > 1:
            problems += [
                Problem.of_cells("", (), column, f"one column for {role}", f"{len(own)}")
                for column in own
            ]
        elif own:
            roles[role] = own[0]
    if problems:
        raise StudyProblemsError(problems)
    return roles


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        expected = "numbers separated by commas, such as 36, 60"
        problem = Problem.of_cells("", (), "horizons", expected, "other letters")
        raise StudyProblemsError([problem]) from None
    return [int(number) if number.is_integer() else number for number in numbers]


def _known(content: Mapping[str, Any]) -> set[str]:
    clinical = content.get("clinical")
    items = clinical.items() if isinstance(clinical, dict) else ()
    return {
        column
        for key, variable in items
        for column in columns_of(variable if isinstance(variable, dict) else {}, key)
    }
