"""Checklists have all their items, and what they say is answered is on the page."""

from trephine.facts import CentreFacts
from trephine.report.checklists import fill_checklists


def test_tripod_ai_and_clear_have_all_their_items(facts):
    tripod, clear = fill_checklists(facts)
    assert [tripod.name, clear.name] == ["TRIPOD+AI", "CLEAR"]
    assert {item.number.rstrip("abcdefg") for item in tripod.items} == {
        str(k) for k in range(1, 28)
    }
    assert len(tripod.items) == 52
    assert [item.number for item in clear.items] == [str(k) for k in range(1, 59)]


def test_answered_items_lead_to_a_section_of_the_page(facts, page):
    for checklist in fill_checklists(facts):
        for item in checklist.items:
            assert (item.status == "answered") == bool(item.anchor)
            if item.anchor:
                assert f'id="{item.anchor}"' in page


def test_what_only_authors_know_is_left_to_them(facts):
    tripod, _ = fill_checklists(facts)
    status = {item.number: item.status for item in tripod.items}
    assert status["17"] == status["18a"] == status["5b"] == status["26"] == "author"
    assert status["20a"] == status["22"] == status["23a"] == "answered"


def test_a_study_without_a_part_does_not_claim_it(facts):
    bare = facts.model_copy(update={"table1": None, "sample_size": None, "agreement": None})
    tripod, clear = fill_checklists(bare)
    assert {i.number: i.status for i in tripod.items}["10"] == "author"
    assert {i.number: i.status for i in clear.items}["31"] == "not applicable"


def test_a_study_without_features_has_no_radiomics_checklist(facts):
    names = [c.name for c in fill_checklists(facts.model_copy(update={"selection": ()}))]
    assert names == ["TRIPOD+AI"]


def test_an_answered_item_that_leaves_something_open_says_what(facts):
    tripod, clear = fill_checklists(facts)
    place = {item.number: item.place for item in tripod.items}
    assert "subgroups" in place["23a"]
    assert "model folder" in place["22"]
    assert "protocol" in place["18c"]
    assert "why this one" in {item.number: item.place for item in clear.items}["37"]


def test_heterogeneity_is_answered_only_where_centres_were_left_out(facts):
    tripod, _ = fill_checklists(facts.model_copy(update={"centres": ()}))
    assert {i.status for i in tripod.items if i.number in ("12d", "23b")} == {"author"}
    centre = CentreFacts(protocol="sound", model="DLRC", centre="north", n=162, events=50)
    tripod, _ = fill_checklists(facts.model_copy(update={"centres": (centre,)}))
    assert {i.status for i in tripod.items if i.number in ("12d", "23b")} == {"answered"}


def test_resampling_of_images_is_claimed_only_where_the_methods_tell_it(facts):
    def status(radiomics):
        methods = facts.methods.model_copy(update={"radiomics": radiomics})
        _, clear = fill_checklists(facts.model_copy(update={"methods": methods}))
        return {item.number: item.status for item in clear.items}["22"]

    told = facts.methods.radiomics.model_copy(update={"resampling": "images not resampled"})
    untold = told.model_copy(update={"resampling": ""})
    assert (status(told), status(untold)) == ("answered", "not applicable")
