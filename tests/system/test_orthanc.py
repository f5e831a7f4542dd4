"""Find and fetch from a real Orthanc: over both protocols, through failures, without loss."""

from __future__ import annotations

import gc
import importlib.util
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless
from pynetdicom import AE

from trephine.errors import ArchiveError
from trephine.imaging import read_image
from trephine.imaging.deidentify import PseudonymKey
from trephine.imaging.pacs import (
    ArchiveQuery,
    Credentials,
    DicomWebArchive,
    DimseArchive,
    DimseNode,
    Tls,
    retrieve,
)
from trephine.imaging.pacs.tls import outgoing_context

pytestmark = [
    pytest.mark.system,
    # pynetdicom leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KEY = PseudonymKey(b"a secret of some length")
ACCESSIONS = tuple(f"ACC{number}" for number in range(6))
PROTOCOLS = ["web", "get", "move"]


@pytest.fixture(autouse=True)
def sockets_are_collected_here() -> Iterator[None]:
    """Sockets that pynetdicom leaves must not be collected, and told of, in another test.

    Its threads hold them until they end, which may be a moment after the test.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
    gc.collect()


def _radiograph() -> Callable[..., Dataset]:
    path = Path(__file__).parents[1] / "imaging" / "conftest.py"
    spec = importlib.util.spec_from_file_location("make_dicom", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.radiograph


@pytest.fixture
def images() -> list[Dataset]:
    """Six studies of one radiograph each, some compressed, one MONOCHROME1."""
    made = []
    for number, accession in enumerate(ACCESSIONS):
        pixels = np.random.default_rng(number).integers(0, 4096, (64, 48), dtype=np.uint16)
        dataset = _radiograph()(
            pixels,
            AccessionNumber=accession,
            PatientID=f"P00{number}",
            PatientBirthDate="19700101",
            PatientSex="F",
            StudyDate=f"2020010{number + 1}",
            StudyDescription="XR PELVIS AP",
            PhotometricInterpretation="MONOCHROME1" if number == 1 else "MONOCHROME2",
        )
        if number in (2, 3):
            dataset.compress((JPEGLSLossless, JPEG2000Lossless)[number - 2])
        made.append(dataset)
    return made


@pytest.fixture
def filled(orthanc, images):
    for image in images:
        buffer = BytesIO()
        image.save_as(buffer, enforce_file_format=True)
        orthanc.upload(buffer.getvalue())
    return orthanc


def opened(orthanc, protocol: str, **options: str):
    if protocol == "web":
        password = options.get("password", "a-secret-of-tests")
        return DicomWebArchive(orthanc.web, Credentials("tester", password))
    node = DimseNode(
        "127.0.0.1",
        orthanc.dicom,
        options.get("called", "ORTHANC"),
        options.get("calling", "TREPHINE"),
        method="get" if protocol == "get" else "move",
        receive_host="127.0.0.1",
        receive_port=orthanc.receive,
    )
    return DimseArchive(node)


def sums(folder: Path) -> list[float]:
    return sorted(float(read_image(path).pixels.sum()) for path in folder.rglob("*.dcm"))


def expected_sums(images: list[Dataset]) -> list[float]:
    def grey(image: Dataset) -> np.ndarray:
        inverted = image.PhotometricInterpretation == "MONOCHROME1"
        return 4095.0 - image.pixel_array if inverted else image.pixel_array.astype(float)

    return sorted(float(grey(image).sum()) for image in images)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_studies_are_found_and_every_image_is_fetched_exactly(
    filled, images, tmp_path, protocol
) -> None:
    archive = opened(filled, protocol)
    try:
        found = archive.find(ArchiveQuery(study_date="20200101-20200103"))
        assert sorted(study.accession for study in found) == ["ACC0", "ACC1", "ACC2"]
        report = retrieve(archive, ArchiveQuery(accessions=(*ACCESSIONS, "NONE")), tmp_path, KEY)
    finally:
        archive.close()
    assert (report.studies, report.fetched, report.missing_positions) == (6, 6, (7,))
    assert sums(tmp_path) == expected_sums(images)
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Doe" not in content
    assert not any(image.SOPInstanceUID.encode() in content for image in images)


class StopsAfter:
    """An archive that is stopped in the middle, as seen from the one who fetches."""

    def __init__(self, archive, orthanc, images: int) -> None:
        self.archive, self.orthanc, self.left = archive, orthanc, images

    def find(self, query):
        return self.archive.find(query)

    def instances(self, study, modality):
        return self.archive.instances(study, modality)

    def fetch(self, instance):
        if self.left == 0:
            self.orthanc.stop(kill=True)
        self.left -= 1
        return self.archive.fetch(instance)

    def close(self) -> None:
        self.archive.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(
    filled, images, tmp_path, protocol
) -> None:
    query = ArchiveQuery(accessions=ACCESSIONS)
    dying = StopsAfter(opened(filled, protocol), filled, 3)
    try:
        with pytest.raises(ArchiveError, match="continues where it stopped"):
            retrieve(dying, query, tmp_path, KEY, sleep=lambda _: None)
    finally:
        dying.close()
    assert len(list(tmp_path.rglob("*.dcm"))) == 3
    assert not list(tmp_path.rglob("*.part"))
    filled.start()
    archive = opened(filled, protocol)
    try:
        report = retrieve(archive, query, tmp_path, KEY)
    finally:
        archive.close()
    assert (report.fetched, report.already_here) == (3, 3)
    assert sums(tmp_path) == expected_sums(images)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_comes_back_in_time_is_waited_for(filled, images, tmp_path, protocol) -> None:
    dying = StopsAfter(opened(filled, protocol), filled, 2)
    try:
        report = retrieve(
            dying,
            ArchiveQuery(accessions=ACCESSIONS),
            tmp_path,
            KEY,
            sleep=lambda _: filled.start() if filled.process is None else None,
        )
    finally:
        dying.close()
    assert report.fetched == 6
    assert sums(tmp_path) == expected_sums(images)


def test_a_wrong_password_is_reported_and_not_repeated(filled, tmp_path) -> None:
    archive = opened(filled, "web", password="wrong-password")
    with pytest.raises(ArchiveError, match="refused user and password") as refusal:
        archive.find(ArchiveQuery(accessions=ACCESSIONS))
    assert "wrong-password" not in str(refusal.value)


@pytest.mark.parametrize("titles", [{"calling": "STRANGER"}, {"called": "NOBODY"}])
def test_an_unknown_title_is_reported(filled, titles) -> None:
    archive = opened(filled, "get", **titles)
    try:
        with pytest.raises(ArchiveError, match="archive: refused"):
            archive.find(ArchiveQuery(accessions=ACCESSIONS))
    finally:
        archive.close()


def over_tls(orthanc, authority, method: str) -> DimseArchive:
    ours = authority.sign("trephine")
    node = DimseNode(
        "127.0.0.1", orthanc.dicom, "ORTHANC", method=method, receive_port=orthanc.receive
    )
    return DimseArchive(node, Tls(authority.file, ours.certificate, ours.key))


def uploaded(orthanc, images) -> None:
    for image in images:
        buffer = BytesIO()
        image.save_as(buffer, enforce_file_format=True)
        orthanc.upload(buffer.getvalue())


@pytest.mark.parametrize("method", ["get", "move"])
def test_everything_is_fetched_with_tls_both_ways(
    orthanc_over_tls, authority, images, tmp_path, method
) -> None:
    uploaded(orthanc_over_tls, images)
    archive = over_tls(orthanc_over_tls, authority, method)
    try:
        report = retrieve(archive, ArchiveQuery(accessions=ACCESSIONS), tmp_path / "in", KEY)
    finally:
        archive.close()
    assert report.fetched == 6
    assert sums(tmp_path / "in") == expected_sums(images)


def test_a_stranger_cannot_store_while_orthanc_sends(
    orthanc_over_tls, authority, images, tmp_path
) -> None:
    uploaded(orthanc_over_tls, images)
    archive = over_tls(orthanc_over_tls, authority, "move")
    context = outgoing_context(Tls(authority.file, authority.sign("stranger").both))
    statuses = []

    def push(image: Dataset, **options: object) -> None:
        entity = AE("ORTHANC")
        entity.connection_timeout = entity.acse_timeout = 5
        entity.add_requested_context(image.SOPClassUID, image.file_meta.TransferSyntaxUID)
        association = entity.associate(
            "127.0.0.1", orthanc_over_tls.receive, ae_title="TREPHINE", **options
        )
        if association.is_established:
            statuses.append(int(association.send_c_store(image).Status))
            association.release()
        else:
            statuses.append(None)

    try:
        study = archive.find(ArchiveQuery(accessions=ACCESSIONS[:1]))[0]
        (instance,) = archive.instances(study, "")
        archive.fetch(instance)
        push(images[5])  # in clear
        push(images[5], tls_args=(context, "127.0.0.1"))  # certified, but not awaited
        again = archive.fetch(instance)
    finally:
        archive.close()
    assert statuses == [None, 0x0124]
    assert again.SOPInstanceUID == instance.instance_uid
