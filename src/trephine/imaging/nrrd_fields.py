"""The fields of an NRRD header, each held to its own form before the format's library sees it.

The library writes what it cannot read into messages of fixed length, beyond their end where the
text is long (ITK 5.4). So every field has to be known, to stand once, and to be what the format's
definition says (https://teem.sourceforge.net/nrrd/format.html, sections 4 to 6).
"""

from __future__ import annotations

import re

_MOST_LINES = 20_000
_LONGEST_KEY, _LONGEST_TEXT = 500, 1000

_NUMBER = r"[-+]?(?:(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[-+]?\d{1,4})?|nan|inf|infinity)"
_WHOLE = r"[-+]?\d{1,18}"
_VECTOR = rf"(?:\( *{_NUMBER}(?: *, *{_NUMBER}){{0,7}} *\)|none)"
_WORD = r"[\w?-]{1,40}"
_QUOTED = r'"[^"\\]{0,80}"'
_TEXT = rf"[^\x00-\x08\x0a-\x1f]{{0,{_LONGEST_TEXT}}}"


def _list(one: str) -> str:
    return rf"{one}(?:\s+{one}){{0,15}}"


_FORMS = {
    name: re.compile(form, re.IGNORECASE)
    for names, form in {
        "number|dimension|space dimension|block size|blocksize|line skip|lineskip|byte skip"
        "|byteskip": _WHOLE,
        "min|max|old min|oldmin|old max|oldmax": _NUMBER,
        "sizes": _list(_WHOLE),
        "spacings|thicknesses|axis mins|axismins|axis maxs|axismaxs": _list(_NUMBER),
        "space directions|measurement frame": _list(_VECTOR),
        "space origin": _VECTOR,
        "kinds|centers|centerings": _list(_WORD),
        "units|labels|space units": _list(_QUOTED),
        "type": r"[\w ]{1,30}",
        "space": r"[\w -]{1,60}",
        "encoding|endian": _WORD,
        "content|sample units|sampleunits|data file|datafile": _TEXT,
    }.items()
    for name in names.split("|")
}
# A number of values for each axis.
_PER_AXIS = ("sizes", "spacings", "thicknesses", "axis mins", "axismins", "axis maxs", "axismaxs",
             "kinds", "centers", "centerings")  # fmt: skip


def nrrd_fields(head: str) -> dict[str, str] | None:
    """Return the fields of a header, names in lower case.

    Parameters
    ----------
    head
        Its text up to the empty line that ends it.

    Returns
    -------
    None where a line is neither a comment, a pair (``key:=value``) nor a known field in its form,
    or a field stands twice, or their numbers of axes differ.
    """
    magic, *lines = head.split("\n")
    if not re.fullmatch(r"NRRD000[1-5]\r?", magic) or len(lines) > _MOST_LINES:
        return None
    fields: dict[str, str] = {}
    for line in (line.removesuffix("\r") for line in lines):
        name, colon, value = line.partition(":")
        if line.startswith("#"):
            continue
        if colon and value.startswith("="):
            if len(name) > _LONGEST_KEY:
                return None
            continue
        name, value = name.lower(), value.strip(" \t")
        form = _FORMS.get(name)
        if not line.startswith(": ", len(name)) or form is None or name in fields:
            return None
        if not form.fullmatch(value):
            return None
        fields[name] = value
    return fields if _axes_agree(fields) else None


def _axes_agree(fields: dict[str, str]) -> bool:
    axes = fields.get("dimension", "")
    if not re.fullmatch(r"[1-8]", axes):
        return False
    return all(len(fields[name].split()) == int(axes) for name in _PER_AXIS if name in fields)
