"""Who answers for a bundle: an Ed25519 signature (RFC 8032) over the digests of all its files.

Checksums inside a bundle show damage; whoever forges a bundle writes new ones. A signature can be
made by the owner of the key alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trephine.errors import BundleError
from trephine.modelling.bundle_files import parse_json
from trephine.modelling.signing_keys import fingerprint, require_cryptography

if TYPE_CHECKING:  # an optional part
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "signature.json"
FORMAT = "trephine-bundle-signature"
VERSION = 1
ALGORITHM = "Ed25519"

NOT_SIGNED = "Not signed: its checksums show damage, not forgery."


def told(signed_by: str | None) -> str:
    """Return the line that says who signed a bundle."""
    return NOT_SIGNED if signed_by is None else f"Signed by {signed_by}."


def canonical_text(files: Mapping[str, bytes], bundle_version: int) -> bytes:
    """Return what is signed: the bundle's version and the sha256 of every file but the signature.

    JSON in ASCII, keys sorted, no blanks: one text for one bundle, be it a folder or an archive.
    """
    digests = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != SIGNATURE
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "bundle_version": bundle_version,
        "sha256": digests,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def signature_of(files: Mapping[str, bytes], bundle_version: int, key: Ed25519PrivateKey) -> bytes:
    """Return the signature file of a bundle's files."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "algorithm": ALGORITHM,
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(canonical_text(files, bundle_version)).hex(),
    }
    return (json.dumps(content, indent=1) + "\n").encode("ascii")


def signed_by(files: Mapping[str, bytes], bundle_version: int) -> str | None:
    """Return the fingerprint of the key that signed a bundle's files; None without a signature.

    Raises
    ------
    BundleError
        If the signature is not one of these files by the key that it names, or is of a kind that
        this version does not know.
    MissingExtraError
        If there is one and ``cryptography`` is not installed: it is not passed over unchecked.
    """
    if SIGNATURE not in files:
        return None
    content = parse_json(files[SIGNATURE], SIGNATURE)
    for part, expected in (("format", FORMAT), ("version", VERSION), ("algorithm", ALGORITHM)):
        if content.get(part) != expected:
            raise BundleError(
                f"bundle: expected a signature of {part} {expected!r}, found another; it is of"
                " another version of Trephine, or was altered"
            )
    public, signature = _bytes(content, "public_key", 32), _bytes(content, "signature", 64)
    require_cryptography("Checking a bundle's signature")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, canonical_text(files, bundle_version))
    except (InvalidSignature, ValueError):
        raise BundleError(
            "bundle: expected the signature of these files, found one that does not fit them; it"
            " was altered after it was signed. Do not use it: get it again from its signer"
        ) from None
    return fingerprint(key)


def demand_signer(found: str | None, expected: str) -> None:
    """Refuse a bundle that is not signed by the expected key.

    Raises
    ------
    BundleError
        If it is not signed, or by another.
    """
    if found != expected:
        other = "none" if found is None else f"that of {found}"
        raise BundleError(f"bundle: expected the signature of {expected}, found {other}")


def _bytes(content: Mapping[str, Any], part: str, length: int) -> bytes:
    text = content.get(part)
    if not isinstance(text, str) or not re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text):
        raise BundleError(
            f"bundle: expected {2 * length} hexadecimal digits as {part} of the signature, found"
            " something else; it was altered"
        )
    return bytes.fromhex(text)
