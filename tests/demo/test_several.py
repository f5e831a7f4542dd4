"""The demonstration of several images: each shows its own signal, and headers say what each is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from scipy.ndimage import label as parts_of

from trephine.demo import effects
from trephine.demo.cohort import LATENT_COLUMNS, OWN_SIGNALS, simulate_cohort
from trephine.demo.files import write_cohort
from trephine.demo.marrow import SHAPE, draw_marrow
from trephine.demo.marrow_masks import HEAD, LESION, draw_marrow_mask
from trephine.demo.masks import RATER_A, RATER_B
from trephine.imaging.dicom_head import read_head
from trephine.imaging.geometry import check_geometry
from trephine.imaging.masks import read_mask
from trephine.imaging.read import read_image
from trephine.plan import read_plan

PATIENTS = ("001", "002", "003")


def cohort(*, several: bool) -> pd.DataFrame:
    streams = [np.random.default_rng([4, number]) for number in range(2 + several)]
    return simulate_cohort(*streams)


@pytest.fixture(scope="module")
def hips() -> pd.DataFrame:
    whole = cohort(several=True)
    return whole[whole["patient_id"].isin(PATIENTS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, hips: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("several")
    write_cohort(folder, hips, seed=4, workers=1)
    return folder


def lacking(folder: Path, hips: pd.DataFrame) -> str:
    (one,) = (hip for hip in hips["hip_id"] if not list((folder / "t1").glob(f"{hip}/*.dcm")))
    return str(one)


def test_the_hips_are_those_of_the_plain_cohort_and_only_their_fate_differs() -> None:
    plain, several = cohort(several=False), cohort(several=True)
    fate = ["months", "collapse", "log_hazard"]
    pd.testing.assert_frame_equal(
        several.drop(columns=[*fate, *OWN_SIGNALS]), plain.drop(columns=fate)
    )
    more = several["log_hazard"] - plain["log_hazard"]
    lateral, marrow = (several[name] for name in OWN_SIGNALS)
    expected = effects.LOG_HR_LATERAL_PER_SD * lateral + effects.LOG_HR_MARROW_PER_SD * marrow
    assert more.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)


def test_the_signals_of_the_images_have_little_to_do_with_each_other() -> None:
    several = cohort(several=True)
    own = several[["severity", *OWN_SIGNALS]].corr().to_numpy()
    # Of 212 hips; 0.2 is three standard errors.
    assert np.abs(own - np.eye(3)).max() < 0.2


def test_the_plan_reads_every_image_and_no_latent_column_is_written(
    folder: Path, hips: pd.DataFrame
) -> None:
    plan = read_plan(folder / "study.toml")
    assert list(plan.images) == ["AP", "lateral", "T1"]
    assert (plan.images["T1"].modality, plan.images["T1"].missing) == ("MR", "impute")
    assert "validation is light" in plan.study.simulated
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    assert not {*LATENT_COLUMNS, *OWN_SIGNALS} & set(table.columns)
    assert lacking(folder, hips) in (folder / "README.txt").read_text(encoding="utf-8")


def test_a_lateral_film_says_so_and_its_mask_holds_one_head(
    folder: Path, hips: pd.DataFrame
) -> None:
    for hip, side in zip(hips["hip_id"], hips["side"], strict=True):
        path = folder / "lateral" / f"{hip}.dcm"
        head = read_head(path)
        assert head.content == "lateral"
        assert head.laterality in ("", side)  # computed radiography does not state it
        image = read_image(path)
        for rater in ("a", "b"):
            mask = read_mask(folder / "masks/lateral" / rater / f"{hip}.nii.gz", image=image)
            check_geometry(image, mask)
            assert set(np.unique(mask.labels)) == {0, 1}
            area = (mask.labels > 0).sum() * np.prod(image.geometry.spacing_mm)
            assert np.pi * 20**2 < area < np.pi * 29**2


def test_an_mr_is_a_series_of_which_the_masks_lie_on_the_slices(
    folder: Path, hips: pd.DataFrame
) -> None:
    without = lacking(folder, hips)
    for hip, side in zip(hips["hip_id"], hips["side"], strict=True):
        if hip == without:
            assert not (folder / "masks/t1/a" / f"{hip}.nii.gz").exists()
            continue
        image = read_image(folder / "t1" / hip)
        assert image.pixels.shape == SHAPE
        # Beside the midline, on the patient's left (+x) or right; the head is in the middle.
        turn = np.reshape(image.geometry.direction, (3, 3))
        steps = (np.array(SHAPE) - 1) / 2 * np.array(image.geometry.spacing_mm)
        centre = np.array(image.geometry.origin_mm) + turn @ steps[::-1]
        assert 50 < centre[0] * (1 if side == "L" else -1) < 120
        for rater in ("a", "b"):
            mask = read_mask(folder / "masks/t1" / rater / f"{hip}.nii.gz", image=image)
            check_geometry(image, mask)
            assert set(np.unique(mask.labels)) == {0, HEAD, LESION}
            # In one piece each, and clear of the stack's edges.
            for region in (mask.labels > 0, mask.labels == LESION):
                assert parts_of(region, np.ones((3, 3, 3)))[1] == 1
                assert not region[[0, -1]].any()


def test_headers_of_the_further_images_say_simulated_and_have_uids_of_their_own(
    folder: Path,
) -> None:
    films = [*(folder / "images").glob("*.dcm"), *(folder / "lateral").glob("*.dcm")]
    slices = list((folder / "t1").rglob("*.dcm"))
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in films + slices]
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert (
        len({header.SeriesInstanceUID for header in headers})
        == len(films) + len(slices) // SHAPE[0]
    )
    for header in headers:
        assert str(header.PatientName).startswith("SIMULATED")
        assert header.SeriesDescription.startswith("SIMULATED")


def test_the_lesion_of_a_severe_hip_is_darker(hips: pd.DataFrame) -> None:
    row = next(hips.itertuples(index=False))
    seen = []
    for severity in (-1.5, 1.5):
        stack = draw_marrow(row._replace(marrow_severity=severity), np.random.default_rng(1))
        labels = draw_marrow_mask(stack, RATER_A, np.random.default_rng(2))
        bone = stack.pixels[labels == HEAD].mean()
        seen.append(stack.pixels[labels == LESION] / bone)
    mild, severe = seen
    assert np.median(severe) < np.median(mild) - 0.15


def test_two_raters_draw_nearly_the_same(hips: pd.DataFrame) -> None:
    row = next(hips.itertuples(index=False))
    stack = draw_marrow(row, np.random.default_rng(1))
    one, other = (
        draw_marrow_mask(stack, rater, np.random.default_rng(number))
        for number, rater in enumerate((RATER_A, RATER_B))
    )
    for label in (HEAD, LESION):
        dice = 2 * ((one == label) & (other == label)).sum()
        dice = dice / ((one == label).sum() + (other == label).sum())
        assert 0.85 < dice < 1.0


def test_an_mr_of_another_seed_does_not_stay(tmp_path: Path, hips: pd.DataFrame) -> None:
    one = hips[hips["patient_id"] == "001"]
    write_cohort(tmp_path, one, seed=4)
    stale = tmp_path / "t1" / "099-R" / "IM0001.dcm"
    stale.parent.mkdir()
    stale.write_bytes(b"")
    own = tmp_path / "t1" / "notes.txt"
    own.write_text("mine")
    write_cohort(tmp_path, one, seed=4)
    assert not stale.exists()
    assert own.exists()
