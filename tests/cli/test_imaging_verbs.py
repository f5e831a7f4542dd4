"""convert, deidentify and pacs from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from trephine.cli import app
from trephine.errors import InputError, TrephineError
from trephine.imaging import read_image, read_mask

runner = CliRunner()


def run(*arguments: object) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(0, 65536, (9, 7), dtype=np.uint16)
    Pillow.fromarray(values).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def test_convert_writes_the_same_image_and_tells_its_spacing(picture: Path, tmp_path: Path) -> None:
    told = run("convert", picture, tmp_path / "image.nii.gz", "--spacing-mm", 0.2)
    assert "spacing_source: stated in the plan" in told
    stated = read_image(picture, spacing_mm=0.2)
    converted = read_image(tmp_path / "image.nii.gz")
    assert np.array_equal(converted.pixels, stated.pixels)
    assert converted.geometry == stated.geometry


def test_convert_writes_masks_too(tmp_path: Path) -> None:
    Pillow.fromarray(np.eye(5, dtype=np.uint8) * 255).save(tmp_path / "mask.png")
    run("convert", tmp_path / "mask.png", tmp_path / "mask.nii", "--mask")
    assert np.array_equal(read_mask(tmp_path / "mask.nii").labels, np.eye(5))


def test_convert_refuses_another_format_and_its_own_source(picture: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "image.dcm", picture):
        with pytest.raises(InputError, match="ends in"):
            run("convert", picture, target)


def test_deidentify_makes_a_key_and_keeps_it_out_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("Doe, Jane")
    told = run("deidentify", tmp_path / "in", tmp_path / "out", "--key", tmp_path / "key")
    assert "A new key was made" in told
    assert "0 images written, 1 files refused" in told
    with pytest.raises(InputError, match="outside the output folder"):
        run("deidentify", tmp_path / "in", tmp_path / "out", "--key", tmp_path / "out" / "key")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--web", "https://pacs.example.org/d"), "either --key FILE or --keep-identifiers"),
        (("--key", "k", "--web", "https://pacs.example.org/d"), "never asked for everything"),
        (("--keep-identifiers", "--accession", "A1"), "either --web or --dimse"),
        (("--keep-identifiers", "--accession", "A1", "--dimse", "host"), "host:port and --called"),
        (("--keep-identifiers", "--accession", "A1", "--web", "http://pacs.example.org"), "https"),
    ],
)
def test_pacs_get_says_what_it_needs(tmp_path: Path, monkeypatch, arguments, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrephineError, match=told):
        run("pacs", "get", "out", *arguments)
