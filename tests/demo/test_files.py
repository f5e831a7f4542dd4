"""The folder that the demonstration writes is a study like any other, and says it is simulated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest

from trephine.demo.cohort import LATENT_COLUMNS, simulate_cohort
from trephine.demo.files import simulate_patient, write_cohort, write_demo_study
from trephine.errors import InputError
from trephine.imaging.geometry import check_geometry
from trephine.imaging.masks import read_mask
from trephine.imaging.read import read_image
from trephine.plan import read_plan

PATIENTS = 4


@pytest.fixture(scope="module")
def hips() -> pd.DataFrame:
    cohort = simulate_cohort(np.random.default_rng(4))
    first = cohort["patient_id"].unique()[:PATIENTS]
    return cohort[cohort["patient_id"].isin(first)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, hips: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_cohort(folder, hips, seed=4, workers=1)
    return folder


def radiographs(folder: Path) -> list[Path]:
    return sorted((folder / "images").iterdir())


def test_progress_is_reported_after_each_patient(tmp_path: Path, hips: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    one = hips[hips["patient_id"] == "001"]
    write_cohort(tmp_path, one, seed=4, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 1), (1, 1)]


def test_the_study_file_is_a_plan_whose_columns_the_table_has(folder: Path) -> None:
    plan = read_plan(folder / "study.toml")
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    columns = plan.data.columns
    for name in (columns.case, columns.patient, columns.side, columns.time, columns.event):
        assert name in table
    for key, variable in plan.clinical.items():
        assert (variable.column or key) in table
        if variable.levels:
            assert set(table[variable.column or key]) <= set(variable.levels)
    assert "simulated" in plan.study.simulated
    assert plan.deep.weights == "random:0"


def test_no_latent_column_leaves_the_simulator(folder: Path) -> None:
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    assert not set(LATENT_COLUMNS) & set(table.columns)
    assert table["patient_id"].tolist()[0] == "001"


def test_the_same_seed_writes_the_same_bytes(
    folder: Path, hips: pd.DataFrame, tmp_path: Path
) -> None:
    write_cohort(tmp_path, hips[hips["patient_id"] <= "002"], seed=4, workers=1)
    written = [path for path in tmp_path.rglob("00*") if path.is_file()]
    assert len(written) >= 6
    for path in written:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte_and_progress_comes_in_order(
    folder: Path, hips: pd.DataFrame, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    write_cohort(
        tmp_path, hips, seed=4, workers=2, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(done, PATIENTS) for done in range(PATIENTS + 1)]
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for path in written:
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes()


def test_another_seed_draws_other_pictures(hips: pd.DataFrame) -> None:
    rows = hips[hips["patient_id"] == "001"]
    first, other = simulate_patient(rows, 1)[0].pixels, simulate_patient(rows, 2)[0].pixels
    assert first.shape != other.shape or (first != other).any()


def test_a_radiograph_does_not_depend_on_the_patients_before_it(hips: pd.DataFrame) -> None:
    rows = hips[hips["patient_id"] == "003"]
    alone = simulate_patient(rows, 4)[0].pixels
    simulate_patient(hips[hips["patient_id"] == "001"], 4)
    assert (simulate_patient(rows, 4)[0].pixels == alone).all()


def test_the_reader_gives_back_the_pixels_of_either_polarity(
    folder: Path, hips: pd.DataFrame
) -> None:
    for path in radiographs(folder):
        drawn, system = simulate_patient(hips[hips["patient_id"] == path.stem], 4)
        read = read_image(path).pixels
        # Bone is bright whatever the polarity of the file; inversion may move the zero.
        assert (read - read.min() == drawn.pixels - float(drawn.pixels.min())).all()
        assert pydicom.dcmread(path).PhotometricInterpretation == system.photometric


def test_both_spacing_conventions_give_millimetres_in_the_patient(folder: Path) -> None:
    sources = set()
    for path in radiographs(folder):
        image = read_image(path)
        pitch = float(pydicom.dcmread(path, stop_before_pixels=True).ImagerPixelSpacing[0])
        assert image.geometry.spacing_mm[0] == pytest.approx(pitch / 1.15, rel=1e-4)
        sources.add(str(image.provenance["spacing_source"]).split()[0])
    assert sources == {"PixelSpacing", "ImagerPixelSpacing"}


def test_masks_lie_on_their_radiograph_and_hold_the_hips_of_the_study(
    folder: Path, hips: pd.DataFrame
) -> None:
    for path in radiographs(folder):
        image = read_image(path)
        sides = set(hips.loc[hips["patient_id"] == path.stem, "side"])
        for rater in ("a", "b"):
            mask = read_mask(folder / "masks" / rater / f"{path.stem}.nii.gz", image=image)
            check_geometry(image, mask)
            assert set(np.unique(mask.labels)) == {0} | {{"R": 1, "L": 2}[side] for side in sides}
            area = (mask.labels > 0).sum() * np.prod(image.geometry.spacing_mm) / len(sides)
            # Heads of 40 to 58 mm across.
            assert np.pi * 20**2 < area < np.pi * 29**2


def test_the_right_hip_is_on_the_left_of_the_picture(folder: Path, hips: pd.DataFrame) -> None:
    both = hips.groupby("patient_id").filter(lambda rows: len(rows) == 2)["patient_id"].iloc[0]
    labels = read_mask(folder / "masks" / "a" / f"{both}.nii.gz").labels
    columns = [np.flatnonzero((labels == label).any(axis=0)).mean() for label in (1, 2)]
    assert columns[0] < columns[1]


def test_headers_say_simulated_and_name_nobody(folder: Path) -> None:
    for path in radiographs(folder):
        dataset = pydicom.dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        assert str(dataset.PatientName).startswith("SIMULATED")
        assert dataset.PatientBirthDate == ""
        assert dataset.BurnedInAnnotation == "NO"
        assert dataset.BitsAllocated == 16
        for uid in (dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID):
            assert uid.is_valid
            assert uid.startswith("2.25.")
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID


def test_instances_have_uids_of_their_own(folder: Path) -> None:
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in radiographs(folder)]
    assert len({header.SOPInstanceUID for header in headers}) == PATIENTS
    assert len({header.StudyInstanceUID for header in headers}) == PATIENTS


def test_the_read_me_says_that_nobody_is_described(folder: Path) -> None:
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert text.startswith("SIMULATED DATA")


def test_a_users_study_is_not_overwritten(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="another study"):
        write_demo_study(tmp_path)
    assert study.read_text(encoding="utf-8") == "mine"


def test_second_readings_of_an_earlier_demonstration_go(tmp_path: Path, hips: pd.DataFrame) -> None:
    one = hips[hips["patient_id"] == "001"]
    write_cohort(tmp_path, one, seed=4)
    stale = tmp_path / "masks" / "a2" / "099.nii.gz"
    stale.write_bytes(b"")
    write_cohort(tmp_path, one, seed=4)
    assert not stale.exists()


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        write_demo_study(tmp_path, seed=-1)
