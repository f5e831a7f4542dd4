"""How a clinical variable is declared, so that the cells as they are written can be read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from trephine.cohort.answers import NO, YES
from trephine.cohort.reading.cell_text import alike
from trephine.study.draft.numbers import asked_marks, numbers_of
from trephine.study.draft.values import Look
from trephine.study.toml_text import inline, key, listed, words

# A column of more different values than this is taken as a measurement.
MOST_LEVELS = 6
_STAGE = re.compile(
    r"(?:arco|ficat|steinberg|stage|grade|type|class|stadium|stade|grad|typ)?\s*"
    r"第?\s*(?P<n>iv|v|i{1,3}|[0-6]|[一二三四五六])\s*-?\s*(?P<letter>[a-d]?)"
    r"\s*(?:期|级|級|度|型|stage|grade|기)?"
)
_RANKS = (
    "no none absent never normal 否 无 nein non нет aucun - (-)",
    "minimal trace doubtful ± (±) +/-",
    "mild slight light small low 轻 轻度 輕度 軽度 leicht gering léger légère leve"
    " лёгкая легкая + (+) 1+",
    "moderate medium middle intermediate 中 中度 中等 mittel mäßig modéré modérée moderado"
    " средняя ++ 2+",
    "severe marked heavy large high 重 重度 schwer hoch sévère grave тяжёлая тяжелая +++ 3+",
)
"""Words that stand in an order of their own, from least to most."""
_RANK = {word: rank for rank, words in enumerate(_RANKS) for word in words.split()}
_ROMAN = {"0": "0", "1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}
_ROMAN |= dict(zip("一二三四五六", ("I", "II", "III", "IV", "V", "VI"), strict=True))
_MEN = """m male man männlich mann männl homme masculin hombre masculino м муж мужской
    男 男性 남 남성 남자"""
_WOMEN = """f female woman weiblich frau w femme féminin mujer femenino ж жен женский
    女 女性 여 여성 여자"""
_MALE = frozenset(_MEN.split())
_FEMALE = frozenset(_WOMEN.split())
# Cells that say that nobody knows.
_UNKNOWN = frozenset(
    """unknown|unk|unk.|not known|not recorded|not reported|not available|nr|missing|n.d.|nd|no data
    |k.a.|unbekannt|keine angabe|inconnu|nsp|desconocido|неизвестно|нет данных|未知|不详|不明|未记录
    |미상|不明確""".replace("\n    ", "").split("|")
)
# Marks by which a finding is ticked, beside the words for yes.
_TICKS = frozenset(["1", "x", "●", "•", "○", "*", "v", "1.0", "present", "vorhanden", "présent"])


@dataclass(frozen=True)
class Declaration:
    """A line of the section ``[clinical]``, or why there is none.

    Attributes
    ----------
    line
        An inline table of TOML; empty where the column makes no variable.
    reason
        Why not.
    asked
        What a person must decide about it, or an empty text.
    unknown
        Whether words in its cells are read as missing values.
    """

    line: str = ""
    reason: str = ""
    asked: str = ""
    unknown: bool = False


def declare(look: Look) -> Declaration:
    """Declare a clinical variable as its cells are written."""
    if len(set(_spoken(look))) < 2:
        return Declaration(reason=_one_value(look) if look.values else "no value")
    number = None if look.codes else _measurement(look)
    if number is not None and (len(look.values) > MOST_LEVELS or not look.is_numeric):
        return number
    return _categories(look)


def _one_value(look: Look) -> str:
    """Say why a column of one value is no variable; a mark beside empty cells may mean yes."""
    (value,) = look.values
    ticked = look.share < 1 and (_folded(value) in YES | _TICKS)
    if not ticked:
        return "one value only"
    empty = sum(cell == "" for cell in look.cells)
    line = inline({"levels": listed(["no", "yes"]), "read": words({value: "yes", "": "no"})})
    return f"{value!r} or empty ({empty} rows); if empty means no: {key(look.name)} = {line}"


def _measurement(look: Look) -> Declaration | None:
    """Declare numbers with their unit and decimal sign; None if the cells are none."""
    found = numbers_of(look, MOST_LEVELS)
    if found is None:
        return None
    asked = "; ".join(filter(None, (found.asked, asked_marks(found.marks))))
    return Declaration(inline(found.parts), asked=_merged(look, asked))


def _categories(look: Look) -> Declaration:
    meaning = _meanings(look)
    levels = _levels(look, meaning)
    unknown = [level for level in levels if _folded(level) in _UNKNOWN]
    levels = [level for level in levels if level not in unknown]
    if len(levels) > MOST_LEVELS:
        return Declaration(reason=f"{len(look.values)} different texts")
    if len(levels) < 2:
        return Declaration(reason="one value only")
    asked = ""
    codes = [level for level in levels if re.fullmatch(r"\d", level)]
    if codes and len(codes) < len(levels) and {"F", "M"} <= set(levels):
        levels = [level for level in levels if level not in codes]
        meaning = {cell: level for cell, level in meaning.items() if level not in codes}
        example = ", ".join(f'"{code}" = "..."' for code in codes)
        asked = f"what do {' and '.join(codes)} mean? Put {example} into read"
    if unknown:
        told = f"{' and '.join(map(repr, unknown))} is read as missing: or is it a level?"
        asked = f"{asked}; {told}" if asked else told
        meaning |= {cell: "" for cell, level in meaning.items() if level in unknown}
    nothing = next((cell for cell in set(_spoken(look)) - look.values), None)
    if nothing is not None and not asked:
        asked = f'does "{nothing}" mean that there was none? If it means missing, remove the level'
    read = {cell: level for cell, level in meaning.items() if cell != level}
    read = look.as_written(read) if look.codes else read
    parts = {"levels": listed(levels)}
    if read:
        parts["read"] = words(dict(sorted(read.items())))
    return Declaration(inline(parts), asked=_merged(look, asked), unknown=bool(unknown))


def _levels(look: Look, meaning: Mapping[str, str]) -> list[str]:
    """Return the levels in order: by their codes where there is a legend, no before yes."""
    found = set(meaning.values())
    if not look.codes or found <= {"yes", "no"}:
        return _ordered(found)
    coded = {meaning.get(m, m): _natural(code) for code, m in reversed(list(look.codes.items()))}
    return sorted(found, key=lambda level: coded.get(level, _natural(level)))


def _spoken(look: Look) -> list[str]:
    """Return the filled cells, and those that say "none" where the others are words too.

    Among numbers, and beside yes, no or a sex, "none" is how programs write a missing value; beside
    "mild" and "severe" it is the mildest of them.
    """
    folded = {_folded(cell) for cell in look.values}
    known = YES | NO | _MALE | _FEMALE
    if len(folded) > MOST_LEVELS or any(re.search(r"\d", t) or t in known for t in folded):
        return look.filled
    return [*look.filled, *(cell for cell in look.cells if _folded(cell) == "none")]


def _merged(look: Look, asked: str) -> str:
    if not look.broken:
        return asked
    more = f"{look.broken} cells are merged or hold an error: if a merged value stands for all its"
    more += ' rows, add merged = "repeat"'
    return f"{asked}; {more}" if asked else more


def _meanings(look: Look) -> dict[str, str]:
    """Return the level that each spelling means; spellings of one thing share the commonest."""
    counts = Counter(_spoken(look))
    same = _same_thing(look)
    groups: dict[str, list[str]] = {}
    for cell in counts:
        groups.setdefault(same.get(cell, _folded(alike(cell))), []).append(cell)
    meaning: dict[str, str] = {}
    for thing, cells in groups.items():
        shown = thing if thing in same.values() else max(cells, key=lambda c: (counts[c], c))
        meaning |= dict.fromkeys(cells, shown)
    return meaning


def _same_thing(look: Look) -> dict[str, str]:
    """Return what cells mean where the column is of a well-known kind: sex, yes or no, a stage."""
    folded = {cell: _folded(cell) for cell in look.values}
    texts = set(folded.values())
    sexed = {c: "M" if t in _MALE else "F" for c, t in folded.items() if t in _MALE | _FEMALE}
    coded = {c: t for c, t in folded.items() if t in ("0", "1", "2")}
    if set(sexed.values()) == {"F", "M"} and len(sexed) + len(coded) == len(folded):
        return {**sexed, **coded}
    if texts <= YES | NO and texts & YES and texts & NO and len(texts) > 2:
        return {cell: "yes" if text in YES else "no" for cell, text in folded.items()}
    stages = {cell: _stage(text) for cell, text in folded.items()}
    spelt = any(not text.isdigit() for text in texts)
    if spelt and all(stages.values()) and len(set(stages.values())) < len(look.values):
        return {cell: stage for cell, stage in stages.items() if stage is not None}
    return {}


def _stage(text: str) -> str | None:
    match = _STAGE.fullmatch(text)
    if match is None:
        return None
    number = match["n"]
    return _ROMAN.get(number, number.upper()) + match["letter"].upper()


def _folded(cell: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", cell)).strip().casefold()


def _ordered(levels: set[str]) -> list[str]:
    """Order levels as people do: stages and grades by theirs, none before mild before severe."""
    stages = {level: _stage(_folded(level)) for level in levels}
    if all(stages.values()):
        return sorted(levels, key=lambda level: (_place(stages[level] or ""), level))
    answers = {level: _folded(level) for level in levels}
    if all(answer in YES | NO for answer in answers.values()):
        return sorted(levels, key=lambda level: (answers[level] in YES, level))
    ranks = {level: _RANK.get(_folded(level)) for level in levels}
    if None not in ranks.values():
        return sorted(levels, key=lambda level: (ranks[level] or 0, level))
    return sorted(levels, key=_natural)


def _place(stage: str) -> tuple[int, str]:
    """Return number and letter of a stage as `_stage` writes it: (3, "A") of IIIA."""
    roman = stage.rstrip("ABCD")
    numbers = {written: int(number) for number, written in _ROMAN.items() if number.isdecimal()}
    return numbers[roman], stage[len(roman) :]


def _natural(level: str) -> tuple[int, float, str]:
    """Order levels: no before yes, numbers by size, the rest by letter."""
    if _RANK.get(level.casefold()) == 0:
        return (0, 0.0, level)
    try:
        return (1, float(level), level)
    except ValueError:
        return (2, 0.0, level)
