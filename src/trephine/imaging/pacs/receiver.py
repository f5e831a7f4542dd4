"""The port to which an archive sends after C-MOVE: what is awaited, from whom it was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pydicom.dataset import Dataset

from trephine.errors import ArchiveError

MAX_BYTES = 1 << 31  # of one image, as it comes
_HANDSHAKE_SECONDS = 10.0
_MOST_CONNECTIONS = 4
_SMALL_TALK = 1 << 20  # bytes of negotiation, and of what is not awaited

# PS3.7 C-STORE status codes.
_DONE, _NOT_AUTHORISED, _OUT_OF_RESOURCES, _NOT_UNDERSTOOD = 0x0000, 0x0124, 0xA700, 0xC210


class _Entity(Protocol):
    def start_server(self, *arguments: Any, **options: Any) -> Any:
        """As pynetdicom's AE."""


class Inbox:
    """Holds the one image that is awaited; everything else is refused and not kept.

    Parameters
    ----------
    most_bytes
        Of one image.
    """

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._awaited = ""
        self._received: Dataset | None = None

    @contextmanager
    def awaiting(self, uid: str) -> Iterator[None]:
        """Let one image in while the block runs."""
        with self._lock:
            self._awaited, self._received = uid, None
        try:
            yield
        finally:
            with self._lock:
                self._awaited = ""

    def take(self) -> Dataset | None:
        """Return what came, once."""
        with self._lock:
            found, self._received = self._received, None
        return found

    def store(self, event: Any) -> int:
        """Handle C-STORE; return its status.

        What is not awaited is refused before it is parsed.
        """
        uid = str(getattr(event.request, "AffectedSOPInstanceUID", "") or "")
        with self._lock:
            if not uid or uid != self._awaited or self._received is not None:
                return _NOT_AUTHORISED
        if _size(event) > self._most_bytes:
            return _OUT_OF_RESOURCES
        try:
            dataset: Dataset = event.dataset
            dataset.file_meta = event.file_meta
            if str(dataset.SOPInstanceUID) != uid:
                return _NOT_UNDERSTOOD
        except Exception:  # a data set that cannot be read is refused, not half-kept
            return _NOT_UNDERSTOOD
        with self._lock:
            if uid != self._awaited or self._received is not None:
                return _NOT_AUTHORISED
            self._received = dataset
        event.assoc._trephine_bytes = 0
        return _DONE

    def watch(self, event: Any) -> None:
        """Handle data that comes in: end a connection that brings more than one image may have."""
        association = event.assoc
        with self._lock:
            most = _SMALL_TALK + (self._most_bytes if self._awaited else 0)
        total = getattr(association, "_trephine_bytes", 0) + len(event.data)
        association._trephine_bytes = total
        if total > most:
            association.abort(block=False)


def open_port(
    entity: _Entity,
    inbox: Inbox,
    place: tuple[str, int],
    allowed: frozenset[str],
    context: ssl.SSLContext | None,
    events: Any,
) -> Any:
    """Listen for images.

    Parameters
    ----------
    entity
        pynetdicom's application entity, with its titles and contexts.
    inbox
        Where images go.
    place
        Address and port.
    allowed
        Addresses from which connections are taken; others are closed before a byte is read.
    context
        For TLS; None for a plain connection.
    events
        pynetdicom's ``evt``.

    Raises
    ------
    ArchiveError
        If the port cannot be opened.
    """
    entity.maximum_associations = _MOST_CONNECTIONS  # type: ignore[attr-defined]
    try:
        server = entity.start_server(
            place,
            block=False,
            ssl_context=context,
            evt_handlers=[
                (events.EVT_C_STORE, inbox.store),
                (events.EVT_DATA_RECV, inbox.watch),
            ],
        )
    except OSError as error:
        raise ArchiveError(
            f"archive: port {place[1]} cannot be opened here: {error.strerror}"
        ) from error
    server.get_request = lambda: _accepted(server.socket, allowed, context)
    return server


def addresses_of(host: str) -> frozenset[str]:
    """Return the addresses of a host, as a connection from it shows them.

    Raises
    ------
    ArchiveError
        If the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise ArchiveError("archive: its host name is not known here") from None
    return frozenset(str(item[4][0]) for item in found)


def interface_towards(host: str, port: int) -> str:
    """Return the address of this machine's interface that leads to a host.

    For a host on this machine that is the loopback. Nothing is sent.

    Raises
    ------
    ArchiveError
        If the name is not known or no interface leads there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError:
        raise ArchiveError(
            "archive: no interface of this machine leads to it; name one with --receive-host"
        ) from None


def _accepted(
    listening: socket.socket, allowed: frozenset[str], context: ssl.SSLContext | None
) -> tuple[socket.socket, Any]:
    """Accept a connection; an OSError makes the server forget it and go on listening."""
    connection, address = listening.accept()
    if str(address[0]).removeprefix("::ffff:") not in allowed:
        connection.close()
        raise OSError("a connection from elsewhere")
    if context is None:
        return connection, address
    connection.settimeout(_HANDSHAKE_SECONDS)
    try:
        secured = context.wrap_socket(connection, server_side=True)
    except (OSError, ValueError):
        connection.close()
        raise OSError("no handshake") from None
    secured.settimeout(None)
    return secured, address


def _size(event: Any) -> int:
    content = getattr(event.request, "DataSet", None)
    return content.getbuffer().nbytes if content is not None else 0
