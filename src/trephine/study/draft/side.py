"""Which column of a table says right or left."""

from __future__ import annotations

from trephine.cohort.sides import side_of
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named


def find_side(
    looks: dict[str, Look],
    found: dict[str, str],
    why: dict[str, str],
    read: dict[str, dict[str, str]],
    questions: list[str],
) -> None:
    """Find the column of sides, by its cells before its name.

    Parameters
    ----------
    looks
        Columns by name.
    found, why, read, questions
        To which the column, the reason, its meanings and what must be asked are added.
    """
    sides = [look for look in looks.values() if look.is_side]
    named = [look for look in sides if is_named(look.name, "side")]
    chosen = next(iter([*named, *sides]), None)
    if chosen is not None:
        found["side"] = chosen.name
        why["side"] = f"its cells are {_shown(chosen)}"
        if chosen.codes:
            read[chosen.name] = {c: side_of(m) or m for c, m in chosen.codes.items()}
        return
    for look in looks.values():
        if is_named(look.name, "side") and look.values in ({"1", "2"}, {"0", "1"}):
            found["side"] = look.name
            why["side"] = "its name"
            first, second = sorted(look.values)
            questions.append(
                f"in {look.name!r}, which of {first} and {second} is the right side? Say so under"
                " [data] read"
            )
            read[look.name] = {first: "", second: ""}
            return
    for look in looks.values():
        others = [cell for cell in dict.fromkeys(look.filled) if side_of(cell) is None]
        if is_named(look.name, "side") and 0 < len(others) < len(look.values):
            found["side"] = look.name
            why["side"] = "its name, and most of its cells"
            shown = " and ".join(map(repr, others[:3]))
            questions.append(
                f"in {look.name!r}, which side is {shown}? A row is one side: part a row of both"
                " in two, or say R or L under [data] read"
            )
            return


def _shown(look: Look) -> str:
    return " and ".join(repr(value) for value in sorted(look.values)[:4])
