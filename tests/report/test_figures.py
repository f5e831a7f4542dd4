"""Figures: nothing overlaps, nothing leaves the page, and the same facts give the same bytes."""

import errno
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from fake_models import nomogram
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from trephine.errors import InputError
from trephine.facts import EstimateFact, Facts, SurvivalCurve
from trephine.report.figures.calibration import draw_calibration
from trephine.report.figures.catalogue import make_plates
from trephine.report.figures.kaplan_meier import draw_kaplan_meier
from trephine.report.figures.model_plates import lasso_plates
from trephine.report.figures.nomogram import draw_nomogram
from trephine.report.figures.nomogram_layout import lay_out_nomogram
from trephine.report.figures.plate import compose, panel_svg
from trephine.report.style import (
    COLUMN_MM,
    DARK_MODE,
    PAGE_MM,
    RED,
    figure_style,
    model_styles,
    new_figure,
    write_figure,
)
from trephine.report.trace import plain


def boxes(figure: Figure):
    """Return the extents of all printed text, in pixels at the resolution of print."""
    figure.set_dpi(600)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    hidden = {label for axes in figure.findobj(Axes) for label in beyond_the_view(axes)}
    texts = [
        t
        for t in figure.findobj(Text)
        if t.get_text().strip() and t.get_visible() and t not in hidden
    ]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


def beyond_the_view(axes):
    """Yield labels of ticks beyond an axis's ends, which matplotlib keeps but does not draw."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def overlaps(found):
    for (a, first), (b, second) in combinations(found, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        if wide > 1 and high > 1:
            yield a, b


def outside(figure, found):
    wide, high = figure.bbox.width + 2, figure.bbox.height + 2
    for text, box in found:
        if min(box.x0, box.y0) < -2 or box.x1 > wide or box.y1 > high:
            yield text


@pytest.mark.parametrize("width_mm", [COLUMN_MM, PAGE_MM])
@pytest.mark.parametrize("predictors", range(3, 13))
def test_no_label_of_a_nomogram_overlaps_another(predictors, width_mm):
    with figure_style():
        layout = lay_out_nomogram(nomogram(predictors), "months", "no-collapse survival", width_mm)
        figure = new_figure(width_mm, layout.height_mm)
        draw_nomogram(figure, layout)
        found = boxes(figure)
        assert len(found) > 4 * predictors
        assert list(overlaps(found)) == []
        assert list(outside(figure, found)) == []


def test_a_nomogram_s_ticks_stand_at_their_points():
    facts = nomogram(5)
    layout = lay_out_nomogram(facts, "months", "no-collapse survival", PAGE_MM)
    length = PAGE_MM - layout.left_mm - layout.right_mm
    for axis, row in zip(facts.predictors, layout.rows[1:], strict=False):
        expected = [tick.points / 100 * length for tick in axis.ticks]
        np.testing.assert_allclose(row.positions_mm, expected, atol=1e-9)
        example = next(v for v in facts.example.values if v.name == axis.name)
        assert row.example[0] == pytest.approx(example.points / 100 * length)


def test_no_text_of_any_figure_overlaps_or_leaves_it(facts, pictures_folder):
    for plate in make_plates(facts, pictures_folder):
        for panel in (*plate.panels, *plate.narrow):
            with figure_style():
                figure = new_figure(panel.width_mm, panel.height_mm)
                panel.draw(figure)
                found = boxes(figure)
            assert list(overlaps(found)) == [], plate.slug
            assert list(outside(figure, found)) == [], plate.slug


LONG = {
    "words": " of the femoral head by the older classification, as the second reader saw it" * 2,
    "one word": "Osteonekroseklassifikationsuntergruppenzuordnung" * 3,
    "Chinese": "股骨头坏死分期和联合坏死角的测量" * 5,
}
_NAMED = {
    "label", "level", "model", "part", "reason", "title", "outcome_name", "event_noun", "features",
    "feature", "feature_set", "base", "extended",
}  # fmt: skip


def lengthened(value, more):
    """Return facts whose words for people are as long as a spreadsheet may make them."""
    if isinstance(value, dict):
        return {
            key: _longer(one, more) if key in _NAMED else lengthened(one, more)
            for key, one in value.items()
        }
    return [lengthened(one, more) for one in value] if isinstance(value, list) else value


def _longer(value, more):
    if isinstance(value, str) and not re.fullmatch(r"[\d.,<>≥ −-]+", value):
        return value + more if value else value
    if isinstance(value, list):
        return [_longer(one, more) for one in value]
    return lengthened(value, more)


@pytest.mark.parametrize("more", LONG.values(), ids=LONG)
def test_long_words_neither_stop_a_figure_nor_leave_it(light, pictures_folder, more):
    facts = Facts.model_validate(lengthened(light.model_dump(mode="json"), more))
    for plate in make_plates(facts, pictures_folder):
        for panel in (*plate.panels, *plate.narrow):
            with figure_style():
                figure = new_figure(panel.width_mm, panel.height_mm)
                panel.draw(figure)
                found = boxes(figure)
            assert list(outside(figure, found)) == [], plate.slug
            assert list(overlaps(found)) == [], plate.slug


def test_every_figure_of_the_paper_is_made(facts, pictures_folder):
    numbers = {plate.number for plate in make_plates(facts, pictures_folder)}
    assert {
        "Figure 1a", "Figure 1b", "Figure 2", "Figure 3", "Figure 4", "Figure 5a, b", "Figure 5c",
    } <= numbers  # fmt: skip


def test_figures_are_a_column_or_a_page_wide(facts, pictures_folder):
    with figure_style():
        for plate in make_plates(facts, pictures_folder):
            width = compose(plate).get_figwidth() * 25.4
            assert width == pytest.approx(COLUMN_MM) or width == pytest.approx(PAGE_MM, abs=0.5)
            assert all(panel.width_mm == COLUMN_MM for panel in plate.narrow)
            assert plate.narrow or all(p.width_mm == COLUMN_MM for p in plate.panels)


def test_the_same_facts_give_the_same_bytes(light, pictures_folder, tmp_path):
    (plate,) = [p for p in make_plates(light, pictures_folder) if p.number == "Figure 5c"]
    with figure_style():
        first = write_figure(compose(plate), tmp_path / "a")
        second = write_figure(compose(plate), tmp_path / "b")
    assert [path.suffix for path in first] == [".svg", ".pdf", ".png"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_series_differ_without_colour():
    styles = model_styles(["Clinical", "Radiomics", "DL", "DLRC", "Ridge", "Forest"])
    assert len({str(style.dashes) for style in styles.values()}) == 6
    assert len({style.marker for style in styles.values()}) == 6


def test_ink_and_lines_change_with_the_page_in_the_dark(facts, pictures_folder, page):
    drawn = set(
        re.findall(r"#[0-9a-f]{6}", panel_svg(make_plates(facts, pictures_folder)[0].panels[0]))
    )
    assert drawn - {"#000000"} <= set(DARK_MODE)
    figures = re.findall(r"<figure.*?</figure>", page, re.S)
    assert not any(colour in figure for colour in DARK_MODE for figure in figures)


def test_a_group_without_an_event_is_drawn():
    flat = SurvivalCurve(
        label="Low risk", n=3, events=0, times=(0.0,), survival=(1.0,), low=(1.0,), high=(1.0,),
        censored_times=(5.0, 8.0, 12.0), at_risk_times=(0.0, 6.0, 12.0), at_risk=(3, 2, 1),
        median=EstimateFact(value=None),
    )  # fmt: skip
    with figure_style():
        figure = new_figure(COLUMN_MM, 70)
        draw_kaplan_meier(figure, [flat], outcome_name="survival", time_unit="months")
        assert {"Low risk", "3", "2", "1"} <= {text for text, _ in boxes(figure)}


@pytest.mark.parametrize("name", ["survival", "event-free survival from 6 months after surgery on"])
def test_a_long_name_along_the_axis_stays_in_the_figure(name):
    curve = SurvivalCurve(
        label="All", n=3, events=1, times=(0.0, 4.0), survival=(1.0, 0.6), low=(1.0, 0.2),
        high=(1.0, 1.0), censored_times=(5.0,), at_risk_times=(0.0, 6.0), at_risk=(3, 1),
        median=EstimateFact(value=None),
    )  # fmt: skip
    with figure_style():
        figure = new_figure(COLUMN_MM, 62)
        draw_kaplan_meier(figure, [curve], outcome_name=name, time_unit="months")
        found = boxes(figure)
        (label,) = [text for text, _ in found if text.startswith("Probability of")]
        assert label.count("\n") == (1 if name == "survival" else 2)
        assert not list(outside(figure, found))


def test_calibration_is_drawn_where_no_event_came_before_the_horizon(facts):
    """Every predicted and observed probability is 0 then; axes keep a width, without a warning."""
    (first, *_) = facts.calibration
    nothing = (0.0,) * len(first.smooth_predicted)
    groups = tuple(
        group.model_copy(
            update={"predicted": 0.0, "observed": EstimateFact(value=0.0, low=0.0, high=0.0)}
        )
        for group in first.groups
    )
    smooth = ("smooth_predicted", "smooth_observed", "smooth_low", "smooth_high")
    flat = first.model_copy(update={"groups": groups, **dict.fromkeys(smooth, nothing)})
    with figure_style():
        figure = new_figure(85.0, 70.0)
        draw_calibration(figure, [flat], flat.model)
        assert all(axes.get_xlim()[0] < axes.get_xlim()[1] for axes in figure.axes)


def test_the_line_of_the_worked_case_strikes_no_label_through():
    with figure_style():
        layout = lay_out_nomogram(nomogram(6), "months", "no-collapse survival", PAGE_MM)
        figure = new_figure(PAGE_MM, layout.height_mm)
        draw_nomogram(figure, layout)
        labels = {text for row in layout.rows for text in row.texts}
        texts = [text for text in figure.findobj(Text) if text.get_text() in labels]
        found = [text for text in texts if text.get_color() != RED]  # red: what the case reads
        lines = [line for line in figure.findobj(Line2D) if line.get_linestyle() == "--"]
        assert len(found) > 20
        assert len(lines) == 1
        assert all(text.get_bbox_patch() is not None for text in found)
        assert all(text.get_zorder() > lines[0].get_zorder() for text in found)


@pytest.mark.parametrize("label", ["Cost ($), income ($)", r"$\frac$", "$x_2$"])
def test_a_dollar_in_a_label_is_a_dollar(label):
    with figure_style():
        figure = new_figure(COLUMN_MM, 40)
        text = figure.text(0.1, 0.5, label)
        figure.draw_without_rendering()
        assert not text.get_parse_math()


@pytest.mark.parametrize("name", ["absent.png", "../facts.json"])
def test_a_picture_that_is_missing_or_elsewhere_is_refused(facts, pictures_folder, name):
    picture = facts.pictures[0].model_copy(update={"file": name})
    with pytest.raises(InputError, match="pictures"):
        make_plates(facts.model_copy(update={"pictures": (picture,)}), pictures_folder)


def test_a_figure_that_cannot_be_written_whole_leaves_the_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = new_figure(20, 20)
    for path in write_figure(figure, tmp_path / "figure", ("svg", "pdf", "png")):
        path.write_text("good")

    def full(draft: Path, *_: object, **__: object) -> None:
        with draft.open("wb") as stream:
            stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(type(figure), "savefig", lambda _, draft, **__: full(draft))
    for suffix in ("svg", "pdf", "png"):
        with pytest.raises(OSError, match=rf"figure\.{suffix}"):
            write_figure(figure, tmp_path / "figure", (suffix,), svg="<svg/>")
        assert (tmp_path / f"figure.{suffix}").read_bytes() == b"good"
    assert len(list(tmp_path.iterdir())) == 3


def test_the_figure_of_a_ridge_says_that_it_selects_nothing_and_which_model_it_is(facts):
    part = next(part for part in facts.selection if part.protocol == "sound")
    lasso = part.lasso.model_copy(update={"mixture": 0.0, "averaged": 4, "adaptivity": 2.0})
    ridge = facts.model_copy(update={"selection": (part.model_copy(update={"lasso": lasso}),)})
    (plate,) = lasso_plates(ridge)
    assert plain(plate.title) == "Penalised Cox regression"
    caption = plain(plate.caption)
    assert "selects nothing" in caption
    assert "a weighted mean over 4 such models; the one with the lowest" in caption
    assert f"adaptivity {part.feature_set} 2." in caption
    (chosen, *_) = lasso_plates(facts)
    assert plain(chosen.title) == "Feature selection by penalised Cox regression"
