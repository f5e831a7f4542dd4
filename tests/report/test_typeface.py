"""The figures' type looks as the whole font does, and costs less."""

import io

import pytest
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.textpath import TextToPath

from trephine.report.style import figure_style, new_figure
from trephine.report.typeface import WHOLE, families

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
    name, whole = families()
    paths = [findfont(FontProperties(family=family)) for family in (name, whole)]
    assert paths[0] != paths[1]
