"""An archive over DICOMweb: QIDO-RS to find, WADO-RS to fetch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydicom.dataset import Dataset

from trephine.errors import ArchiveError, MissingExtraError, TrephineError
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
)
from trephine.imaging.pacs.credentials import Credentials, Tls, is_loopback
from trephine.imaging.pacs.requests_guard import guarded

Result = TypeVar("Result")

_PAGE = 100
_FIELDS = ("AccessionNumber", "PatientID", "StudyDate", "ModalitiesInStudy", "StudyDescription")
_BUSY = (429, 500, 502, 503, 504)


class DicomWebArchive:
    """DICOMweb behind the archive's face.

    Parameters
    ----------
    url
        The service root, for example ``https://pacs.example.org/dicom-web``.
    credentials
        Sent with every request; only over TLS, but for this machine itself.
    tls
        How the certificate is checked.

    Raises
    ------
    ArchiveError
        If the address is no URL, or would carry a password in clear.
    MissingExtraError
        If dicomweb-client is not installed.
    """

    def __init__(self, url: str, credentials: Credentials, tls: Tls | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ArchiveError("archive: expected an address such as https://host/dicom-web")
        if parts.username or parts.password:
            raise ArchiveError(
                "archive: expected an address without user and password, found some in it; put"
                " them into TREPHINE_PACS_USER and TREPHINE_PACS_PASSWORD"
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ArchiveError(
                "archive: expected https, found http; images and passwords are not sent in clear"
            )
        self._client = _client(url, credentials, tls or Tls())

    def find(self, query: ArchiveQuery) -> list[StudyFound]:
        """Return the studies that match.

        Raises
        ------
        ArchiveError, TransientError
            If the archive refuses, or fails in a way that may pass.
        """
        found: dict[str, StudyFound] = {}
        for keys in query.searches():
            offset = 0
            while True:
                page = self._ask(
                    lambda keys=keys, offset=offset: self._client.search_for_studies(  # type: ignore[misc]
                        search_filters=keys, fields=_FIELDS, limit=_PAGE, offset=offset
                    )
                )
                before = len(found)
                found |= {item.study_uid: item for item in map(study_of, self._items(page))}
                offset += len(page)
                if len(found) > MOST_ANSWERS:
                    raise ArchiveError(TOO_MANY)
                # Some archives ignore the offset and answer with the first page again and again.
                if len(page) < _PAGE or len(found) == before:
                    break
        return list(found.values())

    def instances(self, study: StudyFound, modality: str) -> list[InstanceFound]:
        """Return the images of a study, of one modality or of all ("")."""
        filters = {"Modality": modality} if modality else {}
        found = []
        series = self._ask(
            lambda: self._client.search_for_series(study.study_uid, search_filters=filters)
        )
        for item in self._items(series):
            series_uid = checked_uid(item, "SeriesInstanceUID")
            images = self._ask(
                lambda uid=series_uid: self._client.search_for_instances(study.study_uid, uid)  # type: ignore[misc]
            )
            found += [
                InstanceFound(study.study_uid, series_uid, checked_uid(image, "SOPInstanceUID"))
                for image in self._items(images)
            ]
            if len(found) > MOST_ANSWERS:
                raise ArchiveError(TOO_MANY)
        return found

    def fetch(self, instance: InstanceFound) -> Dataset:
        """Return one image, in the encoding in which the archive keeps it."""
        dataset: Dataset = self._ask(
            lambda: self._client.retrieve_instance(
                instance.study_uid,
                instance.series_uid,
                instance.instance_uid,
                media_types=(("application/dicom", "*"),),
            )
        )
        return dataset

    def close(self) -> None:
        """End the connection."""

    def _items(self, answer: Any) -> list[Dataset]:
        """Return the items of an answer in DICOM's JSON."""
        return self._ask(lambda: [Dataset.from_json(item) for item in answer])

    def _ask(self, action: Callable[[], Result]) -> Result:
        """Turn the library's errors into ours, without URLs (they name studies)."""
        import requests

        try:
            with quiet_pydicom():
                return action()
        except requests.exceptions.SSLError:
            raise ArchiveError(
                "archive: expected a certificate that this machine trusts, found another; give the"
                " hospital's certificate authority (--authority)"
            ) from None
        except requests.exceptions.HTTPError as error:
            code = error.response.status_code if error.response is not None else 0
            if code in (401, 403):
                raise ArchiveError(
                    f"archive: refused user and password (HTTP {code}); check"
                    " TREPHINE_PACS_USER and TREPHINE_PACS_PASSWORD"
                ) from None
            if code in _BUSY:
                raise TransientError(f"answered HTTP {code}") from None
            raise ArchiveError(f"archive: refused the request (HTTP {code})") from None
        except (requests.exceptions.RequestException, OSError, EOFError) as error:
            raise TransientError(f"no answer ({type(error).__name__})") from None
        except TrephineError:
            raise
        except Exception as error:  # what is out of protocol fails in many ways
            raise ArchiveError(
                f"archive: expected an answer in DICOMweb, found another ({type(error).__name__})"
            ) from None


def _client(url: str, credentials: Credentials, tls: Tls) -> Any:
    try:
        import requests
        from dicomweb_client.api import DICOMwebClient
    except ImportError:
        raise MissingExtraError("The archive", "pacs") from None
    session = requests.Session()
    # Neither proxies nor passwords nor authorities of the environment: what is given here counts.
    session.trust_env = False
    if credentials.token:
        session.headers["Authorization"] = f"Bearer {credentials.token}"
    elif credentials.user:
        session.auth = (credentials.user, credentials.password)
    if tls.authority is not None:
        session.verify = str(tls.authority)
    if tls.certificate is not None:
        pair = (str(tls.certificate), str(tls.private_key or tls.certificate))
        session.cert = pair
    session.request = guarded(session.request)  # type: ignore[method-assign]
    client = DICOMwebClient(url.rstrip("/"), session=session)
    client.set_http_retry_params(retry=False)  # with_retries decides, for both protocols
    return client
