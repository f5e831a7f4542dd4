"""A folder from somebody else on the desk: links, pipes, records and names made to harm."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serve.desk_client import ROWS, STUDY, Desk, desk_of, study_in
from trephine.serve.desk.queue import Queue
from trephine.study.shelf import finished
from trephine.study.shelf.finished import zipped
from trephine.study.shelf.studies import address_of

SECRET = "CANARY-OF-ANOTHER-FOLDER"
PAGES = ("data", "check", "run", "report", "model", "file", "log/check", "log/run", "report/page",
         "report/tables.zip", "report/figures.zip", "report/model.zip",
         "report/files/facts.json")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    return study_in(tmp_path / "desk").parent


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with what a study's folders hold, none of it the desk's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("report.html", "facts.json", "x.csv", "manifest.json", "check.log", "lock"):
        (folder / name).write_text(SECRET)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def soon(seconds: int = 60) -> Iterator[None]:
    """Ends what waits."""

    def ring(*_: object) -> None:
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def room(desk: Desk) -> str:
    """Return where the study's pages are; where there is none, where they would be."""
    found = re.search(r"(/studies/[a-z0-9-]+)/", desk.page("/"))
    return found[1] if found else "/studies/study-0"


def looked_through(folder: Path) -> None:
    """Open every page, and hold that none shows another folder, fails or waits."""
    with soon(), desk_of(folder) as desk:
        study = room(desk)
        for page in PAGES:
            answer = desk.client.get(f"{study}/{page}")
            assert SECRET not in answer.text, page
            assert answer.status_code < 500, page


def linked(*place: str, to: str = "") -> Callable[[Path, Path], None]:
    def make(folder: Path, elsewhere: Path) -> None:
        path = folder.joinpath(*place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(elsewhere / to if to else elsewhere)

    return make


RECORDS = (".trephine", "study")


@pytest.mark.parametrize(
    "make",
    [
        linked("results"),
        linked("results", "report.html", to="report.html"),
        linked("results", "facts.json", to="facts.json"),
        *(linked("results", part) for part in ("tables", "figures", "model")),
        linked("results", "tables", "x.csv", to="x.csv"),
        linked("results", "model", "manifest.json", to="manifest.json"),
        linked("results", "model", "gone", to="not there"),
        linked(".trephine"),
        linked(*RECORDS),
        linked(*RECORDS, "check.log", to="check.log"),
        linked(*RECORDS, "check.json", to="facts.json"),
        linked(*RECORDS, "run.lock", to="lock"),
    ],
)
def test_no_page_shows_what_a_link_leads_to(folder: Path, elsewhere: Path, make) -> None:
    make(folder, elsewhere)
    before = contents(elsewhere)
    looked_through(folder)
    assert contents(elsewhere) == before


@pytest.mark.parametrize("place", [(".trephine",), RECORDS, (*RECORDS, "check.log")])
def test_a_check_writes_nothing_where_a_link_leads(
    folder: Path, elsewhere: Path, place: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned: list[Path] = []
    monkeypatch.setattr(Queue, "_spawn", lambda self, study, state: spawned.append(study))
    before = contents(elsewhere)
    linked(*place, to="check.log" if place[-1] == "check.log" else "")(folder, elsewhere)
    study_in(folder / "whole")
    with desk_of(folder) as desk:
        assert "Not opened" in desk.page("/")
        mark = re.search(r'name="mark" value="([0-9a-f]+)"', desk.page(f"{room(desk)}/check"))
        assert mark is not None
        address = address_of(folder / "study.toml", folder)
        answer = desk.client.post(f"/studies/{address}/check", data={"mark": mark[1]})
    assert answer.status_code == 404
    assert contents(elsewhere) == before
    assert not spawned


@pytest.mark.parametrize("name", ["run.lock", "run.log", "run.json"])
def test_a_pipe_among_the_records_is_not_waited_for(folder: Path, name: str) -> None:
    records = folder.joinpath(*RECORDS)
    records.mkdir(parents=True)
    said = {"verb": "run", "status": "running", "digest": "", "pid": 1}
    (records / "run.json").write_text(json.dumps(said))
    (records / name).unlink(missing_ok=True)
    os.mkfifo(records / name)
    looked_through(folder)


@pytest.mark.parametrize("place", ["results", "results/facts.json", "results/report.html"])
def test_a_pipe_among_the_results_is_not_waited_for(folder: Path, place: str) -> None:
    (folder / place).parent.mkdir(exist_ok=True)
    os.mkfifo(folder / place)
    looked_through(folder)


@pytest.mark.parametrize(
    "said",
    [
        *({"asked": time, "ended": time, "started": time} for time in (1e300, -1.0, 1e12)),
        {"asked": float("inf")},
        {"ended": float("nan")},
        {"stages": [{"name": "x", "done": -1, "total": 0, "seconds": 1e308}]},
        {"stages": [{"name": "x", "done": 10**400, "total": 1}]},
        {"found": {"cases": -1, "patients": 1, "events": 1}},
        {"pid": -1, "status": "running"},
    ],
)
@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_record_that_cannot_be_is_none(folder: Path, verb: str, said: dict[str, object]) -> None:
    records = folder.joinpath(*RECORDS)
    records.mkdir(parents=True)
    whole = {"verb": verb, "status": "failed", "digest": "", **said}
    (records / f"{verb}.json").write_text(json.dumps(whole))
    looked_through(folder)


@pytest.mark.parametrize(
    "name", ["研究", 'a"\r\nX-Evil: 1', "a\x1b[31m", "a'b;c", os.fsdecode(b"st\xff")]
)
def test_a_name_of_any_signs_is_shown_and_saved(folder: Path, name: str) -> None:
    (folder / "study.toml").rename(folder / f"{name}.toml")
    tables = folder / f"results-{name}" / "tables"
    tables.mkdir(parents=True)
    (tables / f"{name}.csv").write_text("x")
    (folder / f"{name}.csv").write_text(ROWS)
    with desk_of(folder) as desk:
        study = room(desk)
        for page in ("report", "data", "file", "report/tables.zip"):
            answer = desk.client.get(f"{study}/{page}")
            assert answer.status_code == 200, page
            told = answer.headers.get("content-disposition", "")
            assert told.isascii()
            assert not set(told) & set('\r\n"\x1b')
            assert "x-evil" not in answer.headers


def test_what_is_larger_than_a_page_can_send_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished, "_MOST_ZIPPED", 10)
    (tmp_path / "a").write_text("12345")
    assert zipped(tmp_path)
    (tmp_path / "b").write_text("123456")
    with pytest.raises(finished.InputError, match="found more"):
        zipped(tmp_path)


def test_facts_larger_than_any_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "results").mkdir()
    with (folder / "results" / "facts.json").open("wb") as file:
        file.truncate(1 << 40)  # a hole: no byte of it is on the disk
    with soon(), desk_of(folder) as desk:
        assert "MiB" in desk.page(f"{room(desk)}/report")


@pytest.mark.parametrize("text", ["[" * 50_000, "9" * 6000, "nan", "'\\u0000<script>'", "1"])
def test_a_study_file_of_any_content_is_shown(folder: Path, text: str) -> None:
    (folder / "study.toml").write_text(STUDY.replace("[12, 24]", text).replace('"Hips"', text))
    looked_through(folder)
