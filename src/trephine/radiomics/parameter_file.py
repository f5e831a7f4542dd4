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

# No setting is a whole number beyond this, and of thousands of digits no message can be made.
_LARGEST = 1 << 63

_SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")


def read_pyradiomics_sections(path: Path) -> dict[str, Any]:
    """Read the sections of a PyRadiomics parameter file as they are.

    Raises
    ------
    InputError
        If the file cannot be parsed, or as ``check_sections``.
    """
    return check_sections(_parse(path), path.name)


def check_sections(content: Any, name: str) -> dict[str, Any]:
    """Return the sections of parameters that come under a name.

    Raises
    ------
    InputError
        If there is a section that PyRadiomics does not know, or one that is no list of names and
        values.
    """
    if not isinstance(content, dict):
        raise InputError(f"{name}: expected sections of settings, found {type(content).__name__}")
    unknown = [section for section in content if section not in _SECTIONS]
    if unknown:
        raise InputError(
            f"{name}: expected the sections {', '.join(_SECTIONS)} of a PyRadiomics parameter"
            f" file, found {', '.join(map(repr, unknown))}"
        )
    shapeless = [section for section, own in content.items() if not isinstance(own, dict | None)]
    if shapeless:
        raise InputError(
            f"{name}: expected names and values in {', '.join(shapeless)}, found something"
            " else; compare it with a PyRadiomics parameter file"
        )
    for section, own in content.items():
        _check_names(own or {}, f"{name}: {section}")
    for section, features in (content.get("featureClass") or {}).items():
        if not isinstance(features, list | tuple | None):
            raise InputError(
                f"{name}: expected a list of features under featureClass, {section!r}, found"
                f" {type(features).__name__}"
            )
    return content


def _check_names(own: dict[Any, Any], where: str) -> None:
    """Refuse names that are no text, and sections among the settings."""
    strange = [type(key).__name__ for key in own if not isinstance(key, str)]
    if strange:
        raise InputError(f"{where}: expected names that are text, found {', '.join(strange)}")
    sections = [key for key in own if key in ("imageType", "featureClass")]
    if sections:
        raise InputError(
            f"{where}: expected settings alone, found {', '.join(sections)}, which is a section of"
            " its own; write it beside setting"
        )


def read_pyradiomics(path: Path) -> dict[str, Any]:
    """Read a PyRadiomics parameter file into keyword arguments of ``RadiomicsSettings``.

    As PyRadiomics does, a missing ``imageType`` means the original image and a missing
    ``featureClass`` every class. Settings without a value keep their default. ``voxelSetting``
    belongs to feature maps and changes no value of a region: it is named in a warning.

    Raises
    ------
    InputError
        As ``read_pyradiomics_sections``.
    """
    content = read_pyradiomics_sections(path)
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
        content = tomllib.loads(_text(path))
        _check_numbers(content)
        return content
    except InputError:
        raise
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


class _NoReferences(yaml.SafeLoader):
    """Reads what is written out: a page of references to references grows to any size."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="expected values, found a reference (*name); write them out",
                problem_mark=mark,
            )
        return super().compose_node(parent, index)


def _yaml(text: str) -> Any:
    loader = _NoReferences(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check_numbers(content: Any) -> None:
    """Refuse whole numbers that no setting is, wherever they stand.

    Raises
    ------
    ValueError
        If there is one.
    """
    if isinstance(content, dict):
        content = [*content.keys(), *content.values()]
    if isinstance(content, list | tuple | set):
        for part in content:
            _check_numbers(part)
    elif isinstance(content, int) and abs(content) >= _LARGEST:
        raise ValueError("a whole number too large to be a setting")


def _parse(path: Path) -> Any:
    try:
        text = _text(path)
        content = json.loads(text) if path.suffix.lower() == ".json" else _yaml(text)
        _check_numbers(content)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path.name}: expected a parameter file, found: {error}") from None
    except RecursionError:
        raise _too_deep(path) from None
    return content
