"""The page on which raters draw: saved before it says so, blind, and closed to everybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx2 as httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from serve.desk_client import Inline, desk_of, study_in
from study.drawn_files import DISC, OTHER, put, write_kinds
from trephine.annotation.journal import read_journal
from trephine.annotation.reading import MeasuredAs, ReadingState
from trephine.imaging import read_image
from trephine.imaging.side_marker import Doubt
from trephine.serve.desk.annotate.app import create_annotator
from trephine.serve.desk.annotate.page import FILES
from trephine.serve.desk.pages import DeskSettings
from trephine.serve.words import LANGUAGES, annotate_words
from trephine.study.annotating.items import address_of_place
from trephine.study.annotating.workplace import open_workplace

ROOM = resources.files("trephine.serve")
PLAIN = f"/reading/cases/{address_of_place('plain')}"


class RatersPage:
    """A browser that came in, and what it sends."""

    def __init__(self, client: TestClient, address: str) -> None:
        self.client = client
        place = urlsplit(address)
        assert client.get(f"{place.path}?{place.query}").headers["location"] == "/reading/"
        self.page = client.get("/reading/").text
        found = re.search(r'"mark":"([0-9a-f]+)"', self.page)
        assert found is not None
        self.mark = found[1]

    def json(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, operation: object, revision: int, **headers: str) -> httpx.Response:
        body = json.dumps({"operation": operation, "revision": revision})
        own = {"x-trephine-csrf": self.mark, **headers}
        return self.client.post(f"{PLAIN}/operations", content=body, headers=own)


@contextmanager
def page_of(folder: Path, rater: str = "a") -> Iterator[RatersPage]:
    addresses: list[str] = []
    settings = DeskSettings(folder.resolve())
    app = create_annotator(settings, folder.resolve(), rater, addresses.append, Inline(60, 1 << 33))
    with TestClient(app, base_url="http://127.0.0.1:8010", follow_redirects=False) as client:
        yield RatersPage(client, addresses[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_kinds(tmp_path / "films")
    return tmp_path / "films"


def journal_of(folder: Path, rater: str = "a") -> Path:
    place = open_workplace(folder)
    return place.journal(rater, place.items[address_of_place("plain")])


def test_a_picture_is_sent_in_16_bits_with_its_sides_and_scale(folder: Path) -> None:
    with page_of(folder) as page:
        first = page.client.get(f"{PLAIN}/opening")
        facts = json.loads(first.headers["x-facts"])
        assert facts["sides"]["0"][:2] == ["R", "L"]
        assert facts["spacing_mm"] == [0.2, 0.2]
        answer = page.client.get(f"{PLAIN}/picture")
        assert first.content == answer.content
    shape = int(answer.headers["x-rows"]), int(answer.headers["x-columns"])
    values = np.frombuffer(answer.content, "<u2").reshape(shape)
    assert np.array_equal(values + facts["low"], read_image(folder / "plain.dcm").pixels)


def test_what_is_called_saved_is_on_disk(folder: Path) -> None:
    with page_of(folder) as page:
        for revision, operation in enumerate([put("r", "R", DISC), {"do": "undo"}, {"do": "redo"}]):
            answer = page.send(operation, revision)
            assert answer.json() == {"revision": revision + 1}
            assert read_journal(journal_of(folder)).revision == revision + 1
        reading = page.json(f"{PLAIN}/reading")
    assert reading["regions"][0]["region_id"] == "r"
    assert reading["sizes"]["r"]["pixels"] == pytest.approx(np.pi * 3.1**2 / 0.04, rel=0.02)
    with page_of(folder) as page:  # another server
        assert page.json(f"{PLAIN}/reading")["undoable"] == 1


def test_a_second_window_is_warned_and_writes_nothing_over(folder: Path) -> None:
    with page_of(folder) as page:
        first, second = "aaaaaaaa", "bbbbbbbb"
        assert page.json(f"{PLAIN}/reading?window={first}")["others"] is False
        assert page.json(f"{PLAIN}/reading?window={second}")["others"] is True
        assert page.json(f"{PLAIN}/standing?window={first}") == {"revision": 0, "others": True}
        left = page.client.get(f"{PLAIN}/standing?window={second}&leaving=true")
        assert left.status_code == 204
        assert page.json(f"{PLAIN}/standing?window={first}")["others"] is False
        assert page.send(put("r", "R", DISC), 0).status_code == 200
        stale = page.send(put("r", "R", OTHER), 0)
        assert stale.status_code == 409
        assert stale.json()["revision"] == 1
        shown = page.json(f"{PLAIN}/reading")["regions"][0]["parts"][0]["shape"]
    assert shown["centre"] == DISC["centre"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"revision": "1", "operation": {}}', "x" * 99])
def test_what_is_no_operation_is_refused_in_words(folder: Path, body: str) -> None:
    with page_of(folder) as page:
        own = {"x-trephine-csrf": page.mark}
        answer = page.client.post(f"{PLAIN}/operations", content=body, headers=own)
        assert answer.status_code == 400
        assert "expected" in answer.json()["detail"]
        wrong = page.send({"do": "format", "path": "/etc/passwd"}, 0)
        assert wrong.status_code == 422
        assert "passwd" not in wrong.text
    assert not journal_of(folder).exists()


def test_an_operation_without_the_page_s_mark_is_refused(folder: Path) -> None:
    with page_of(folder) as page:
        for headers in ({"x-trephine-csrf": "0" * 64}, {"origin": "http://evil.example"}):
            assert page.send(put("r", "R", DISC), 0, **headers).status_code == 403
    assert not journal_of(folder).exists()


def test_nothing_is_shown_to_who_has_not_come_in(folder: Path) -> None:
    settings = DeskSettings(folder.resolve())
    app = create_annotator(settings, folder.resolve(), "a", None, Inline(60, 1 << 33))
    with TestClient(app, base_url="http://127.0.0.1:8010", follow_redirects=False) as client:
        for path in ("/reading/", "/reading/list", f"{PLAIN}/picture", f"{PLAIN}/reading"):
            assert client.get(path).headers.get("location") == "/closed"


def test_a_second_rater_sees_nothing_of_the_first_until_both_have_finished(folder: Path) -> None:
    drawn = {"do": "set state", "state": "drawn"}
    with page_of(folder, "a") as page:
        page.send(put("first-of-a", "R", DISC), 0)
        page.send(drawn, 1)
    with page_of(folder, "b") as page:
        paths = ("/reading/list", f"{PLAIN}/reading", "/reading/measures.csv")
        seen = [page.page, *(page.client.get(path).text for path in paths)]
        seen.append(page.client.get(f"{PLAIN}/opening").headers["x-facts"])
        assert page.client.get(f"{PLAIN}/comparison").status_code == 404
        assert not any("first-of-a" in text for text in seen)
        assert all(row["state"] == "open" for row in page.json("/reading/list")["cases"])
        page.send(put("second", "R", {**DISC, "centre": [22.4, 30.9]}), 0)
        page.send(drawn, 1)
        found = page.json(f"{PLAIN}/comparison")
    assert found["raters"] == ["b", "a"]
    assert 0.5 < found["pairs"][0]["dice"] < 1
    with page_of(folder, "consensus") as page:
        found = page.json(f"{PLAIN}/comparison")
        assert found["raters"] == ["a", "b"]
        assert (
            page.send({"do": "put region", "region": found["regions"][0][0]}, 0).status_code == 200
        )


def test_masks_that_a_killed_server_did_not_write_are_written_by_the_next(folder: Path) -> None:
    mask = folder / "annotations" / "a" / "head" / "plain.nii.gz"
    with page_of(folder) as page:
        page.send(put("r", "R", DISC), 0)  # the reading is not asked for: nothing follows
    assert not mask.exists()
    with page_of(folder) as page:
        page.json("/reading/list")
        assert mask.exists()


def test_an_existing_mask_is_where_a_reading_may_start(folder: Path) -> None:
    with page_of(folder) as page:
        page.send(put("r", "R", DISC), 0)
        page.json(f"{PLAIN}/reading")
    drawn = folder / "annotations" / "a" / "head" / "plain.nii.gz"
    (folder / "masks").mkdir()
    drawn.rename(folder / "masks" / "plain.nii.gz")
    with page_of(folder, "b") as page:
        facts = page.client.get(f"{PLAIN}/opening").headers["x-facts"]
        assert json.loads(facts)["has_mask"] is True
        (region,) = page.json(f"{PLAIN}/start")["regions"]
        page.send({"do": "put region", "region": region}, 0)
        sizes = page.json(f"{PLAIN}/reading")["sizes"]
    assert region["side"] == "R"
    assert sizes[region["region_id"]]["pixels"] == pytest.approx(np.pi * 3.1**2 / 0.04, rel=0.02)


def test_a_region_is_mirrored_to_the_other_side(folder: Path) -> None:
    with page_of(folder) as page:
        page.send(put("r", "R", DISC), 0)
        found = page.json(f"{PLAIN}/mirrored?region=r")
        assert page.client.get(f"{PLAIN}/mirrored?region=z").status_code == 422
    assert found["side"] == "L"
    assert found["parts"][0]["shape"]["centre"] == pytest.approx([89 - 21.3, 30.2])


def test_the_desk_lets_a_rater_of_a_study_draw(tmp_path: Path) -> None:
    study_in(tmp_path / "one")
    write_kinds(tmp_path / "one" / "images")
    toml = tmp_path / "one" / "study.toml"
    named = 'image = "images/plain.dcm"\nraters = { a = "masks/{hip}.nii.gz" }\n'
    toml.write_text(toml.read_text("utf-8").replace("[outcome]", f"{named}\n[outcome]"), "utf-8")
    with desk_of(tmp_path) as desk:
        room = f"{desk.study()}/annotate"
        assert 'name="rater"' in desk.page(room)
        assert desk.post(room, rater="../x").status_code == 422
        onward = desk.post(room, rater="A").headers["location"]
        assert onward == f"{room}/a/"
        assert "main.mjs" in desk.page(onward)
        listed = desk.client.get(f"{onward}list").json()["cases"]
        assert [one["name"] for one in listed] == ["plain"]
        assert desk.client.get(f"{room}/../x/").status_code == 404


# ---- texts ------------------------------------------------------------------------------------


def asked() -> set[str]:
    """Return the keys that page and modules ask for, those made of parts among them."""
    page = ROOM.joinpath("templates", "annotate", "page.html.j2").read_text("utf-8")
    modules = "".join(
        ROOM.joinpath("static", "annotate", name).read_text("utf-8") for name in FILES
    )
    found = set(re.findall(r"words\.(\w+)", page))
    found |= set(re.findall(r'\btext\("(\w+)"', modules))
    found |= set(re.findall(r'"((?:keys|tools|handle|plane)_\w+)"', modules))
    found |= set(re.findall(r'"(open_elsewhere|changed_elsewhere|cannot_open|not_seen)"', modules))
    found |= {
        one for pair in re.findall(r'\? "(depressed_\w+)" : "(\w+)"', modules) for one in pair
    }
    for tool in re.findall(r'\["(\w+)", "\w"\]', modules):
        found |= {f"tool_{tool}", f"hint_{tool}"}
    for kind in get_args(MeasuredAs):
        found |= {f"measure_{kind}", f"short_{kind}"}
    found |= {f"state_{one}" for one in (*get_args(ReadingState), "damaged")}
    found |= {f"saved_{one}" for one in re.findall(r'(?:onState\(|\? |: )"(\w+)"', modules)
              if one in ("saving", "saved", "offline", "stale", "closed", "refused")}  # fmt: skip
    found |= {f"region_{one}" for one in ("head", "lesion", "ring", "acetabulum")}
    found |= {f"warning_{one}" for one in ("half", "laterality", "swapped", "pa")}
    found |= {f"warning_letter_{one}" for one in (*get_args(Doubt), "side")}
    found |= {f"mode_{one}" for one in ("add", "subtract", "intersect", "replace")}
    return found | {"lacks_head", "lacks_places", "filter_all"}


def test_every_text_is_there_in_every_language_and_none_too_many() -> None:
    english = annotate_words("en")
    for language in LANGUAGES:
        words = annotate_words(language)
        assert list(words) == list(english)
        for key, said in words.items():
            places = [sorted(re.findall(r"\{(\w+)\}", str(one))) for one in (said, english[key])]
            assert places[0] == places[1], key
    assert asked() == set(english)
