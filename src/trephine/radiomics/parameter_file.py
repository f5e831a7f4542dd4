"""Reading settings from files: PyRadiomics' parameter files as they are, and TOML."""

from __future__ import annotations

import json
import logging
import tomllib
from pathlib import Path
from typing import Any

import yaml

from trephine.errors import InputError
from trephine.paths import open_regular
from trephine.radiomics.catalogue import FAMILIES

_log = logging.getLogger(__name__)

# A parameter file is a page of text, and its parser takes ten seconds a megabyte.
_MOST_BYTES = 1 << 17

_SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")


def read_pyradiomics(path: Path) -> dict[str, Any]:
    """Read a PyRadiomics parameter file into keyword arguments of ``RadiomicsSettings``.

    As PyRadiomics does, a missing ``imageType`` means the original image and a missing
    ``featureClass`` every class. Settings without a value keep their default. ``voxelSetting``
    belongs to feature maps and changes no value of a region: it is named in a warning.

    Raises
    ------
    InputError
        If the file cannot be parsed or has a section that PyRadiomics does not know.
    """
    content = _parse(path)
    unknown = [name for name in content if name not in _SECTIONS]
    if unknown:
        raise InputError(
            f"{path.name}: expected the sections {', '.join(_SECTIONS)} of a PyRadiomics parameter"
            f" file, found {', '.join(map(repr, unknown))}"
        )
    if content.get("voxelSetting"):
        _log.warning("%s: voxelSetting is for feature maps and is not used here", path.name)
    values = {
        name: value for name, value in (content.get("setting") or {}).items() if value is not None
    }
    image_types = content.get("imageType") or {"Original": {}}
    values["imageType"] = {name: own or {} for name, own in image_types.items()}
    values["featureClass"] = content.get("featureClass") or dict.fromkeys(FAMILIES)
    return values


def read_settings(path: Path) -> dict[str, Any]:
    """Read a TOML file of settings, or a PyRadiomics parameter file (YAML, JSON)."""
    if path.suffix.lower() != ".toml":
        return read_pyradiomics(path)
    try:
        return tomllib.loads(_text(path))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: expected a TOML file, found: {error}") from None
    except RecursionError:
        raise _too_deep(path) from None


def _text(path: Path) -> str:
    """Return the text of a regular file; every end of line is one."""
    with open_regular(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(
            f"{path.name}: expected a parameter file of at most {_MOST_BYTES} bytes, found a longer"
            " one"
        )
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _too_deep(path: Path) -> InputError:
    return InputError(
        f"{path.name}: expected a parameter file, found brackets nested too deeply to be one"
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = _text(path)
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path.name}: expected a parameter file, found: {error}") from None
    except RecursionError:
        raise _too_deep(path) from None
    if not isinstance(content, dict):
        raise InputError(
            f"{path.name}: expected sections of settings, found {type(content).__name__}"
        )
    return content
