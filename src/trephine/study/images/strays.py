"""Files that lie where a study's images and masks lie, and belong to no row: typing errors."""

from __future__ import annotations

import glob
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from trephine.imaging import is_image_path
from trephine.plan.data_section import DataSection
from trephine.study.images.pairs import is_stray

_FIELD = re.compile(r"\{([^{}]+)\}")


def plain_name(name: str) -> str:
    """Return a name without capitals, blanks and the leading zeros of its numbers."""
    text = "".join(unicodedata.normalize("NFKC", name).split()).casefold()
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)


def strays_remark(
    patterns: Mapping[str, tuple[str, Sequence[Path | None]]],
    frame: pd.DataFrame,
    data: DataSection,
    listed: Iterable[str],
) -> list[str]:
    """Return a sentence for each pattern that fits more files than the table has rows for.

    Parameters
    ----------
    patterns
        By what they are ("images", "masks of rater a"), absolute, with the paths of the rows.
    frame, data
        Text cells, and the plan's section.
    listed
        Columns that hold whole paths: a pattern of these says nothing about other files.
    """
    said = []
    for what, (pattern, paths) in patterns.items():
        fields = set(_FIELD.findall(pattern))
        if not fields or fields & set(listed):
            continue
        extra = _extra(pattern, paths)
        if not extra:
            continue
        names = _plain_cells(pattern, frame)
        near = sum(_plain(cells) in names for cells in extra.values())
        belong = "belongs" if len(extra) == 1 else "belong"
        sentence = f"{len(extra)} of the {what} at {data.shown(pattern)} {belong} to no row"
        if near:
            differ = "differs" if near == 1 else "differ"
            sentence += (
                f"; {near} of them {differ} from a row's name only by capitals, leading zeros or"
                " blanks"
            )
        said.append(f"{sentence}. Typing errors, or cases that are not in the table?")
    return said


def near_rows(pattern: str, paths: Sequence[Path | None], frame: pd.DataFrame) -> set[int]:
    """Return the numbers of the rows for which a file of nearly their name lies there."""
    if not _FIELD.search(pattern):
        return set()
    names = {_plain(cells) for cells in _extra(pattern, paths).values()}
    fields = sorted(set(_FIELD.findall(pattern)))
    rows = zip(frame.index, *(frame[field] for field in fields), strict=True)
    return {
        int(number)
        for number, *cells in rows
        if _plain(dict(zip(fields, cells, strict=True))) in names
    }


def _plain_cells(pattern: str, frame: pd.DataFrame) -> set[tuple[str, ...]]:
    fields = sorted(set(_FIELD.findall(pattern)))
    rows = zip(*(frame[field] for field in fields), strict=True)
    return {_plain(dict(zip(fields, cells, strict=True))) for cells in rows}


def _plain(cells: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(plain_name(cells[field]) for field in sorted(cells))


def _extra(pattern: str, paths: Sequence[Path | None]) -> dict[Path, dict[str, str]]:
    """Return the files and folders that a pattern fits and no row has, with what fills it."""
    parts = re.split(r"\{([^{}]+)\}", pattern)
    wild = "".join("*" if odd % 2 else part.replace("[", "[[]") for odd, part in enumerate(parts))
    names = dict.fromkeys(parts[1::2])
    groups = {name: f"field{place}" for place, name in enumerate(names)}
    shape, seen = "", set()
    for odd, part in enumerate(parts):
        if not odd % 2:
            shape += re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        elif part in seen:
            shape += f"(?P={groups[part]})"
        else:
            seen.add(part)
            shape += f"(?P<{groups[part]}>[^/]*)"
    known = {path for path in paths if path is not None}
    extra = {}
    for text in glob.glob(wild):
        fits = re.fullmatch(shape, text)
        path = Path(text)
        if fits and not is_stray(path) and path.resolve() not in known and is_image_path(path):
            extra[path] = {name: fits[group] for name, group in groups.items()}
    return extra
