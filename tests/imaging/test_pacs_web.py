"""DICOMweb archives in process, on loopback only: found, fetched, asked again, refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from pydicom.dataset import Dataset

from imaging.pacs_asked import ACCESSIONS, KEY, no_sleep
from trephine.errors import ArchiveError
from trephine.imaging import read_image
from trephine.imaging.pacs import (
    ArchiveQuery,
    Credentials,
    DicomWebArchive,
    retrieve,
)


class WebArchive(ThreadingHTTPServer):
    """QIDO and WADO over a list of images, with a password, on loopback."""

    daemon_threads = True

    def __init__(self, images: list[Dataset]) -> None:
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.images, self.busy, self.sent = images, 0, 0


class WebHandler(BaseHTTPRequestHandler):
    server: WebArchive

    def log_message(self, *_: object) -> None:
        return None

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Basic dGVzdGVyOnNlY3JldA==":
            self.answer(401, b"", "text/plain")
            return
        if self.server.busy:
            self.server.busy -= 1
            self.answer(503, b"", "text/plain")
            return
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/dicom-web/").split("/")
        asked = parse_qs(parts.query)
        found = self.server.images
        for level, uid in zip(path[::2], path[1::2], strict=False):
            keyword = {"studies": "Study", "series": "Series", "instances": "SOP"}[level]
            found = [image for image in found if str(image[f"{keyword}InstanceUID"].value) == uid]
        if len(path) == 6:
            self.send_image(found[0])
            return
        for name, values in asked.items():
            if name in ("AccessionNumber", "00080050", "Modality", "00080060"):
                keyword = (
                    "AccessionNumber" if name in ("AccessionNumber", "00080050") else "Modality"
                )
                found = [image for image in found if image.get(keyword) == values[0]]
        start = int(asked.get("offset", ["0"])[0])
        body = json.dumps([self.described(image) for image in found[start:]]).encode()
        self.answer(200, body, "application/dicom+json")

    def described(self, image: Dataset) -> dict:
        item = Dataset()
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
                        "AccessionNumber", "PatientID", "StudyDate"):  # fmt: skip
            setattr(item, keyword, image.get(keyword))
        return item.to_json_dict()

    def send_image(self, image: Dataset) -> None:
        self.server.sent += 1
        buffer = BytesIO()
        image.save_as(buffer, enforce_file_format=True)
        body = (
            b"--frontier\r\nContent-Type: application/dicom\r\n\r\n"
            + buffer.getvalue()
            + b"\r\n--frontier--\r\n"
        )
        self.answer(200, body, 'multipart/related; type="application/dicom"; boundary=frontier')

    def answer(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web(images) -> Iterator[WebArchive]:
    server = WebArchive(images)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def address(server: WebArchive) -> str:
    return f"http://127.0.0.1:{server.server_port}/dicom-web"


def test_dicomweb_finds_and_fetches(web, images, tmp_path) -> None:
    archive = DicomWebArchive(address(web), Credentials("tester", "secret"))
    report = retrieve(archive, ArchiveQuery(accessions=(*ACCESSIONS, "NONE")), tmp_path / "in", KEY)
    assert (report.fetched, report.missing_positions) == (3, (4,))
    again = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
    assert (again.fetched, again.already_here, web.sent) == (0, 3, 3)
    sums = sorted(float(read_image(path).pixels.sum()) for path in tmp_path.rglob("*.dcm"))
    assert sums == sorted(float((8191.0 - image.pixel_array).sum()) for image in images)


def test_a_busy_web_archive_is_asked_again_and_a_wrong_password_is_not(web, tmp_path) -> None:
    archive = DicomWebArchive(address(web), Credentials("tester", "secret"))
    web.busy = 2
    query = ArchiveQuery(accessions=ACCESSIONS)
    assert retrieve(archive, query, tmp_path / "in", KEY, sleep=no_sleep).fetched == 3
    wrong = DicomWebArchive(address(web), Credentials("tester", "wrong-password"))
    with pytest.raises(ArchiveError, match="refused user and password") as refusal:
        retrieve(wrong, query, tmp_path / "other", KEY, sleep=no_sleep)
    assert "wrong-password" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://pacs.example.org/dicom-web", "expected https"),
        ("https://user:word@pacs.example.org/x", "without user and password"),
        ("pacs.example.org", "expected an address such as"),
    ],
)
def test_an_address_that_would_leak_is_refused(url: str, told: str) -> None:
    with pytest.raises(ArchiveError, match=told):
        DicomWebArchive(url, Credentials())
