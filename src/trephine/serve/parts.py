"""The files that pages are made of: templates, style and modules, read from the package."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

# Modules in the order in which one file holds them: each needs those before it.
MODULES = ("arithmetic.mjs", "drawing.mjs", "wording.mjs", "page.mjs")

_IMPORT = re.compile(r"^import \{[^}]*\} from \"[^\"]*\";\n", re.MULTILINE)
# Lines that hold no more than a comment, and the space before a line: no text of the modules runs
# over several lines.
_COMMENT = re.compile(r"^ *(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n|^ +|^\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|const) )", re.MULTILINE)


@cache
def environment() -> jinja2.Environment:
    """Return where templates come from; what they are given is escaped."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("trephine.serve", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static(name: str) -> str:
    """Return the text of a style sheet or module."""
    return resources.files("trephine.serve").joinpath("static", name).read_text("utf-8")


@cache
def one_module() -> str:
    """Return all modules as one, so that a page without a server holds them."""
    whole = "".join(static(name) for name in MODULES)
    return _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", whole)))


def as_data(content: Any) -> Markup:
    """Return JSON for a data block of a page: nothing in it can end the block."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign that HTML knows is written as JSON's own
