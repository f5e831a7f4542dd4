"""The models that a server offers, opened once, each under an address of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trephine.errors import InputError
from trephine.serve.settings import ServeSettings
from trephine.study.locked import (
    Apart,
    ApartLimits,
    CalculatorContent,
    LockedModel,
    calculator_content,
    read_model,
)

_LONGEST_ADDRESS = 60


@dataclass(frozen=True)
class ServedModel:
    """One model.

    Attributes
    ----------
    address
        Its part of an address: letters, digits and hyphens.
    locked
        The model.
    content
        What its calculator needs.
    apart
        Predicts what is uploaded; None where no feature is measured on images.
    """

    address: str
    locked: LockedModel
    content: CalculatorContent
    apart: Apart | None


def open_models(
    bundles: Sequence[Path],
    settings: ServeSettings,
    weights: Path | None = None,
    signer: str | None = None,
) -> dict[str, ServedModel]:
    """Open every bundle, by address.

    Parameters
    ----------
    bundles
        Locked models: folders or .zip files.
    settings
        Of the server.
    weights
        The network's file, where a study's came from a file of its own.
    signer
        Fingerprint of the key that must have signed each of them, if any.

    Raises
    ------
    BundleError
        If one is refused.
    """
    limits = ApartLimits(settings.seconds, settings.memory_bytes)
    found: dict[str, ServedModel] = {}
    for bundle in bundles:
        locked = read_model(bundle, signer)
        content = calculator_content(locked)
        measured = any(one.measured for one in content.signatures)
        apart = Apart(bundle, weights, signer, limits) if measured else None
        if apart is not None and locked.context.radiomics_settings:
            apart.prepare()
        address = _address(content.title, found)
        found[address] = ServedModel(address, locked, content, apart)
    if not found:
        raise InputError("serve: expected a model, found none")
    return found


def _address(title: str, taken: dict[str, ServedModel]) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())[:_LONGEST_ADDRESS].strip("-") or "model"
    number, address = 2, words
    while address in taken:
        address, number = f"{words}-{number}", number + 1
    return address
