"""User and password of an archive: from the environment or the keyring, never from a plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from trephine.choices import Incoming
from trephine.errors import InputError

USER, PASSWORD, TOKEN = "TREPHINE_PACS_USER", "TREPHINE_PACS_PASSWORD", "TREPHINE_PACS_TOKEN"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Credentials:
    """What an archive asks for; never shown.

    Attributes
    ----------
    user, password
        HTTP basic authentication; "" where there is none.
    token
        Bearer token; goes before user and password.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.token)


@dataclass(frozen=True)
class Tls:
    """How the archive's certificate is checked.

    Attributes
    ----------
    authority
        PEM file of the hospital's own certificate authority; None for the system's.
    certificate, private_key
        PEM files of this side, where the archive asks for them, or sends images to us.
    incoming
        Who may send images to us: "certified", who shows a certificate of the authority;
        "anyone", for archives that show none.
    """

    authority: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    incoming: Incoming = "certified"


def find_credentials(place: str) -> Credentials:
    """Return the credentials for an archive.

    The environment (TREPHINE_PACS_TOKEN, or TREPHINE_PACS_USER and TREPHINE_PACS_PASSWORD) goes
    before the keyring (service "trephine", user name and password stored under ``place``).

    Raises
    ------
    InputError
        If there is a user and no password.
    """
    token, user = os.environ.get(TOKEN, ""), os.environ.get(USER, "")
    if token:
        return Credentials(token=token)
    if user:
        password = os.environ.get(PASSWORD) or _from_keyring(place, user)
        if not password:
            raise InputError(
                f"archive: expected a password in {PASSWORD} or in the keyring under service"
                " 'trephine', found none"
            )
        return Credentials(user, password)
    return Credentials()


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host.strip("[]").lower() in _LOOPBACK


def _from_keyring(place: str, user: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password("trephine", f"{user}@{place}") or ""
    except KeyringError:  # a machine without a keyring service
        return ""
