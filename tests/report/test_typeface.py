"""The figures' type looks as the whole font does, and costs less."""

import io
import warnings

import pytest
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from trephine.report import font_files
from trephine.report.style import figure_style, new_figure
from trephine.report.typeface import (
    WHOLE,
    cover,
    families,
    missing_characters,
    missing_scripts,
    what_is_missing,
)

TEXT = "Necrosis index (cm²) ≥ 33.9; β = −0.62, λ, χ², ± 95 % Ångström Żółć Каплан → ∑"

TENTH_OF_AN_EM = TextToPath.FONT_SCALE / 10


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_line_is_set_as_in_the_whole_font(weight):
    """Same outlines, and within a tenth of an em: the kerning comes from another table."""
    light, whole = (
        TextToPath().get_text_path(FontProperties(family=list(family), weight=weight), TEXT)
        for family in (families(), (WHOLE,))
    )
    assert len(light[0]) == len(whole[0])
    assert (
        max(
            abs(a - b)
            for p, q in zip(light[0], whole[0], strict=True)
            for a, b in zip(p, q, strict=True)
        )
        < TENTH_OF_AN_EM
    )


def test_a_name_in_another_script_is_drawn_with_the_whole_font():
    """A missing glyph would warn, and warnings are errors."""
    with figure_style():
        figure = new_figure(40, 20)
        figure.text(0.1, 0.5, "סימן عظم ხერხი")
        page = io.BytesIO()
        figure.savefig(page, format="pdf")
    assert page.tell() > 0


def test_the_figures_are_drawn_with_the_part():
    name, whole = families()[:2]
    paths = [findfont(FontProperties(family=family)) for family in (name, whole)]
    assert paths[0] != paths[1]


WORDS = {
    "Chinese": "股骨头坏死分期",
    "Japanese": "ステージの",
    "Korean": "골괴사 단계",
    "Thai": "ขั้นตอน",
    "Devanagari": "अवस्था",
    "Arabic": "مرحلة",
    "Hebrew": "עברית",
    "Greek": "Κλίμακα",
    "Cyrillic": "Стадия",
    "beyond the first plane": "𠮷",
}


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_words_of_any_script_are_drawn_and_no_glyph_is_missing(word):
    """A missing glyph warns, and warnings are errors."""
    cover(word)
    assert missing_characters(word) == ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for weight in ("normal", "bold"):
            font = FontProperties(family=list(families()), weight=weight)
            vertices, _ = TextToPath().get_text_path(font, word)
            assert len(vertices) > 20


def test_a_pdf_carries_chinese_as_outlines_that_any_reader_has():
    cover(WORDS["Chinese"])
    with figure_style():
        figure = new_figure(40, 20)
        figure.text(0.1, 0.5, WORDS["Chinese"])
        page = io.BytesIO()
        figure.savefig(page, format="pdf")
    assert b"/FontFile2" in page.getvalue()
    assert b"TrephinePart" in page.getvalue()


def test_two_fonts_never_share_the_name_of_a_glyph():
    """SVG names a glyph by its font; one name for two outlines would mix letters up."""
    cover(WORDS["Chinese"])
    names = {get_font(findfont(FontProperties(family=one))).postscript_name for one in families()}
    assert len(names) == len(families())


def test_without_a_font_the_letters_are_named_before_a_run(monkeypatch):
    monkeypatch.setattr(font_files, "_files", lambda: iter(()))
    assert missing_characters("Stage 分期, Стадия") == ("分", "期")
    assert "分 期" in what_is_missing(["分期", "Stage"])
    assert "trephine[fonts]" in what_is_missing(["分期"])
    assert what_is_missing(["Stage", "Стадия", "Łódź", "a\tb\x07"]) == ""
    assert set(missing_scripts()) == {"Chinese", "Japanese", "Korean", "Thai", "Devanagari"}


def test_an_installed_font_serves_where_the_extra_is_not(monkeypatch):
    (path,) = [path for path in font_files.package_fonts() if "Thai" in path.name]
    monkeypatch.setattr(font_files, "_PACKAGES", ())
    monkeypatch.setattr(font_files, "_installed", lambda: (path,))
    assert missing_characters("ก骨") == ("骨",)


def test_a_font_that_may_not_be_embedded_or_read_is_passed_over(tmp_path, monkeypatch):
    (path,) = [path for path in font_files.package_fonts() if "Thai" in path.name]
    broken, locked = tmp_path / "broken.ttf", tmp_path / "locked.ttf"
    broken.write_bytes(b"no font at all")
    with TTFont(path) as font:
        font["OS/2"].fsType = 2
        font.save(locked)
    monkeypatch.setattr(font_files, "_files", lambda: iter((broken, locked)))
    assert missing_characters("ก") == ("ก",)
