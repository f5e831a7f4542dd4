"""A made-up hospital's sheet: a row per patient, dates, columns for R and L, free spellings.

Nothing in it is real. What each cell means is known, so that what is read can be compared.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from openpyxl import Workbook

_FORMS = ("{d:%Y.%m.%d}", "{d:%Y/%m/%d}", "{d.year}年{d.month}月{d.day}日", "{d:%Y-%m-%d}")
_STAGES = {
    "I": ("I", "Ⅰ", "1", "1期"),
    "II": ("II", "ii ", "2", "Ⅱ"),
    "IIIA": ("IIIA", "IIIa", "3A"),
}


@dataclass(frozen=True)
class Hip:
    """What is true of one hip."""

    case: str
    days: int
    event: bool
    stage: str
    sex: str
    age: float


def hospital(n_patients: int = 40, seed: int = 7) -> tuple[list[dict[str, object]], list[Hip]]:
    """Return the rows of a wide sheet, and what they mean."""
    draw = random.Random(seed)
    rows, hips = [], []
    for number in range(1, n_patients + 1):
        start = date(2016, 1, 1) + timedelta(days=draw.randrange(1200))
        last = start + timedelta(days=draw.randrange(700, 1800))
        sex, age = draw.choice("FM"), draw.randrange(20, 66)
        row: dict[str, object] = {
            "影像号": f"XR{number:04d}",
            "住院号": 40000 + 37 * number,
            "姓名": f"假名{number}",
            "性别": {"F": ("F", "女"), "M": ("M", "男")}[sex][number % 2],
            "年龄": f"{age}岁" if number % 9 == 0 else age,
            "手术日期": _written(draw, start),
            "末次随访": _written(draw, last),
        }
        sides = draw.choice((("R",), ("L",), ("R", "L")))
        for side, word in (("R", "右"), ("L", "左")):
            cells = dict.fromkeys((f"{word}分期", f"{word}塌陷日期"), "")
            if side in sides:
                stage = draw.choice(list(_STAGES))
                event = draw.random() < 0.45
                seen = start + timedelta(days=draw.randrange(30, (last - start).days))
                cells[f"{word}分期"] = draw.choice(_STAGES[stage])
                if event:
                    cells[f"{word}塌陷日期"] = _written(draw, seen)
                days = ((seen if event else last) - start).days
                hips.append(Hip(f"XR{number:04d}-{side}", days, event, stage, sex, float(age)))
            row |= cells
        row["备注"] = draw.choice(("", "电话随访", "失访"))
        rows.append(row)
    return rows, hips


def _written(draw: random.Random, day: date) -> str:
    return draw.choice(_FORMS).format(d=day)


def write_wide(path: Path, rows: list[dict[str, object]]) -> None:
    """Write the sheet with a title and a group row above, and a total below."""
    book = Workbook()
    sheet = book.active
    sheet.append(["随访表 2016-2020"])
    sheet.append(["基本信息", *[""] * 6, "右髋", "", "左髋"])
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    sheet.append(["合计", len(rows)])
    book.save(path)


def long_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the same hips with a row each, sides as 右 and 左."""
    made = []
    for row in rows:
        shared = {k: v for k, v in row.items() if k[0] not in "右左"}
        for word in "右左":
            if row[f"{word}分期"]:
                own = {"侧别": word, "分期": row[f"{word}分期"]}
                made.append(shared | own | {"塌陷日期": row[f"{word}塌陷日期"]})
    return pd.DataFrame(made)


def translated(
    rows: list[dict[str, object]], names: str, write: Callable[[date], str]
) -> pd.DataFrame:
    """Return the wide sheet under other names, parted by bars, its dates in another form.

    The names are those of number, surname, sex, age, surgery, last visit, stage and collapse on the
    right, on the left, and remark.
    """
    own = [*"影像号 姓名 性别 年龄 手术日期 末次随访".split(), "右分期", "右塌陷日期"]  # noqa: SIM905
    own += ["左分期", "左塌陷日期", "备注"]
    frame = pd.DataFrame(rows)[own].astype(str)
    for column in own:
        if "日期" in column or "随访" in column:
            frame[column] = [write(_read(cell)) if cell else "" for cell in frame[column]]
    return frame.set_axis(names.split("|"), axis=1)


def _read(cell: str) -> date:
    year, month, day = map(int, re.findall(r"\d+", cell))
    return date(year, month, day)
