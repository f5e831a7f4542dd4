"""Strangers, liars and weather: what an archive's network may do to a retrieval."""

from __future__ import annotations

import gc
import gzip
import json
import socket
import sqlite3
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from pydicom.dataset import Dataset

from certificates import Authority
from trephine.errors import ArchiveError, InputError
from trephine.imaging.deidentify import AUDIT_NAME, PseudonymKey
from trephine.imaging.pacs import (
    ArchiveQuery,
    Credentials,
    DicomWebArchive,
    DimseArchive,
    DimseNode,
    Tls,
    requests_guard,
    retrieve,
)
from trephine.imaging.pacs.archive import InstanceFound, StudyFound
from trephine.imaging.pacs.receiver import Inbox, addresses_of, interface_towards
from trephine.imaging.pacs.retrieve import LEDGER_NAME
from trephine.imaging.pacs.tls import incoming_context, outgoing_context

pynetdicom = pytest.importorskip("pynetdicom")
from pynetdicom import AE  # noqa: E402
from pynetdicom.sop_class import ComputedRadiographyImageStorage  # noqa: E402

KEY = PseudonymKey(b"a secret of some length")
NOT_AUTHORISED = 0x0124
pytestmark = [
    # pynetdicom leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def sockets_are_collected_here() -> Iterator[None]:
    """Sockets that pynetdicom leaves must not be collected, and told of, in another test."""
    yield
    gc.collect()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def push(port: int, image: Dataset, calling: str = "PACS", **options: object) -> int | None:
    """Send an image as anyone on this machine could; None where no association comes about."""
    entity = AE(calling)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = 5
    entity.add_requested_context(ComputedRadiographyImageStorage)
    association = entity.associate("127.0.0.1", port, ae_title="TREPHINE", **options)
    if not association.is_established:
        return None
    status = association.send_c_store(image)
    association.release()
    return int(status.Status) if "Status" in status else None


@pytest.fixture
def listening() -> Iterator[Callable[..., DimseArchive]]:
    opened: list[DimseArchive] = []

    def listen(tls: Tls | None = None, host: str = "127.0.0.1") -> DimseArchive:
        node = DimseNode(host, 11999, "PACS", method="move", receive_port=free_port())
        archive = DimseArchive(node, tls)
        archive._listen()
        opened.append(archive)
        return archive

    yield listen
    for archive in opened:
        archive.close()


def test_what_was_not_asked_for_is_refused_and_not_kept(listening, make_dicom, stored) -> None:
    archive = listening()
    port = archive._node.receive_port
    asked, other = make_dicom(stored), make_dicom(stored)
    assert push(port, asked) == NOT_AUTHORISED
    with archive._inbox.awaiting(str(asked.SOPInstanceUID)):
        assert push(port, other) == NOT_AUTHORISED
        assert push(port, asked) == 0
        assert push(port, asked) == NOT_AUTHORISED
        assert archive._inbox.take().SOPInstanceUID == asked.SOPInstanceUID
    assert push(port, asked) == NOT_AUTHORISED
    assert archive._inbox.take() is None


def test_a_stranger_by_title_is_refused(listening, make_dicom, stored) -> None:
    archive = listening()
    assert push(archive._node.receive_port, make_dicom(stored), "STRANGER") is None


def test_a_stranger_by_address_is_not_let_in(listening, make_dicom, stored, monkeypatch) -> None:
    monkeypatch.setattr(
        "trephine.imaging.pacs.dimse.addresses_of", lambda _: frozenset({"192.0.2.7"})
    )
    archive = listening()
    image = make_dicom(stored)
    with archive._inbox.awaiting(str(image.SOPInstanceUID)):
        assert push(archive._node.receive_port, image) is None
        assert archive._inbox.take() is None


def test_the_port_is_open_only_towards_the_archive(listening) -> None:
    archive = listening()
    assert archive._receiver.socket.getsockname()[0] == "127.0.0.1"
    assert interface_towards("localhost", 104) in ("127.0.0.1", "::1")
    assert "127.0.0.1" in addresses_of("127.0.0.1")
    with pytest.raises(ArchiveError, match="not known here"):
        addresses_of("no-such-host.invalid")


def test_more_bytes_than_an_image_may_have_are_not_kept(listening, make_dicom, stored) -> None:
    archive = listening()
    archive._inbox._most_bytes = 1000
    image = make_dicom(stored)
    with archive._inbox.awaiting(str(image.SOPInstanceUID)):
        assert push(archive._node.receive_port, image) == 0xA700
        assert archive._inbox.take() is None


def test_a_flood_ends_the_connection(listening, make_dicom, stored) -> None:
    archive = listening()
    image = make_dicom(stored)
    image.PixelData = bytes(4 << 20)
    assert push(archive._node.receive_port, image) in (None, NOT_AUTHORISED)
    assert archive._inbox.take() is None


def test_an_image_under_another_ones_uid_is_refused(make_dicom, stored) -> None:
    inbox, image = Inbox(), make_dicom(stored)

    class Event:
        class request:  # noqa: N801
            AffectedSOPInstanceUID = "1.2.3"
            DataSet = None

        dataset, file_meta = image, image.file_meta

    with inbox.awaiting("1.2.3"):
        assert inbox.store(Event()) == 0xC210
        assert inbox.take() is None


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_with_tls_the_port_speaks_tls_to_the_certified_alone(
    listening, authority, tmp_path, make_dicom, stored
) -> None:
    ours, theirs = authority.sign("ours"), authority.sign("theirs")
    foreign = Authority(tmp_path, "foreign").sign("stranger")
    archive = listening(Tls(authority.file, ours.certificate, ours.key))
    port, image = archive._node.receive_port, make_dicom(stored)
    certified = outgoing_context(Tls(authority.file, theirs.both))
    bare = outgoing_context(Tls(authority.file))
    stranger = outgoing_context(Tls(authority.file, foreign.both))
    with archive._inbox.awaiting(str(image.SOPInstanceUID)):
        assert push(port, image) is None
        for context in (bare, stranger):
            assert push(port, image, tls_args=(context, "127.0.0.1")) is None
        assert archive._inbox.take() is None
        assert push(port, image, tls_args=(certified, "127.0.0.1")) == 0
        assert archive._inbox.take() is not None


def test_anyone_may_be_let_in_over_tls_by_name(listening, authority, make_dicom, stored) -> None:
    ours = authority.sign("ours")
    archive = listening(Tls(authority.file, ours.both, incoming="anyone"))
    image = make_dicom(stored)
    context = outgoing_context(Tls(authority.file))
    with archive._inbox.awaiting(str(image.SOPInstanceUID)):
        port = archive._node.receive_port
        assert push(port, image, tls_args=(context, "127.0.0.1")) == 0


def test_one_who_connects_and_says_nothing_does_not_hold_the_port(
    listening, authority, make_dicom, stored, monkeypatch
) -> None:
    monkeypatch.setattr("trephine.imaging.pacs.receiver._HANDSHAKE_SECONDS", 0.2)
    ours = authority.sign("ours")
    archive = listening(Tls(authority.file, ours.both, incoming="anyone"))
    port, image = archive._node.receive_port, make_dicom(stored)
    silent = socket.create_connection(("127.0.0.1", port))
    with silent, archive._inbox.awaiting(str(image.SOPInstanceUID)):
        context = outgoing_context(Tls(authority.file))
        assert push(port, image, tls_args=(context, "127.0.0.1")) == 0


def test_receiving_over_tls_needs_a_certificate_of_ours(authority, tmp_path) -> None:
    with pytest.raises(InputError, match="--certificate"):
        DimseArchive(DimseNode("127.0.0.1", 1, "PACS", method="move"), Tls(authority.file))
    (tmp_path / "broken.pem").write_text("no PEM")
    with pytest.raises(InputError, match="cannot be used"):
        outgoing_context(Tls(tmp_path / "broken.pem"))
    with pytest.raises(InputError, match="cannot be used"):
        incoming_context(Tls(authority.file, tmp_path / "absent.pem"))
    ours = authority.sign("ours")
    assert incoming_context(Tls(authority.file, ours.both)).verify_mode == ssl.CERT_REQUIRED


class Plain:
    """An archive without a network."""

    def __init__(self, images: dict[str, Dataset]) -> None:
        self.images, self.asked = images, []

    def find(self, query: ArchiveQuery) -> list[StudyFound]:
        return [
            StudyFound(str(self.images[a].StudyInstanceUID), a, "", "", "", "")
            for a in query.accessions
        ]

    def instances(self, study: StudyFound, modality: str) -> list[InstanceFound]:
        image = self.images[study.accession]
        return [InstanceFound(study.study_uid, "1.2", str(image.SOPInstanceUID))]

    def fetch(self, instance: InstanceFound) -> Dataset:
        self.asked.append(instance.instance_uid)
        return next(i for i in self.images.values() if i.SOPInstanceUID == instance.instance_uid)

    def close(self) -> None:
        """Nothing to close."""


def test_neither_audit_nor_ledger_has_the_order_of_the_list(make_dicom, stored, tmp_path) -> None:
    names = [f"A{number:02d}" for number in range(12)]
    images = {name: make_dicom(stored, PatientID=f"P{name}") for name in names}
    archive = Plain(images)
    for part in (names[:6], names[6:]):
        retrieve(archive, ArchiveQuery(accessions=tuple(part)), tmp_path / "in", KEY)
    order = [KEY.patient(f"P{name}") for name in names]
    lines = (tmp_path / "in" / AUDIT_NAME).read_text().splitlines()
    audit = [json.loads(line)["file"].split("/")[0] for line in lines]
    rows = sqlite3.connect(tmp_path / "in" / LEDGER_NAME)
    ledger = [file.split("/")[0] for (file,) in rows.execute("SELECT file FROM image")]
    with pytest.raises(sqlite3.OperationalError, match="rowid"):
        rows.execute("SELECT rowid FROM image")
    rows.close()
    assert sorted(audit) == sorted(ledger) == sorted(order)
    assert audit != order
    assert audit == ledger
    wanted = [str(images[name].SOPInstanceUID) for name in names[:6]]
    assert archive.asked[:6] == sorted(wanted, key=KEY.instance)


def test_what_a_retrieval_writes_is_its_owners_alone(make_dicom, stored, tmp_path) -> None:
    for place, key in (("in", KEY), ("identified", None)):
        archive = Plain({"A1": make_dicom(stored)})
        retrieve(archive, ArchiveQuery(accessions=("A1",)), tmp_path / place, key)
        for path in [tmp_path / place, *(tmp_path / place).rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path.name


def test_images_to_look_at_are_counted(make_dicom, stored, tmp_path) -> None:
    archive = Plain({"A1": make_dicom(stored, BurnedInAnnotation="YES")})
    report = retrieve(archive, ArchiveQuery(accessions=("A1",)), tmp_path / "in", KEY)
    assert (report.fetched, report.to_look_at) == (1, 1)


class Rogue(ThreadingHTTPServer):
    """A web archive that answers as a test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RogueHandler)
        self.asked: list[tuple[str, str | None]] = []
        self.reply: Callable[[str], tuple[int, dict[str, str], bytes]] = lambda _: (200, {}, b"[]")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class RogueHandler(BaseHTTPRequestHandler):
    server: Rogue

    def log_message(self, *_: object) -> None:
        return None

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        code, headers, body = self.server.reply(self.path)
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # a reader that has seen enough hangs up
            self.wfile.write(body)


@pytest.fixture
def rogue() -> Iterator[Rogue]:
    server = Rogue()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


JSON = {"Content-Type": "application/dicom+json"}
ANY = ArchiveQuery(patient_id="P1")


def studies(uids: list[str]) -> bytes:
    return json.dumps([{"0020000D": {"vr": "UI", "Value": [uid]}} for uid in uids]).encode()


def opened(server: Rogue, token: str = "token") -> DicomWebArchive:
    return DicomWebArchive(server.address, Credentials(token=token))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(rogue, code: int) -> None:
    rogue.reply = lambda path: (code, {"Location": f"{rogue.address}/elsewhere"}, b"")
    with pytest.raises(ArchiveError, match="redirect"):
        opened(rogue).find(ANY)
    assert len(rogue.asked) == 1


def test_pages_that_repeat_end_the_search(rogue) -> None:
    page = studies([f"1.2.{number}" for number in range(100)])
    rogue.reply = lambda path: (200, JSON, page)
    assert len(opened(rogue).find(ANY)) == 100
    assert len(rogue.asked) == 2


def test_pages_without_end_are_an_error(rogue, monkeypatch) -> None:
    monkeypatch.setattr("trephine.imaging.pacs.dicomweb.MOST_ANSWERS", 500)
    rogue.reply = lambda path: (
        200, JSON, studies([f"1.2.{len(rogue.asked)}.{number}" for number in range(1, 101)]),
    )  # fmt: skip
    with pytest.raises(ArchiveError, match="at most"):
        opened(rogue).find(ANY)
    assert len(rogue.asked) == 6


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_answer_without_end_is_cut(rogue, monkeypatch, packed: bool) -> None:
    monkeypatch.setattr(requests_guard, "_MOST_ANSWER_BYTES", 1 << 20)
    body = b"[" + b" " * (4 << 20) + b"]"
    headers = JSON | ({"Content-Encoding": "gzip"} if packed else {})
    rogue.reply = lambda path: (200, headers, gzip.compress(body) if packed else body)
    with pytest.raises(ArchiveError, match="bytes in an answer"):
        opened(rogue).find(ANY)


@pytest.mark.parametrize("uid", ["../../evil", "1.2/..", "", "1.2.é", "1..2", "x" * 70])
@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_a_hostile_uid_is_an_archive_error(rogue, tmp_path: Path, uid: str, level: str) -> None:
    def reply(path: str) -> tuple[int, dict[str, str], bytes]:
        if "/instances" in path:
            tag, found = "00080018", uid if level == "instance" else "1.2.9.1"
        elif "/series" in path:
            tag, found = "0020000E", uid if level == "series" else "1.2.9"
        else:
            tag, found = "0020000D", uid if level == "study" else "1.2"
        return 200, JSON, json.dumps([{tag: {"vr": "UI", "Value": [found]}}]).encode()

    rogue.reply = reply
    with pytest.raises(ArchiveError, match=r"UIDs|answer in DICOMweb"):
        retrieve(opened(rogue), ANY, tmp_path / "in", None)
    assert not list(tmp_path.rglob("*.dcm"))


@pytest.mark.parametrize("body", [b'[{"0020000D": 7}]', b"[7]", b'{"a": 1}', b'[{"zz": {}}]'])
def test_an_answer_out_of_protocol_is_an_archive_error(rogue, body: bytes) -> None:
    rogue.reply = lambda path: (200, JSON, body)
    with pytest.raises(ArchiveError):
        opened(rogue).find(ANY)


def test_the_environment_has_no_say(rogue, tmp_path: Path, monkeypatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    opened(rogue).find(ANY)
    assert rogue.asked[0][1] == "Bearer token"
    far = DicomWebArchive(
        "https://pacs.example.org", Credentials(token="token"), Tls(tmp_path / "hospital.pem")
    )
    session: requests.Session = far._client._session
    settings = session.merge_environment_settings("https://pacs.example.org", {}, None, None, None)
    assert settings["verify"] == str(tmp_path / "hospital.pem")
    assert not settings["proxies"]
    prepared = session.prepare_request(requests.Request("GET", "https://pacs.example.org/x"))
    assert prepared.headers["Authorization"] == "Bearer token"
