"""Checklists have all their items, and what they say is answered is on the page."""

import pytest

from trephine.facts import CentreFacts, ExclusionFact
from trephine.report.checklists import fill_checklists


def lists(facts):
    return {one.name: one for one in fill_checklists(facts)}


def status(checklist):
    return {item.number: item.status for item in checklist.items}


@pytest.fixture(scope="module")
def made(facts):
    return lists(facts)


def test_every_checklist_has_all_its_items(made):
    assert list(made) == [
        "TRIPOD+AI",
        "CLEAR",
        "METRICS",
        "RQS 2.0",
        "PROBAST+AI, published protocol",
        "PROBAST+AI, sound protocol",
    ]
    tripod = made["TRIPOD+AI"].items
    assert {item.number.rstrip("abcdefg") for item in tripod} == {str(k) for k in range(1, 28)}
    assert len(tripod) == 52
    for name, count in (("CLEAR", 58), ("METRICS", 30), ("RQS 2.0", 42)):
        assert [item.number for item in made[name].items] == [str(k) for k in range(1, count + 1)]
    parts = [item.number[0] for item in made["PROBAST+AI, sound protocol"].items]
    assert (parts.count("D"), parts.count("E")) == (16, 18)


def test_weights_and_points_are_those_of_the_publications(made):
    assert sum(item.weight for item in made["METRICS"].items) == pytest.approx(1.0)
    points = made["RQS 2.0"].items
    assert sum(item.weight for item in points) == 56
    hand_crafted = {"6", "9", "11", "12"}
    assert sum(item.weight for item in points if item.number not in hand_crafted) == 52


def test_what_is_answered_leads_to_a_section_of_the_page_and_all_else_says_why(made, page):
    for checklist in made.values():
        for item in checklist.items:
            assert (item.status in ("answered", "partly")) == bool(item.answer.anchor)
            assert item.words
            if item.answer.anchor:
                assert f'id="{item.answer.anchor}"' in page


def test_only_what_is_answered_earns_points(made):
    for checklist in made.values():
        for item in checklist.items:
            assert (item.answer.share > 0) == (item.status == "answered")


def test_what_only_authors_know_is_left_to_them(made):
    found = status(made["TRIPOD+AI"])
    assert found["17"] == found["18a"] == found["5b"] == found["26"] == "author"
    assert found["20a"] == found["12e"] == "answered"


def test_subgroups_are_not_ticked_since_none_was_analysed(made):
    item = next(item for item in made["TRIPOD+AI"].items if item.number == "23a")
    assert item.status == "partly"
    assert "no subgroup was analysed" in item.words


@pytest.mark.parametrize("number", ["11", "20b"])
def test_missing_values_are_not_ticked_where_cases_were_left_out_for_them(facts, number):
    lost = ExclusionFact(reason="Clinical value missing", patients=30, cases=34)
    with_lost = facts.model_copy(
        update={"flow": facts.flow.model_copy(update={"exclusions": (lost,)})}
    )
    without = facts.model_copy(update={"flow": facts.flow.model_copy(update={"exclusions": ()})})
    assert status(lists(with_lost)["TRIPOD+AI"])[number] == "partly"
    assert status(lists(without)["TRIPOD+AI"])[number] == "answered"
    assert status(lists(with_lost)["PROBAST+AI, sound protocol"])["D4.3"] == "no"


def test_a_study_without_a_part_does_not_claim_it(facts):
    bare = facts.model_copy(
        update={"table1": None, "sample_size": None, "agreement": None, "decision_curves": ()}
    )
    found = lists(bare)
    assert status(found["TRIPOD+AI"])["10"] == "author"
    assert status(found["CLEAR"])["31"] == "not applicable"
    assert status(found["RQS 2.0"])["6"] == status(found["RQS 2.0"])["24"] == "no"
    assert "net benefit" in next(
        item.words for item in found["PROBAST+AI, sound protocol"].items if item.number == "E4.7"
    )


def test_a_study_without_features_has_no_radiomics_checklist(facts):
    names = list(lists(facts.model_copy(update={"selection": ()})))
    assert [name for name in names if not name.startswith("PROBAST")] == ["TRIPOD+AI"]


def test_the_published_protocol_fails_where_it_must_and_says_why(made):
    published, sound = (made[f"PROBAST+AI, {name} protocol"] for name in ("published", "sound"))
    no = {item.number: item.answer.place for item in published.items if item.status == "no"}
    assert "cut at the median" in no["D4.2"]
    assert "own training scores" in no["D4.5"]
    assert "own training cases" in no["E4.1"]
    assert "Evaluation: analysis, high concern (E4.1" in published.summary
    assert status(sound)["E4.1"] == status(sound)["E4.6"] == "answered"
    assert status(sound)["D4.5"] == "answered"


def test_overfitting_points_to_instability_only_where_the_report_shows_it(facts):
    def place(of):
        sound = lists(of)["PROBAST+AI, sound protocol"]
        return next(item.answer.place for item in sound.items if item.number == "D4.5")

    assert place(facts).endswith("; instability of predictions under Performance")
    assert "instability" not in place(facts.model_copy(update={"instability": ()}))


def test_without_held_out_cases_internal_testing_is_an_honest_no(facts):
    apparent = tuple(row for row in facts.performance if row.kind == "apparent")
    found = lists(facts.model_copy(update={"performance": apparent}))
    metrics = status(found["METRICS"])
    assert metrics["26"] == metrics["18"] == metrics["27"] == "no"
    assert status(found["PROBAST+AI"])["E4.1"] == "no"


def test_the_score_leaves_out_what_does_not_apply(facts):
    metrics = lists(facts)["METRICS"]
    out = {item.number for item in metrics.items if item.status == "not applicable"}
    assert "17" in out
    applies = [item for item in metrics.items if item.number not in out]
    earned = sum(item.weight for item in applies if item.status == "answered")
    share = earned / sum(item.weight for item in applies)
    assert f"Score from this run alone: {share:.1%}" in metrics.summary


def test_heterogeneity_is_answered_only_where_centres_were_left_out(facts):
    def both(found):
        return {status(found["TRIPOD+AI"])[number] for number in ("12d", "23b")}

    assert both(lists(facts.model_copy(update={"centres": ()}))) == {"author"}
    centre = CentreFacts(protocol="sound", model="DLRC", centre="north", n=162, events=50)
    found = lists(facts.model_copy(update={"centres": (centre,)}))
    assert both(found) == {"answered"}
    assert status(found["METRICS"])["4"] == "answered"


def test_resampling_of_images_is_claimed_only_where_the_methods_report_it(facts):
    def of(radiomics):
        methods = facts.methods.model_copy(update={"radiomics": radiomics})
        return status(lists(facts.model_copy(update={"methods": methods}))["CLEAR"])["22"]

    told = facts.methods.radiomics.model_copy(update={"resampling": "images not resampled"})
    untold = told.model_copy(update={"resampling": ""})
    assert (of(told), of(untold)) == ("answered", "not applicable")


def test_of_images_that_the_run_never_saw_the_author_answers(facts):
    """A table of features says nothing of regions, software and standards."""
    methods = facts.methods.model_copy(
        update={"radiomics": None, "deep": None, "raters": (), "feature_table": "features.csv"}
    )
    found = lists(facts.model_copy(update={"methods": methods}))
    metrics = status(found["METRICS"])
    assert {metrics[number] for number in ("8", "9", "10", "11", "12", "13", "23")} == {"author"}
    assert status(found["RQS 2.0"])["9"] == "author"


def test_whether_a_program_drew_the_regions_is_for_the_author(made):
    assert status(made["METRICS"])["9"] == "author"


def test_multivariable_needs_one_model_of_signature_and_clinical_variables(facts):
    assert status(lists(facts)["RQS 2.0"])["14"] == "answered"
    apart = tuple(
        model
        for model in facts.models
        if len({"signature" in term.label for term in model.terms}) < 2
    )
    assert apart
    found = lists(facts.model_copy(update={"models": apart}))
    assert status(found["RQS 2.0"])["14"] == "no"


def test_features_removed_by_the_other_protocol_are_no_reduction(facts):
    def step(part):
        kept = {"features_out": part.extracted}
        return part.model_copy(
            update={"steps": (*part.steps[:-1], part.steps[-1].model_copy(update=kept))}
        )

    own = tuple(
        step(part) if part.protocol == facts.study.protocol else part for part in facts.selection
    )
    assert {part.protocol for part in own} == {"published", "sound"}
    assert status(lists(facts.model_copy(update={"selection": own}))["RQS 2.0"])["11"] == "no"


def test_a_comparison_with_clinical_variables_needs_a_model_of_them_alone(facts):
    assert {status(lists(facts)["CLEAR"])[number] for number in ("42", "48")} == {"answered"}
    alone = {model.name for model in facts.models if model.description == "clinical variables"}
    rest = tuple(row for row in facts.comparisons if not {row.old, row.new} & alone)
    found = status(lists(facts.model_copy(update={"comparisons": rest}))["CLEAR"])
    assert found["42"] == found["48"] == "author"


def test_the_flow_of_participants_is_no_chart_of_the_pipeline(made):
    item = next(item for item in made["CLEAR"].items if item.number == "12")
    assert item.status == "partly"
    assert "draw the steps" in item.words
