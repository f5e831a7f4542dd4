"""TLS in both directions: towards the archive, and from it when it sends after C-MOVE."""

from __future__ import annotations

import ssl

from trephine.errors import InputError
from trephine.imaging.pacs.credentials import Tls


def outgoing_context(tls: Tls) -> ssl.SSLContext:
    """Return the settings for our connections: the archive must show a certificate we trust.

    Raises
    ------
    InputError
        If a certificate file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=_text(tls.authority))
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.private_key)
    except (OSError, ValueError) as error:
        raise _unusable(error) from None
    return context


def incoming_context(tls: Tls) -> ssl.SSLContext:
    """Return the settings for the archive's connections to us.

    Raises
    ------
    InputError
        If there is no certificate of ours, or one that cannot be used.
    """
    if tls.certificate is None:
        raise InputError(
            "archive: expected a certificate of this side, found none; images that come by C-MOVE"
            " over TLS need one (--certificate), or fetch by C-GET (without --move-port)"
        )
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=_text(tls.authority))
        context.load_cert_chain(tls.certificate, tls.private_key)
    except (OSError, ValueError) as error:
        raise _unusable(error) from None
    if tls.incoming == "certified":
        if tls.authority is None:
            context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _text(path: object) -> str | None:
    return None if path is None else str(path)


def _unusable(error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "no PEM"
    return InputError(f"archive: the certificate or authority file cannot be used: {reason}")
