"""The desk's pages say what lies in the folder, and what they write is a study file."""

from __future__ import annotations

import html
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from serve.desk_client import ROWS, STUDY, Desk, desk_of, study_in
from trephine.plan.columns_section import Columns
from trephine.serve.desk.pages import ROOMS
from trephine.study.editing.study_file import ROLES
from trephine.study.jobs.process import (
    JobState,
    ProblemState,
    StageState,
    digest_of,
    job_file,
    marked,
    write_state,
)
from trephine.study.shelf import finished
from trephine.study.shelf.finished import Headline
from trephine.study.shelf.studies import look_through

PROBLEM = ProblemState(where="cases.csv, row 4", sentence="expected a number")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    study_in(tmp_path / "desk" / "hips")
    return tmp_path / "desk"


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    with desk_of(folder) as opened:
        yield opened


def fields_of(page: str) -> dict[str, str]:
    """Return what the data page's form holds, as a browser would send it."""
    form = re.search(r'<form[^>]*id="choices".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = {}
    for tag in re.findall(r"<input [^>]*>", form[0]):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        fields[found["name"]] = html.unescape(found.get("value", ""))
    for name, inside in re.findall(
        r'<select [^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S
    ):
        chosen = re.search(r"<option([^>]*) selected>([^<]*)<", inside)
        assert chosen is not None, name
        value = re.search(r'value="([^"]*)"', chosen[1])
        fields[name] = html.unescape(value[1] if value else chosen[2])
    return fields


def place_of(fields: dict[str, str], column: str) -> str:
    return next(n for k, c in fields.items() if k.startswith("column-") and c == column
                for n in [k.removeprefix("column-")])  # fmt: skip


def test_the_address_opens_once_and_the_next_browser_needs_another(desk: Desk) -> None:
    assert desk.first.status_code == 303
    assert "httponly" in desk.first.headers["set-cookie"].lower()
    assert "samesite=strict" in desk.first.headers["set-cookie"].lower()
    token = desk.addresses[0].rpartition("=")[2]
    assert desk.client.get(f"/open?token={token}").status_code == 403
    assert len(desk.addresses) == 2
    assert desk.addresses[1] != desk.addresses[0]
    desk.client.cookies.clear()
    for path in ("/", "/studies/x/data"):
        refused = desk.client.get(path)
        assert (refused.status_code, refused.headers["location"]) == (303, "/closed")
    bearer = {"authorization": f"Bearer {desk.addresses[1].rpartition('=')[2]}"}
    assert desk.client.get("/", headers=bearer).status_code == 303


def test_studies_are_listed_with_how_they_stand(desk: Desk, folder: Path) -> None:
    page = desk.page("/")
    assert "Hips" in page
    assert 'class="badge draft"' in page
    study = folder / "hips" / "study.toml"
    own, file = digest_of(study), job_file(study, "run")
    for state, badge in (
        (JobState(verb="check", status="done", digest="another"), "draft"),
        (JobState(verb="check", status="done", digest=own), "checked"),
        (JobState(verb="check", status="failed", digest=own, problems=(PROBLEM,)), "draft"),
        (JobState(verb="run", status="waiting", digest=own), "interrupted"),
        (marked(file, JobState(verb="run", status="waiting", digest=own)), "waiting"),
        (JobState(verb="run", status="stopped", digest="another"), "draft"),
        (JobState(verb="run", status="stopped", digest=own), "stopped"),
        (JobState(verb="run", status="running", digest=own), "interrupted"),
    ):
        write_state(job_file(study, state.verb), state)
        (one,) = look_through(folder).studies.values()
        assert one.stand == badge


def test_a_study_that_was_run_in_a_terminal_is_listed_with_its_size(
    desk: Desk, folder: Path
) -> None:
    results = folder / "hips" / "results"
    results.mkdir()
    flow = {"analysed": {"patients": 20, "cases": 24}, "events": 12}
    (results / "facts.json").write_text(json.dumps({"study": {"title": '"flow": 1'}, "flow": flow}))
    assert "24 cases, 20 patients, 12 events" in desk.page("/")
    for damaged in ('{"flow": {"analysed": 3}}', '{"flow": ', "[" * 5000, '{"flow": {}}'):
        (results / "facts.json").write_text(damaged)
        assert "not checked yet" in desk.page("/")


def test_every_room_is_there_in_both_languages(desk: Desk) -> None:
    at = desk.study()
    for language, word in (("en", "Studies"), ("zh", "研究")):
        for room in ROOMS:
            page = desk.page(f"{at}/{room}?lang={language}")
            assert f">{word}</a>" in page, (language, room)
        assert word in desk.page("/")  # the choice is remembered


def test_a_change_of_a_role_is_written_into_the_study_file_and_nothing_else(
    desk: Desk, folder: Path
) -> None:
    at = desk.study()
    fields = fields_of(desk.page(f"{at}/data"))
    sex = place_of(fields, "sex")
    assert fields[f"role-{sex}"] == "out"
    answer = desk.client.post(f"{at}/data", data={**fields, f"role-{sex}": "clinical"})
    assert answer.status_code == 303, answer.text[-500:]
    text = (folder / "hips" / "study.toml").read_text("utf-8")
    content = tomllib.loads(text)
    assert content["clinical"]["sex"] == {"levels": ["F", "M"], "read": {"女": "F", "男": "M"}}
    before = tomllib.loads(STUDY)
    assert content["clinical"]["age"] == before["clinical"]["age"]
    assert content["data"] == before["data"]
    assert "# as the report is headed" in text
    fields = fields_of(desk.page(f"{at}/data"))
    assert fields[f"role-{sex}"] == "clinical"
    answer = desk.client.post(f"{at}/data", data={**fields, f"role-{sex}": "out"})
    content = tomllib.loads((folder / "hips" / "study.toml").read_text("utf-8"))
    assert content["clinical"] == before["clinical"]


def test_saving_what_the_page_shows_changes_no_meaning(desk: Desk, folder: Path) -> None:
    at, study = desk.study(), folder / "hips" / "study.toml"
    assert (
        desk.client.post(f"{at}/data", data=fields_of(desk.page(f"{at}/data"))).status_code == 303
    )
    once = study.read_text("utf-8")
    content, before = tomllib.loads(once), tomllib.loads(STUDY)
    assert content.pop("outcome") == {**before.pop("outcome"), "unit": "months"}
    assert content.pop("study") == {**before.pop("study"), "protocol": "sound"}
    assert content == before
    assert (
        desk.client.post(f"{at}/data", data=fields_of(desk.page(f"{at}/data"))).status_code == 303
    )
    assert study.read_text("utf-8") == once


def test_columns_of_visits_are_chosen_and_read_back(desk: Desk, folder: Path) -> None:
    at, study = desk.study(), folder / "hips" / "study.toml"
    fields = fields_of(desk.page(f"{at}/data"))
    intact, seen = (f"role-{place_of(fields, name)}" for name in ("months", "age"))
    chosen = {intact: "last_intact", seen: "first_seen", f"role-{place_of(fields, 'died')}": "out"}
    assert desk.client.post(f"{at}/data", data={**fields, **chosen}).status_code == 303
    columns = tomllib.loads(study.read_text("utf-8"))["data"]["columns"]
    assert columns == {"case": "hip", "last_intact": "months", "first_seen": "age"}
    again = fields_of(desk.page(f"{at}/data"))
    assert (again[intact], again[seen]) == ("last_intact", "first_seen")
    assert "last visit without the event" in desk.page(f"{at}/data")


def test_every_role_of_a_study_file_can_be_chosen() -> None:
    assert set(ROLES) == set(Columns.model_fields) - {"sides", "operated"}


def test_two_columns_of_one_role_are_refused_beside_both(desk: Desk, folder: Path) -> None:
    at = desk.study()
    fields = fields_of(desk.page(f"{at}/data"))
    age = place_of(fields, "age")
    answer = desk.client.post(f"{at}/data", data={**fields, f"role-{age}": "time"})
    assert answer.status_code == 422
    assert answer.text.count("expected one column for time, found 2") == 2
    assert fields_of(answer.text)[f"role-{age}"] == "time"  # what was chosen is still there
    assert (folder / "hips" / "study.toml").read_text("utf-8") == STUDY


def test_a_wrong_horizon_is_said_beside_its_field(desk: Desk) -> None:
    at = desk.study()
    fields = fields_of(desk.page(f"{at}/data"))
    answer = desk.client.post(f"{at}/data", data={**fields, "horizons": "a year"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert fields_of(answer.text)["horizons"] == "a year"


def test_the_study_file_is_edited_by_hand_and_read_back(desk: Desk, folder: Path) -> None:
    at, study = desk.study(), folder / "hips" / "study.toml"
    text = STUDY.replace('title = "Hips"', 'title = "By hand"')
    answer = desk.post(f"{at}/file", text=text, digest=desk.digest())
    assert answer.status_code == 303
    assert study.read_text("utf-8") == text
    assert fields_of(desk.page(f"{at}/data"))["title"] == "By hand"
    assert desk.client.get(f"{at}/file").content == text.encode()
    answer = desk.post(f"{at}/file", text="[study\n", digest=desk.digest())
    assert answer.status_code == 422
    assert "line 1" in answer.text
    assert "[study\n" in answer.text  # what was typed is still there
    assert study.read_text("utf-8") == text


def test_a_file_that_was_changed_elsewhere_is_not_written_over(desk: Desk, folder: Path) -> None:
    at, study = desk.study(), folder / "hips" / "study.toml"
    fields, digest = fields_of(desk.page(f"{at}/data")), desk.digest()
    study.write_text(STUDY + "\n# by an editor\n", "utf-8")
    for path, form in (
        (f"{at}/data", {**fields, "title": "Late"}),
        (f"{at}/file", {"mark": desk.mark(), "digest": digest, "text": "[study]"}),
    ):
        answer = desk.client.post(path, data=form)
        assert answer.status_code == 409
        assert "changed elsewhere" in answer.text
    assert study.read_text("utf-8").endswith("# by an editor\n")


def test_a_problem_s_cell_is_shown(desk: Desk) -> None:
    page = desk.page(f"{desk.study()}/data?row=20&column=age#cell")
    assert '<td id="cell" class="cell">58</td>' in page


def test_what_is_wrong_with_the_file_stands_with_its_column(desk: Desk, folder: Path) -> None:
    wrong = STUDY.replace('levels = ["I", "II"]', 'levels = ["I"]')
    (folder / "hips" / "study.toml").write_text(wrong, "utf-8")
    page = desk.page(f"{desk.study()}/data")
    stage = place_of(fields_of(page), "stage")
    said = re.search(rf'<div id="said-{stage}">(.*?)</div>', page, re.S)
    assert said is not None
    assert "two or more" in said[1]


def test_a_table_starts_a_study(desk: Desk, folder: Path) -> None:
    address = re.search(r'action="/folders/(here-[0-9a-f]+)/tables"', desk.page("/"))
    assert address is not None
    table = {"table": ("Jane Doe.csv", ROWS.encode())}
    answer = desk.client.post(
        f"/folders/{address[1]}/tables", data={"mark": desk.mark()}, files=table
    )
    assert answer.status_code == 303
    assert {one.name for one in folder.iterdir()} == {"hips", "table.csv"}
    answer = desk.post(f"/folders/{address[1]}/draft", table="table.csv")
    assert answer.status_code == 303, answer.text[-600:]
    assert answer.headers["location"].endswith("/data")
    content = tomllib.loads((folder / "study.toml").read_text("utf-8"))
    assert content["data"]["columns"]["time"] == "months"
    (folder / "study.toml").unlink()
    for name in ("../hips/cases.csv", "/etc/passwd", "study.toml", ""):
        assert desk.post(f"/folders/{address[1]}/draft", table=name).status_code in (404, 422)


def test_every_form_asks_for_the_page_s_own_mark(desk: Desk) -> None:
    at = desk.study()
    for path in ("data", "data/decided", "file", "check", "check/stop", "run", "run/stop"):
        for form in ({}, {"mark": "0" * 64}):
            assert desk.client.post(f"{at}/{path}", data=form).status_code == 403, path
    cross = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    own = {"mark": desk.mark()}
    assert desk.client.post(f"{at}/run", data=own, headers=cross).status_code == 403
    assert desk.client.get("/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "report/page/../../x", "%00",
     "a" * 3000, "hips-study-00000000/data", ".trephine/study/run.json"],
)  # fmt: skip
def test_a_path_of_a_client_opens_nothing(desk: Desk, path: str) -> None:
    at = desk.study()
    for before in ("/studies/", f"{at}/report/files/", f"{at}/log/", "/static/", "/folders/"):
        for form in (path, quote(path, safe="")):
            answer = desk.client.get(before + form)
            assert 400 <= answer.status_code < 500, (before, form)
            assert "root:" not in answer.text


def test_links_out_of_the_folder_are_not_followed(desk: Desk, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text("[data]\ntable = 'secret'\n")
    (folder / "link.toml").symlink_to(secret)
    (folder / "away").symlink_to(tmp_path)
    results = folder / "hips" / "results"
    (results / "tables").mkdir(parents=True)
    (results / "tables" / "out.csv").symlink_to(secret)
    page = desk.page("/")
    assert "link.toml" not in page
    assert "away" not in page
    assert desk.client.get(f"{desk.study()}/report/files/tables/out.csv").status_code == 404
    (folder / "hips" / "study.toml").write_text('[data]\ntable = "../../secret.toml"\n')
    assert "inside its folder" in desk.page(f"{desk.study()}/data")


def test_answers_hold_a_browser_to_this_desk(desk: Desk) -> None:
    answer = desk.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)", answer.text)
    assert not re.search(r"\son\w+=|style=", answer.text)


def test_progress_is_sent_as_it_is_shown_and_ends_with_the_work(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = folder / "hips" / "study.toml"
    stage = StageState(name="Extracting features", done=3, total=9, seconds=4.0, left=75.0)
    state = JobState(verb="run", status="running", digest="", stages=(stage,))
    held = [True, True, False]
    monkeypatch.setattr("trephine.study.jobs.process.is_held", lambda file: held[0])
    write_state(job_file(study, "run"), state)
    page = desk.page(f"{desk.study()}/run")
    assert '<progress value="3" max="9"' in page
    assert "about 1 min left" in page
    held[:] = [False]
    said = desk.client.get(f"{desk.study()}/run/events")
    assert said.headers["content-type"].startswith("text/event-stream")
    assert said.text == "event: end\ndata: end\n\n"


def test_a_report_is_framed_in_a_sandbox_and_every_other_file_is_an_attachment(
    desk: Desk, folder: Path
) -> None:
    results, at = folder / "hips" / "results", desk.study()
    (results / "tables").mkdir(parents=True)
    (results / "model").mkdir()
    (results / "report.html").write_text("<script>alert(1)</script>")
    (results / "tables" / "one.csv").write_text("=1+1")
    (results / "model" / "a.json").write_text("{}")
    page = desk.client.get(f"{at}/report/page")
    policy = page.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "script-src 'sha256-" in policy
    assert "frame-ancestors 'self'" in policy
    assert "x-frame-options" not in page.headers
    for path in ("files/tables/one.csv", "files/report.html", "tables.zip", "model.zip"):
        answer = desk.client.get(f"{at}/report/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("pictures.zip", "features.zip", "..zip"):
        assert 400 <= desk.client.get(f"{at}/report/{path}").status_code < 500
    (results / "facts.json").write_text("{}")  # of another program
    page = desk.client.get(f"{at}/report")
    assert page.status_code == 200
    assert "expected facts.json to fit" in page.text
    assert "tables/one.csv" in page.text  # what lies there can be had all the same


def test_a_report_s_outcome_is_named_in_the_page_s_language(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = folder / "hips" / "results"
    results.mkdir()
    (results / "facts.json").write_text("{}")
    headline = Headline(
        "Hips", "event-free survival", "collapse", 9, 8, 3, None, None, None, "", ()
    )
    monkeypatch.setattr(finished, "read_headline", lambda results: headline)
    for language, said in (("en", "collapse"), ("zh", "无事件生存；事件：塌陷")):
        assert said in desk.client.get(f"{desk.study()}/report?lang={language}").text
