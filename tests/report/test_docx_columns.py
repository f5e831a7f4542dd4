"""Columns of Word's tables: no number can be broken, and every table fits a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.report.docx_columns import (
    LANDSCAPE_MM,
    PAD_MM,
    TYPE_PT,
    bound,
    lay_out,
    pieces_of,
)
from trephine.report.style import PAGE_MM, text_width_mm

VALUE = "0.68 (0.60–0.76)"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (VALUE, ["0.68", "(0.60\u2060–\u20600.76)"]),
        ("+0.01 (−0.20 to +0.30)", ["+0.01", "(−0.20\u00a0to\u00a0+0.30)"]),
        ("p < 0.001", ["p\u00a0<\u00a00.001"]),
        ("All (n = 212)", ["All", "(n\u00a0=\u00a0212)"]),
        ("40.27 ± 11.63", ["40.27\u00a0±\u00a011.63"]),
        ("84.0% (76.4%–92.4%)", ["84.0%", "(76.4%\u2060–\u206092.4%)"]),
        ("骨坏死", ["骨", "坏", "死"]),
        ("log-sigma-4-mm-3D_glrlm_RunVariance",
         ["log-", "sigma-", "4-", "mm-", "3D_", "glrlm_", "Run", "Variance"]),
    ],
)  # fmt: skip
def test_a_number_is_one_piece_and_a_long_name_several(text: str, pieces: list[str]) -> None:
    assert pieces_of(bound(text)) == pieces


@given(st.integers(2, 16), st.sampled_from([VALUE, "0.123", "a few words of text", "骨坏死"]))
def test_every_part_fits_its_page_and_every_piece_its_column(count: int, cell: str) -> None:
    header = ("Model", *[f"{k}-year AUC" for k in range(1, count)])
    row = ("Radiomics", *[bound(cell)] * (count - 1))
    parts = lay_out(header, [row] * 20)
    shown = [number for part in parts for number in part.numbers if number]
    assert shown == list(range(1, count))
    for part in parts:
        assert part.numbers[0] == 0
        room = LANDSCAPE_MM if part.across else PAGE_MM
        assert sum(part.widths_mm) == pytest.approx(room)
        for number, width in zip(part.numbers, part.widths_mm, strict=True):
            for piece in (*pieces_of(row[number]), *pieces_of(header[number])):
                plain = piece.replace("\u2060", "")
                assert text_width_mm(plain, TYPE_PT) + 2 * PAD_MM <= width


def test_a_wide_table_lies_on_its_side_and_a_short_one_stays_upright() -> None:
    header = ("Model", *["Published: optimism-corrected (bootstrap)"] * 6)
    row = ("DLRC", *[bound(VALUE)] * 6)
    assert [part.across for part in lay_out(header, [row] * 8)] == [False]
    header, row = ("Model", *["C-index"] * 9), ("DLRC", *[bound(VALUE)] * 9)
    assert [part.across for part in lay_out(header, [row] * 24)] == [True]


def test_what_no_page_holds_comes_in_parts_with_its_names_repeated() -> None:
    header = ("Model", *[f"Averyveryverylongheading{k}" for k in range(14)])
    parts = lay_out(header, [("DLRC", *["0.5"] * 14)] * 30)
    assert len(parts) > 1
    assert all(part.numbers[0] == 0 and part.across for part in parts)
