"""``trephine extract`` of a table, images and masks at addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from cli.test_extract import SETTINGS, write_pair
from imaging.conftest import ct_slice
from trephine.errors import InputError, StudyProblemsError
from trephine.imaging import read_image
from trephine.store import addresses
from trephine.store.addresses import fetch, name_of
from trephine.study.batch.manifest import fetch_manifest, read_manifest

ROWS = 6


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """Six regions and their table, here and at an address."""
    (tmp_path / "few.toml").write_text(SETTINGS)
    rows = []
    system = fsspec.filesystem("memory")
    for number in range(ROWS):
        image, mask = (f"{name}/{number}.nii.gz" for name in ("images", "masks"))
        write_pair(tmp_path / image, tmp_path / mask, 100.0 + number)
        for path in (image, mask):
            system.pipe_file(f"/bucket/{path}", (tmp_path / path).read_bytes())
        rows.append({"id": f"case {number}", "image": image, "mask": mask})
    pd.DataFrame(rows).to_csv(tmp_path / "regions.csv", index=False)
    system.pipe_file("/bucket/regions.csv", (tmp_path / "regions.csv").read_bytes())
    yield "memory://bucket"
    system.store.clear()


def extract(trephine: Command, folder: Path, table: object, out: str, code: int = 0) -> str:
    given = ("--settings", folder / "few.toml", "--workers", 1, "--out", folder / out)
    said = trephine("extract", table, *given)
    assert said.code == code, said.err
    return " ".join(said.err.split())


@pytest.fixture
def whole(trephine: Command, bucket: str, tmp_path: Path) -> bytes:
    extract(trephine, tmp_path, tmp_path / "regions.csv", "whole.csv")
    return (tmp_path / "whole.csv").read_bytes()


def test_a_table_at_an_address_gives_the_features_of_one_here(
    trephine: Command, bucket: str, tmp_path: Path, whole: bytes
) -> None:
    extract(trephine, tmp_path, f"{bucket}/regions.csv", "there.csv")
    assert (tmp_path / "there.csv").read_bytes() == whole


def test_a_table_here_names_images_there_and_masks_here(
    trephine: Command, bucket: str, tmp_path: Path, whole: bytes
) -> None:
    frame = pd.read_csv(tmp_path / "regions.csv")
    frame["image"] = f"{bucket}/" + frame["image"]
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    extract(trephine, tmp_path, tmp_path / "mixed.csv", "mixed_features.csv")
    assert (tmp_path / "mixed_features.csv").read_bytes() == whole
    said = trephine("unusual", tmp_path / "mixed.csv", "--out", tmp_path / "unusual")
    assert said.code == 2
    assert "expected paths of images and masks, found addresses" in " ".join(said.err.split())


def test_an_image_that_is_not_there_is_left_out_by_row_and_named_nowhere(
    trephine: Command, bucket: str, tmp_path: Path
) -> None:
    fsspec.filesystem("memory").rm("/bucket/images/2.nii.gz")
    said = extract(trephine, tmp_path, f"{bucket}/regions.csv", "some.csv", code=1)
    assert "1 of 6 pairs could not be measured" in said
    assert (
        "row 4: left out. image: expected a file or a folder that can be read at memory://...,"
        " found FileNotFoundError" in said
    )
    assert "2.nii.gz" not in said
    assert len(pd.read_csv(tmp_path / "some.csv")) == ROWS - 1


def test_a_folder_of_slices_is_copied_whole(bucket: str, tmp_path: Path) -> None:
    """A folder is a series, here and there: each slice a file."""
    for number in range(3):
        stored = np.arange(24 * 24, dtype=np.int16).reshape(24, 24) + 7 * number
        slice_file = tmp_path / "slice.dcm"
        one = ct_slice(stored, (0.0, 0.0, float(number)), SeriesInstanceUID="1.2.3")
        one.save_as(slice_file, enforce_file_format=True)
        content = slice_file.read_bytes()
        fsspec.filesystem("memory").pipe_file(f"/bucket/series/{number}.dcm", content)
    copied = fetch(f"{bucket}/series", tmp_path, 1 << 20, "image")
    assert read_image(copied).pixels.shape == (3, 24, 24)


def test_a_file_that_is_too_large_ends_while_it_is_copied(bucket: str, tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/bucket/large", bytes(5000))
    with pytest.raises(InputError, match="image: expected 4999 bytes at most, found more"):
        fetch(f"{bucket}/large", tmp_path, 4999, "image")


def test_no_name_at_an_address_leads_out_of_the_folder() -> None:
    assert name_of("s3://bucket/a/..") == "file"
    assert name_of("s3://bucket/.hidden") == "hidden"
    assert name_of("https://host/a.nii.gz?key=1/2&b=\\..\\c") == "2_b__.._c"


def test_addresses_are_not_for_tables_of_others(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    with pytest.raises(InputError, match="which is not open here"):
        fetch_manifest(f"{bucket}/regions.csv", None)
    (tmp_path / "mixed.csv").write_text(f"image,mask\n{bucket}/images/1.nii.gz,masks/1.nii.gz\n")
    with pytest.raises(StudyProblemsError, match="inside the table's folder"):
        read_manifest(tmp_path / "mixed.csv", None)


def test_a_library_that_is_missing_is_named(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise ModuleNotFoundError("No module named 's3fs'", name="s3fs")

    monkeypatch.setattr(addresses, "opened", none)
    with pytest.raises(InputError, match=r"library for s3:// to be installed, found s3fs missing"):
        fetch("s3://bucket/key", tmp_path, 1, "image")
