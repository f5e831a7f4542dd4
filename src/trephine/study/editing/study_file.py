"""The text of a study file as two hands edit it: a person's, and a page's that asks for choices.

An edit changes the keys that it is about and leaves everything else as it stands, comments too.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, InlineTable

from trephine.errors import InputError, StudyProblemsError
from trephine.paths import held_inside, open_regular
from trephine.study.toml_text import inline, quoted
from trephine.writing import write_text

Role = Literal[
    "case", "patient", "side", "time", "event", "start", "last", "event_date", "last_intact",
    "first_seen", "entry", "centre",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)

_MOST_BYTES = 1 << 20
_ASKED = re.compile(r"^[ \t]*# TO DECIDE: (?P<question>.*?)[ \t]*$", re.MULTILINE)


class FileChangedError(InputError):
    """A study file that somebody else changed since it was shown."""


@dataclass(frozen=True)
class StudyText:
    """A study file's text, and the digest by which a later edit knows it again."""

    text: str
    digest: str

    @property
    def asked(self) -> tuple[str, ...]:
        """What the draft left for a person to decide, question by question."""
        return tuple(match["question"] for match in _ASKED.finditer(self.text))

    @property
    def content(self) -> dict[str, Any]:
        """What the file says, as far as it is TOML."""
        try:
            return tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            return {}


@dataclass(frozen=True)
class VariableEdit:
    """What a clinical variable is to be declared as.

    Attributes
    ----------
    levels
        In order; empty for a measurement.
    reference, unit, label
        Empty where there is none.
    """

    levels: tuple[str, ...] = ()
    reference: str = ""
    unit: str = ""
    label: str = ""


@dataclass(frozen=True)
class DataEdit:
    """What a page asks a study file to say.

    Attributes
    ----------
    sections
        Section to key to value; an empty text or None removes the key.
    asked
        Columns that the page asked about: what the file says of others stays.
    roles
        Role to column.
    variables
        Columns that are clinical variables, with what they are declared as; None leaves the
        declaration as it stands.
    left_out
        Columns that are none.
    declared
        Declarations of columns that had none, as a draft guesses them.
    read
        What cells of some columns mean, where the file does not say so already.
    """

    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: Sequence[str] = ()
    roles: Mapping[Role, str] = field(default_factory=dict)
    variables: Mapping[str, VariableEdit | None] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)


def read_text(path: Path) -> StudyText:
    """Return the text of a study file.

    Raises
    ------
    InputError
        If it is not there, too long or not UTF-8.
    """
    with open_regular(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path.name}: expected at most {_MOST_BYTES} bytes, found more")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: expected UTF-8, found other bytes") from None
    return StudyText(text, hashlib.sha256(content).hexdigest())


def save_text(path: Path, text: str, digest: str) -> None:
    """Write a study file that somebody edited.

    Parameters
    ----------
    path
        Of the study file.
    text
        Whole.
    digest
        Of the file as it was shown.

    Raises
    ------
    FileChangedError
        If it has another digest now.
    StudyProblemsError
        If the text is no TOML; nothing is written then.
    """
    plain = text.replace("\r\n", "\n")
    try:
        tomllib.loads(plain)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        # It comes with all that reads a study, and whoever only shows one needs none of that.
        from trephine.plan.reading import not_toml

        raise StudyProblemsError([not_toml(Path(path.name), error)]) from None
    if read_text(path).digest != digest:
        raise FileChangedError(
            f"{path.name}: expected the file as it was shown, found that it was changed since"
        )
    held_inside(path, path.parent)
    write_text(path, plain)


def edited(text: str, edit: DataEdit) -> str:
    """Return the text of a study file with an edit in it.

    Raises
    ------
    InputError
        If the text is no TOML.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError:
        raise InputError("study file: expected TOML, found another form") from None
    for name, keys in edit.sections.items():
        _set_all(_section(document, name), keys)
    _set_roles(_section(document, "data"), edit)
    _set_variables(document, edit)
    return tomlkit.dumps(document)


def without_question(text: str, question: str) -> str:
    """Return the text without the comment that asks a question, once it is decided."""
    for match in _ASKED.finditer(text):
        if match["question"] == question:
            return text[: match.start()] + text[match.end() + 1 :]
    return text


def columns_of(variable: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the columns that a clinical variable is read from, as a study file declares it."""
    arcs = variable.get("arcs")
    if isinstance(arcs, list):
        return tuple(map(str, arcs))
    return (str(variable.get("column") or key),)


def _section(document: Any, name: str) -> Any:
    """Return a section, a dotted one too, made where there is none."""
    found = document
    for part in name.split("."):
        if part not in found:
            found[part] = tomlkit.table()
        found = found[part]
        if not isinstance(found, AbstractTable | dict):
            raise InputError(f"study file [{name}]: expected a section, found a value")
    return found


def _set_all(section: Any, keys: Mapping[str, Any]) -> None:
    for key, value in keys.items():
        _set(section, key, value)


def _set(table: Any, key: str, value: Any) -> None:
    """Set a key where it changes; an empty value removes it."""
    if value is None or value in ("", [], {}, ()):
        if key in table:
            del table[key]
        return
    plain = list(value) if isinstance(value, tuple) else value
    if key not in table or _plain(table[key]) != plain:
        table[key] = _inline(plain)


def _plain(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _inline(value: Any) -> Any:
    """Return a value as a draft writes it: what belongs together stands on one line."""
    return tomlkit.parse(f"value = {_written(value)}\n")["value"]


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return inline({str(key): _written(own) for key, own in value.items()}) if value else "{ }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _set_roles(data: Any, edit: DataEdit) -> None:
    columns = _plain(data.get("columns", {}))
    others = {key: value for key, value in columns.items() if key not in ROLES}
    chosen = {r: c for r in ROLES if (c := columns.get(r)) is not None and c not in edit.asked}
    chosen |= edit.roles
    own: dict[str, Any] = {str(role): chosen[role] for role in ROLES if role in chosen}
    _set_within(data, "columns", {**own, **others})
    read = _plain(data.get("read", {}))
    _set_within(data, "read", {**edit.read, **read})


def _set_within(table: Any, key: str, wanted: Mapping[str, Any]) -> None:
    """Give a table of a table what is wanted, in its own form: on one line, or a section."""
    now = table.get(key)
    if _plain(now) == wanted or (now is None and not wanted):
        return
    if now is None or isinstance(now, InlineTable):
        table[key] = _inline(wanted)
        return
    for name in [name for name in now if name not in wanted]:
        del now[name]
    _set_all(now, wanted)


def _set_variables(document: Any, edit: DataEdit) -> None:
    known: dict[str, list[str]] = {}
    for key, variable in document.get("clinical", {}).items():
        for column in columns_of(_plain(variable), key):
            known.setdefault(column, []).append(key)
    if not edit.variables and not known:
        return
    clinical = _section(document, "clinical")
    for column in edit.left_out:
        for key in known.get(column, ()):
            if key in clinical:
                del clinical[key]
    for column, asked in edit.variables.items():
        key = (known.get(column) or [column])[0]
        now = _plain(clinical[key]) if key in clinical else edit.declared.get(column, {})
        wanted = now if asked is None else _declared(now, asked)
        if key not in clinical or wanted != now:
            _set_within(clinical, key, wanted)
        if key not in clinical:
            clinical[key] = _inline({})


def _declared(now: Mapping[str, Any], asked: VariableEdit) -> dict[str, Any]:
    """Return a declaration with what was asked for in it; what has not changed stays as it was."""
    wanted = dict(now)
    levels = _as_before(now, list(asked.levels))
    reference = asked.reference if asked.reference in asked.levels else ""
    if reference in asked.levels[:1] and _text(now.get("reference")) != reference:
        reference = ""  # the first level is the reference where none is named
    if _text(now.get("reference")) == reference:
        reference = now.get("reference", "")
    values = {"levels": levels, "reference": reference, "unit": asked.unit, "label": asked.label}
    for key, value in values.items():
        if value in ("", []):
            wanted.pop(key, None)
        else:
            wanted[key] = value
    return wanted


def _as_before(variable: Mapping[str, Any], levels: list[str]) -> Any:
    """Return the levels as the file has them where only their spelling as TOML differs: [0, 1]."""
    before = variable.get("levels", [])
    return before if [_text(one) for one in before] == levels else levels


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
