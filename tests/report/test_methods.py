"""The methods say what a referee asks, and every citation is in the list and in the BibTeX file."""

import re

import pytest

from trephine.facts import ExternalFacts
from trephine.report.checklists import fill_checklists
from trephine.report.contents import words_below
from trephine.report.figures.catalogue import make_plates
from trephine.report.methods import write_methods
from trephine.report.references import (
    Citation,
    bibliography,
    cite,
    known_references,
    named_in,
    numbered,
)
from trephine.report.tables import make_tables
from trephine.report.trace import Trace, plain


def _text(facts):
    methods = write_methods(Trace.start(facts))
    return " ".join(plain(text) for one in methods.paragraphs for text in one.texts)


@pytest.fixture(scope="module")
def methods(facts):
    return write_methods(Trace.start(facts), words_below(make_tables(facts), ()))


@pytest.mark.parametrize(
    "said",
    [
        "nested 5-fold cross-validation",
        "the final model, fitted to all",
        "repeats the whole recipe in each training part",
        "Nothing is learned from the hips left out",
        "compare only hips of the same fold",
        "use the linear predictor of each case averaged over repeats",
        "out-of-fold scores",
        "(T ≤ t)",
        "divided by |U| to the power of 2a",
        "further than 1.5 SD from the median are clipped",
        "Efron's method",
        "Breslow's method",
        "The following treat hips of one patient as independent",
        "copies of a patient drawn more than once stay together",
        "stayed together whenever the data were divided or resampled",
    ],
)
def test_the_methods_say_what_a_referee_asks(facts, said):
    assert said in _text(facts)


def test_the_steps_that_each_fold_repeats_are_those_of_the_study(facts):
    methods = facts.methods.model_copy(
        update={"harmonisation": "by ComBat", "missing_values": "filled in with the median."}
    )
    every = _text(facts.model_copy(update={"methods": methods}))
    assert (
        "in each training part: harmonisation, filling in of missing values, screening and scaling"
        " of features, choice of clinical variables, penalties, weights and Cox models." in every
    )
    methods = facts.methods.model_copy(update={"harmonisation": "", "missing_values": ""})
    bare = _text(facts.model_copy(update={"methods": methods, "selection": (), "table2": ()}))
    assert "in each training part: all Cox models." in bare


def test_citations_are_numbered_in_reading_order_and_each_is_in_the_list(methods):
    seen = []
    for paragraph in methods.paragraphs:
        for text in paragraph.texts:
            for part in text:
                if isinstance(part, Citation):
                    assert len(part.numbers) == len(part.keys) > 0
                    seen += [number for number in part.numbers if number not in seen]
    assert seen == list(range(1, len(seen) + 1))
    assert len(set(methods.references)) == len(methods.references) >= len(seen)


def test_a_citation_of_nothing_is_refused():
    with pytest.raises(KeyError):
        cite("nobody1999")
    with pytest.raises(KeyError, match="Nobody et al"):
        named_in(["as Nobody et al. (1999) have it"])


def test_footnotes_that_name_authors_and_year_are_in_the_list():
    found = named_in(["see Riley et al. (2019); Hilden and Gerds 2014; in May 2019, of 1989 cases"])
    assert [one.key for one in found] == ["riley2019", "hilden2014"]


def test_two_citations_of_one_paper_share_a_number():
    texts, references = numbered([("a", cite("cox1972", "efron1977")), (cite("efron1977"),)])
    assert plain(texts[0]) == "a [1,\u00a02]"
    assert plain(texts[1]) == " [2]"
    assert [one.key for one in references] == ["cox1972", "efron1977"]


def test_bibtex_has_one_whole_entry_for_each_reference():
    text = bibliography(tuple(known_references().values()))
    assert re.findall(r"^@article\{(\w+),$", text, re.M) == list(known_references())
    for entry in text.split("\n\n"):
        assert entry.count("{") == entry.count("}")
        fields = re.findall(r"^  (\w+) = \{.+\},$", entry, re.M)
        assert {"author", "title", "journal", "year", "volume", "pages", "doi"} <= set(fields)


def test_a_title_that_asks_is_followed_by_no_full_stop() -> None:
    texts = [reference.text for reference in known_references().values()]
    assert any("how well does it do it? Journal" in text for text in texts)
    assert not [text for text in texts if "?." in text or ".." in text]


@pytest.mark.parametrize(
    ("key", "author"),
    [
        ("lin1989", "Lin, D. Y. and Wei, L. J."),
        ("pencina2008", "D'Agostino, Jr, R. B."),
        ("vangriethuysen2017", "van Griethuysen, J. J. M."),
        ("zwanenburg2020", "and others}"),
    ],
)
def test_bibtex_writes_names_as_bibtex_does(key, author):
    assert author in known_references()[key].bibtex


def test_every_citation_on_the_page_leads_to_its_reference(page):
    linked = set(re.findall(r'class="cite" href="#(ref-\d+)"', page))
    assert linked
    assert linked <= set(re.findall(r'id="(ref-\d+)"', page))


def test_a_locked_model_on_outside_data_claims_no_cross_validation(facts):
    resampling = facts.methods.resampling[0].model_copy(
        update={"repeats": 0, "bootstraps": 0, "permutations": 0}
    )
    external = ExternalFacts(
        model_title="another", protocol="sound", training_cases=212, training_events=64
    )
    update = {"methods": facts.methods.model_copy(update={"resampling": (resampling,)})}
    rows = tuple(
        row.model_copy(update={"kind": "external", "optimism": None})
        for row in facts.performance
        if (row.protocol, row.kind) == ("sound", "nested cross-validated")
    )
    update |= {"external": external, "performance": rows, "null_check": (), "risk_groups": ()}
    text = _text(facts.model_copy(update=update))
    assert "applied as it was locked" in text
    headline = make_tables(facts.model_copy(update=update))[0]
    assert plain(headline.title) == "C-index of each model"
    assert not any("Apparent" in plain(note) for note in headline.notes)


def test_hips_that_are_patients_are_not_called_dependent(facts):
    count = facts.flow.analysed.model_copy(update={"patients": facts.flow.analysed.cases})
    alone = facts.model_copy(update={"flow": facts.flow.model_copy(update={"analysed": count})})
    assert "as independent" not in _text(alone).split("Intervals are 95%")[1]


CLUMSY = re.compile(
    r"\b(?:tells?|told|mend(?:ed)?|brought in|retold|dealt out|came about)\b|\ba (?:row|case) a "
    r"|no model holds|independent factors|\b(?:removal|removed) at p (?:>=|≥)",
    re.IGNORECASE,
)


def test_no_sentence_of_the_report_is_one_that_readers_stumbled_over(facts, pictures_folder):
    tables, plates = make_tables(facts), make_plates(facts, pictures_folder)
    words = [*words_below(tables, plates), _text(facts)]
    words += [plain(one.title) for one in (*tables, *plates)]
    words += [plain(cell) for table in tables for cell in table.header]
    words += [item.words for checklist in fill_checklists(facts) for item in checklist.items]
    assert [text for text in words if CLUMSY.search(text)] == []
