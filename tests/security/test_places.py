"""Pipes, devices, links and the study file itself, in every place of a study that names a file."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from study.small_study import SmallStudy, write_image_study, write_table_study
from trephine.deep.checkpoint import read_network_file
from trephine.errors import TrephineError
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.to_fit import read_study_to_fit

CANARY = "CANARY-OF-THE-ENVIRONMENT"
# Each place of a file, and what a study file has to say for it; {} is its name.
PLACES = {
    "study.toml": "",
    "clinical.csv": "",
    "images/001.nii.gz": "",
    "a/001.nii.gz": "",
    "b/001.nii.gz": "",
    "a2/001.nii.gz": "",
    "features.csv": "",
    "listed.csv": '[data]\nmanifest = "listed.csv"',
    "params.yaml": '[radiomics]\nfile = "params.yaml"',
    "params.toml": '[radiomics]\nfile = "params.toml"',
}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("templates")
    return {
        "image": write_image_study(folder / "image").folder,
        "table": write_table_study(folder / "table").folder,
    }


@pytest.fixture
def study_with(templates: dict[str, Path], tmp_path: Path):
    def make(place: str) -> SmallStudy:
        kind = "table" if place == "features.csv" else "image"
        study = SmallStudy(Path(shutil.copytree(templates[kind], tmp_path / "study")))
        section, _, keys = PLACES[place].partition("\n")
        if section and f"\n{section}\n" in study.toml.read_text():
            study.replace(f"\n{section}\n", f"\n{section}\n{keys}\n")
        elif section:
            study.toml.write_text(f"{study.toml.read_text()}\n{section}\n{keys}\n")
        return study

    return make


@contextmanager
def soon(seconds: int = 60) -> Iterator[None]:
    """Ends what waits."""

    def ring(*_: object) -> None:
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def put(path: Path, what: str) -> None:
    """Put something that is no file of its own into a place."""
    if path.exists():
        path.unlink()
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(what)


def refusal_of(study: SmallStudy) -> str:
    with soon(), pytest.raises(TrephineError) as seen:
        read_study_to_fit(study.toml)
    return str(seen.value)


@pytest.mark.parametrize(
    ("place", "what"),
    [
        *((place, "a pipe") for place in PLACES),
        *((place, "/dev/zero") for place in ("clinical.csv", "a/001.nii.gz", "params.yaml")),
        *((place, "a folder") for place in ("clinical.csv", "params.toml")),
    ],
)
def test_what_is_no_file_is_refused_and_not_waited_for(study_with, place: str, what: str) -> None:
    study = study_with(place)
    put(study.folder / place, what)
    assert len(refusal_of(study)) < 3000


@pytest.mark.parametrize("place", [place for place in PLACES if place != "study.toml"])
def test_a_confined_study_links_to_nothing_elsewhere(
    study_with, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    monkeypatch.setenv("TREPHINE_CANARY", CANARY)
    study = study_with(place)
    put(study.folder / place, "/proc/self/environ")
    told = refusal_of(study)
    assert CANARY not in told
    assert "leads" in told


def test_a_confined_study_may_itself_lie_behind_a_link(
    study_with, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    study = study_with("clinical.csv")
    (tmp_path / "link").symlink_to(study.folder)
    assert read_study_to_fit(tmp_path / "link" / "study.toml").flow.analysed_cases


@pytest.mark.parametrize("place", ["images", "images/001.nii.gz", "clinical.csv"])
def test_a_link_put_in_place_after_a_check_is_found_by_the_next_reading(
    study_with, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    study = study_with("clinical.csv")
    read_study_to_fit(study.toml)
    (study.folder / place).rename(tmp_path / "elsewhere")
    (study.folder / place).symlink_to(tmp_path / "elsewhere")
    assert "leads" in refusal_of(study)


@pytest.mark.parametrize("place", ["clinical.csv", "a/001.nii.gz", "features.csv", "params.toml"])
def test_a_study_that_names_itself_is_refused(study_with, place: str) -> None:
    study = study_with(place)
    put(study.folder / place, str(study.toml))
    assert len(refusal_of(study)) < 5000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.toml", b"a = " + b"[" * 100_000),
        ("p.yaml", b"[" * 100_000),
        ("p.json", b"[" * 100_000),
        ("p.yaml", b"# " + b"x" * (1 << 18)),
        ("p.yaml", b"setting: \xff\xfe"),
    ],
)
def test_parameters_nested_or_long_without_end_are_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrephineError, match="expected") as seen:
        RadiomicsSettings.from_file(tmp_path / name)
    assert len(str(seen.value)) < 500


@pytest.mark.parametrize("what", ["a pipe", "/dev/zero", "a folder"])
def test_a_network_that_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, what: str) -> None:
    put(tmp_path / "net.onnx", what)
    with soon(), pytest.raises(TrephineError, match="expected a"):
        read_network_file(tmp_path / "net.onnx", None)
