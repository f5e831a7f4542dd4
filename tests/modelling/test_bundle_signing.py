"""A signed bundle says whose it is, and any change after signing is refused, checksums or not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from trephine.errors import BundleError, InputError, MissingExtraError
from trephine.modelling.bundle import Bundle, read_bundle, sign_bundle, write_bundle
from trephine.modelling.bundle_signing import canonical_text
from trephine.modelling.prediction import Predictor
from trephine.modelling.signing_keys import new_key, public_file, signer_fingerprint

NOTHING = Predictor({}, {}, None, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bundle(Bundle(NOTHING, {"a": 1}, "# Card\n"), tmp_path / "model")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_key(tmp_path / "key.pem")
    return tmp_path / "key.pem"


def packed(folder: Path, inside: str = "") -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as out:
        for file in folder.iterdir():
            out.write(file, inside + file.name)
    return archive


def forge(folder: Path) -> None:
    """Change a number and write the checksums anew, as whoever forges a bundle can."""
    context = folder / "context.json"
    context.write_text(context.read_text().replace("1", "2"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["context.json"] = hashlib.sha256(context.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_signed_folder_names_its_signer_and_reads_as_before(folder: Path, key: Path) -> None:
    assert read_bundle(folder).signed_by is None
    found = sign_bundle(folder, key)
    again = read_bundle(folder, found)
    assert (again.signed_by, again.context, again.card) == (found, {"a": 1}, "# Card\n")
    assert signer_fingerprint(str(public_file(key))) == found == signer_fingerprint(found.upper())
    assert sorted(p.name for p in folder.parent.iterdir()) == ["key.pem", "key.pem.pub", "model"]


@pytest.mark.parametrize("inside", ["", "model/"])
def test_a_zip_is_signed_where_it_lies_and_unpacks_to_a_signed_folder(
    folder: Path, key: Path, inside: str
) -> None:
    archive = packed(folder, inside)
    for _ in range(2):  # the second signature takes the first one's place
        found = sign_bundle(archive, key)
        assert read_bundle(archive).signed_by == found
    with zipfile.ZipFile(archive) as content:
        assert f"{inside}signature.json" in content.namelist()
        content.extractall(folder.parent / "out")
    assert read_bundle(folder.parent / "out" / inside).signed_by == found
    sign_bundle(folder, key)
    assert read_bundle(packed(folder)).signed_by == found


@pytest.mark.parametrize("how", ["folder", "zip"])
def test_a_forged_bundle_with_right_checksums_is_refused(folder: Path, key: Path, how: str) -> None:
    forge(folder)
    assert read_bundle(folder).context == {"a": 2}  # which is what checksums alone cannot tell
    sign_bundle(folder, key)
    forge_again = folder / "MODEL_CARD.md"
    forge_again.write_text("# Better card\n")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["MODEL_CARD.md"] = hashlib.sha256(forge_again.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="altered after it was signed"):
        read_bundle(folder if how == "folder" else packed(folder))


def test_a_byte_of_any_part_of_the_signature_matters(folder: Path, key: Path) -> None:
    sign_bundle(folder, key)
    file = folder / "signature.json"
    whole = json.loads(file.read_text())
    for part in ("public_key", "signature"):
        for digit in (0, len(whole[part]) // 2, -1):
            text = list(whole[part])
            text[digit] = "0" if text[digit] != "0" else "1"
            file.write_text(json.dumps({**whole, part: "".join(text)}))
            with pytest.raises(BundleError, match="does not fit"):
                read_bundle(folder)
    changes: list[dict[str, object]] = [
        {"format": "other"}, {"version": 2}, {"algorithm": "none"}, {"signature": ""},
        {"signature": None}, {"public_key": 1}, {"public_key": "zz" * 32},
    ]  # fmt: skip
    for change in changes:
        file.write_text(json.dumps({**whole, **change}))
        with pytest.raises(BundleError, match="signature"):
            read_bundle(folder)
    for content in (b"", b"{}", b"[]", b"\xff", b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(BundleError):
            read_bundle(folder)


def test_the_signature_of_one_bundle_is_none_of_another(folder: Path, key: Path) -> None:
    sign_bundle(folder, key)
    other = write_bundle(Bundle(NOTHING, {"a": 3}, "# Card\n"), folder.parent / "other")
    shutil.copy(folder / "signature.json", other)
    with pytest.raises(BundleError, match="does not fit"):
        read_bundle(other)


def test_what_is_signed_covers_every_file_and_the_version_and_is_one_text(folder: Path) -> None:
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    text = canonical_text(files, 2)
    assert canonical_text(dict(reversed(files.items())), 2) == text
    assert canonical_text({**files, "signature.json": b"x"}, 2) == text
    others = [canonical_text({**files, name: b"x"}, 2) for name in files]
    others += [canonical_text(files, 3), canonical_text({**files, 'a","b': b""}, 2)]
    assert len({text, *others}) == 1 + len(others)


def test_a_demanded_signer_is_held_to(folder: Path, key: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "other.pem")
    mine = signer_fingerprint(str(public_file(key)))
    with pytest.raises(BundleError, match=f"signature of {mine}, found none"):
        read_bundle(folder, mine)
    other = sign_bundle(folder, tmp_path / "other.pem")
    with pytest.raises(BundleError, match=f"signature of {mine}, found that of {other}"):
        read_bundle(folder, mine)


def test_writing_a_model_again_over_a_signed_one_leaves_no_old_signature(
    folder: Path, key: Path
) -> None:
    sign_bundle(folder, key)
    write_bundle(read_bundle(folder), folder)
    assert read_bundle(folder).signed_by is None
    assert not (folder / "signature.json").exists()


def test_a_damaged_bundle_is_not_signed_and_no_key_is_made(folder: Path, tmp_path: Path) -> None:
    (folder / "context.json").write_text("{}")
    with pytest.raises(BundleError, match="altered"):
        sign_bundle(folder, tmp_path / "key.pem", "new")
    assert not (tmp_path / "key.pem").exists()


def test_a_new_key_is_its_owners_alone_and_never_written_over(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    before = os.umask(0)
    try:
        found = sign_bundle(folder, path, "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public_file(path).read_bytes()
    content = path.read_bytes()
    with pytest.raises(InputError, match=r"found key\.pem and key\.pem\.pub; leave out --new-key"):
        sign_bundle(folder, path, "new")
    assert (path.read_bytes(), read_bundle(folder).signed_by) == (content, found)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_that_others_can_reach_is_refused(folder: Path, key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(InputError, match=f"with mode {mode:04o}; chmod 600"):
        sign_bundle(folder, key)
    assert read_bundle(folder).signed_by is None


def test_a_key_inside_the_bundle_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="outside the bundle"):
        sign_bundle(folder, folder / "key.pem", "new")
    read_bundle(folder)


def pem(kind: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "other kind" else None
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if kind == "passphrase":
        how = serialization.BestAvailableEncryption(b"secret")
    if kind == "text":
        return b"not a key"
    return (key or ed25519.Ed25519PrivateKey.generate()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "expected a secret Ed25519 key"),
        ("other kind", "expected a secret Ed25519 key"),
        ("passphrase", "without a passphrase"),
        ("absent", "--new-key makes one"),
        ("folder", "key"),
    ],
)
def test_what_is_no_key_is_refused_in_words(
    folder: Path, tmp_path: Path, kind: str, message: str
) -> None:
    path = tmp_path / "key.pem"
    if kind == "folder":
        path.mkdir()
    elif kind != "absent":
        path.write_bytes(pem(kind))
        path.chmod(0o600)
    with pytest.raises(InputError, match=message):
        sign_bundle(folder, path)


def test_a_signer_is_a_whole_fingerprint_or_a_public_key(tmp_path: Path, key: Path) -> None:
    (tmp_path / "text").write_text("x")
    for text in ("", "ab" * 31, "g" * 64, "x" * 5000, "a\0b", str(tmp_path), str(tmp_path / "no")):
        with pytest.raises(InputError, match="found neither"):
            signer_fingerprint(text)
    for file in (key, tmp_path / "text"):  # not the secret key either
        with pytest.raises(InputError, match="expected a public Ed25519 key"):
            signer_fingerprint(str(file))


def test_without_the_library_a_signature_is_not_passed_over(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsigned = packed(folder)
    found = sign_bundle(folder, key)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    assert read_bundle(unsigned).signed_by is None
    for call in (
        lambda: read_bundle(folder),
        lambda: sign_bundle(unsigned, key),
        lambda: sign_bundle(unsigned, key.with_name("new"), "new"),
        lambda: signer_fingerprint(str(public_file(key))),
    ):
        with pytest.raises(MissingExtraError, match=r"trephine\[sign\]"):
            call()
    assert signer_fingerprint(found) == found
