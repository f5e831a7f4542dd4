"""Figures in the Word document: as many on a page as belong there, none set off its margin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.report import write_report
from trephine.report.docx_figures import SMALLEST_SCALE, TEXT_MM, scale_of
from trephine.report.style import PAGE_MM

CAPTION = "Figure 2. Feature selection by penalised Cox regression. " * 4


def test_a_figure_that_misses_the_half_page_by_a_little_is_drawn_a_little_smaller() -> None:
    scale = scale_of(PAGE_MM, 127.0, CAPTION)
    assert SMALLEST_SCALE <= scale < 1
    assert 2 * (127.0 * scale + 10) < TEXT_MM


def test_a_figure_is_not_shrunk_where_that_brings_nothing() -> None:
    assert scale_of(PAGE_MM, 47.0, CAPTION) == 1
    assert scale_of(PAGE_MM, 180.0, CAPTION) == 1


@given(st.floats(60, 400), st.floats(10, 900), st.integers(0, 1200))
def test_every_figure_fits_its_page_with_its_caption(
    width: float, height: float, letters: int
) -> None:
    scale = scale_of(width, height, "a" * letters)
    assert 0 < scale <= 1
    assert width * scale <= PAGE_MM + 1e-9
    assert height * scale < TEXT_MM


def test_no_picture_has_a_frame_that_moves_it_off_the_margin(light, pictures_folder, tmp_path):
    docx = pytest.importorskip("docx")
    (path,) = write_report(light, pictures_folder, tmp_path, formats=["docx"])
    document = docx.Document(str(path))
    frames = [shape._inline.attrib for shape in document.inline_shapes]
    assert frames
    edges = ("distT", "distB", "distL", "distR")
    assert all(frame[edge] == "0" for frame in frames for edge in edges)
    captions = [p for p in document.paragraphs if p.text.startswith("Figure")]
    assert all(p.paragraph_format.space_after.pt >= 8 for p in captions)
