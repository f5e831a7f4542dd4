"""How the server is run, checked before it starts."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from trephine.errors import InputError

TOKEN_VARIABLE = "TREPHINE_SERVE_TOKEN"  # noqa: S105 - the name of a variable, not a token
# A token that can be guessed is none: 24 letters of a password manager are more than 128 bits.
_SHORTEST_TOKEN = 24
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class ServeSettings:
    """What the server is held to.

    Attributes
    ----------
    host, port
        Address that it binds.
    names
        Hosts that a request may name, without ports.
    token
        What a client has to show; empty where only this computer can connect.
    scheme
        How browsers reach it: cookies are sent over TLS alone where that is "https".
    upload_bytes, body_bytes
        Largest request with files, and without.
    at_once, waiting
        Predictions from radiographs at one time, and requests that may wait for their turn.
    seconds, memory_bytes
        What each of them may take.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = _LOOPBACK_NAMES
    token: str = ""
    scheme: str = "http"
    upload_bytes: int = 64 << 20
    body_bytes: int = 1 << 18
    at_once: int = 2
    waiting: int = 8
    seconds: float = 120.0
    memory_bytes: int = 6 << 30


def is_loopback(host: str) -> bool:
    """Return whether only this computer can connect to an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(file: Path | None) -> str:
    """Return the token of a file, or of the environment; empty where there is none.

    Raises
    ------
    InputError
        If it is too short, or others can read the file.
    """
    if file is None:
        token, where = os.environ.get(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE
    else:
        token, where = file.read_text(encoding="utf-8").strip(), "--token-file"
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise InputError(
                "--token-file: expected a file that only you can read, found one that others can"
                f" read too; chmod 600 {file.name}"
            )
    if token and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise InputError(
            f"{where}: expected a token of {_SHORTEST_TOKEN} plain letters or more, found"
            f' {len(token)}; make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return token


def hosts_of(host: str, names: tuple[str, ...], token: str) -> tuple[str, ...]:
    """Return the hosts that requests may name.

    Raises
    ------
    InputError
        If others than this computer can connect, and no token or no name is given.
    """
    if is_loopback(host) and not names:
        return _LOOPBACK_NAMES
    problems = []
    if not token and not is_loopback(host):
        problems.append(
            f"a token (--token-file, or {TOKEN_VARIABLE} in the environment), as others can"
            " connect to this address"
        )
    if not token and names and is_loopback(host):
        problems.append(
            f"a token (--token-file, or {TOKEN_VARIABLE} in the environment), as --name means that"
            " others reach it through a proxy"
        )
    if not names:
        problems.append("the host that browsers name (--name), such as models.hospital.example")
    if problems:
        raise InputError(f"serve: expected {' and '.join(problems)}, found none")
    own = _LOOPBACK_NAMES if is_loopback(host) else ()
    return (*(name.lower() for name in names), *own)
