"""Figures in the Word document: as many on a page as belong there, none set off its margin."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trephine.report import docx_figures, write_report
from trephine.report.docx_figures import SMALLEST_SCALE, TEXT_MM, scale_of
from trephine.report.figures.assessment_plates import risk_group_plates
from trephine.report.figures.plate import Plate
from trephine.report.style import PAGE_MM

CAPTION_MM = 18.0


def test_figures_that_miss_the_half_page_by_a_little_are_drawn_a_little_smaller() -> None:
    pair = [(PAGE_MM, 127.0), (PAGE_MM, 120.0)]
    scale = scale_of(pair, CAPTION_MM)
    assert SMALLEST_SCALE <= scale < 1
    assert 2 * (127.0 * scale + CAPTION_MM) <= TEXT_MM + 1e-9


def test_two_figures_of_four_risk_group_panels_share_a_page(light) -> None:
    panel = risk_group_plates(light)[0].panels[0]
    scale = scale_of([(PAGE_MM, 2 * panel.height_mm + 3.0)] * 4, 15.1)
    assert SMALLEST_SCALE <= scale < 1


def test_figures_of_one_number_are_scaled_alike_whatever_their_titles(monkeypatch) -> None:
    groups = []
    monkeypatch.setattr(docx_figures, "scale_of", lambda sizes, _: groups.append(len(sizes)) or 1)
    monkeypatch.setattr(docx_figures, "_add_figure", lambda *_: None)
    titles = [("Figure 2", "Selection"), ("Figure 2", "Ridge"), ("", "Forest"), ("", "Forest"),
              ("", "Flow")]  # fmt: skip
    plates = [
        Plate(slug=str(k), section="models", number=number, title=(title,), caption=(), panels=())
        for k, (number, title) in enumerate(titles)
    ]
    drawn = {plate.slug: SimpleNamespace(width_mm=100.0, height_mm=50.0) for plate in plates}
    docx_figures.add_figures(None, plates, drawn)
    assert groups == [2, 2, 1]


@pytest.mark.parametrize(("count", "height"), [(1, 127.0), (2, 80.0), (4, 82.0), (2, 180.0)])
def test_a_figure_is_not_shrunk_where_that_saves_no_page(count: int, height: float) -> None:
    assert scale_of([(PAGE_MM, height)] * count, CAPTION_MM) == 1


@given(
    st.lists(st.tuples(st.floats(60, 400), st.floats(10, 900)), min_size=1, max_size=5),
    st.floats(8, 90),
)
@example(sizes=[(60.0, 679.0)], caption_mm=74.12072918380188)  # fills its page but for rounding
def test_every_figure_fits_its_page_with_its_caption(
    sizes: list[tuple[float, float]], caption_mm: float
) -> None:
    scale = scale_of(sizes, caption_mm)
    assert 0 < scale <= 1
    for width, height in sizes:
        assert width * scale <= PAGE_MM + 1e-9
        assert height * scale + caption_mm <= TEXT_MM + 1e-6


def test_no_picture_has_a_frame_that_moves_it_off_the_margin(light, pictures_folder, tmp_path):
    docx = pytest.importorskip("docx")
    path, _ = write_report(light, pictures_folder, tmp_path, formats=["docx"])
    document = docx.Document(str(path))
    frames = [shape._inline.attrib for shape in document.inline_shapes]
    assert frames
    edges = ("distT", "distB", "distL", "distR")
    assert all(frame[edge] == "0" for frame in frames for edge in edges)
    sources = [p for p in document.paragraphs if "BMJ 2024" in p.text or "CLEAR)" in p.text]
    assert len(sources) >= 2
    assert all(source.paragraph_format.keep_with_next for source in sources[-2:])
    captions = [p for p in document.paragraphs if p.text.startswith("Figure")]
    assert all(p.paragraph_format.space_after.pt >= 8 for p in captions)
