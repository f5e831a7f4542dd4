"""report.html: one file, offline, for phone, desk and paper, in light and dark."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources

import jinja2
from markupsafe import Markup

from trephine.choices import ProtocolName
from trephine.facts import Facts, ProtocolFact
from trephine.report.checklists import fill_checklists
from trephine.report.consistency import CHECKS, Finding, check_consistency
from trephine.report.contents import sections_of, words_below
from trephine.report.figures.assessed import headline_model
from trephine.report.figures.plate import Panel, Plate, panel_svg
from trephine.report.inline_svg import SvgSheet, colour_rules
from trephine.report.methods import participants, write_methods
from trephine.report.render import Rendered
from trephine.report.tables import Table
from trephine.report.trace import Ref, Text, Trace, plain
from trephine.report.twins import twin_of
from trephine.report.wording import MISSING, kind_label, protocol_label


@dataclass(frozen=True)
class Card:
    """One of the few large numbers at the top."""

    tone: str
    value: Ref
    interval: Text
    text: Text


@dataclass(frozen=True)
class Drawing:
    """A figure's panels as inline SVG, for wide and for narrow pages."""

    wide: tuple[Markup, ...]
    narrow: tuple[Markup, ...]


def render_html(
    facts: Facts,
    tables: Sequence[Table],
    plates: Sequence[Plate],
    drawn: Mapping[str, Rendered] | None = None,
) -> str:
    """Return the whole page.

    Parameters
    ----------
    facts
        What the page shows.
    tables, plates
        Made from the same facts.
    drawn
        Plates drawn already, by slug; any other is drawn here.
    """
    trace = Trace.start(facts)
    findings = check_consistency(facts)
    page = _environment().get_template("report.html.j2")
    sheet = SvgSheet()
    known = drawn or {}
    sections = sections_of(tables, plates)
    drawings = {plate.slug: _draw(plate, sheet, known.get(plate.slug)) for plate in plates}
    return page.render(
        facts=trace,
        drawings=drawings,
        glyphs=Markup(sheet.glyphs()),  # noqa: S704 - drawn by this program
        sections=sections,
        contents=[*((one.name, one.heading) for one in sections), *_LAST],
        lead=_lead(trace),
        cards=_cards(trace, facts),
        methods=write_methods(trace, words_below(tables, plates)),
        findings=findings,
        checks=_by_check(findings),
        checklists=fill_checklists(facts),
        css=Markup(page_css()),  # noqa: S704 - our own file
        js=Markup(_template("report.js")),  # noqa: S704 - our own file
        policy=report_policy(),
        plain=plain,
        word_columns=_word_columns,
        headline_plates=partial(_headline_plates, facts),
        breakable=_breakable,
        kind_label=kind_label,
        protocol_label=protocol_label,
        tones={protocol.name: _tone(protocol) for protocol in facts.study.protocols},
    )


def content_policy(script: str) -> str:
    """Return what the page may load and run: itself, and this one script.

    Everything is in the page. Whatever a table's cell might smuggle past the escaping, no browser
    runs it or sends anything anywhere (W3C, Content Security Policy Level 3).
    """
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
        f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def report_policy() -> str:
    """Return the policy of the pages that this version writes, for whoever serves one."""
    return content_policy(_template("report.js"))


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("trephine.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> str:
    return resources.files("trephine.report").joinpath("templates", name).read_text("utf-8")


def page_css() -> str:
    """Return the rules of the pages, for light and dark."""
    return (
        _template("report.css")
        .replace("FIGURES_LIGHT", colour_rules(dark=False))
        .replace("FIGURES_DARK", colour_rules(dark=True))
    )


def _draw(plate: Plate, sheet: SvgSheet, drawn: Rendered | None) -> Drawing:
    def fit(panels: Sequence[Panel], svgs: Sequence[str], kind: str) -> tuple[Markup, ...]:
        return tuple(
            Markup(  # noqa: S704 - drawn by this program; its text is outlines
                sheet.add(svg, f"{plate.slug}-{kind}{k}", panel.alt, panel.width_mm)
            )
            for k, (panel, svg) in enumerate(zip(panels, svgs, strict=True))
        )

    if drawn is None:
        wide, narrow = ([panel_svg(p) for p in part] for part in (plate.panels, plate.narrow))
    else:
        wide, narrow = list(drawn.panels), list(drawn.narrow)
    return Drawing(fit(plate.panels, wide, "w"), fit(plate.narrow, narrow, "n"))


# The sections that follow the results.
_LAST = (
    ("methods", "Methods"),
    ("references", "References"),
    ("checks", "Consistency checks"),
    ("checklists", "Checklists and scores"),
    ("run", "Inputs and run"),
)


def _lead(facts: Trace) -> Text:
    study, flow = facts.study, facts.flow
    parts: list[str | Ref] = [*participants(facts)]
    parts += [
        "; ", study.event_noun.words(), " in ", flow.events.show("count"), " (",
        flow.event_percent.show("percent"), "). Outcome: ", study.outcome_name.words(), ".",
    ]  # fmt: skip
    return tuple(parts)


def _cards(trace: Trace, facts: Facts) -> list[Card]:
    """Return what the published protocol says, what holds up, and what chance alone gives."""
    cards = []
    for protocol in facts.study.protocols:
        model = headline_model(facts, protocol.name)
        for row in trace.performance:
            raw = row.raw
            if (raw.protocol, raw.kind, raw.model) == (protocol.name, protocol.judged, model):
                apparent = protocol.judged == "apparent"
                end = " model: apparent, not corrected" if apparent else " model"
                twin = twin_of(facts, model, protocol.name)
                if twin:
                    end += (
                        f"; fitted to all cases it is the {twin} model: nothing else was selected"
                    )
                words: Text = (_what_it_reports(protocol), row.model.words(), end)
                tone = _tone(protocol)
                cards.append(Card(tone, row.c_index.value.show("2"), _interval(row.c_index), words))
    for protocol in facts.study.protocols:
        if protocol.judged == "apparent":
            cards += _chance_cards(trace, protocol.name, headline_model(facts, protocol.name))
    return cards


def _chance_cards(trace: Trace, protocol: ProtocolName, model: str) -> list[Card]:
    """Return what a protocol reports where there is nothing to find."""
    return [
        Card(
            "apparent",
            check.median.show("2"),
            ("95th percentile ", check.p95.show("2")),
            (
                f"Median C-index that the {protocol} protocol reports for the ",
                check.model.words(),
                " model when there is nothing to find",
            ),
        )
        for check in trace.null_check
        if (check.raw.protocol, check.raw.kind, check.raw.model) == (protocol, "apparent", model)
    ]


def _what_it_reports(protocol: ProtocolFact) -> str:
    if protocol.judged == "apparent":
        return f"C-index that the {protocol.name} protocol reports for the "
    return (
        f"C-index of the {protocol.name} protocol by nested cross-validation, whole patients left"
        " out, for the "
    )


def _tone(protocol: ProtocolFact) -> str:
    """Return the colour that a protocol's own numbers stand in: red for those not corrected."""
    return "apparent" if protocol.judged == "apparent" else "sound"


def _interval(estimate: Trace) -> Text:
    if estimate.raw.low is None or estimate.raw.high is None:
        return ("",)
    return ("95% CI ", estimate.low.show("2"), "–", estimate.high.show("2"))


def _by_check(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    return [(name, [f for f in findings if f.check == name]) for name, _ in CHECKS]


def _word_columns(table: Table) -> list[bool]:
    """Say which columns hold words, to be aligned left: facts that are text, or short phrases."""
    columns = []
    for index in range(len(table.header)):
        cells = [row.cells[index] for row in table.rows if row.kind != "group"]
        parts = [part for cell in cells for part in cell if not isinstance(part, str)]
        told = [plain(cell) for cell in cells if plain(cell) not in ("", MISSING)]
        columns.append(
            index > 0
            and bool(parts)
            and (
                all(part.form == "text" for part in parts)
                or (bool(told) and all(_A_WORD.search(text) for text in told))
            )
        )
    return columns


_A_WORD = re.compile("[a-z]{4}")
_BREAKS = re.compile(r"(?<=[_/])(?=\w)|(?<=[a-z])(?=[A-Z])")
_LONGEST_WORD = 18


def _breakable(text: str) -> str | Markup:
    """Let a feature's name be broken between its parts, where it is too long for a column."""
    if all(len(word) <= _LONGEST_WORD for word in text.split()):
        return text
    return Markup("<wbr>").join(_BREAKS.split(text))


def _headline_plates(facts: Facts, group: Sequence[Plate]) -> list[Plate]:
    """Return what each protocol is known by, side by side; all, where one of them is missing."""
    wanted = {(protocol.name, protocol.judged) for protocol in facts.study.protocols}
    known = [plate for plate in group if (plate.protocol, plate.kind) in wanted]
    return known if len({plate.protocol for plate in known}) == len(wanted) else list(group)
