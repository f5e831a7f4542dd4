"""A folder of images from somebody else on a rater's page: links, pipes and files made to harm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from serve.test_annotate import DISC, PLAIN, journal_of, page_of
from serve.test_desk_strangers import contents, soon
from study.drawn_files import OTHER, put, write_kinds
from trephine.errors import InputError
from trephine.study.annotating.items import address_of_place
from trephine.study.annotating.rating import Ratings
from trephine.study.annotating.workplace import open_workplace

ADDRESS = address_of_place("plain")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_kinds(tmp_path / "films")
    return tmp_path / "films"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """What lies outside under the names that a reading's files would have."""
    folder = tmp_path / "elsewhere"
    for place in ("journals", "head", "values", "shapes", "a/journals", "a/head"):
        (folder / place).mkdir(parents=True)
        for name in (f"{ADDRESS}.jsonl", f"{ADDRESS}.json", "plain.nii.gz", "plain.json"):
            (folder / place / name).write_text("")
    return folder


@pytest.mark.parametrize(
    ("place", "to"),
    [
        ("annotations", ""),
        ("annotations/a", ""),
        ("annotations/a/journals", "journals"),
        (f"annotations/a/journals/{ADDRESS}.jsonl", f"journals/{ADDRESS}.jsonl"),
        ("annotations/a/head", "head"),
        ("annotations/a/values", "values"),
        ("annotations/a/shapes", "shapes"),
    ],
)
def test_a_reading_is_not_written_where_a_link_leads(
    folder: Path, elsewhere: Path, place: str, to: str
) -> None:
    link = folder / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere / to)
    before = contents(elsewhere)
    with soon(), page_of(folder) as page:
        saved = page.send(put("r", "R", DISC), 0)
        shown = page.client.get(f"{PLAIN}/reading")
        for path in ("/reading/list", "/reading/measures.csv"):
            assert page.client.get(path).status_code < 500
        # A region that is gone takes its mask with it, and nobody else's.
        page.send({"do": "undo"}, 1)
        page.client.get(f"{PLAIN}/reading")
    assert contents(elsewhere) == before
    assert "a link that leads out of it" in saved.text + shown.text


NO_HEAD = '{"place":"plain","revision":1,"state":"drawn","heads":{"R":{"arc_axial_degree":"=1"}}}'


@pytest.mark.parametrize(
    "what", ["pipe", "{", "[" * 100_000, '{"revision": 1}', "{}", "1", NO_HEAD]
)
def test_values_that_are_none_are_said_and_written_anew(folder: Path, what: str) -> None:
    values = folder / "annotations" / "a" / "values" / f"{ADDRESS}.json"
    with soon(), page_of(folder) as page:
        page.send(put("r", "R", DISC), 0)
        page.json(f"{PLAIN}/reading")
        assert values.exists()
        values.unlink()
        if what == "pipe":
            os.mkfifo(values)
        else:
            values.write_text(what)
        answer = page.client.get("/reading/measures.csv")
        assert answer.status_code == 422, answer.text
        assert "writes them anew" in answer.text
        page.json("/reading/list")
        assert page.client.get("/reading/measures.csv").text.count("\n") == 2


@pytest.mark.parametrize("place", ["inner/plain.dcm", "masks/plain.nii.gz"])
def test_neither_image_nor_mask_is_taken_from_where_a_link_leads(
    folder: Path, tmp_path: Path, place: str
) -> None:
    secret = tmp_path / Path(place).name
    shutil.copy(folder / ("plain.dcm" if place.endswith("dcm") else "nifti.nii.gz"), secret)
    (folder / place).parent.mkdir()
    (folder / place).symlink_to(secret)
    with pytest.raises(InputError, match="a link that leads out of it"):
        open_workplace(folder)


def test_two_images_never_share_a_reading(folder: Path) -> None:
    shutil.copy(folder / "nifti.nii.gz", folder / "plain.nii.gz")  # beside plain.dcm
    with pytest.raises(InputError, match=r"differ in more than their ending, .* found 1 "):
        open_workplace(folder)


def test_a_journal_of_another_size_is_read_again_and_a_pipe_is_not_waited_for(folder: Path) -> None:
    place = open_workplace(folder)
    path = journal_of(folder)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with soon(), pytest.raises(InputError):
        Ratings(place, "a").save(place.items[ADDRESS], put("r", "R", OTHER), 0)
