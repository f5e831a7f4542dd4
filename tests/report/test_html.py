"""The page shows what facts.json holds, alone, and says what has to be said."""

import base64
import hashlib
import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest

from trephine.facts import Facts, write_facts
from trephine.facts.study import ExclusionFact
from trephine.report.consistency import check_consistency
from trephine.report.figures.catalogue import make_plates
from trephine.report.figures.pictures import EDGE
from trephine.report.figures.plate import panel_svg
from trephine.report.html import render_html
from trephine.report.style import PAPER
from trephine.report.tables import make_tables
from trephine.report.wording import show

VOID = {"meta", "br", "img", "link", "input", "hr", "path", "use"}
FIXED = re.compile(
    r"95% (?:CI|confidence|intervals?|Hausdorff)|\b95th\b|(?:Table|Figure) S?\d[a-c]?(?:, [a-c])?|"
    r"E50|E90|90th|\b1 −|Dotted: 0\.5|\(2019\)|SHA-256|1se|\(1: lasso\)|Q[13]|R²|χ²|Table 3|"
    r"clinical-1|\.632\+|of either against 0|\b(?:and|al\.) (?:\w+ )?\(?(?:19|20)\d\d\b|"
    r"to the power of 2a|At a = 0|\(1\s\+\spermutations|every 100 cases|add up to 100%|"
    r"95% of the weights, which count as 0 where|2\.5th and 97\.5th percentile"
)


class Reader(HTMLParser):
    """Collect facts with what is printed for them, and all other text that a reader sees."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack = []
        self.facts = []
        self.other = []
        self.ids = set()
        self.links = []
        self.requests = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if tag == "a":
            self.links.append(attrs.get("href", ""))
        for name in ("src", "href", "xlink:href", "data", "action"):
            value = attrs.get(name) or ""
            if value and not value.startswith(("#", "data:")):
                self.requests.append(value)
        if tag not in VOID:
            self.stack.append((tag, attrs))
            if "data-fact" in attrs:
                self.facts.append([attrs["data-fact"], attrs["data-form"], ""])

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        inside = [attrs for _, attrs in self.stack]
        if any(tag in ("style", "script", "svg", "title") for tag, _ in self.stack):
            return
        if any("data-own" in attrs for attrs in inside):
            return
        if any("data-fact" in attrs for attrs in inside):
            self.facts[-1][2] += data
        else:
            self.other.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def at(facts, path):
    for step in path.split("."):
        facts = facts[int(step)] if step.isdigit() else facts[step]
    return facts


def test_every_number_on_the_page_is_the_one_in_facts_json(facts, page, tmp_path):
    stored = json.loads(write_facts(facts, tmp_path / "facts.json").read_text())
    shown = read(page).facts
    assert len(shown) > 1000
    for path, form, text in shown:
        assert text == show(at(stored, path), form, stored["study"]["time_unit"]), path


def test_no_number_on_the_page_comes_from_elsewhere(page):
    loose = [FIXED.sub("", text) for text in read(page).other]
    assert [text for text in loose if re.search(r"\d", text)] == []


def test_the_facts_that_matter_are_on_the_page(facts, page):
    paths = {path for path, _, _ in read(page).facts}
    for k, row in enumerate(facts.performance):
        assert f"performance.{k}.c_index.low" in paths
        for h in range(len(row.auc)):
            assert f"performance.{k}.auc.{h}.estimate.value" in paths
    for k, table in enumerate(facts.table2):
        for v in range(len(table.variables)):
            assert f"table2.{k}.variables.{v}.label" in paths
    assert "null_check.0.median" in paths
    assert "run.plan" in paths


def test_the_page_asks_nothing_of_the_network(page):
    assert read(page).requests == []
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert not re.search(r"\bfetch\(|XMLHttpRequest", page)


def test_every_link_leads_to_a_place_on_the_page(page):
    reader = read(page)
    assert {link[1:] for link in reader.links} <= reader.ids


def test_no_two_elements_share_an_id(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_apparent_numbers_say_so_wherever_they_stand(facts, page):
    for figure in re.findall(r'<figure id="[^"]*-published-apparent">.*?</figure>', page, re.S):
        assert "apparent, not corrected" in figure
    assert page.count("apparent, not corrected") >= 10


def test_a_stacked_table_names_the_column_of_every_number(facts, page):
    stacked = {made.slug for made in make_tables(facts) if made.phone == "stack"}
    assert "table-headline" in stacked
    for slug in stacked:
        (body,) = re.findall(rf'<table id="{slug}".*?<tbody[^>]*>(.*?)</tbody>', page, re.S)
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S):
            if "colspan" not in row:
                cells = re.findall(r"<td([^>]*)>", row)
                assert all("data-column=" in cell for cell in cells[1:])
                assert all('role="cell"' in cell for cell in cells)


def test_figures_that_are_read_alike_share_one_caption(page):
    told = re.findall(r'<(?:figcaption|p class="caption")>(.*?)</(?:figcaption|p)>', page, re.S)
    assert len(told) == len(set(told))


def test_a_long_name_is_broken_between_its_parts_alone(facts, page):
    name = "log-sigma-4-0-mm-3D_glrlm_RunLengthNonUniformityNormalized"
    part = facts.selection[0]
    long = part.selected[0].model_copy(update={"name": name})
    changed = facts.model_copy(
        update={"selection": (part.model_copy(update={"selected": (long,)}),)}
    )
    shown = render_html(changed, make_tables(changed), ())
    pieces = ("log-sigma-4-0-mm-3D_", "glrlm_", "Run", "Length", "Non", "Uniformity", "Normalized")
    assert "<wbr>".join(pieces) in shown
    assert [text for _, form, text in read(shown).facts if text == name and form == "text"]


def test_every_table_and_figure_of_the_study_is_on_the_page_once(facts, pictures_folder, page):
    made = [*make_tables(facts), *make_plates(facts, pictures_folder)]
    assert len(made) > 40
    shown = Counter(re.findall(r'<(?:table|figure) id="([^"]+)"', page))
    assert {item.slug: shown[item.slug] for item in made} == {item.slug: 1 for item in made}


def test_a_saliency_map_looks_the_same_in_the_dark(facts, pictures_folder):
    plates = [plate for plate in make_plates(facts, pictures_folder) if "saliency" in plate.slug]
    assert plates
    for plate in plates:
        drawn = panel_svg(plate.panels[0])
        assert PAPER not in drawn
        assert EDGE in drawn


def test_the_notices_stand_in_plain_sight(facts, page):
    top = page[: page.index('id="glance"')]
    assert "Research use only" in top
    assert facts.study.simulated_note in top
    assert facts.study.random_weights_note in top


def test_a_study_that_is_not_simulated_carries_no_such_notice(facts, pictures_folder):
    real = facts.study.model_copy(
        update={"simulated": False, "simulated_note": "", "random_weights_note": ""}
    )
    page = render_html(facts.model_copy(update={"study": real}), make_tables(facts), ())
    assert "Simulated" not in page
    assert "Random weights" not in page


def test_slips_are_shown_with_their_place(facts):
    flow = facts.flow.model_copy(update={"event_percent": 43.24})
    wrong = facts.model_copy(update={"flow": flow})
    page = render_html(wrong, make_tables(wrong), ())
    assert "Consistency checks found inconsistencies" in page
    assert "64 of 212 is 30.2%, found 43.2%" in page
    assert check_consistency(wrong)


def test_words_from_a_study_cannot_become_markup(facts):
    study = facts.study.model_copy(update={"title": "<script>alert(1)</script> & co"})
    page = render_html(facts.model_copy(update={"study": study}), (), ())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page


@pytest.mark.parametrize(
    "absent",
    [
        ("pictures", "agreement"),
        ("table1", "table2"),
        ("selection", "correlation", "table_s2", "pictures", "agreement"),
        tuple(set(Facts.model_fields) - {"schema_version", "study", "flow"}),
    ],
)
def test_a_study_without_a_part_still_makes_a_page(light, pictures_folder, absent):
    kept = {name: getattr(light, name) for name in Facts.model_fields if name not in absent}
    small = Facts(**kept)
    page = render_html(small, make_tables(small), make_plates(small, pictures_folder))
    reader = read(page)
    assert {link[1:] for link in reader.links} <= reader.ids
    assert light.study.title in page


def test_the_page_lets_its_own_script_run_and_nothing_else(page):
    """The policy names the script by its hash: a changed byte, and no browser runs it."""
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in unescape(policy).split("; "))
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert not re.search(r"<[^>]+ on\w+=", page)
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_characters_that_cannot_be_printed_become_spaces():
    study = ExclusionFact(reason="left\x00 out\u202e of\ud800 it", cases=1, patients=1)
    assert study.reason == "left  out  of  it"


def test_a_model_that_is_another_one_says_so_on_its_card_and_in_the_table(facts):
    """No radiomics feature selected: DLRC is then DL under a second name."""
    models = []
    for model in facts.models:
        twin = next(one for one in facts.models if one.protocol == model.protocol)
        same = {"terms": twin.terms, "baseline_survival": twin.baseline_survival}
        models.append(model.model_copy(update=same))
    first = models[0].name
    alike = facts.model_copy(update={"models": tuple(models)})
    page = render_html(alike, make_tables(alike), ())
    assert f"it is the {first} model: nothing else was selected" in page
    assert f"is the same model as {first}, since nothing else was selected" in page
    assert "nothing else was selected" not in render_html(facts, make_tables(facts), ())
