"""Checklists have all their items, and what they say is answered is on the page."""

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
