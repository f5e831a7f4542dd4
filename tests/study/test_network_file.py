"""A network that is a program: asked for before the run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cli.command import Command
from study.small_study import SmallStudy

PROGRAM = b"PK: what is in it does not matter, nothing opens it"
SHA256 = hashlib.sha256(PROGRAM).hexdigest()
SECTION = """[deep]
backbone = "{file}"
input_size = 32
mean = [0.5]
std = [0.2]
"""


def with_network(study: SmallStudy, file: str, more: str = "") -> Path:
    study.replace("[deep]\nenabled = false\n", SECTION.format(file=file) + more + "\n")
    return study.toml


@pytest.mark.parametrize(
    ("more", "found"),
    [("", "found none"), (f'trust = "{"0" * 64}"', "another file's hash")],
)
def test_check_asks_for_trust_in_a_program_before_the_run(
    image_study: SmallStudy, trephine: Command, more: str, found: str
) -> None:
    (image_study.folder / "net.pt2").write_bytes(PROGRAM)
    said = trephine("check", with_network(image_study, "net.pt2", more))
    assert said.code == 2
    words = " ".join(said.err.split())
    assert "[deep] trust" in words
    assert found in words
    assert SHA256 in words.replace(" ", "")
    assert "ONNX" in words


@pytest.mark.parametrize(
    ("file", "more", "told"),
    [
        ("gone.pt2", "", "readable file"),
        ("gone.onnx", "", "readable file"),
        ("net.onnx", f'sha256 = "{"0" * 64}"', "wrong sha256"),
    ],
)
def test_check_finds_a_network_file_that_is_missing_or_another(
    image_study: SmallStudy, trephine: Command, file: str, more: str, told: str
) -> None:
    (image_study.folder / "net.onnx").write_bytes(b"x")
    said = trephine("check", with_network(image_study, file, more))
    assert (said.code, told in " ".join(said.err.split())) == (2, True)


def test_check_opens_no_trusted_program_and_finds_no_problem(
    image_study: SmallStudy, trephine: Command
) -> None:
    (image_study.folder / "net.pt2").write_bytes(PROGRAM)
    said = trephine("check", with_network(image_study, "net.pt2", f'trust = "{SHA256}"'))
    assert said.code == 0, said.err
