"""Images that have not changed are not opened again, and whatever changed is."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SPACING, SmallStudy
from study.test_sides import dicom_study, edit  # noqa: F401
from trephine.imaging import read_mask, write_nifti
from trephine.types import Mask


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREPHINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def opened(trephine: Command, study: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many images a check opens."""
    from trephine.study.images import opening

    seen: list[Path] = []
    with monkeypatch.context() as patch:
        real = opening.open_image
        patch.setattr(opening, "open_image", lambda *a: (seen.append(a[0]), real(*a))[1])
        trephine("check", study.toml)
    return len(seen)


def test_only_what_changed_is_opened_again(
    trephine: Command, image_study: SmallStudy, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    first = trephine("check", image_study.toml)
    again = trephine("check", image_study.toml)
    assert "40 of 40 images unchanged since the last check" in again.out
    assert again.out.replace(next(x for x in again.out.splitlines() if "unch" in x) + "\n", "") == (
        first.out
    )
    assert opened(trephine, image_study, monkeypatch) == 0
    mask = image_study.folder / "b/003.nii.gz"
    labels = read_mask(mask).labels
    write_nifti(Mask(np.roll(labels, 1, axis=0), SPACING), mask)
    assert opened(trephine, image_study, monkeypatch) == 1
    image_study.replace("mask_label =", 'mask_geometry = "adopt"\nmask_label =')
    assert opened(trephine, image_study, monkeypatch) == 40
    (file,) = (cache / "checked").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert str(image_study.folder) not in text
    assert ".nii" not in text


def test_an_image_with_a_problem_is_never_taken_as_checked(
    trephine: Command, image_study: SmallStudy
) -> None:
    mask = image_study.folder / "a/003.nii.gz"
    write_nifti(Mask(np.zeros_like(read_mask(mask).labels), SPACING), mask)
    for _ in range(2):
        said = trephine("check", image_study.toml)
        assert said.code == 2
        assert "an empty mask" in said.err


def test_what_contradicts_the_table_is_found_without_opening_the_images_again(
    trephine: Command,
    dicom_study: SmallStudy,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
) -> None:
    assert trephine("check", dicom_study.toml).code == 0
    table = dicom_study.table()
    sexes = list(table["sex"])
    table.loc[0, "sex"] = "女" if sexes[0] == "男" else "男"
    dicom_study.write(table)
    assert opened(trephine, dicom_study, monkeypatch) == 0
    assert "the sex that the image's header states" in trephine("check", dicom_study.toml).err
    table["sex"] = sexes
    dicom_study.write(table)
    edit(dicom_study, "005", PatientSex="M" if sexes[8] == "女" else "F")
    assert opened(trephine, dicom_study, monkeypatch) == 1
    edit(dicom_study, "006", PatientID="ZX4711")
    assert opened(trephine, dicom_study, monkeypatch) == 1
    text = next((cache / "checked").iterdir()).read_text()
    assert "ZX4711" not in text
    assert "006" not in re.findall(r'"([^"]*)"', text)


def test_nothing_is_remembered_where_that_is_not_wanted(
    trephine: Command, image_study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CACHE", "")
    for _ in range(2):
        assert "unchanged" not in trephine("check", image_study.toml).out
