"""SVG made fit for a page: no head, colours that follow the page, names that do not clash."""

from __future__ import annotations

import re
from html import escape

from trephine.report.style import DARK_MODE, INK

_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PLACES = re.compile(r' (?:d|x|y|points)="[^"]*"|translate\([^)]*\)')
_ID = re.compile(r'\bid="([^"]+)"')
_GLYPH = re.compile(r'<path id="((?:DejaVu|Trephine)[^"]+)"[^>]*/>')
_OVERHEAD = re.compile(
    r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>|<title>.*?</title>", re.S
)

COLOUR_NAMES = {colour: number for number, colour in enumerate(DARK_MODE)}
"""Number of each colour's CSS variable."""


class SvgSheet:
    """The figures of one page, with the outlines of their type kept once for all of them."""

    def __init__(self) -> None:
        self._glyphs: dict[str, str] = {}

    def add(self, svg: str, prefix: str, alt: str, width_mm: float) -> str:
        """Return an SVG element that can stand in the page.

        Parameters
        ----------
        svg
            A whole SVG document as matplotlib writes it.
        prefix
            Put before every id, so that two figures in one page do not share any.
        alt
            What is seen, for those who cannot see it.
        width_mm
            Width at which its type has the size it was made for.
        """
        head, _, body = svg[svg.index("<svg") :].partition(">")
        box = re.search(r'viewBox="([^"]+)"', head)
        view_box = box.group(1) if box else "0 0 100 100"
        body = _GLYPH.sub(self._keep_glyph, _OVERHEAD.sub("", body))
        body = _with_prefix(body, prefix)
        body = _PLACES.sub(_shorten, body)
        for colour, number in COLOUR_NAMES.items():
            body = body.replace(colour, f"var(--f{number})")
        body = re.sub(r"\n\s*", "\n", body)
        return (
            f'<svg viewBox="{view_box}" role="img" aria-label="{escape(alt)}"'
            f' style="--mm:{width_mm:g}" fill="var(--f{COLOUR_NAMES[INK]})">{body.strip()}'
        )

    def glyphs(self) -> str:
        """Return the outlines that the page's figures refer to."""
        return (
            '<svg class="glyphs" aria-hidden="true" width="0" height="0"><defs>'
            + "".join(self._glyphs.values())
            + "</defs></svg>"
        )

    def _keep_glyph(self, match: re.Match[str]) -> str:
        self._glyphs[match.group(1)] = re.sub(r"\s+", " ", match.group())
        return ""


def _with_prefix(body: str, prefix: str) -> str:
    """Drop ids that nothing refers to, and put a prefix before the others."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))

    def rename(match: re.Match[str]) -> str:
        return f'id="{prefix}-{match.group(1)}"' if match.group(1) in used else ""

    body = _ID.sub(rename, body)
    body = re.sub(r"xlink:href", "href", body)
    body = re.sub(r'href="#(?!DejaVu|Trephine)', f'href="#{prefix}-', body)
    return body.replace("url(#", f"url(#{prefix}-")


def colour_rules(*, dark: bool) -> str:
    """Return the CSS variables of the figures' colours."""
    return "".join(
        f"--f{number}:{DARK_MODE[colour] if dark else colour};"
        for colour, number in COLOUR_NAMES.items()
    )


def _shorten(match: re.Match[str]) -> str:
    return _LONG_NUMBER.sub(lambda number: f"{float(number.group()):.2f}", match.group())
