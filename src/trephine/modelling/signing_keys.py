"""Keys that sign bundles: Ed25519 (RFC 8032) in PEM files, kept from everyone but their owner."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from trephine.errors import InputError, MissingExtraError

if TYPE_CHECKING:  # an optional part
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# A key in PEM has some hundred bytes.
_LONGEST_FILE = 16 << 10
_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")


def require_cryptography(what: str) -> None:
    """Refuse to go on without the library.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    except ImportError:
        raise MissingExtraError(what, "sign") from None


def public_file(key: Path) -> Path:
    """Return where the public half of a new key is written."""
    return key.with_name(key.name + ".pub")


def new_key(path: Path) -> Ed25519PrivateKey:
    """Make a key: the secret half at ``path``, for its owner alone, the public half beside it.

    Raises
    ------
    InputError
        If a file is there already.
    MissingExtraError
        If ``cryptography`` is not installed.
    """
    require_cryptography("Signing a bundle")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    there = [one.name for one in (path, public_file(path)) if os.path.lexists(one)]
    if there:
        raise InputError(
            f"key: expected no file where the new key goes, found {' and '.join(there)}; leave out"
            " --new-key to use that key, or name another file"
        )
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(path, secret, 0o600)
    _write_new(public_file(path), shown, 0o644)
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    # Never readable by others, not even for the moment before a chmod.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise InputError(f"key: {path.name} cannot be written ({error.strerror})") from None


def secret_key(path: Path) -> Ed25519PrivateKey:
    """Read the key to sign with.

    Raises
    ------
    InputError
        If others may read it, or it is no Ed25519 key in PEM without a passphrase.
    MissingExtraError
        If ``cryptography`` is not installed.
    """
    require_cryptography("Signing a bundle")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(path, secret=True)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        raise InputError(
            f"key: expected one without a passphrase in {path.name}, found one with it; write it"
            " without (openssl pkey), to a file that only you can read"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            f"key: expected a secret Ed25519 key (PEM) in {path.name}, found something else;"
            " --new-key makes one"
        )
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the sha256 of a public key's 32 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def signer_fingerprint(text: str) -> str:
    """Return the fingerprint that a user demands: stated, or that of a public key's file.

    Raises
    ------
    InputError
        If it is neither.
    MissingExtraError
        If it is a file and ``cryptography`` is not installed.
    """
    if _FINGERPRINT.fullmatch(text):
        return text.lower()
    path = Path(text)
    if not os.path.isfile(path):  # which also says no to a text that no path can be
        raise InputError(
            "signer: expected a fingerprint of 64 hexadecimal digits or the file of a public key,"
            " found neither"
        )
    require_cryptography("Reading a public key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path, secret=False))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(
            f"signer: expected a public Ed25519 key (PEM) in {path.name}, found something else"
        )
    return fingerprint(key)


def _read(path: Path, *, secret: bool) -> bytes:
    what = "key" if secret else "signer"
    try:
        # Opened at once and looked at as it is open: what lies at a path may change in between.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise InputError(f"{what}: expected a file, found something else: {path.name}")
            if secret and os.name == "posix" and state.st_mode & 0o077:
                raise InputError(
                    f"key: expected one that only its owner can read, found {path.name} with mode"
                    f" {stat.S_IMODE(state.st_mode):04o}; chmod 600 it, and make a new key if"
                    " others may have read this one"
                )
            return file.read(_LONGEST_FILE)
    except OSError as error:
        advice = "; --new-key makes one" if secret and error.errno == errno.ENOENT else ""
        raise InputError(f"{what}: {path.name} cannot be read ({error.strerror}){advice}") from None
