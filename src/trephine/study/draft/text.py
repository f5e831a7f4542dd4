"""The text of a drafted study file: always TOML, whatever the columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from trephine.choices import DEFAULT_PROTOCOL, ProtocolName
from trephine.study.draft.columns import Roles
from trephine.study.draft.files import FoundFiles
from trephine.study.draft.image_text import image_lines, landmark_line, section_lines
from trephine.study.draft.wide import WideSheet
from trephine.study.draft.words import event_name, is_named, outcome_name, without_date
from trephine.study.toml_text import comment, inline, key, listed, quoted, words


def study_text(
    table: str,
    roles: Roles,
    wide: WideSheet | None,
    files: FoundFiles,
    features: str,
    listed_in: str = "",
) -> str:
    """Return the text of a study file.

    Parameters
    ----------
    table, features
        Names of the tables; no features if empty.
    roles, wide, files
        What the columns and the files seem to be.
    listed_in
        Name of the table of paths, where one is needed.
    """
    lines = [
        "# A study for Trephine, drafted by `trephine new`. Every line is a guess: correct it.",
        "# All keys: docs/study-file.md. What is wrong: `trephine check study.toml`.",
        "",
        "[study]",
        '# title = "..."  # heads the report; "Untitled study" without it',
        f"protocol = {quoted(DEFAULT_PROTOCOL)}  # or {_other_protocols()}; the report shows all",
        "",
        "[data]",
        f"table = {quoted(table)}",
        *(
            comment(f"TO DECIDE: {question}")
            for question in (*roles.unsure, *_shared(roles, files))
        ),
        *_reasons(roles),
        f"columns = {_columns(roles, wide)}",
        *_readings(roles),
        *image_lines(roles, wide, files, listed_in),
        "",
        *section_lines(roles, wide, files),
        *_outcome_lines(roles, files),
        *_clinical_lines(roles),
    ]
    if features:
        lines += ["[features]", f"table = {quoted(features)}", ""]
    if files.image:
        lines += [
            "[deep]",
            "# ResNet18 with ImageNet weights: 45 MB, fetched once. Without a network connection",
            '# name a file (weights = "resnet18-f37072fd.pth"), or switch it off:',
            "# enabled = false",
            "",
        ]
    return "\n".join(lines)


def _other_protocols() -> str:
    others = (name for name in get_args(ProtocolName) if name != DEFAULT_PROTOCOL)
    return " or ".join(quoted(name) for name in others)


def _shared(roles: Roles, files: FoundFiles) -> list[str]:
    """Ask who the patients are where several rows share an image and nothing says so."""
    if files.image and files.rows_share_images and "patient" not in roles.columns:
        return ["several rows share an image: which column names the patient?"]
    return []


def _reasons(roles: Roles) -> list[str]:
    return [comment(f"{role}: {reason}") for role, reason in roles.why.items()]


def _columns(roles: Roles, wide: WideSheet | None) -> str:
    table = {role: quoted(column) for role, column in roles.columns.items()}
    if wide is not None:
        texts = {
            side: quoted(spellings[0]) if len(spellings) == 1 else listed(spellings)
            for side, spellings in wide.spellings.items()
        }
        table["sides"] = inline(texts)
        if wide.operated is not None:
            table["operated"] = quoted(wide.operated)
    return inline(table) if table else "{ }"


def _readings(roles: Roles) -> list[str]:
    settled = {c: words(how) for c, how in roles.read.items() if all(how.values())}
    settled |= {column: inline({"strip": listed(off)}) for column, off in roles.strip.items()}
    for column in sorted(roles.merged):
        own = {"read": settled[column]} if column in settled else {}
        settled[column] = inline({"merged": quoted("repeat"), **own})
    open_ones = {
        column: words({cell: meaning or "..." for cell, meaning in how.items()})
        for column, how in roles.read.items()
        if not all(how.values())
    }
    lines = [f"read = {inline(settled)}"] if settled else []
    return lines + ([f"# read = {inline(open_ones)}"] if open_ones else [])


def _outcome_lines(roles: Roles, files: FoundFiles) -> list[str]:
    column = roles.columns.get("event") or roles.columns.get("event_date") or "event"
    event = event_name(without_date(column.replace("_", " ")))
    if is_named(column, "censored"):
        event = "event"
    return [
        "[outcome]",
        f"name = {quoted(outcome_name(event))}",
        f"event = {quoted(event)}",
        *_competing_lines(roles),
        f"unit = {quoted(roles.unit)}  # days, weeks, months or years",
        *landmark_line(roles, files),
        f"horizons = [{', '.join(f'{horizon:g}' for horizon in roles.horizons)}]",
        "",
    ]


def _competing_lines(roles: Roles) -> list[str]:
    """Return the other events that the event column holds: live where their names are known."""
    known = {name: _codes(cells) for name, cells in roles.competing.items() if name}
    lines = [f"competing = {inline(known)}"] if known else []
    return lines + [
        f'# competing = {{ "what it is" = {_codes(cells)} }}'
        for name, cells in roles.competing.items()
        if not name
    ]


def _codes(cells: Sequence[str]) -> str:
    texts = [cell if cell.isdecimal() else quoted(cell) for cell in cells]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _clinical_lines(roles: Roles) -> list[str]:
    lines = [comment(f"Not used, {reason}: {column}") for column, reason in roles.left_out.items()]
    if not roles.clinical:
        return [*lines, ""] if lines else []
    lines += [
        "# Keep what was known when follow-up began; the first level is the reference.",
        "[clinical]",
    ]
    for column, declared in roles.clinical.items():
        if declared.asked:
            lines.append(comment(f"TO DECIDE: {declared.asked}"))
        lines.append(f"{key(column)} = {declared.line}")
    # Without a gap the section would be empty, and whoever adds it would have it twice.
    if roles.gaps:
        lines += [
            "",
            "# Cases that lack a clinical value are left out, and listed; to keep them:",
            "[selection]",
            '# missing_clinical = "multiple"',
        ]
    return [*lines, ""]
