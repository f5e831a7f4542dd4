"""Long words fit their place, and no figure breaks or spills over on them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trephine.report.figures.fitting import ELLIPSIS, shortened, wrapped
from trephine.report.style import BODY_PT, text_width_mm

WORDS = st.text("abc WXY_-/0$%\\^{}<&骨死", max_size=90)


@settings(max_examples=60, deadline=None)
@given(WORDS, st.floats(8.0, 60.0))
def test_every_line_is_within_its_limit_and_nothing_is_lost_but_by_an_ellipsis(
    text: str, limit: float
) -> None:
    lines = wrapped(text, limit, BODY_PT, most=3)
    assert 1 <= len(lines) <= 3
    for line in lines:
        assert text_width_mm(line, BODY_PT) <= limit
    whole = wrapped(text, limit, BODY_PT, most=200)
    if not any(ELLIPSIS in line for line in whole):
        assert "".join("".join(whole).split()) == "".join(text.split())


@settings(max_examples=60, deadline=None)
@given(WORDS, st.floats(8.0, 60.0))
def test_a_shortened_text_keeps_both_ends(text: str, limit: float) -> None:
    short = shortened(text, limit, BODY_PT)
    assert text_width_mm(short, BODY_PT) <= limit
    if short != text:
        first, _, last = short.partition(ELLIPSIS)
        assert text.startswith(first)
        assert text.endswith(last)


def test_chinese_is_broken_between_its_letters() -> None:
    lines = wrapped("股骨头坏死的分期和联合坏死角", 15.0, BODY_PT, most=10)
    assert len(lines) > 1
    assert ELLIPSIS not in "".join(lines)
