"""DIMSE archives in process, on loopback only: found, fetched, resumed, refused."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from imaging.pacs_asked import ACCESSIONS, KEY, no_sleep
from trephine.errors import ArchiveError, InputError
from trephine.imaging import read_image
from trephine.imaging.pacs import (
    ArchiveQuery,
    DimseArchive,
    DimseNode,
    Tls,
    find_credentials,
    retrieve,
)
from trephine.imaging.pacs.archive import InstanceFound, TransientError, study_of, with_retries
from trephine.imaging.pacs.retrieve import LEDGER_NAME

pynetdicom = pytest.importorskip("pynetdicom")
from pynetdicom import AE, evt  # noqa: E402
from pynetdicom.sop_class import (  # noqa: E402
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LightArchive:
    """A C-FIND, C-GET and C-MOVE provider over a list of images."""

    def __init__(self, images: list[Dataset], receive_port: int) -> None:
        self.images, self.receive_port = images, receive_port
        self.sent, self.failures = 0, 0
        entity = AE("LIGHT")
        entity.require_calling_aet, entity.require_called_aet = ["TREPHINE"], True
        for model in (
            StudyRootQueryRetrieveInformationModelFind,
            StudyRootQueryRetrieveInformationModelGet,
            StudyRootQueryRetrieveInformationModelMove,
        ):
            entity.add_supported_context(model)
        entity.add_supported_context(ComputedRadiographyImageStorage, scu_role=True, scp_role=True)
        entity.add_requested_context(ComputedRadiographyImageStorage)
        self.port = free_port()
        self.server = entity.start_server(
            ("127.0.0.1", self.port),
            block=False,
            evt_handlers=[
                (evt.EVT_C_FIND, self.find),
                (evt.EVT_C_GET, self.get),
                (evt.EVT_C_MOVE, self.move),
            ],
        )

    def matching(self, wanted: Dataset) -> list[Dataset]:
        def fits(image: Dataset, keyword: str) -> bool:
            value = str(wanted.get(keyword) or "")
            return not value or str(image.get(keyword)) == value

        keys = ("AccessionNumber", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
                "SOPInstanceUID", "Modality")  # fmt: skip
        return [image for image in self.images if all(fits(image, key) for key in keys)]

    def find(self, event):
        for image in self.matching(event.identifier):
            answer = Dataset()
            for element in event.identifier:
                if element.keyword != "ModalitiesInStudy":
                    setattr(answer, element.keyword, image.get(element.keyword, ""))
            answer.QueryRetrieveLevel = event.identifier.QueryRetrieveLevel
            yield 0xFF00, answer

    def get(self, event):
        if self.failures:
            self.failures -= 1
            yield 0
            return
        found = self.matching(event.identifier)
        yield len(found)
        for image in found:
            self.sent += 1
            yield 0xFF00, image

    def move(self, event):
        if event.move_destination != "TREPHINE":
            yield None, None
            return
        found = self.matching(event.identifier)
        yield "127.0.0.1", self.receive_port
        yield len(found)
        for image in found:
            self.sent += 1
            yield 0xFF00, image


@pytest.fixture
def light(images) -> Iterator[LightArchive]:
    archive = LightArchive(images, free_port())
    yield archive
    archive.server.shutdown()


def node(light: LightArchive, **options) -> DimseNode:
    return DimseNode(
        "127.0.0.1",
        light.port,
        options.pop("called", "LIGHT"),
        receive_host="127.0.0.1",
        receive_port=light.receive_port,
        **options,
    )


@pytest.mark.parametrize("method", ["get", "move"])
def test_images_are_found_fetched_and_deidentified(light, images, tmp_path, method) -> None:
    archive = DimseArchive(node(light, method=method))
    try:
        found = archive.find(ArchiveQuery(accessions=ACCESSIONS[:2]))
        assert [study.accession for study in found] == ["ACC1", "ACC2"]
        report = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
    finally:
        archive.close()
    assert (report.studies, report.images, report.fetched) == (3, 3, 3)
    files = sorted((tmp_path / "in").rglob("*.dcm"))
    assert len(files) == 3
    pixels = sorted(float(read_image(path).pixels.sum()) for path in files)
    assert pixels == sorted(float((8191.0 - image.pixel_array).sum()) for image in images)
    content = b"".join(path.read_bytes() for path in (tmp_path / "in").rglob("*") if path.is_file())
    for secret in (b"Doe", b"ACC1", b"P001", images[0].SOPInstanceUID.encode()):
        assert secret not in content


def test_a_second_run_fetches_only_what_is_missing(light, tmp_path) -> None:
    archive = DimseArchive(node(light))
    try:
        first = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS[:1]), tmp_path / "in", KEY)
        second = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
        assert (first.fetched, second.fetched, second.already_here) == (1, 2, 1)
        next((tmp_path / "in").rglob("*.dcm")).unlink()
        third = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
        assert (third.fetched, third.already_here) == (1, 2)
    finally:
        archive.close()
    assert light.sent == 4


def test_an_image_that_does_not_come_is_asked_for_again(light, tmp_path) -> None:
    light.failures = 2
    archive = DimseArchive(node(light))
    try:
        query = ArchiveQuery(accessions=ACCESSIONS)
        report = retrieve(archive, query, tmp_path / "in", KEY, sleep=no_sleep)
    finally:
        archive.close()
    assert (report.fetched, light.sent) == (3, 3)


def test_an_accession_without_a_study_is_reported_by_its_position(light, tmp_path) -> None:
    archive = DimseArchive(node(light))
    try:
        query = ArchiveQuery(accessions=("ACC1", "NONE", "ACC3"))
        report = retrieve(archive, query, tmp_path / "in", KEY)
    finally:
        archive.close()
    assert (report.accessions_missing, report.missing_positions) == (1, (2,))


@pytest.mark.parametrize("options", [{"calling": "STRANGER"}, {"called": "WRONG"}])
def test_an_unknown_title_is_reported(light, options) -> None:
    archive = DimseArchive(node(light, **options))
    with pytest.raises(ArchiveError, match="check both titles"):
        archive.find(ArchiveQuery(accessions=ACCESSIONS))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of this machine with its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test and is not installed")
    key, path = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, *subject, "-keyout", str(key), "-out", str(path)],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_dimse_over_tls_trusts_only_the_authority_given(images, certificate, monkeypatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    start = AE.start_server
    monkeypatch.setattr(
        AE, "start_server", lambda self, *a, **k: start(self, *a, ssl_context=context, **k)
    )
    light = LightArchive(images, free_port())
    try:
        for tls, trusted in ((Tls(authority=certificate), True), (Tls(), False)):
            archive = DimseArchive(node(light), tls)
            query = ArchiveQuery(accessions=ACCESSIONS)
            if trusted:
                assert len(archive.find(query)) == 3
            else:
                with pytest.raises(TransientError, match="trust its certificate"):
                    archive.find(query)
            archive.close()
    finally:
        light.server.shutdown()


def test_an_unknown_move_destination_is_reported(light, images) -> None:
    light.server.ae.require_calling_aet = ["NOWHERE"]
    archive = DimseArchive(node(light, calling="NOWHERE", method="move"))
    try:
        study = archive.find(ArchiveQuery(accessions=ACCESSIONS[:1]))[0]
        instance = archive.instances(study, "")[0]
        with pytest.raises(ArchiveError, match="use C-GET"):
            archive.fetch(instance)
    finally:
        archive.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open sockets
def test_a_server_that_is_gone_is_reported_after_several_attempts(images, tmp_path) -> None:
    archive = DimseArchive(DimseNode("127.0.0.1", free_port(), "LIGHT"))
    waits: list[float] = []
    with pytest.raises(ArchiveError, match="the same command continues where it stopped"):
        retrieve(
            archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY, sleep=waits.append
        )
    assert waits == [0.5, 1.0, 2.0, 4.0]


def test_identified_images_are_kept_only_when_asked_and_never_mixed(
    light, images, tmp_path
) -> None:
    archive = DimseArchive(node(light))
    try:
        retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", None)
        kept = tmp_path / "in" / images[0].StudyInstanceUID / f"{images[0].SOPInstanceUID}.dcm"
        assert pydicom.dcmread(kept).PatientID == "P000"
        with pytest.raises(InputError, match="under another"):
            retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
    finally:
        archive.close()


def test_the_ledger_holds_no_identifier(light, images, tmp_path) -> None:
    archive = DimseArchive(node(light))
    try:
        retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
    finally:
        archive.close()
    rows = sqlite3.connect(tmp_path / "in" / LEDGER_NAME)
    told = repr(rows.execute("SELECT * FROM image").fetchall())
    rows.close()
    assert "2.25." in told
    assert all(image.SOPInstanceUID not in told for image in images)


def test_a_query_without_limits_is_refused() -> None:
    with pytest.raises(InputError, match="never asked for everything"):
        ArchiveQuery(modality="CR")
    with pytest.raises(InputError, match="found wildcards"):
        ArchiveQuery(accessions=("*",))


def test_credentials_come_from_the_environment_and_are_never_shown(monkeypatch) -> None:
    monkeypatch.setenv("TREPHINE_PACS_USER", "tester")
    monkeypatch.setenv("TREPHINE_PACS_PASSWORD", "hush")
    found = find_credentials("pacs")
    assert (found.user, found.password) == ("tester", "hush")
    assert "hush" not in repr(found)
    monkeypatch.setenv("TREPHINE_PACS_TOKEN", "token")
    assert find_credentials("pacs").token == "token"
    monkeypatch.delenv("TREPHINE_PACS_TOKEN")
    monkeypatch.delenv("TREPHINE_PACS_USER")
    assert not find_credentials("pacs")


def test_retries_wait_longer_each_time() -> None:
    waits: list[float] = []

    def fail() -> None:
        raise TransientError("no answer")

    with pytest.raises(ArchiveError, match="tried 3 times"):
        with_retries(fail, attempts=3, sleep=waits.append)
    assert waits == [0.5, 1.0]


def test_an_archive_that_sends_another_image_is_refused(images, tmp_path) -> None:
    class Liar:
        def find(self, query):
            return [study_of(images[0])]

        def instances(self, study, modality):
            return [InstanceFound(study.study_uid, "1.2", images[0].SOPInstanceUID)]

        def fetch(self, instance):
            return images[1]

    with pytest.raises(ArchiveError, match="expected the image asked for"):
        retrieve(Liar(), ArchiveQuery(accessions=("ACC1",)), tmp_path / "in", KEY)
    assert np.size(list(tmp_path.rglob("*.dcm"))) == 0
