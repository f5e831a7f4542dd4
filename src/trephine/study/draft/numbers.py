"""How a column of numbers is declared: its unit, its signs, and what a person must decide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trephine.cohort.cells import footnote_mark, plain_number, plain_text
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named, unit_in_brackets, unit_named
from trephine.study.toml_text import listed, quoted

# Of a column of numbers, the share of cells that may be something else; check lists them.
_ODD = 0.1
# Where no cell is a bare number, this share has one unit: "1a" and "2b" are no measurements.
_ONE_UNIT = 0.9
_MOST_UNITS = 3

_DIGITS = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?)"
_CELL = re.compile(
    rf"(?P<limit>[<>≤≥]=?\s*)?(?P<number>{_DIGITS})"
    r"\s*(?P<unit>[^\W\d][^\s;:<>=~]{0,11}|[%°‰µ].{0,5})?"
)
_BLANK_GROUPS = re.compile(r"(?<=\d)[ '’](?=\d{3}(?!\d))")
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_PARTED = re.compile(r"[-+]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")

# Ways to write one unit, without capitals; other units are each their own.
_SAME = (
    "year years y yr yrs a 岁 歲 歳 才 세 jahr jahre j an ans año años anni лет год года г",
    "month months m mo mon mos 月 个月 個月 月龄 ヶ月 개월 monat monate mois mes meses mesi мес",
    "week weeks w wk wks 周 週 주 woche wochen semaine semaines",
    "day days d 天 日 일 tag tage jour jours día días giorni дн",
)
_UNITS = {word: words.split()[0] for words in _SAME for word in words.split()}


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes
    ----------
    parts
        Keys of its declaration in a study file, as TOML.
    asked
        What a person must decide, or an empty text.
    words, kind
        Units as the cells write them, and the one that they all mean; empty for several.
    marks
        Of footnotes, behind some of the numbers.
    """

    parts: dict[str, str]
    asked: str = ""
    words: tuple[str, ...] = ()
    kind: str = ""
    marks: tuple[str, ...] = ()


def numbers_of(look: Look, most_levels: int) -> Numbers | None:
    """Return how a column of numbers is declared; None if its cells are none.

    Parameters
    ----------
    look
        The column.
    most_levels
        A column of no more different values, all with a unit, may be one of levels.
    """
    marks = tuple(dict.fromkeys(mark for c in look.filled if (mark := footnote_mark(c))))
    bare_of = [cell.strip().removesuffix(footnote_mark(cell)) for cell in look.filled]
    plain = [_BLANK_GROUPS.sub("", plain_text(cell)) for cell in bare_of]
    cells = [match for cell in plain if (match := _CELL.fullmatch(cell))]
    bare = [match["number"] for match in cells if not match["unit"] and not match["limit"]]
    different = {match["number"] for match in cells}
    units = Counter(match["unit"].strip() for match in cells if match["unit"])
    kinds = Counter[str]()
    for unit, count in units.items():
        kinds[_kind(unit)] += count
    if len(plain) - len(cells) > _ODD * len(plain) or len(kinds) > _MOST_UNITS:
        return None
    if len(different) <= 2 or (not bare and not _is_measured(cells, kinds, most_levels)):
        return None
    unit, own, others = _unit(look, units, kinds)
    parts = {"unit": quoted(unit)}
    if extra := [*(word for word in own if word != unit), *marks]:
        parts["strip"] = listed(extra)
    signs, asked = _signs([match["number"] for match in cells])
    if not signs and plain != [plain_text(cell) for cell in bare_of]:
        signs = {"decimal": quoted(".")}  # so that blanks between thousands are taken out
    questions = [asked, _asked_units(unit, others), _asked_limits(cells), _asked_shares(cells)]
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    told = "; ".join(filter(None, questions))
    return Numbers(parts | signs, told, tuple(units), kind, marks)


def without_unit_of_time(look: Look) -> Look:
    """Return a column of follow-up times such as "12 months" as bare numbers, with its unit.

    Others are returned as they are, as are times in two units.
    """
    if look.is_numeric or look.is_date or not is_named(look.name, "time"):
        return look
    found = numbers_of(look, 0)
    if found is None or found.asked or not (found.marks or found.kind):
        return look
    if found.kind not in ("day", "week", "month", "year", ""):
        return look
    unit = f"{found.kind}s" if found.kind else ""
    if unit and unit_named(look.titled) not in (None, unit):
        return look
    words = (*found.words, *found.marks)
    cells = tuple(plain_number(cell, words) or cell for cell in look.cells)
    return replace(look, cells=cells, strip=words, unit=unit)


def asked_marks(marks: Iterable[str]) -> str:
    """Return what is to be asked of footnotes' marks, or an empty text."""
    known = [mark for mark in marks if footnote_mark(f"1{mark}")]
    if not known:
        return ""
    shown = " and ".join(map(quoted, known))
    return (
        f"numbers bear the mark {shown}: strip takes it off; if a footnote says that such a number"
        " is another, put it into read"
    )


def _kind(unit: str) -> str:
    return _UNITS.get(unit.casefold().strip("."), unit.casefold())


def _is_measured(cells: list[re.Match[str]], kinds: Counter[str], most_levels: int) -> bool:
    if not kinds or len({match["number"] for match in cells}) <= most_levels:
        return False
    return kinds.most_common(1)[0][1] >= _ONE_UNIT * len(cells)


def _unit(
    look: Look, units: Counter[str], kinds: Counter[str]
) -> tuple[str, list[str], Mapping[str, int]]:
    """Return the unit, the words in cells that mean it, and other units with their cells."""
    named = unit_in_brackets(look.titled)
    usual = named or _usual_unit(look)
    kind = _kind(usual) if usual else (kinds.most_common(1)[0][0] if kinds else "")
    own = [unit for unit in units if _kind(unit) == kind and unit != named]
    others = {unit: count for unit, count in units.items() if _kind(unit) != kind}
    return usual or (own[0] if own else ""), own, others


def _usual_unit(look: Look) -> str:
    """Return the unit of what is measured in one unit all over the world, if the name says so."""
    if is_named(look.name, "age"):
        return "years"
    return "kg/m2" if is_named(look.name, "body mass") else ""


def _signs(numbers: list[str]) -> tuple[dict[str, str], str]:
    """Return the keys that say what commas in numbers are, and what is to be asked of them.

    A comma such as that of 1,234 may part thousands or be a decimal comma: alone it is asked.
    """
    commas = [number for number in numbers if "," in number]
    if not commas:
        return {}, ""
    parted = [number for number in commas if _PARTED.fullmatch(number)]
    either = [number for number in commas if _EITHER.fullmatch(number)]
    if len(parted) + len(either) < len(commas):
        return {"decimal": quoted(",")}, "are the commas decimal commas?" if either else ""
    if parted:
        return {"thousands": quoted(",")}, ""
    return {}, 'do the commas part thousands (add thousands = ",") or decimals (decimal = ",")?'


def _asked_units(unit: str, others: Mapping[str, int]) -> str:
    if not others:
        return ""
    written = " and ".join(f"{quoted(word)} ({count})" for word, count in others.items())
    return (
        f"cells are in {written} beside {quoted(unit)}: bring them to one unit in the table, or"
        " add the word to strip if it means the same"
    )


def _asked_limits(cells: list[re.Match[str]]) -> str:
    limits = list(dict.fromkeys(match[0] for match in cells if match["limit"]))
    if not limits:
        return ""
    return f"which number stands for {quoted(limits[0])}? Put {quoted(limits[0])} = ... into read"


def _asked_shares(cells: list[re.Match[str]]) -> str:
    """Ask of 0.45 beside 45%."""
    in_percent = any(match["unit"] == "%" for match in cells)
    small = [m for m in cells if not m["unit"] and re.fullmatch(r"0?[.,]\d+|0|1", m["number"])]
    if not in_percent or not small:
        return ""
    return "numbers up to 1 occur beside cells with %: does 0.45 mean 45% there?"
