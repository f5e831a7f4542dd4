"""What codes mean, as people write it beside a table: "1 = male, 2 = female".

A legend stands in one cell, or with one code a cell below or beside one another; after the
column's name in the same cell, beside or below the name, or in the column's name itself; or it is
a code book, one row per code. It is taken for a column only by the column's name, where one column
alone holds its words among its codes, or where the codes are those of one column alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from trephine.cohort.reading import cause_of
from trephine.cohort.reading.beside import SheetText
from trephine.cohort.table import is_missing

_CODE = r"(?<![^\W_])(?P<code>[0-9]{1,3}|[A-Za-z])"
# A dash, a bracket or a point parts code and meaning only before a letter: 10-20 is a range. A
# Chinese, Japanese or Korean meaning may follow its number at once.
_EAST = "[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_SIGN = rf"\s*(?:[=:→]\s*|[-–.)、]\s*(?=[^\W\d_])|(?<=[0-9])(?={_EAST}))"
_NEXT = (
    r"(?=\s*[,;、。|/\n\r]|\s+(?:[0-9]{1,3}|[A-Za-z])\s*[=:→)、-]"
    rf"|\s*[0-9]{{1,3}}{_EAST}|\s*[)\]】]?\s*$)"
)
_PAIR = re.compile(f"{_CODE}(?P<sign>{_SIGN})(?P<meaning>[^=→\\n\\r]+?){_NEXT}")
_LETTER = re.compile(r"[^\W\d_]")
_MOST_CODES = 12
# Words that introduce a legend and are no column.
_INTRODUCTION = re.compile(
    r"^(codes?|coding|legend|key|note|notes|注|说明|备注|编码|代码|注释|kodierung|légende|leyenda)$"
)


@dataclass(frozen=True)
class Legend:
    """What the codes of one column mean.

    Attributes
    ----------
    column
        Of the table.
    meanings
        By code, as the cells are written.
    place
        Where it stands.
    """

    column: str
    meanings: Mapping[str, str]
    place: str

    def sentence(self) -> str:
        """Say what was read, and where."""
        listed = ", ".join(f"{code} = {meaning}" for code, meaning in self.meanings.items())
        return f"codes of {self.column}: {listed} ({self.place})"


def pairs_in(text: str) -> tuple[dict[str, str], str]:
    """Return the codes of a text with their meanings, and what stands before the first.

    No pairs where a code stands twice, or where too many do.
    """
    plain = unicodedata.normalize("NFKC", text)
    matches = list(_PAIR.finditer(plain))
    if not matches or len(matches) > _MOST_CODES:
        return {}, ""
    before = plain[: matches[0].start()].strip(" :=([【,;、。.")
    pairs = {match["code"]: _trimmed(match["meaning"]) for match in matches}
    digits = {code.isdigit() for code in pairs}
    clock = any("=" not in m["sign"] and not _LETTER.search(m["meaning"]) for m in matches)
    if clock or len(pairs) < len(matches) or len(digits) > 1 or not all(pairs.values()):
        return {}, ""
    return pairs, before


def _trimmed(meaning: str) -> str:
    return meaning.strip().rstrip(")]】.。;,").strip()


def find_legends(frame: pd.DataFrame, texts: Sequence[SheetText]) -> dict[str, Legend]:
    """Return the legends of a table's columns, by column; the first that is found counts.

    Parameters
    ----------
    frame
        Text cells, one row per case.
    texts
        Of the same file, outside its table.
    """
    columns = [str(name) for name in frame.columns]
    named = {_plain(name): name for name in reversed(columns)}
    values = {name: _values(frame[name]) for name in columns}
    found: dict[str, Legend] = {}
    legends = (*_in_headers(columns), *_in_cells(texts, named, values), *_code_book(texts, named))
    for legend in legends:
        meanings = _as_written(legend.meanings, values[legend.column])
        if len(meanings) > 1 and _covers(meanings, values[legend.column]):
            found.setdefault(legend.column, Legend(legend.column, meanings, legend.place))
    return found


def _in_headers(columns: Iterable[str]) -> Iterable[Legend]:
    for name in columns:
        pairs, _ = pairs_in(name)
        if len(pairs) > 1:
            yield Legend(name, pairs, "its own name")


def _in_cells(
    texts: Sequence[SheetText], named: Mapping[str, str], values: Mapping[str, set[str]]
) -> Iterable[Legend]:
    """Yield the legends of cells with all codes, and of runs of cells with one code each."""
    by_place = {(text.sheet, text.row, text.column): text for text in texts}
    loose: list[tuple[SheetText, dict[str, str]]] = []
    for text in texts:
        for pairs, before in _parts(text.text):
            column = _column(before, named) or _named_near(text, by_place, named)
            if column:
                yield Legend(column, pairs, text.place)
            elif not before or _INTRODUCTION.match(before.casefold()):
                loose.append((text, pairs))
    for text, pairs, before in _runs(by_place):
        column = _column(before, named) or _named_near(text, by_place, named)
        if column:
            yield Legend(column, pairs, text.place)
        else:
            loose.append((text, pairs))
    for text, pairs in loose:
        if column := _only_column(pairs, values):
            yield Legend(column, pairs, text.place)


def _only_column(pairs: Mapping[str, str], values: Mapping[str, set[str]]) -> str:
    """Return the column that a legend without a name can only be of, or an empty text.

    Some rows of the column hold the words themselves, or it alone holds such codes.
    """
    spoken = [n for n, own in values.items() if set(pairs.values()) <= own and own & set(pairs)]
    if spoken:
        return spoken[0] if len(spoken) == 1 else ""
    fitting = [name for name, own in values.items() if len(own) > 1 and own <= set(pairs)]
    return fitting[0] if len(fitting) == 1 and values[fitting[0]] == set(pairs) else ""


def _parts(text: str) -> list[tuple[dict[str, str], str]]:
    """Return the legends of one cell: one, or one for each of several columns."""
    whole = pairs_in(text)
    parts = [whole] if whole[0] else [pairs_in(part) for part in re.split(r"[;；。\n\r]", text)]
    return [(pairs, before) for pairs, before in parts if len(pairs) > 1]


def _runs(
    by_place: Mapping[tuple[str | None, int, int], SheetText],
) -> Iterable[tuple[SheetText, dict[str, str], str]]:
    """Yield cells of one code each that stand below or beside one another, as one legend."""
    single = {}
    for place, text in by_place.items():
        pairs, before = pairs_in(text.text)
        if len(pairs) == 1:
            single[place] = (pairs, before)
    for down, across in ((1, 0), (0, 1)):
        for (sheet, row, column), (pairs, before) in single.items():
            if (sheet, row - down, column - across) in single and not before:
                continue
            run, step = dict(pairs), 1
            while (
                (following := single.get((sheet, row + step * down, column + step * across)))
                is not None
                and not following[1]
                and not set(following[0]) & set(run)
            ):
                run |= following[0]
                step += 1
            if len(run) > 1:
                yield by_place[sheet, row, column], run, before


def _named_near(
    text: SheetText,
    by_place: Mapping[tuple[str | None, int, int], SheetText],
    named: Mapping[str, str],
) -> str:
    """Return the column that the nearest cell to the left, or above, is called by."""
    left = [
        other
        for (sheet, row, column), other in by_place.items()
        if sheet == text.sheet and row == text.row and column < text.column
    ]
    nearest = sorted(left, key=lambda other: -other.column)[:1]
    above = by_place.get((text.sheet, text.row - 1, text.column))
    for other in (*nearest, *([above] if above is not None else [])):
        if found := _column(other.text, named):
            return found
    return ""


def _code_book(texts: Sequence[SheetText], named: Mapping[str, str]) -> Iterable[Legend]:
    """Yield legends of a list of (name, code, meaning), one row per code; a name may stand once."""
    rows: dict[tuple[str | None, int], list[SheetText]] = defaultdict(list)
    for text in texts:
        rows[text.sheet, text.row].append(text)
    column, current, sheet_of = "", "", None
    meanings: dict[str, dict[str, str]] = defaultdict(dict)
    first: dict[str, SheetText] = {}
    for (sheet, _), cells in rows.items():
        if sheet != sheet_of:
            column, sheet_of = "", sheet
        found = _column(cells[0].text, named)
        if found:
            column, cells = found, cells[1:]
        elif len(cells) > 2:
            column = ""
        if column and len(cells) >= 2 and re.fullmatch(r"[0-9]{1,3}|[A-Za-z]", cells[0].text):
            current = cells[0].text
            meanings[column].setdefault(current, cells[1].text)
            first.setdefault(column, cells[0])
    for name, own in meanings.items():
        if 1 < len(own) <= _MOST_CODES:
            yield Legend(name, own, first[name].place)


def _column(text: str, named: Mapping[str, str]) -> str:
    """Return the column that a text calls by its name, behind "Note:" or not; or an empty text."""
    behind = re.split(r"[:：]", text)[-1]
    return named.get(_plain(text), "") or named.get(_plain(behind), "")


def _plain(name: str) -> str:
    """Return a name without its brackets, capitals and signs."""
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"[(\[【].*$", "", text) or text
    return " ".join(re.sub(r"[\W_]+", " ", text).casefold().split())


def _values(column: pd.Series) -> set[str]:
    return {cell for cell in column if not is_missing(cell) and cause_of(cell) is None}


def _as_written(meanings: Mapping[str, str], values: set[str]) -> dict[str, str]:
    """Return meanings by the column's own spelling of a code: 1.0 and 01 are the code 1."""
    found = dict(meanings)
    for value in values - set(meanings):
        bare = re.sub(r"\.0+$", "", value).lstrip("0") or "0"
        if re.fullmatch(r"[0-9]+(\.0+)?", value) and bare in meanings:
            found[value] = meanings[bare]
    return found


def _covers(meanings: Mapping[str, str], values: set[str]) -> bool:
    """Say whether a column holds codes, and no number that the legend does not have."""
    numbers = {value for value in values if re.fullmatch(r"[-+]?[0-9.,]+", value)}
    coded = any(code in values for code in meanings)
    letters = any(not code.isdigit() for code in meanings)
    return coded and numbers <= set(meanings) and (not letters or values <= set(meanings))
