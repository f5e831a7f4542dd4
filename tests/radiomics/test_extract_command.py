"""``trephine extract`` on one pair, a folder and a table."""

from __future__ import annotations

import gzip
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk  # noqa: N813
import typer
from typer.testing import CliRunner

from trephine.cli.extract import extract
from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings, feature_names, image_quality
from trephine.types import Geometry, Image

SETTINGS = '[featureClass]\nfirstorder = ["Mean", "Skewness"]\n'


@pytest.fixture
def folder(tmp_path, speckle, bean):
    """Two images with their masks beside them, and a file of settings."""
    for number in (1, 2):
        for suffix, array in (("", speckle * number), ("_mask", bean.astype(np.uint8))):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing((0.5, 0.5))
            sitk.WriteImage(image, str(tmp_path / f"case{number}{suffix}.nrrd"))
    (tmp_path / "settings.toml").write_text(SETTINGS)
    return tmp_path


def run(*arguments):
    app = typer.Typer()
    app.command()(extract)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_one_pair_is_written_with_the_names_of_the_preset(folder) -> None:
    out = folder / "features.csv"
    done = run(folder / "case1.nrrd", folder / "case1_mask.nrrd", "--out", out)
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(out, index_col="name")
    assert tuple(frame.columns) == feature_names(RadiomicsSettings.from_preset("native2d"), 2)
    assert list(frame.index) == ["case1.nrrd"]


def test_a_folder_is_matched_by_name(folder) -> None:
    (folder / "settings.toml").rename(folder.parent / "settings.toml")
    out = folder.parent / "features.csv"
    settings = folder.parent / "settings.toml"
    done = run(folder, folder, "--settings", settings, "--out", out, "--workers", 1)
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(out, index_col="name")
    assert list(frame.index) == ["case1.nrrd", "case2.nrrd"]
    mean = frame["original_firstorder_Mean"]
    assert mean["case2.nrrd"] == pytest.approx(2 * mean["case1.nrrd"])


def test_a_table_names_images_masks_and_labels_and_goes_on_after_a_bad_row(folder) -> None:
    table = folder / "pairs.csv"
    table.write_text(
        "name,image,mask,label\nleft,case1.nrrd,case1_mask.nrrd,1\nright,case2.nrrd,"
        "case2_mask.nrrd,5\n"
    )
    out = folder / "features.csv"
    done = run(table, "--settings", folder / "settings.toml", "--out", out, "--workers", 1)
    assert done.exit_code == 1
    assert "row 3: left out" in done.output
    assert "right" not in done.output  # a name may be a patient's
    assert "expected label 5" in done.output.replace("\n", " ")
    assert list(pd.read_csv(out, index_col="name").index) == ["left"]


def test_what_cannot_be_paired_is_counted_in_sorted_order(folder) -> None:
    done = run(folder / "case1.nrrd")
    assert isinstance(done.exception, InputError)
    (folder / "case2_mask.nrrd").unlink()
    done = run(folder, folder)
    assert isinstance(done.exception, InputError)
    assert "found none for 2 of 3: images 2, 3 in sorted order" in str(done.exception)


def test_image_quality_stands_before_the_features(folder, speckle, bean) -> None:
    out = folder / "features.csv"
    files = [folder / "case1.nrrd", folder / "case1_mask.nrrd"]
    done = run(*files, "--settings", folder / "settings.toml", "--quality", "--out", out)
    assert done.exit_code == 0, done.output
    (row,) = pd.read_csv(out).to_dict("records")
    image = Image(speckle.astype(float), Geometry.plain((0.5, 0.5)))
    for name, value in asdict(image_quality(image, bean.astype(bool))).items():
        assert row.pop(f"quality_{name}") == pytest.approx(value, rel=1e-9)
    assert list(row) == ["name", "original_firstorder_Mean", "original_firstorder_Skewness"]


def test_a_store_does_not_mix_regions_with_and_without_quality(folder) -> None:
    pair = [folder / "case1.nrrd", folder / "case1_mask.nrrd"]
    given = [*pair, "--settings", folder / "settings.toml", "--store", folder / "store"]
    assert run(*given, "--quality").exit_code == 0
    refused = run(*given).exception
    assert isinstance(refused, InputError)
    assert "settings" in str(refused)


def test_processes_change_neither_order_nor_bits(folder) -> None:
    settings = folder.parent / "settings.toml"
    (folder / "settings.toml").rename(settings)
    outs = [folder.parent / f"by{workers}.csv" for workers in (1, 2)]
    for workers, out in enumerate(outs, start=1):
        done = run(folder, folder, "--settings", settings, "--out", out, "--workers", workers)
        assert done.exit_code == 0, done.output
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_rows_of_one_name_are_all_kept(folder) -> None:
    table = folder / "pairs.csv"
    table.write_text(
        "name,image,mask\nhip,case1.nrrd,case1_mask.nrrd\nhip,case2.nrrd,case2_mask.nrrd\n"
    )
    out = folder / "features.csv"
    done = run(table, "--settings", folder / "settings.toml", "--out", out, "--workers", 1)
    assert done.exit_code == 0, done.output
    assert list(pd.read_csv(out, index_col="name").index) == ["hip", "hip"]


def test_maps_are_written_on_the_image_s_grid(folder, bean) -> None:
    out = folder / "maps"
    asked = ["--maps", out, "--map-features", "original_*_Mean", "--map-radius", 2]
    asked += ["--settings", folder / "settings.toml"]  # the presets normalise grey values
    done = run(folder / "case1.nrrd", folder / "case1_mask.nrrd", *asked)
    assert done.exit_code == 0, done.output
    assert "1 maps of 1 region" in done.output
    drawn = np.asarray(bean) > 0
    # Not by SimpleITK: ITK reads NaN in a NIfTI file as 0.
    content = gzip.decompress((out / "original_firstorder_Mean.nii.gz").read_bytes())
    values = np.frombuffer(content[352:], "<f8").reshape(drawn.shape)
    np.testing.assert_array_equal(np.isnan(values), ~drawn)
    grey = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "case1.nrrd"))).astype(float)
    row, column = np.argwhere(drawn)[drawn.sum() // 2]
    box = slice(max(row - 2, 0), row + 3), slice(max(column - 2, 0), column + 3)
    assert values[row, column] == pytest.approx(grey[box][drawn[box]].mean())
    written = sitk.ReadImage(str(out / "original_firstorder_Mean.nii.gz"))
    assert written.GetSpacing()[:2] == pytest.approx((0.5, 0.5))


def test_maps_of_many_go_into_a_folder_each_and_a_bad_one_is_named(folder) -> None:
    table = folder / "pairs.csv"
    table.write_text(
        "name,image,mask\nfirst,case1.nrrd,case1_mask.nrrd\nsecond,case2.nrrd,none.nrrd\n"
    )
    out = folder / "maps"
    done = run(table, "--maps", out, "--map-features", "*_firstorder_Mean")
    assert done.exit_code == 1
    assert [path.name for path in out.iterdir()] == ["first"]
    assert "row 2" in done.output.replace("row 3", "row 2")
    for beside in (["--out", folder / "t.csv"], ["--workers", 2]):
        refused = run(table, "--maps", out, *beside)
        assert isinstance(refused.exception, InputError)
    assert isinstance(run(table, "--map-radius", 1).exception, InputError)
