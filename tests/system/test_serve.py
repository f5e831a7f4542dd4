"""A live server and a live desk: hostile requests, and a prediction by clicks."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from serve.desk_client import study_in
from serve.image_model import write_case, write_image_model
from system.browser import PATIENCE_S, chromium, needs_chromium, until
from system.live import Live, form, free_port, started

PREDICT = "/api/v1/models/{model}/predict"
MOST_GROWTH_MIB = 64

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[Live]:
    with started("serve", str(model), "--port", str(free_port())) as live:
        yield live


def address_of(live: Live) -> str:
    return str(json.loads(live.ask("GET", "/api/v1/models")[1])[0]["id"])


def upload_of(case: tuple[Path, Path], **texts: str) -> tuple[bytes, dict[str, str]]:
    image, mask = (path.read_bytes() for path in case)
    return form({"image": ("image", image), "mask": ("mask", mask), **texts})


PATHS = [
    "/..%2f..%2fetc/passwd", "/static/..%2f..%2fapp.py", "/static/%2e%2e/%2e%2e/etc/passwd",
    "/models/..%2f..", "/models/%00", "/models/%ff%fe", "/api/v1/models/%2e%2e%2fx", "//evil",
    "/models/" + "a" * 3000, "/api/v1/models/x/predict", "/\\..\\..\\windows", "/%c0%ae%c0%ae/",
    "/static/page.mjs%00.css", "/api/v1/../../metrics/x", "/docs", "/redoc", "/openapi.json",
    "/models/a;b=c/../d", "/.env", "/.git/config",
]  # fmt: skip


def png(width: int, height: int) -> bytes:
    """Return a PNG whose values are zeros that it does not hold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 22))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


NRRD = b"NRRD0004\ntype: uint8\ndimension: 2\nencoding: %s\nspacings: 1 1\nsizes: %s\n%s\n"
FILES = {
    "nothing": b"",
    "noise": bytes(range(256)) * 40,
    "a text": b"Doe^Jane " * 1000,
    "a page": b"<script>alert(1)</script>" * 100,
    "a large PNG": png(65_000, 65_000),
    "an empty PNG": png(7_000, 7_000),
    "another file": NRRD % (b"raw", b"16 16", b"data file: /etc/passwd\n"),
    "an endless NRRD": NRRD % (b"raw", b"4294967296 4294967296", b""),
    "a bomb": NRRD % (b"gzip", b"40000 40000", b"") + zlib.compress(bytes(1 << 24)),
    "a zip": b"PK\x03\x04" + bytes(2000),
    "DICOM without a header": bytes(128) + b"DICM" + b"\xff" * 500,
    "nested DICOM": bytes(128) + b"DICM" + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) * 3000,
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/ran'\ntR.",
    "a MetaImage": b"ObjectType = Image\nNDims = 2\nDimSize = 9 9\nElementType = MET_UCHAR\n"
    b"ElementDataFile = /etc/passwd\n",
}
TEXTS: list[dict[str, str]] = [
    {"clinical": "[" * 60_000}, {"clinical": "{"}, {"clinical": '{"a": NaN}'},
    {"clinical": '{"a": 1e999}'}, {"clinical": '{"a": [1]}'}, {"clinical": "x" * 70_000},
    {"label": "-1"}, {"label": "9" * 50}, {"label": "1; rm"}, {"model": "../../etc"},
    {"side": "s" * 300},
    {"model": "m" * 300}, {"centre": "\x00" * 300}, {"unknown": "1"},
    {"label": "77"},
]  # fmt: skip
BODIES = [
    b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"clinical": {"a": NaN}}',
    b'{"features": {"x": 1e999}}', b'{"features": {"' + b"x" * 100_000 + b'": 1}}',
    b'{"clinical": 1}', b'{"model": "' + b"m" * 1000 + b'"}', b'{"side": {}}',
    b'{"features": ' + b'{"a":' * 5000,
]  # fmt: skip


def test_a_hundred_hostile_requests_are_refused_and_leave_nothing(
    server: Live, case: tuple[Path, Path]
) -> None:
    predict = PREDICT.format(model=address_of(server))
    body, headers = upload_of(case)
    assert server.ask("POST", f"{predict}-image", body, headers)[0] == 200
    before, family, asked = server.memory_mib(), server.children(), 0
    for path in PATHS:
        for method in ("GET", "POST"):
            state, said, _ = server.ask(method, path, b"" if method == "POST" else None)
            assert 400 <= state < 500, (method, path, state)
            assert b"root:" not in said
            asked += 1
    image, mask = (path.read_bytes() for path in case)
    for name, content in FILES.items():
        for parts in ((content, mask), (image, content)):
            files = dict(zip(("image", "mask"), (("x", part) for part in parts), strict=True))
            state, said, _ = server.ask("POST", f"{predict}-image", *form({**files}))
            assert 400 <= state < 500, (name, state, said)
            assert b"root:" not in said
            asked += 1
    for texts in TEXTS:
        state, said, _ = server.ask("POST", f"{predict}-image", *upload_of(case, **texts))
        assert 400 <= state < 500, (texts, state, said)
        asked += 1
    for content in BODIES:
        for kind in ("application/json", "text/plain"):
            state, said, _ = server.ask("POST", predict, content, {"Content-Type": kind})
            assert 400 <= state < 500, (content[:40], state, said)
            asked += 1
    for given in (b"--x", b"--x\r\n\r\n", b"--x--", b"x" * 100_000):
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        state, said, _ = server.ask("POST", f"{predict}-image", given, kind)
        assert 400 <= state < 500, (given[:40], state, said)
        asked += 1
    assert asked >= 100
    assert server.alive
    assert server.ask("POST", f"{predict}-image", body, headers)[0] == 200
    until(lambda: server.children() == family, "a process is left")
    until(lambda: server.memory_mib() - before < MOST_GROWTH_MIB, "memory grew", 60)


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999999\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \xb2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
        b"\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"ffffffffffffffff\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: http://[\r\n"
        b"Content-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\x00" * 5000,
    ],
)
def test_a_request_that_is_none_is_refused(server: Live, text: bytes) -> None:
    try:
        found = server.raw(text)
    except (ConnectionError, TimeoutError):
        found = b""  # hung up
    assert found == b"" or found.startswith(b"HTTP/1.1 4"), found[:200]
    assert server.ask("GET", "/health")[0] == 200


def test_an_upload_is_predicted_as_the_command_line_predicts_it(
    server: Live, model: Path, case: tuple[Path, Path], tmp_path: Path
) -> None:
    predict = PREDICT.format(model=address_of(server))
    state, said, _ = server.ask("POST", f"{predict}-image", *upload_of(case))
    assert state == 200, said
    is_same(json.loads(said)["prediction"], model, case, tmp_path)


def is_same(found: dict[str, object], model: Path, case: tuple[Path, Path], folder: Path) -> None:
    image, mask = case
    out = folder / "predicted.json"
    command = [sys.executable, "-m", "trephine", "predict", str(model), "--image", str(image)]
    subprocess.run([*command, "--mask", str(mask), "--json", str(out)], check=True)
    expected = json.loads(out.read_text())
    for name in ("linear_predictor", "scores", "risk_group", "model"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name
    survival = found["survival"]
    assert isinstance(survival, dict)
    assert survival.keys() == expected["survival"].keys()
    for horizon, value in expected["survival"].items():
        for end in ("value", "low", "high"):
            assert survival[horizon][end] == pytest.approx(value[end], abs=1e-9), (horizon, end)


@needs_chromium
def test_an_upload_by_clicks_is_predicted_as_the_command_line_predicts_it(
    server: Live, model: Path, case: tuple[Path, Path], tmp_path: Path
) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        expect.set_options(timeout=1000 * PATIENCE_S)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.first)
        page.get_by_role("link").filter(has_text=re_title(server)).first.click()
        page.set_input_files("#image", str(case[0]))
        page.set_input_files("#mask", str(case[1]))
        with page.expect_response(lambda one: one.url.endswith("/predict-image")) as answered:
            page.locator("#measure").click()
        expect(page.locator("#upload-said")).not_to_be_empty()
        expect(page.locator("#upload-wrong")).to_be_empty()
        found = answered.value.json()["prediction"]
    assert errors == []
    is_same(found, model, case, tmp_path)


def re_title(server: Live) -> str:
    return str(json.loads(server.ask("GET", "/api/v1/models")[1])[0]["title"])


def listened_on(port: int) -> set[str]:
    """Return the addresses on which a port is listened to, as Linux writes them."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, at = local.partition(":")
            if int(at, 16) == port and state == "0A":
                found.add(address)
    return found


def test_server_and_desk_listen_to_this_computer_alone(server: Live, tmp_path: Path) -> None:
    loopback = {"0100007F"}
    assert listened_on(server.port) == loopback
    with started("desk", str(tmp_path), "--no-browser") as desk:
        assert listened_on(desk.port) == loopback


DESK_PATHS = [
    "/studies/../../etc/passwd", "/studies/%2e%2e/data", "/studies/x/report/files/..%2f..%2fx",
    "/studies/{s}/report/files/..%2f..%2fstudy.toml", "/studies/{s}/report/files//etc/passwd",
    "/studies/{s}/report/files/%2fetc%2fpasswd", "/studies/{s}/log/..%2frun", "/studies/{s}/log/x",
    "/studies/{s}/report/..%2fmodel.zip", "/studies/{s}/report/x.zip", "/studies/{s}/nowhere",
    "/studies/{s}/report/page/..", "/static/..%2fapp.py", "/static/%00", "/folders/x/draft",
    "/open?token=x", "/open", "/api/v1/models", "/metrics", "/studies/{s}/run/events/x",
]  # fmt: skip


def test_a_live_desk_refuses_what_is_hostile(tmp_path: Path) -> None:
    folder = study_in(tmp_path / "desk" / "hips").parent.parent
    with started("desk", str(folder), "--no-browser") as live:
        state, _, headers = live.ask("GET", live.first.split(str(live.port), 1)[1])
        assert state == 303
        cookie = {"Cookie": headers["set-cookie"].split(";")[0]}
        page = live.ask("GET", "/", None, cookie)[1].decode()
        study = page.split("/studies/", 1)[1].split("/", 1)[0]
        data = live.ask("GET", f"/studies/{study}/data", None, cookie)[1].decode()
        mark = data.split('name="mark" value="', 1)[1].split('"', 1)[0]
        asked, before = 0, live.memory_mib()
        for path in DESK_PATHS:
            for given in (cookie, {}):
                state, said, _ = live.ask("GET", path.format(s=study), None, given)
                assert state == 303 or 400 <= state < 500, (path, state)
                assert b"root:" not in said
                asked += 1
        forms: list[tuple[str, dict[str, tuple[str, bytes] | str]]] = [
            *((f"/studies/{study}/file", {"text": text, "digest": "0" * 64}) for text in
              ("[" * 50_000, "\x00", "a = " + "9" * 6000, "x" * 100_000)),
            *((f"/studies/{study}/data", {"digest": digest}) for digest in ("", "x", "0" * 64)),
            (f"/studies/{study}/data/decided", {"question": "?" * 5000, "digest": "x"}),
            *((f"/folders/{place}/tables", {"table": ("x.csv", b"a,b\n1,2\n")}) for place in
              ("..", "x", study)),
            ("/folders/x/draft", {"table": "../../etc/passwd"}),
        ]  # fmt: skip
        for path, parts in forms:
            for shown in (mark, "0" * 64, ""):
                body, kind = form({**parts, "mark": shown})
                state, said, _ = live.ask("POST", path, body, {**kind, **cookie})
                assert 400 <= state < 500, (path, shown, state, said[:200])
                asked += 1
        foreign = {**cookie, "Origin": "http://evil", "Sec-Fetch-Site": "cross-site"}
        for verb in ("check", "run", "check/stop", "run/stop"):
            state, _, _ = live.ask("POST", f"/studies/{study}/{verb}", b"", foreign)
            assert state == 403
            asked += 1
        assert asked >= 60
        assert live.alive
        assert live.ask("GET", f"/studies/{study}/data", None, cookie)[0] == 200
        until(lambda: live.memory_mib() - before < MOST_GROWTH_MIB, "memory grew", 60)
        assert not (folder / "hips" / ".trephine").exists()
        assert (folder / "hips" / "study.toml").read_text().startswith("[study]")
