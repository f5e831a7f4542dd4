"""The secret that makes pseudonyms repeatable: one key, one pseudonym, whoever runs it and when."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.uid import UID

from trephine.errors import InputError

_SHORTEST_BYTES = 16
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
        if UID(uid).name != uid:
            return uid
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
        If the file cannot be read or written, or holds fewer than 16 bytes.
    """
    try:
        if not path.exists():
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_hex(32) + "\n")
        return PseudonymKey(path.read_bytes().strip())
    except OSError as error:
        raise InputError(f"key file: cannot be used: {error.strerror}") from error
