"""Columns that predict because they know the answer, or the order of the table: never predictors.

Names are matched whole: "OS_status" is an outcome's, "smoking status" is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from trephine.cohort.table import as_numbers, is_missing
from trephine.types import BoolArray, FloatArray

# Fewer rows than this can stand in order by chance, or repeat an outcome by chance.
_FEWEST = 10
# A second follow-up time equals the first wherever its own event did not come: in at least this
# share of the cases, in so many different values, and it is never longer.
_EQUAL_SHARE, _EQUAL_VALUES = 0.15, 5

_ROW_NAMES = re.compile(
    r"unnamed:? ?\d+( ?_?level_\d+)?|index|level_\d+|\.{2,3}\d+|x|"
    r"row([ _.-]?(id|no|nr|num(ber)?|index|names?))?|"
    r"(s\.?n|sr\.?( ?no)?|ser(ial)?\.?[ _]?(no|nr|number))\.?|#|no\.?|nr\.?|lfd\.? ?nr\.?|"
    r"序号|序列号|行号|编号|番号|번호|номер|№"
)
_IDENTIFIERS = re.compile(
    r"(.*[ _.-])?(ids?|mrn|pid|uid|iid|no\.?|nr\.?|num(ber)?|code|accession|phone|tel(ephone)?)|"
    r"(.*[ _.-])?(patients?|subject|case|hospital|admission|record|study)"
    r"[ _.-]?(id|no|nr|number)\.?|"
    r"(first|last|sur|family|given|full|patient)?[ _.-]?names?|"
    r".*(住院号|病案号|门诊号|影像号|登记号|编号|姓名|身份证号?|电话|手机号?|氏名).*|"
    r".*(患者番号|이름|фамилия|имя).*"
)
_ENDPOINT = r"(os|pfs|dfs|rfs|efs|mfs|dmfs|lrfs|lrrfs|css|dss|ttp|ttf|tte|bcr|bdfs|cfs)"
_OUTCOMES = re.compile(
    rf"{_ENDPOINT}([ _.-]?(time|months?|mo|m|days?|d|years?|yrs?|y|event|status|stat|"
    r"cens(or(ed)?)?|date|\(?(months?|days?|years?)\)?))?|"
    rf"(time|months|days|years|event|status|date)([ _.-]?(to|of|in))?[ _.-]?{_ENDPOINT}|"
    r"(time|days|months|years)[ _.-]to[ _.-].+|"
    r".*[ _.-]free[ _.-]survival([ _.-](time|months|days|years|status|event))?|"
    r"((overall|total|specific)[ _.-])?surv(ival)?"
    r"([ _.-]?(time|months?|days?|years?|status|event))?|"
    r"(length[ _.-]of[ _.-])?follow[ _.-]?up"
    r"([ _.-]?(time|months?|days?|years?|duration|date|length))?([ _.-]?\(.*\))?|"
    r"(duration|months?|days?|years?)[ _.-](of[ _.-])?follow[ _.-]?up|"
    r"(last|final)[ _.-](follow[ _.-]?up|visit|contact|seen|known[ _.-]alive)([ _.-]date)?|"
    r"(date[ _.-]of[ _.-])?(death|died|dead|deceased)([ _.-]?(date|status|event|time|cause))?|"
    r"cause[ _.-]of[ _.-]death|(vital|survival|event|censor(ing)?|follow[ _.-]?up)[ _.-]?status|"
    r"alive|censor(ed|ing)?|event([ _.-]?(time|date|type))?|lost[ _.-]to[ _.-]follow[ _.-]?up|"
    r"(总|无进展|无病|无复发)?生存(时间|期|月数|状态|天数)?|随访(时间|月数|天数|期|时长|状态)?|末次随访.*|"
    r"死亡(时间|日期|状态|原因)?|是否死亡|失访|删失|结局(事件|时间)?|"
    r"überleben(szeit)?|verstorben|gestorben|tod|nachbeobachtung(szeit)?|décès|décédé|survie|suivi"
)


# REDCap's, SPSS's and broom's own columns: the state of a form, and what a model gave, which has
# seen the outcome. SPSS writes them in capitals.
_PROGRAMS_OWN = re.compile(
    r"redcap_\w+|\w+_complete|\$casenum|filter_\$|\.(fitted|resid|hat|cooksd|std\.resid|se\.fit)|"
    r"(PRE|RES|ADJ|ZPR|ZRE|SRE|DRE|SDR|MAH|COO|LEV|COV|PGR|SUR|SE|LML|HAZ|XBE|PAR\d|DFB\d+|LIN)_\d+"
)


def is_programs_own(name: str) -> bool:
    """Say whether a whole name is one that a program gives to columns it makes."""
    return _PROGRAMS_OWN.fullmatch(name.strip()) is not None


def _simple(name: str) -> str:
    return name.strip().lower()


def is_row_number(name: str, cells: Iterable[str]) -> bool:
    """Say whether a column numbers the table's rows: by its whole name, or by its cells.

    Whole numbers that go up, or down, by one from row to row are row numbers whatever their name.
    """
    cells = list(cells)
    if not _ROW_NAMES.fullmatch(_simple(name)) and not _steps_by_one(cells[:_FEWEST]):
        return False  # for most columns a few cells say so
    values = as_numbers(pd.Series(cells, dtype=object))[0]
    if _ROW_NAMES.fullmatch(_simple(name)):
        whole = values[np.isfinite(values)]
        counts = bool((whole == np.floor(whole)).all())
        return counts and whole.size > 1 and len(np.unique(whole)) == whole.size
    return values.size >= _FEWEST and _steps_by_one(cells)


def _steps_by_one(cells: Sequence[str]) -> bool:
    """Say whether cells are numbers that all go up, or all go down, by one."""
    steps = np.diff(as_numbers(pd.Series(cells, dtype=object))[0])
    return bool((steps == 1).all()) or bool((steps == -1).all())


def is_identifier(name: str, cells: Iterable[str]) -> bool:
    """Say whether a column names cases: by its whole name, its cells being all different."""
    if not _IDENTIFIERS.fullmatch(_simple(name)):
        return False
    known = [cell for cell in cells if not is_missing(cell)]
    different = len(set(known))
    if len(known) < _FEWEST:
        return False
    numbers, wrong = as_numbers(pd.Series(known, dtype=object))
    measured = not wrong and not (numbers == np.floor(numbers)).all()
    # Two hips of a patient share the number of the patient.
    return not measured and different > 0.5 * len(known)


def is_outcome_name(name: str) -> bool:
    """Say whether a whole name is one that outcomes have."""
    return _OUTCOMES.fullmatch(_simple(name)) is not None


def repeats_outcome(
    values: FloatArray, time: FloatArray, event: FloatArray, known: BoolArray
) -> str:
    """Say how a column repeats the outcome; empty if it does not.

    Parameters
    ----------
    values
        Shape (n,), NaN where missing; codes of a categorical variable.
    time, event, known
        Outcome, and which cases have one, shape (n,).
    """
    both = known & np.isfinite(values)
    x, t, e = values[both], time[both], event[both]
    if x.size < _FEWEST or len(np.unique(x)) < 2:
        return ""
    if (x == t).all():
        return "the values of the outcome's time"
    if _same_order(x, t) or _same_order(-x, t):
        return "the order of the outcome's time: it is computed from it"
    if len(np.unique(e)) == 2 and _parts_as(x, e):
        return "the same two groups of cases as the outcome's event"
    return ""


def is_second_time(values: FloatArray, time: FloatArray, known: BoolArray) -> bool:
    """Say whether a column looks like another follow-up time: often equal, never longer."""
    both = known & np.isfinite(values)
    x, t = values[both], time[both]
    same = x == t
    enough = x.size >= 2 * _FEWEST and same.mean() >= _EQUAL_SHARE
    return bool(enough and (x <= t).all() and len(np.unique(x[same])) >= _EQUAL_VALUES)


def _same_order(x: FloatArray, t: FloatArray) -> bool:
    """Say whether x never falls where t rises, in many steps: a rounded or rescaled copy."""
    order = np.lexsort((x, t))
    sorted_x, sorted_t = x[order], t[order]
    steps, rises = np.diff(sorted_x), np.diff(sorted_t)
    different, times = len(np.unique(x)), len(np.unique(t))
    return bool((steps[rises > 0] >= 0).all()) and different >= max(5, times // 2)


def _parts_as(x: FloatArray, event: FloatArray) -> bool:
    """Say whether each of a few values goes with one outcome only."""
    different = np.unique(x)
    if different.size > max(2, x.size // 10):
        return False
    return all(len(np.unique(event[x == value])) == 1 for value in different)
