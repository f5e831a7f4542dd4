"""Strings, keys and tables as TOML writes them, whatever letters they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping


def quoted(text: str) -> str:
    """Return a text as a TOML string."""
    # JSON escapes what TOML does, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(text: str) -> str:
    """Return a text as a TOML key, bare where it can be."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else quoted(text)


def listed(texts: Iterable[str]) -> str:
    """Return texts as a TOML list."""
    return f"[{', '.join(map(quoted, texts))}]"


def inline(table: Mapping[str, str]) -> str:
    """Return an inline table of values that are TOML already."""
    return f"{{ {', '.join(f'{key(name)} = {value}' for name, value in table.items())} }}"


def words(table: Mapping[str, str]) -> str:
    """Return an inline table of texts."""
    return inline({name: quoted(text) for name, text in table.items()})


def comment(text: str) -> str:
    """Return a comment on one line."""
    return "# " + re.sub(r"[\x00-\x1f\x7f\s]+", " ", text)
