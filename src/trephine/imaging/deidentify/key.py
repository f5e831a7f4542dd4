"""The secret that makes pseudonyms repeatable: one key, one pseudonym, whoever runs it and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.config import IGNORE
from pydicom.uid import UID

from trephine.errors import InputError
from trephine.paths import open_regular

_SHORTEST_BYTES = 16
_RANDOM_BYTES = 32
_DISTINCT_BYTES = 20  # of 32; 30 are expected
_LONGEST_SHIFT_DAYS = 3650


@dataclass(frozen=True)
class PseudonymKey:
    """Turns identifiers into pseudonyms by HMAC-SHA256; without the key none can be traced back.

    Attributes
    ----------
    secret
        At least 16 bytes; never shown.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < _SHORTEST_BYTES:
            raise InputError(
                f"key: expected at least {_SHORTEST_BYTES} bytes, found {len(self.secret)};"
                " name a file that does not exist yet and Trephine makes one"
            )

    def patient(self, patient_id: str) -> str:
        """Return the pseudonym of a patient, "T" and 16 hexadecimal digits."""
        return "T" + self._digest("patient", patient_id.strip()).hex()[:16]

    def uid(self, uid: str) -> str:
        """Return the replacement of a UID, under 2.25 (PS3.5 annex B).

        UIDs of the standard itself (SOP classes, transfer syntaxes) stay as they are.
        """
        return uid if UID(uid, validation_mode=IGNORE).name != uid else self.instance(uid)

    def instance(self, uid: str) -> str:
        """Return the replacement of a UID that names a thing, whatever it is."""
        return "2.25." + str(int.from_bytes(self._digest("uid", uid)[:16], "big"))

    def days_back(self, patient_id: str) -> int:
        """Return how many days a patient's dates move back, 1 to 3650; the same for all of them."""
        number = int.from_bytes(self._digest("date", patient_id.strip())[:8], "big")
        return 1 + number % _LONGEST_SHIFT_DAYS

    def fingerprint(self, content: bytes) -> str:
        """Return a keyed fingerprint of a file, 16 hexadecimal digits."""
        return hmac.new(self.secret, b"file\0" + content, hashlib.sha256).hexdigest()[:16]

    def _digest(self, purpose: str, value: str) -> bytes:
        message = f"{purpose}\0{value}".encode()
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def read_or_make_key(path: Path) -> PseudonymKey:
    """Read a key file, or make one that only its owner can read.

    Raises
    ------
    InputError
        If the file cannot be read or written, is open to others, or holds less than 32 random
        bytes (as they are, in hexadecimal digits or in base64).
    """
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        with open_regular(path) as file:
            content = file.read()
    except OSError as error:
        raise InputError(f"key file: cannot be used: {error.strerror}") from error
    if os.name == "posix" and mode & 0o077:
        raise InputError(
            f"key file: expected one that only its owner can read, found mode {mode:03o}; run"
            " chmod 600 on it, and if others may have read it, make a new key and start anew"
        )
    secret = content.strip() if content.isascii() else content
    _check_strength(secret)
    return PseudonymKey(secret)


def _make(path: Path) -> None:
    """Write a new key; a link, or a file that another process makes meanwhile, is an error."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(secrets.token_hex(_RANDOM_BYTES) + "\n")


def _check_strength(secret: bytes) -> None:
    """Refuse what can be guessed: anyone could then try every patient ID."""
    random = _decoded(secret)
    steps = {(two - one) % 256 for one, two in itertools.pairwise(random)}
    if len(random) < _RANDOM_BYTES or len(set(random)) < _DISTINCT_BYTES or len(steps) < 4:
        raise InputError(
            f"key file: expected {_RANDOM_BYTES} random bytes, found fewer or some that can be"
            " guessed; name a file that does not exist yet and Trephine makes a key"
        )


def _decoded(secret: bytes) -> bytes:
    """Return the bytes behind hexadecimal digits or base64; b"" for other text."""
    if not secret.isascii() or not secret.decode("ascii").isprintable():
        return secret
    try:
        return bytes.fromhex(secret.decode("ascii"))
    except ValueError:
        pass
    try:
        return base64.b64decode(
            secret, altchars=b"-_" if set(secret) & set(b"-_") else None, validate=True
        )
    except ValueError:
        return b""
