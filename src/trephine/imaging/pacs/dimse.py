"""An archive over DIMSE: C-FIND to find, C-GET or C-MOVE to fetch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    XRayRadiofluoroscopicImageStorage,
)

from trephine.errors import ArchiveError, MissingExtraError
from trephine.imaging.dicom import quiet_pydicom
from trephine.imaging.pacs.archive import (
    MOST_ANSWERS,
    TOO_MANY,
    ArchiveQuery,
    InstanceFound,
    StudyFound,
    TransientError,
    checked_uid,
    study_of,
    unique_studies,
)
from trephine.imaging.pacs.credentials import Tls
from trephine.imaging.pacs.receiver import Inbox, addresses_of, interface_towards, open_port
from trephine.imaging.pacs.tls import incoming_context, outgoing_context

FetchMethod = Literal["get", "move"]

_SECONDS = 30
_PENDING = (0xFF00, 0xFF01)
_IMAGES = (
    ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing, DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing, XRayRadiofluoroscopicImageStorage,
    SecondaryCaptureImageStorage, CTImageStorage, MRImageStorage, SegmentationStorage,
)  # fmt: skip
_PLAIN = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
_PACKED = [
    JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEG2000, RLELossless, JPEGBaseline8Bit,
    JPEGExtended12Bit,
]  # fmt: skip


@dataclass(frozen=True)
class DimseNode:
    """Where the archive is and what the two sides call themselves.

    Attributes
    ----------
    host, port
        The archive's.
    called, calling
        Application entity titles: the archive's, and ours as the archive knows it.
    method
        "get": images come over the same connection. "move": the archive opens one to us, at
        ``receive_port``, which it must know.
    receive_host, receive_port
        Ours, for "move"; "" listens on the interface that leads to the archive, the loopback if
        it is on this machine.
    """

    host: str
    port: int
    called: str
    calling: str = "TREPHINE"
    method: FetchMethod = "get"
    receive_host: str = ""
    receive_port: int = 11112


class DimseArchive:
    """DIMSE behind the archive's face.

    Parameters
    ----------
    node
        The archive.
    tls
        Where the archive speaks TLS, also when it sends to us; None for a plain connection inside
        the hospital.

    Raises
    ------
    InputError
        If images are to come over TLS and there is no certificate of ours.
    MissingExtraError
        If pynetdicom is not installed.
    """

    def __init__(self, node: DimseNode, tls: Tls | None = None) -> None:
        try:
            import pynetdicom
        except ImportError:
            raise MissingExtraError("The archive", "pacs") from None
        self._pynetdicom: Any = pynetdicom
        self._sop: Any = __import__("pynetdicom.sop_class", fromlist=["sop_class"])
        self._node = node
        self._context = outgoing_context(tls) if tls is not None else None
        receives = tls is not None and node.method == "move"
        self._incoming = incoming_context(tls) if tls is not None and receives else None
        self._inbox = Inbox()
        self._association: Any = None
        self._receiver: Any = None

    def find(self, query: ArchiveQuery) -> list[StudyFound]:
        """Return the studies that match."""
        fields = ("StudyInstanceUID", "AccessionNumber", "PatientID", "StudyDate",
                  "ModalitiesInStudy", "StudyDescription")  # fmt: skip
        found = []
        for keys in query.searches():
            wanted = dict.fromkeys(fields, "") | keys
            found += [study_of(item) for item in self._search("STUDY", wanted)]
        return unique_studies(found)

    def instances(self, study: StudyFound, modality: str) -> list[InstanceFound]:
        """Return the images of a study, of one modality or of all ("")."""
        series_keys = {
            "StudyInstanceUID": study.study_uid, "SeriesInstanceUID": "", "Modality": modality,
        }  # fmt: skip
        found = []
        for series in list(self._search("SERIES", series_keys)):
            if modality and str(series.get("Modality") or modality) != modality:
                continue
            series_uid = checked_uid(series, "SeriesInstanceUID")
            image_keys = {
                "StudyInstanceUID": study.study_uid,
                "SeriesInstanceUID": series_uid,
                "SOPInstanceUID": "",
            }
            found += [
                InstanceFound(study.study_uid, series_uid, checked_uid(image, "SOPInstanceUID"))
                for image in self._search("IMAGE", image_keys)
            ]
        return found

    def fetch(self, instance: InstanceFound) -> Dataset:
        """Return one image."""
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "IMAGE"
        wanted.StudyInstanceUID = instance.study_uid
        wanted.SeriesInstanceUID = instance.series_uid
        wanted.SOPInstanceUID = instance.instance_uid
        association = self._associate()
        with quiet_pydicom(), self._inbox.awaiting(instance.instance_uid):
            if self._node.method == "get":
                answers = association.send_c_get(
                    wanted, self._sop.StudyRootQueryRetrieveInformationModelGet
                )
            else:
                self._listen()
                answers = association.send_c_move(
                    wanted, self._node.calling, self._sop.StudyRootQueryRetrieveInformationModelMove
                )
            for status, _ in answers:
                self._check(status, "fetch")
        dataset = self._inbox.take()
        if dataset is None:
            self._drop()
            raise TransientError("answered without sending the image")
        return dataset

    def close(self) -> None:
        """End the connection and stop listening."""
        self._drop()
        if self._receiver is not None:
            self._receiver.shutdown()
            self._receiver = None

    def _search(self, level: str, keys: dict[str, str]) -> Iterator[Dataset]:
        wanted = Dataset()
        wanted.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            setattr(wanted, keyword, value)
        association = self._associate()
        model = self._sop.StudyRootQueryRetrieveInformationModelFind
        with quiet_pydicom():
            for number, (status, item) in enumerate(association.send_c_find(wanted, model)):
                self._check(status, "find")
                if number >= MOST_ANSWERS:
                    self._drop()
                    raise ArchiveError(TOO_MANY)
                if item is not None and int(status.Status) in _PENDING:
                    yield item

    def _check(self, status: Any, verb: str) -> None:
        if status is None or "Status" not in status:
            self._drop()
            raise TransientError("the connection broke")
        code = int(status.Status)
        if code in (0x0000, 0xB000, *_PENDING):
            return
        self._drop()
        if 0xA700 <= code <= 0xA7FF or code == 0x0213:
            raise TransientError(f"is out of resources ({code:#06x})")
        if code == 0xA801:
            raise ArchiveError(
                f"archive: does not know {self._node.calling!r} as a place to send images to; its"
                " administrator must enter title, host and port, or use C-GET"
            )
        raise ArchiveError(f"archive: refused to {verb} (status {code:#06x})")

    def _associate(self) -> Any:
        if self._association is not None and self._association.is_established:
            return self._association
        entity = self._entity()
        handlers = [(self._pynetdicom.evt.EVT_C_STORE, self._inbox.store)]
        roles = [self._pynetdicom.build_role(uid, scp_role=True) for uid in _IMAGES]
        options = {"tls_args": (self._context, self._node.host)} if self._context else {}
        association = entity.associate(
            self._node.host,
            self._node.port,
            ae_title=self._node.called,
            ext_neg=roles if self._node.method == "get" else [],
            evt_handlers=handlers if self._node.method == "get" else [],
            **options,
        )
        if association.is_rejected:
            raise ArchiveError(
                f"archive: refused {self._node.calling!r} calling {self._node.called!r}; check both"
                " titles with its administrator"
            )
        if not association.is_established:
            told = " over TLS; does this side trust its certificate (--authority)?"
            raise TransientError("no answer" + (told if self._context else ""))
        self._association = association
        return association

    def _entity(self) -> Any:
        entity = self._pynetdicom.AE(self._node.calling)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _SECONDS
        entity.connection_timeout = _SECONDS
        entity.add_requested_context(self._sop.StudyRootQueryRetrieveInformationModelFind)
        if self._node.method == "move":
            entity.add_requested_context(self._sop.StudyRootQueryRetrieveInformationModelMove)
            return entity
        entity.add_requested_context(self._sop.StudyRootQueryRetrieveInformationModelGet)
        for sop_class in _IMAGES:
            entity.add_requested_context(sop_class, _PLAIN)
            for syntax in _PACKED:
                entity.add_requested_context(sop_class, [syntax])
        return entity

    def _listen(self) -> None:
        """Open the port to which the archive sends after C-MOVE, once."""
        if self._receiver is not None:
            return
        entity = self._pynetdicom.AE(self._node.calling)
        entity.require_called_aet = True
        entity.require_calling_aet = [self._node.called]
        for sop_class in _IMAGES:
            entity.add_supported_context(sop_class, [*_PACKED, *_PLAIN])
        host = self._node.receive_host or interface_towards(self._node.host, self._node.port)
        self._receiver = open_port(
            entity,
            self._inbox,
            (host, self._node.receive_port),
            addresses_of(self._node.host),
            self._incoming,
            self._pynetdicom.evt,
        )

    def _drop(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None
