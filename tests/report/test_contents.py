"""Every table and figure of the catalogue stands in the report, in a section that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trephine.facts import (
    CaseMixRow,
    CentreFacts,
    EstimateFact,
    ExternalFacts,
    Facts,
    HorizonEstimate,
    RecalibrationRow,
)
from trephine.facts.changing_hazards import RelaxedFacts, RelaxedTerm
from trephine.facts.competing import (
    CompetingFacts,
    IncidenceCurve,
    SecondReading,
    SecondReadingFacts,
)
from trephine.facts.late_entry import LateEntryFacts, LateHorizon
from trephine.facts.missing import (
    ChainFacts,
    ImputationFacts,
    MissingFacts,
    MissingInformation,
    MissingVariable,
)
from trephine.facts.models import PartialEffect
from trephine.facts.restricted_mean import GroupMeanFact, RestrictedMeanFacts
from trephine.facts.subgroups import SubgroupFacts, SubgroupRow
from trephine.facts.visits import VisitHorizon, VisitReading, VisitsFacts, VisitTerm
from trephine.report.contents import sections_of
from trephine.report.figures.catalogue import make_plates
from trephine.report.html import render_html
from trephine.report.sections import HEADINGS, ORDER, SECTIONS
from trephine.report.tables import make_tables
from trephine.report.trace import plain


@pytest.fixture(scope="module")
def whole(facts) -> Facts:
    """Return facts with the parts that one study alone never has together."""
    centre = CentreFacts(protocol="sound", model="DLRC", centre="north", n=162, events=50)
    estimate = EstimateFact(value=0.9, low=0.8, high=1.0)
    mix = CaseMixRow(
        label="Age", training_mean=40.0, training_low=20.0, training_high=60.0, mean=41.0,
        low=19.0, high=61.0, outside=2,
    )  # fmt: skip
    again = RecalibrationRow(
        model="DLRC", horizon=facts.study.horizons[0], slope=estimate, locked=0.9,
        new_baseline=0.9, new_baseline_and_slope=0.9,
    )  # fmt: skip
    external = ExternalFacts(
        model_title="A model", protocol="sound", training_cases=100, training_events=30,
        case_mix=(mix,), recalibration=(again,),
    )  # fmt: skip
    curve = PartialEffect(
        name="age", label="Age", unit="years", knots=(30, 45, 60), reference=45.0,
        at=(25, 45, 65), ratio=(0.8, 1.0, 1.9), low=(0.6, 1.0, 1.2), high=(1.1, 1.0, 3.0),
        statistic=4.2, degrees_of_freedom=1, p=0.04,
    )  # fmt: skip
    incidence = IncidenceCurve(
        label="collapse", n=162, events=50, others=20, times=(0, 12, 36), incidence=(0, 0.1, 0.3),
        low=(None, 0.05, 0.2), high=(None, 0.2, 0.4), ignoring=(0, 0.12, 0.38),
        at_horizons=(HorizonEstimate(horizon=36, estimate=estimate),),
        ignoring_at_horizons=(HorizonEstimate(horizon=36, estimate=estimate),),
        overstated=(estimate,),
    )  # fmt: skip
    reading = SecondReading(label="Age", cause_specific=estimate, subdistribution=estimate)
    competing = CompetingFacts(
        event="collapse", names=("death",), curves=(incidence,),
        readings=(SecondReadingFacts(protocol="sound", model="DLRC", terms=(reading,)),),
    )  # fmt: skip
    means = RestrictedMeanFacts(
        label="Sex", horizon=facts.study.horizons[0], hazards_p=0.02,
        groups=tuple(
            GroupMeanFact(
                name=name, n=80, events=30, mean=estimate, difference=estimate, difference_p=0.2,
                ratio=estimate, ratio_p=0.4,
            )
            for name in ("women", "men")
        ),
    )  # fmt: skip
    visits = VisitsFacts(
        events=50, exact=2, from_start=5, median_width=6.0, times=(0, 6, 12),
        survival=(1, 0.9, 0.7), low=(1, 0.8, 0.6), high=(1, 1, 0.8),
        at_visit_times=(0, 12), at_visit=(1, 0.7),
        in_the_middle_times=(0, 9), in_the_middle=(1, 0.7),
        at_horizons=(
            VisitHorizon(
                horizon=facts.study.horizons[0], between_visits=estimate, at_visit=0.3,
                in_the_middle=0.3,
            ),
        ),
        readings=(
            VisitReading(
                protocol="sound", model="DLRC",
                terms=(VisitTerm(label="Age", between_visits=estimate),),
            ),
        ),
        time_draws=5, band_draws=100,
    )  # fmt: skip
    late = LateEntryFacts(
        late=30, late_percent=18.5, median=6.0, last=24.0, fewest_at_risk=90, fewest_at=2.0,
        at_horizons=(
            LateHorizon(
                horizon=facts.study.horizons[0], at_risk=100, since_entry=estimate,
                from_start=estimate,
            ),
        ),
    )  # fmt: skip
    relaxed = RelaxedFacts(
        protocol="sound", model="DLRC", variable="Age", how="step", early_time=12.0, late_time=None,
        terms=(RelaxedTerm(label="Age", constant=estimate, early=estimate, late=estimate),),
    )  # fmt: skip
    missing = MissingFacts(
        incomplete=12, incomplete_percent=7.4,
        variables=(
            MissingVariable(
                name="age", label="Age", missing=12, missing_percent=7.4, missing_with_event=5,
                method="predictive mean matching",
            ),
        ),
        imputations=(
            ImputationFacts(
                protocol="sound", imputations=10, sweeps=3, donors=5, draws=50, model="DLRC",
                information=(MissingInformation(label="Age", fraction_percent=8.0),),
                chains=(ChainFacts(label="Age", chains=((40.0, 41.0, 42.0), (43.0, 41.0, 41.5))),),
            ),
        ),
    )  # fmt: skip
    groups = tuple(
        SubgroupRow(
            group=name, n=80, events=30, c_index=estimate, observed_expected=estimate,
            slope=estimate, net_benefit=estimate, treat_all=0.1,
        )
        for name in ("women", "men")
    )  # fmt: skip
    subgroups = SubgroupFacts(
        protocol="sound", model="DLRC", label="Sex", horizon=facts.study.horizons[0],
        threshold=0.3, groups=groups, slope_p=0.4, level_p=0.6,
    )  # fmt: skip
    return facts.model_copy(
        update={
            "centres": (centre,),
            "competing": competing,
            "external": external,
            "late_entry": late,
            "missing": missing,
            "restricted_means": (means,),
            "visits": visits,
            "relaxed_hazards": (relaxed,),
            "subgroups": (subgroups,),
            "models": tuple(
                one.model_copy(update={"partial_effects": (curve,)}) for one in facts.models
            ),
        }
    )


def test_every_figure_of_the_catalogue_stands_on_the_page(facts, pictures_folder, page):
    for plate in make_plates(facts, pictures_folder):
        assert section_of(page, plate.slug) == plate.section


def test_no_figure_names_its_protocol_twice(whole, pictures_folder):
    """The heading does."""
    for plate in make_plates(whole, pictures_folder):
        assert "protocol. " not in plain(plate.caption), plate.slug


def test_every_table_of_the_catalogue_stands_on_the_page(whole):
    tables = make_tables(whole)
    page = render_html(whole, tables, ())
    for table in tables:
        assert section_of(page, table.slug) == table.section


def section_of(page: str, slug: str) -> str:
    """Return the section of the page in which a table or figure stands, once."""
    assert page.count(f'id="{slug}"') == 1, slug
    start = page.rindex('<section id="', 0, page.index(f'id="{slug}"'))
    return page[start:].split('"')[1]


def test_these_facts_have_every_kind_of_table_and_figure(whole, pictures_folder):
    """Without this the tests above would say nothing of one that the facts do not give."""
    made = [one.slug for one in (*make_tables(whole), *make_plates(whole, pictures_folder))]
    for section in SECTIONS:
        for start in ORDER[section]:
            assert any(slug.startswith(start) for slug in made), start


def test_a_table_or_figure_that_no_order_names_comes_last_in_its_section(facts, pictures_folder):
    tables, plates = make_tables(facts), make_plates(facts, pictures_folder)
    table = replace(tables[0], slug="another-table", section="performance")
    plate = replace(plates[0], slug="another-figure", section="performance", title=("New",))
    twin = replace(plate, slug="another-figure-2")
    sections = sections_of((table, *tables), (plate, twin, *plates))
    performance = next(one for one in sections if one.name == "performance")
    assert performance.tables[-1] == table
    assert performance.plates[-2:] == (plate, twin)
    assert performance.blocks[-1].plates == (plate, twin)


def test_sections_hold_each_table_and_figure_once(facts, pictures_folder):
    tables, plates = make_tables(facts), make_plates(facts, pictures_folder)
    sections = sections_of(tables, plates)
    held = [one.slug for section in sections for one in (*section.tables, *section.plates)]
    assert sorted(held) == sorted(one.slug for one in (*tables, *plates))
    assert [one.name for one in sections] == [
        name for name in SECTIONS if name not in ("competing", "external")
    ]


def test_a_study_of_almost_nothing_has_the_sections_it_needs_alone(facts, pictures_folder):
    bare = Facts(study=facts.study, flow=facts.flow)
    sections = sections_of(make_tables(bare), make_plates(bare, pictures_folder))
    assert [one.name for one in sections] == ["participants"]


def test_every_section_has_a_heading_and_an_order():
    assert set(HEADINGS) == set(ORDER) == set(SECTIONS)
