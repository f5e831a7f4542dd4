"""Official files: fetched once into torch hub's cache, checked at every load."""

from __future__ import annotations

import hashlib
import http.server
import threading
from functools import partial

import pytest

from trephine.deep import official
from trephine.deep.official import OfficialFile, cached_path, fetch
from trephine.deep.settings import DeepSettings
from trephine.deep.weights import load_weights
from trephine.errors import InputError


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and counts requests."""

    requests: list[str]

    def log_message(self, *args) -> None:
        self.requests.append(self.path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server on this machine only, in place of torchvision's."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch-home"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "server"
    folder.mkdir()
    handler = type("Handler", (QuietHandler,), {"requests": []})
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(handler, directory=str(folder))
    ) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        web.folder, web.seen = folder, handler.requests
        yield web
        web.shutdown()
        thread.join()


def publish(server, content: bytes, promised: str | None = None) -> OfficialFile:
    prefix = promised or hashlib.sha256(content).hexdigest()[:8]
    name = f"resnet18-{prefix}.pth"
    (server.folder / name).write_bytes(content)
    return OfficialFile(name, f"http://127.0.0.1:{server.server_port}/{name}")


def test_imagenet_weights_are_fetched_once_and_recorded(server, weights_file, monkeypatch):
    content = weights_file.read_bytes()
    file = publish(server, content)
    monkeypatch.setitem(official.OFFICIAL, "resnet18", file)
    for _ in range(2):
        _, record = load_weights(DeepSettings())
    assert len(server.seen) == 1
    assert record.source == "imagenet"
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    assert cached_path(file).read_bytes() == content
    assert [path.name for path in cached_path(file).parent.iterdir()] == [file.name]


def test_a_download_with_the_wrong_hash_is_refused_and_not_kept(server):
    file = publish(server, b"something else", promised="f37072fd")
    with pytest.raises(InputError, match="wrong sha256"):
        fetch(file)
    assert list(cached_path(file).parent.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_refused(server, weights_file, monkeypatch):
    file = publish(server, weights_file.read_bytes())
    monkeypatch.setitem(official.OFFICIAL, "resnet18", file)
    path = fetch(file)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="wrong sha256"):
        load_weights(DeepSettings())


def test_a_server_that_does_not_answer_is_reported_with_what_to_do(server):
    file = publish(server, b"x")
    (server.folder / file.name).unlink()
    with pytest.raises(InputError, match=r"could not download http.*as deep\.weights"):
        fetch(file)
    assert not cached_path(file).exists()


def test_the_addresses_are_torchvisions():
    assert {name: file.address for name, file in official.OFFICIAL.items()} == {
        "resnet18": "https://download.pytorch.org/models/resnet18-f37072fd.pth",
        "resnet34": "https://download.pytorch.org/models/resnet34-b627a593.pth",
        "resnet50": "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
    }
