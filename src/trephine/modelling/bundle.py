"""A locked model on disk: a folder (or .zip) of numbers whose every byte is accounted for."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trephine.deep.last_block import block_to_bytes
from trephine.errors import BundleError, InputError
from trephine.modelling.bundle_content import predictor_from_json, predictor_to_json
from trephine.modelling.bundle_files import add_file, by_desktop, parse_json, read_files, text_of
from trephine.modelling.bundle_signing import SIGNATURE, demand_signer, signature_of, signed_by
from trephine.modelling.prediction import Predictor
from trephine.modelling.refit_content import refits_from_parts, refits_to_parts
from trephine.modelling.refits import Refits
from trephine.modelling.signing_keys import fingerprint, new_key, secret_key

FORMAT = "trephine-bundle"
# 5: refits to bootstrap samples; 4: deciles of the linear predictor; 3: a typed context with the
# nomograms; 2: centre effects.
VERSION: Literal[5] = 5

MANIFEST = "manifest.json"
PREDICTOR = "predictor.json"
CONTEXT = "context.json"
CARD = "MODEL_CARD.md"
# The recipe refitted to bootstrap samples, where the study made any: models, and arrays by feature.
REFITS = "refits.json"
REFIT_NUMBERS = "refits.safetensors"
# The trained last block of a feature set's network, where there is one.
BLOCK = "{}-last-block.safetensors"


@dataclass(frozen=True)
class Bundle:
    """A locked model.

    Attributes
    ----------
    predictor
        Signatures, encoding and models.
    context
        What else predicting needs and a reader should know, as plain JSON values;
        ``trephine.study.locked.context`` knows their types.
    card
        The model card, as Markdown.
    signed_by
        Fingerprint of the key whose signature was found right when it was read; None without one.
        Writing a bundle does not sign it.
    refits
        Of the recipe to bootstrap samples; None where the study made or kept none.
    """

    predictor: Predictor
    context: Mapping[str, Any]
    card: str
    signed_by: str | None = None
    refits: Refits | None = None


def write_bundle(bundle: Bundle, folder: Path) -> Path:
    """Write a bundle; the folder appears whole or not at all.

    Raises
    ------
    BundleError
        If something that is no bundle is in the way.
    """
    # As bytes: text would get Windows' line ends, and another sha256, on Windows.
    files = {
        PREDICTOR: _dumps(predictor_to_json(bundle.predictor)).encode(),
        CONTEXT: _dumps(dict(bundle.context)).encode(),
        CARD: bundle.card.encode(),
        **{BLOCK.format(k): block_to_bytes(b) for k, b in bundle.predictor.blocks.items()},
    }
    if bundle.refits is not None:
        models, numbers = refits_to_parts(bundle.refits)
        files |= {REFITS: _compact(models).encode(), REFIT_NUMBERS: numbers}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": {name: _sha256(content) for name, content in files.items()},
    }
    files[MANIFEST] = _dumps(manifest).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as draft:
        whole = Path(draft) / "bundle"
        whole.mkdir()
        for name, content in files.items():
            (whole / name).write_bytes(content)
        _clear_the_way(folder, {*files, REFITS, REFIT_NUMBERS, SIGNATURE})
        os.replace(whole, folder)
    return folder


def read_bundle(path: Path, signer: str | None = None) -> Bundle:
    """Read a bundle, a folder or a .zip of one; no code in it is ever run.

    Parameters
    ----------
    path
        Of the bundle.
    signer
        Fingerprint of the key that must have signed it; None takes unsigned ones too.

    Raises
    ------
    BundleError
        If a file is missing, altered or unexpected, the bundle is of another version, its
        signature does not fit it, or it lacks the one that is demanded.
    MissingExtraError
        If it is signed and ``cryptography`` is not installed.
    """
    return _bundle_of(read_files(path), signer)


def _bundle_of(files: Mapping[str, bytes], signer: str | None) -> Bundle:
    _check_files(files)
    found = signed_by(files, VERSION)
    if signer is not None:
        demand_signer(found, signer)
    predictor = _parse(files, PREDICTOR)
    blocks = {
        name: files[BLOCK.format(name)]
        for name in predictor.get("blocks", {})
        if BLOCK.format(name) in files
    }
    read = predictor_from_json(predictor, blocks)
    return Bundle(
        predictor=read,
        context=_parse(files, CONTEXT),
        card=text_of(files[CARD], CARD),
        signed_by=found,
        refits=_refits_of(files, read),
    )


def _refits_of(files: Mapping[str, bytes], predictor: Predictor) -> Refits | None:
    """Return the refits that a bundle holds, each with the predictor's models and no other."""
    if REFITS not in files:
        return None
    refits = refits_from_parts(_parse(files, REFITS), files[REFIT_NUMBERS], predictor.variables)
    if any(set(form.models) != set(predictor.models) for form in refits.forms):
        raise BundleError("bundle: expected refits of its models, found others; it is not whole")
    return refits


def sign_bundle(path: Path, key_file: Path, key: Literal["existing", "new"] = "existing") -> str:
    """Sign a bundle, a folder or a .zip of one, and return the key's fingerprint.

    An earlier signature gives way.

    Parameters
    ----------
    path
        Of the bundle.
    key_file
        Secret key; its owner alone can read it.
    key
        Whether it is there, or is made first, with the public key beside it.

    Raises
    ------
    BundleError
        If the bundle is refused; then no key is made.
    InputError
        If the key is refused.
    MissingExtraError
        If ``cryptography`` is not installed.
    """
    if path.is_dir() and path.resolve() in key_file.resolve().parents:
        raise InputError("key: expected a file outside the bundle, found one that would go with it")
    files = read_files(path)
    _bundle_of(files, None)
    secret = new_key(key_file) if key == "new" else secret_key(key_file)
    add_file(path, SIGNATURE, signature_of(files, VERSION, secret))
    return fingerprint(secret.public_key())


def _check_files(files: Mapping[str, bytes]) -> None:
    manifest = _parse(files, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleError(f"bundle: expected format {FORMAT!r}, found {manifest.get('format')!r}")
    if manifest.get("version") != VERSION:
        raise BundleError(
            f"bundle: expected version {VERSION}, found {manifest.get('version')!r}; it was written"
            " by another version of Trephine, use that one or fit the model again"
        )
    _check_sums(files, manifest.get("sha256"))


def _check_sums(files: Mapping[str, bytes], sums: Any) -> None:
    fixed = {PREDICTOR, CONTEXT, CARD}
    if not isinstance(sums, dict) or not fixed <= set(sums) or not _optional(set(sums) - fixed):
        raise BundleError("bundle: the manifest does not list the bundle's files")
    for name, expected in sums.items():
        if name not in files:
            raise BundleError(f"bundle: expected a file {name}, found none; it is incomplete")
        if _sha256(files[name]) != expected:
            raise BundleError(f"bundle: {name} was altered after it was written (sha256 differs)")
    unknown = sorted(set(files) - {MANIFEST, SIGNATURE, *sums})
    if unknown:
        raise BundleError(f"bundle: expected no other file, found {unknown[:3]}")


def _optional(names: set[str]) -> bool:
    """Say whether these are what only some bundles hold: refits, both files or none, and blocks."""
    refits = {REFITS, REFIT_NUMBERS}
    blocks = names - refits
    whole = names & refits in (set(), refits)
    return whole and all(fnmatch.fnmatch(name, BLOCK.format("*")) for name in blocks)


def _parse(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in files:
        raise BundleError(f"bundle: expected a file {name}, found none; it is incomplete")
    return parse_json(files[name], name)


def _clear_the_way(folder: Path, names: set[str]) -> None:
    """Remove an earlier bundle; anything else in the way is left alone and reported."""
    if not folder.exists():
        return
    there = [entry.name for entry in folder.iterdir()] if folder.is_dir() else [""]
    if any(name not in names and not by_desktop(name) for name in there):
        raise BundleError(f"bundle: {folder.name} exists and is not a bundle; choose another place")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _dumps(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
