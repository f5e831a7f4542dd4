"""``trephine doctor``: whether this installation has what it needs, and what to do if not."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from trephine import __version__
from trephine.cli.terminal import console

InspectionState = Literal["ok", "repaired", "absent", "broken"]

_MARK: dict[InspectionState, str] = {
    "ok": "[green]ok[/green]",
    "repaired": "[yellow]repaired[/yellow]",
    "absent": "[yellow]absent[/yellow]",
    "broken": "[bold red]broken[/bold red]",
}
_NEEDED = ("numpy", "scipy", "numba", "pandas", "pydicom", "SimpleITK", "scikit-image", "pydantic")
# Extra of pyproject.toml, a module and distribution that it brings, and what it is for.
_EXTRAS = (
    ("deep", "torch", "torch", "deep features (ResNet18)"),
    ("onnx", "onnxruntime", "onnxruntime", "networks in ONNX files"),
    ("pacs", "pynetdicom", "pynetdicom", "trephine pacs and deidentify"),
    ("docx", "docx", "python-docx", "the report as a Word document"),
    ("remote", "fsspec", "fsspec", "stores at an address such as s3://"),
    ("sign", "cryptography", "cryptography", "signed models"),
)
FONT = "DejaVu Sans"


class Inspection(NamedTuple):
    """One thing looked at."""

    state: InspectionState
    what: str
    detail: str


def doctor(
    store: Annotated[
        str | None,
        typer.Argument(
            help="A results folder, or a feature store's folder or address, to verify and repair."
        ),
    ] = None,
) -> None:
    """Look at this installation, or at the stored work of a run.

    Without an argument: versions, optional parts, image codecs, fonts, caches. With a results
    folder: every stored file is checked against its checksum; what is damaged is set aside under a
    name that ends in .corrupt, and the next run computes it again.
    """
    if store is not None:
        _look_over(store)
        return
    broken = 0
    for check in (_versions, _extras, _codecs, _fonts, _places):
        for finding in check():
            broken += finding.state == "broken"
            console.print(
                f"  {_MARK[finding.state]:<6} {finding.what}: {finding.detail}", soft_wrap=True
            )
    if broken:
        console.print(f"{broken} of these must be repaired before a study can run.")
        raise typer.Exit(1)
    console.print("Ready. `trephine demo` runs a whole study on simulated patients.")


def _look_over(store: str) -> None:
    from trephine.store.places import examined_store
    from trephine.store.repair import Repaired, examine

    with examined_store(store) as (folder, damaged):
        found = list(examine(folder))
    if damaged:
        detail = f"{damaged} damaged ones renamed to .corrupt: their cases are extracted again"
        found.append(Repaired("repaired", "shards at the address", detail))
    repaired = 0
    for state, what, detail in found:
        repaired += state == "repaired"
        console.print(f"  {_MARK[state]:<6} {what}: {detail}", soft_wrap=True)
    console.print(
        "Run the study again: only what was damaged is computed again."
        if repaired
        else "All that is stored here is whole."
    )


def _versions() -> Iterator[Inspection]:
    from importlib.metadata import PackageNotFoundError, version

    system = f"Python {platform.python_version()}, {platform.platform(terse=True)}"
    yield Inspection("ok", f"trephine {__version__}", f"{system}, {os.cpu_count()} processors")
    for name in _NEEDED:
        try:
            yield Inspection("ok", name, version(name))
        except PackageNotFoundError:
            yield Inspection(
                "broken", name, "not installed: pip install --force-reinstall trephine"
            )


def _extras() -> Iterator[Inspection]:
    from importlib.metadata import version

    for extra, module, distribution, purpose in _EXTRAS:
        if find_spec(module) is None:
            yield Inspection("absent", purpose, f"pip install 'trephine\\[{extra}]' if you want it")
        else:
            yield Inspection("ok", purpose, f"{distribution} {version(distribution)}")


def _codecs() -> Iterator[Inspection]:
    from trephine.imaging.decode import missing_decoders

    missing = missing_decoders()
    if missing:
        yield Inspection("broken", "DICOM codecs", f"no decoder for {', '.join(missing)}")
    else:
        yield Inspection("ok", "DICOM codecs", "every transfer syntax that is read has its decoder")


def _fonts() -> Iterator[Inspection]:
    from matplotlib.font_manager import findfont

    try:
        findfont(FONT, fallback_to_default=False)
    except ValueError:
        yield Inspection("broken", "font", f"{FONT} is not found: reinstall matplotlib")
    else:
        yield from _scripts()


def _scripts() -> Iterator[Inspection]:
    """Report the scripts that a study's words may be in, and figures cannot show."""
    from trephine.report.typeface import missing_scripts

    missing = missing_scripts()
    if missing:
        told = f"{FONT}; words in {', '.join(missing)} would show as boxes"
        advice = "pip install 'trephine\\[fonts]' if you want them"
        yield Inspection("absent", "font of figures", f"{told}: {advice}")
    else:
        yield Inspection("ok", "font of figures", f"{FONT}, and others for the scripts it lacks")


def _places() -> Iterator[Inspection]:
    from trephine.radiomics.compilation import is_compiled
    from trephine.radiomics.settings import RadiomicsSettings

    yield _writable("folder", Path.cwd(), "results are written beside the study file")
    first = (
        "compiled"
        if is_compiled(RadiomicsSettings())
        else "compiled at the first extraction, half a minute"
    )
    yield Inspection("ok", "kernels", first)
    if find_spec("torch") is not None:
        from trephine.deep.official import OFFICIAL, cached_path

        weights = cached_path(OFFICIAL["resnet18"])
        if weights.is_file():
            yield Inspection("ok", "ImageNet weights", str(weights))
        else:
            yield Inspection(
                "absent", "ImageNet weights", f"fetched to {weights.parent} when needed"
            )


def _writable(what: str, folder: Path, purpose: str) -> Inspection:
    if os.access(folder, os.W_OK):
        return Inspection("ok", what, f"{folder} can be written to ({purpose})")
    return Inspection("broken", what, f"{folder} cannot be written to; {purpose}")
