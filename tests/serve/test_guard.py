"""One test for each rule that the server holds."""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from cli.command import Command
from serve.served import CASE, GENES, TOKEN, Watching, client, served, upload
from trephine.errors import InputError
from trephine.serve import guard
from trephine.serve.app import create_app
from trephine.serve.sessions import CSRF_HEADER, Sessions
from trephine.serve.settings import ServeSettings, hosts_of, read_token

PREDICT = "/api/v1/models/made-up/predict"
BODY = {"clinical": CASE, "features": GENES}
BEARER = {"authorization": f"Bearer {TOKEN}"}
PAGES = ("/", "/models/made-up", "/sign-in", "/static/page.mjs", "/nowhere", "/api/v1/models")


def mark_of(page: str) -> str:
    found = re.search(r'"mark":"([0-9a-f]+)"|name="mark" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1] or found[2]


def test_another_address_than_this_computer_demands_a_token_and_a_name(trephine: Command) -> None:
    assert hosts_of("127.0.0.1", (), "") == ("localhost", "127.0.0.1", "::1")
    for host, names, expected in (
        ("0.0.0.0", (), "a token .* and the host"),
        ("10.0.0.5", ("a.example",), "a token"),
        ("127.0.0.1", ("a.example",), "a token"),
        ("::", ("a.example",), "a token"),
    ):
        with pytest.raises(InputError, match=expected):
            hosts_of(host, names, "")
    assert hosts_of("0.0.0.0", ("A.example",), TOKEN) == ("a.example",)
    said = trephine("serve", "model", "--host", "0.0.0.0")
    assert said.code == 2
    assert "expected a token" in said.err


def test_a_token_is_long_and_its_file_is_its_owner_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    with pytest.raises(InputError, match="only you can read"):
        read_token(file)
    file.chmod(0o600)
    assert read_token(file) == TOKEN
    monkeypatch.setenv("TREPHINE_SERVE_TOKEN", "short")
    with pytest.raises(InputError, match="24 plain letters or more, found 5"):
        read_token(None)


def test_secrets_are_compared_in_a_time_that_says_nothing_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Sessions(TOKEN)
    cookie = own.cookie("signed in")
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def seen(first: bytes, second: bytes) -> bool:
        compared.append((first, second))
        return compare(first, second)

    monkeypatch.setattr("trephine.serve.sessions.hmac.compare_digest", seen)
    for shown in (TOKEN, TOKEN[:-1], TOKEN + "x", "", "x" * len(TOKEN), "\udcff"):
        assert own.is_token(shown) == (shown == TOKEN)
        assert compared.pop()[0] == TOKEN.encode()
    body, _, mac = cookie.rpartition(".")
    for altered in (cookie, f"{body}.{'0' * len(mac)}", body, f"{body}."):
        assert (own.standing(altered) == "signed in") == (altered == cookie)
        compared.pop()
    for shown in (own.mark(cookie), "", "0" * 64):
        assert own.is_mark(cookie, shown) == (shown == own.mark(cookie))
        assert compared.pop()[0] == own.mark(cookie).encode()


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "[", "127.1.nip.io"]
)
def test_a_request_that_names_another_host_is_refused(host: str) -> None:
    for path in ("/", PREDICT, "/health"):
        assert client().get(path, headers={"host": host}).status_code == 421
    assert client().get("/", headers={"host": "127.0.0.1:8000"}).status_code == 200
    assert client().get("/", headers={"host": "[::1]:8000"}).status_code == 200


def test_whoever_shows_no_token_gets_nothing_but_health_and_the_sign_in_page() -> None:
    stranger = client(token=TOKEN)
    assert stranger.get("/health").json() == {"status": "ok"}
    assert stranger.get("/sign-in").status_code == 200
    for path in ("/", "/models/made-up"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    for wrong in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}):
        bare = client(token=TOKEN, headers=wrong)
        for path in ("/api/v1/models", "/metrics", "/api/v1/openapi.json"):
            assert bare.get(path).status_code == 401
        assert bare.post(PREDICT, json=BODY).status_code == 401
    known = client(token=TOKEN, headers=BEARER)
    assert known.post(PREDICT, json=BODY).status_code == 200
    assert known.get("/metrics").status_code == 200


def test_signing_in_takes_the_token_and_the_page_s_own_mark() -> None:
    browser = client(token=TOKEN)
    mark = mark_of(browser.get("/sign-in").text)
    for form in ({"token": "wrong", "mark": mark}, {"token": TOKEN, "mark": "0" * 64}, {}):
        assert browser.post("/sign-in", data=form).status_code == 403
        assert browser.get("/").status_code == 303
    said = browser.post("/sign-in", data={"token": TOKEN, "mark": mark})
    assert (said.status_code, said.headers["location"]) == (303, "/")
    page = browser.get("/")
    assert page.status_code == 200
    assert browser.post("/sign-out", data={"mark": mark}).status_code == 403
    assert browser.post("/sign-out", data={"mark": mark_of(page.text)}).status_code == 303
    assert browser.get("/").status_code == 303


def test_a_cookie_is_for_this_site_s_pages_alone_and_no_script_reads_it() -> None:
    cookie = client().get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    over_tls = client(scheme="https").get("/")
    assert "secure" in over_tls.headers["set-cookie"].lower()
    assert "max-age" in over_tls.headers["strict-transport-security"]


def test_a_cookie_that_was_altered_or_has_run_out_shows_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = Sessions(TOKEN)
    cookie = sessions.cookie("visitor")
    assert sessions.standing(cookie) == "visitor"
    other = Sessions(TOKEN).cookie("signed in")
    for forged in (cookie.replace(".v.", ".s."), cookie[:-1], "", "a.b.c.d", other):
        assert sessions.standing(forged) is None
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert sessions.standing(cookie) is None


def test_what_another_site_makes_a_browser_send_is_refused() -> None:
    browser = client()
    mark = mark_of(browser.get("/models/made-up").text)
    own = {"origin": "http://localhost", CSRF_HEADER: mark}
    assert browser.post(PREDICT, json=BODY, headers=own).status_code == 200
    for forged in (
        {"origin": "http://evil.example", CSRF_HEADER: mark},
        {"origin": "null", CSRF_HEADER: mark},
        {"origin": "http://localhost"},
        {"origin": "http://localhost", CSRF_HEADER: "0" * 64},
        {"sec-fetch-site": "cross-site", CSRF_HEADER: mark},
        {"sec-fetch-site": "same-site", CSRF_HEADER: mark},
        {},  # a cookie alone: a form of another page
    ):
        assert browser.post(PREDICT, json=BODY, headers=forged).status_code == 403, forged
    # A program has neither cookie nor origin.
    assert client().post(PREDICT, json=BODY).status_code == 200


def test_every_answer_carries_the_headers_that_hold_a_browser_to_it() -> None:
    browser = client()
    for path in PAGES:
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert ("public" if path.startswith("/static/") else "no-store") in headers["cache-control"]


def test_no_page_holds_a_script_or_style_of_its_own() -> None:
    browser = client()
    for path in PAGES:
        page = browser.get(path).text
        if "<html" in page:
            scripts = re.findall(r"<script\b([^>]*)>", page)
            assert all("src=" in one or "application/json" in one for one in scripts)
            assert not re.search(r"<style|<[^>]+ (?:style|on\w+)=", page)


def test_a_request_that_is_too_large_is_refused_by_its_header_and_as_it_arrives() -> None:
    small = client(body_bytes=2000, upload_bytes=3000)
    big = b'{"clinical": {"a": "' + b"x" * 3000 + b'"}}'

    def in_parts() -> Iterator[bytes]:
        yield from (big[i : i + 500] for i in range(0, len(big), 500))

    kind = {"content-type": "application/json"}
    assert small.post(PREDICT, content=big, headers=kind).status_code == 413
    assert small.post(PREDICT, content=in_parts(), headers=kind).status_code == 413
    files = {"image": b"x" * 4000, "mask": b"y"}
    assert small.post(f"{PREDICT}-image", files=files).status_code == 413
    assert small.get("/" + "x" * 3000).status_code == 414
    assert small.get("/", headers={"content-length": "-1"}).status_code == 400


def test_a_request_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_SECONDS", 0.0)
    assert client().post(PREDICT, json=BODY).status_code in (408, 503)


def test_the_log_and_the_counts_hold_nothing_that_a_client_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "Doe-Jane-1950"
    watching = Watching(error=RuntimeError(secret))
    browser = client(watching)
    with caplog.at_level(logging.INFO, "trephine.serve"):
        browser.get(f"/{secret}?name={secret}")
        browser.post(PREDICT, json={**BODY, "model": secret})
        browser.post(PREDICT, json={"clinical": {secret: secret}})
        browser.post(PREDICT, content=secret, headers={"content-type": "application/json"})
        browser.request(secret.upper(), "/")
        failed = upload(browser, side=secret)
    assert failed.status_code == 500
    assert secret not in failed.text
    everything = [f"{one.getMessage()} {one.__dict__}" for one in caplog.records]
    assert len(everything) >= 6
    assert not [line for line in everything if secret in line]
    assert secret not in browser.get("/metrics").text


def test_what_cannot_be_stored_by_a_client_s_name_is_stored_by_our_own() -> None:
    watching = Watching()
    assert upload(client(watching), side="R").status_code == 200
    (case,) = watching.seen
    assert watching.contents == [{case.image: b"picture", case.mask: b"region"}]
    assert not case.folder.exists()
    watching.error = InputError("image: expected an image, found none")
    said = upload(client(watching))
    assert (said.status_code, said.json()["detail"]) == (422, str(watching.error))
    assert not watching.seen[-1].folder.exists()


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
     "/static/page.mjs%00", "/models/..%2f..%2f", "/static/words/en.json"],
)  # fmt: skip
def test_no_path_leads_to_a_file_that_is_not_listed(path: str) -> None:
    answer: Any = client().get(path)
    assert answer.status_code in (404, 414)
    assert "import" not in answer.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "\xff", "http://localhost["])
def test_an_origin_that_is_no_address_is_another_one(origin: str) -> None:
    with client() as browser:
        headers = {"origin": origin.encode("latin-1")}
        answer = browser.post("/api/v1/models/values/predict", json={}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5000, b"-1", b"+1", b"1_0", b"0x1", b""])
def test_a_length_that_is_no_number_is_refused(length: bytes) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-length", length)]
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": headers}
    anyio.run(create_app(served(), ServeSettings()), scope, receive, send)
    assert sent[0]["status"] == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"clinical": {"age": true}}',
        b'{"clinical": {"age": NaN}}',
        b'{"clinical": {"age": 1e999}}',
        b'{"clinical": {"age": ' + b"9" * 6000 + b"}}",
        b'{"clinical": {}, "model": "' + b"m" * 70_000 + b'"}',
        b'{"' + b"k" * 70_000 + b'": 1}',
        b'{"\\ud800": 1}',
        b'{"clinical": {"\\ud800": 1}}',
        b"[" * 60_000,
        b"\xff\xfe",
        b"null",
        b"",
    ],
)
def test_a_body_that_is_no_case_is_refused_in_few_words(body: bytes) -> None:
    with client() as browser:
        headers = {"content-type": "application/json"}
        answer = browser.post("/api/v1/models/values/predict", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 4000


@pytest.mark.parametrize(
    "texts",
    [
        {"clinical": '{"age": NaN}'},
        {"clinical": '{"age": 1e999}'},
        {"clinical": '{"age": -Infinity}'},
        {"clinical": '{"age": true}'},
        {"clinical": '{"age": ' + "9" * 400 + "}"},
        {"clinical": '{"age": [1]}'},
        {"clinical": "[" * 60_000},
        {"model": "m" * 201},
        {"side": "R" * 60_000},
        {"label": "\u00b2"},
        {"label": "-1"},
    ],
)
def test_an_upload_s_values_that_are_none_never_reach_the_prediction(texts: dict[str, str]) -> None:
    watching = Watching()
    with client(watching) as browser:
        answer = upload(browser, **texts)
    assert answer.status_code == 422
    assert len(answer.content) < 1000
    assert not watching.seen
