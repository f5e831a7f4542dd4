"""The calculator as one HTML file: opens from a mail, needs no network, sends nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

from trephine.errors import BundleError
from trephine.serve.parts import as_data, environment, one_module, static
from trephine.serve.words import Language, catalogue, words_of
from trephine.study.locked import (
    Bulky,
    CalculatorContent,
    LockedModel,
    calculator_content,
    read_model,
)
from trephine.writing import write_text

LARGEST_BYTES = 300_000
# What a file goes out without where it would be larger, the first first.
_LEFT_OUT: tuple[Bulky, ...] = ("features", "refits", "models")
_NOTES: dict[Bulky, str] = {
    "features": "Note: the features of the model's signatures would make the calculator too large;"
    " the scores that trephine predict prints are typed instead.",
    "refits": "Note: the refits of the model would make the calculator too large; trephine predict"
    " gives the intervals.",
    "models": "Note: all models together would make the calculator too large; it holds the primary"
    " one, and trephine predict has the others.",
}


def calculator_page(content: CalculatorContent, language: Language = "en") -> str:
    """Return the page of a calculator.

    Parameters
    ----------
    content
        What it predicts by.
    language
        That it opens in; its reader can change it.
    """
    style, script = static("style.css"), one_module()
    return (
        environment()
        .get_template("calculator.html.j2")
        .render(
            content=content,
            words=words_of(language),
            held={
                "content": as_data(content.model_dump(mode="json")),
                "words": as_data(catalogue()),
                "settings": as_data({"language": language}),
            },
            offline={
                "policy": _policy(style, script),
                "style": Markup(style),  # noqa: S704 - our own file
                "script": Markup(script),  # noqa: S704 - our own file
            },
        )
    )


def export_calculator(
    bundle: Path | LockedModel,
    out: Path,
    language: Language = "en",
    signer: str | None = None,
) -> list[str]:
    """Write the calculator of a locked model as one HTML file.

    Parameters
    ----------
    bundle
        The model: a folder or a .zip, or one that was read.
    out
        The file.
    language
        That it opens in.
    signer
        Fingerprint of the key that must have signed the bundle, if any.

    Returns
    -------
    What it had to leave out to stay small, one sentence each.

    Raises
    ------
    BundleError
        If the bundle is refused.
    """
    model = bundle if isinstance(bundle, LockedModel) else read_model(bundle, signer)
    page, left_out = small_page(model, language)
    write_text(out, page)
    notes = [_NOTES[one] for one in _LEFT_OUT if one in left_out]
    size = len(page.encode())
    if size > LARGEST_BYTES:
        notes.append(
            f"Note: the calculator has {size / 1000:.0f} kB, more than the"
            f" {LARGEST_BYTES / 1000:.0f} kB that it is meant to stay below: with many events the"
            " model's rates alone are that long. It works as it is."
        )
    return notes


def small_page(model: LockedModel, language: Language) -> tuple[str, frozenset[Bulky]]:
    """Return the page of a model's calculator, and what it left out to stay small."""
    page = calculator_page(calculator_content(model), language)
    left_out: frozenset[Bulky] = frozenset()
    for one in _LEFT_OUT:
        if len(page.encode()) <= LARGEST_BYTES:
            break
        left_out |= {one}
        page = calculator_page(calculator_content(model, left_out), language)
    return page, left_out


def calculator_beside(bundle: Path | None, folder: Path) -> list[str]:
    """Write the calculator of a study's model beside its report.

    Parameters
    ----------
    bundle
        Where the study's model is, or would be; None where it has none.
    folder
        Of the report.

    Returns
    -------
    What to say of it, line by line.
    """
    if bundle is None or not bundle.is_dir():
        return []
    out = folder / "calculator.html"
    try:
        notes = export_calculator(bundle, out)
    except BundleError as refused:
        return [f"Note: no calculator was written: {refused}"]
    return [f"Calculator: {out}", *notes]


def _policy(style: str, script: str) -> str:
    """Return what the page may load and run: this style and this script, nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
