"""A table and its masks under pseudonyms: everything still fits, nothing says who it was."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from trephine.errors import InputError, StudyProblemsError
from trephine.imaging import read_mask
from trephine.imaging.deidentify import PseudonymKey
from trephine.study.pseudonyms.masks import write_masks
from trephine.study.pseudonyms.table import (
    TableChoices,
    read_study_table,
    write_study_table,
)

KEY = PseudonymKey(b"a secret of some length")
IDS = ("HN4711", "HN4712", "007", "HN4711")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame = pd.DataFrame(
        {
            "hospital_no": IDS,
            "hip_id": [f"{identifier}{side}" for identifier, side in zip(IDS, "LRLR", strict=True)],
            "operated": ["2020-01-15", "2019-03-02", "2021-12-24", "2020-03-01"],
            "months": ["12", "8.5", "31", "7"],
            "age": ["44", "91", "67", "44"],
        }
    )
    path = tmp_path / "clinical of ward 7.xlsx"
    frame.to_excel(path, index=False)
    return path


CHOICES = TableChoices(("hospital_no", "hip_id"))


def test_identifiers_become_the_images_pseudonyms(table: Path) -> None:
    read = read_study_table(table, KEY, CHOICES)
    assert list(read.frame["hospital_no"]) == [KEY.patient(identifier) for identifier in IDS]
    assert read.frame["hip_id"].iloc[0] == KEY.patient("HN4711L")
    assert list(read.frame["months"]) == ["12", "8.5", "31", "7"]
    assert (read.capped, list(read.frame["age"])) == (1, ["44", "90", "67", "44"])


def test_dates_move_with_their_patient_and_intervals_stay(table: Path) -> None:
    read = read_study_table(table, KEY, CHOICES)
    moved = pd.to_datetime(read.frame["operated"])
    before = pd.to_datetime(pd.Series(["2020-01-15", "2019-03-02", "2021-12-24", "2020-03-01"]))
    days = [(old - new).days for old, new in zip(before, moved, strict=True)]
    assert days == [KEY.days_back(identifier) for identifier in IDS]
    kept = read_study_table(table, KEY, TableChoices(CHOICES.columns, dates="kept"))
    assert kept.frame["operated"].iloc[0] == "2020-01-15"
    assert read.shifted == ("operated",)
    assert kept.shifted == ()


def test_every_column_that_is_not_there_is_listed_at_once(table: Path) -> None:
    with pytest.raises(StudyProblemsError) as refusal:
        read_study_table(table, KEY, TableChoices(("mrn",), drop=("nam",), keep=("x",)))
    assert len(refusal.value.problems) == 3


@pytest.mark.parametrize(
    "column",
    ["name", "Patient Name", "surname", "birth_date", "DOB", "birthDate", "address", "Phone",
     "e_mail_address", "姓名", "Geburtsdatum", "remarks", "住院号"],
)  # fmt: skip
def test_a_column_that_identifies_by_its_name_is_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"id": ["A1", "A2"], column: ["x", "y"]}).to_csv(path, index=False)
    with pytest.raises(StudyProblemsError, match="--drop"):
        read_study_table(path, KEY, TableChoices(("id",)))
    dropped = read_study_table(path, KEY, TableChoices(("id",), drop=(column,)))
    assert list(dropped.frame.columns) == ["id"]
    kept = read_study_table(path, KEY, TableChoices(("id",), keep=(column,)))
    assert list(kept.frame[column]) == ["x", "y"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("see HN4712", "identifier of another column"),
        ("hn4711", "identifier of another column"),
        ("seen 2020-03-04", "date among other values"),
        ("x" * 61, "free text"),
    ],
)
def test_cells_that_identify_are_listed_by_row_and_not_quoted(
    tmp_path: Path, cell: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    frame = pd.DataFrame({"id": ["HN4711", "HN4712"], "finding": ["II", cell]})
    frame.to_csv(path, index=False)
    with pytest.raises(StudyProblemsError, match=told) as refusal:
        read_study_table(path, KEY, TableChoices(("id",)))
    assert "row 3" in str(refusal.value)
    assert cell not in str(refusal.value)


def test_a_row_without_a_patient_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"id": ["A1", ""], "arco": ["II", "III"]}).to_csv(path, index=False)
    with pytest.raises(StudyProblemsError, match="row 3, column id"):
        read_study_table(path, KEY, TableChoices(("id",)))


def test_the_copy_is_never_written_over_another(table: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    read = read_study_table(table, KEY, CHOICES)
    write_study_table(read, target, {})
    before = (target / "clinical.csv").read_bytes()
    assert not any(identifier.encode() in before for identifier in ("HN4711", "HN4712"))
    with pytest.raises(InputError, match="never overwritten"):
        write_study_table(read, target, {})
    assert (target / "clinical.csv").read_bytes() == before


SECRET = b"DOE JOHN 1950"


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Masks of two raters in four formats, each with a secret in its header."""
    folder = tmp_path / "masks"
    values = np.zeros((1, 12, 9), np.uint8)
    values[0, 3:7, 2:6] = 1
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((0.2, 0.3, 1.0))
    for rater in ("a", "b"):
        (folder / rater).mkdir(parents=True)
        SimpleITK.WriteImage(image, str(folder / rater / "HN4711L.nii.gz"))
        image.SetMetaData("Patient", SECRET.decode())
        SimpleITK.WriteImage(image, str(folder / rater / "HN4711R_mask.nrrd"), useCompression=True)
    path = folder / "a" / "HN4711L.nii.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[148 : 148 + len(SECRET)] = SECRET
    path.write_bytes(gzip.compress(bytes(raw) + SECRET))
    info = PngInfo()
    info.add_text("Comment", SECRET.decode())
    Pillow.fromarray(values[0] * 255).save(folder / "a" / "007_left.png", pnginfo=info)
    return folder


def test_masks_get_new_names_and_lose_the_texts_of_their_headers(
    masks: Path, table: Path, tmp_path: Path
) -> None:
    names = read_study_table(table, KEY, CHOICES).names
    target = tmp_path / "out"
    counts = write_masks(masks, target, names, KEY)
    assert (counts.written, counts.refused) == (5, {})
    left, right = KEY.patient("HN4711L"), KEY.patient("HN4711R")
    made = {path.relative_to(target / "masks").as_posix() for path in target.rglob("*.*")}
    assert made == {
        f"a/{left}.nii.gz", f"b/{left}.nii.gz", f"a/{right}_mask.nrrd", f"b/{right}_mask.nrrd",
        f"a/{KEY.patient('007')}_left.png",
    }  # fmt: skip
    for old, new in (("HN4711L.nii.gz", f"{left}.nii.gz"), ("HN4711R_mask.nrrd",
                                                            f"{right}_mask.nrrd")):  # fmt: skip
        one, two = read_mask(masks / "b" / old), read_mask(target / "masks" / "b" / new)
        assert np.array_equal(one.labels, two.labels)
        assert one.geometry == two.geometry
    for path in (target / "masks").rglob("*.*"):
        content = path.read_bytes()
        assert SECRET not in content
        if path.name.endswith(".gz"):
            assert SECRET not in gzip.decompress(content)


@pytest.mark.parametrize(
    "name",
    ["Doe_John_HN4711.nii.gz", "HN4711_19500101.nii.gz", "HN9999.nii.gz", "HN47112.nii.gz",
     "doe/HN4711.nii.gz", "HN4711.txt", "HN4711.mhd"],
)  # fmt: skip
def test_a_mask_whose_name_or_format_cannot_be_judged_is_refused_and_not_named(
    tmp_path: Path, table: Path, name: str
) -> None:
    path = tmp_path / "masks" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    names = read_study_table(table, KEY, CHOICES).names
    counts = write_masks(tmp_path / "masks", tmp_path / "out", names, KEY)
    assert counts.written == 0
    (told,) = counts.sentences()
    assert told.startswith("mask file: ")
    assert told.endswith("(file 1)")
    assert Path(name).stem.split(".")[0] not in told
    assert not (tmp_path / "out").exists()


def test_a_rater_s_name_is_kept_where_the_user_gives_it(masks: Path, table: Path) -> None:
    names = read_study_table(table, KEY, CHOICES).names
    for path in sorted(masks.rglob("HN4711L.nii.gz")):
        path.rename(path.with_name("HN4711L_zhang-wei.nii.gz"))
    refused = write_masks(masks, masks.parent / "refused", names, KEY)
    assert (refused.written, refused.n_refused) == (3, 2)
    (told,) = refused.sentences()
    assert told.startswith("mask file: expected words such as mask")
    assert told.endswith("(files 2, 4)")
    assert "--mask-word" in told
    assert "zhang" not in told
    written = write_masks(masks, masks.parent / "out", names, KEY, ("Zhang-Wei",))
    assert (written.written, written.n_refused) == (5, 0)
    assert (masks.parent / "out/masks/a" / f"{KEY.patient('HN4711L')}_zhang-wei.nii.gz").exists()


def test_a_header_that_names_another_file_is_refused(tmp_path: Path, table: Path) -> None:
    (tmp_path / "masks").mkdir()
    header = b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 2 2\ndata file: /etc/passwd\n\n"
    (tmp_path / "masks" / "HN4711.nrrd").write_bytes(header)
    names = read_study_table(table, KEY, CHOICES).names
    counts = write_masks(tmp_path / "masks", tmp_path / "out", names, KEY)
    assert counts.written == 0
    assert "inside the file" in counts.sentences()[0]


@given(st.binary(max_size=600))
def test_any_bytes_are_cleaned_or_refused_and_never_a_traceback(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "masks"
        source.mkdir()
        for ending in ("nii", "nii.gz", "nrrd", "png", "dcm"):
            (source / f"HN4711.{ending}").write_bytes(content)
        counts = write_masks(source, Path(folder) / "out", {"HN4711": "T1"}, KEY)
        assert counts.written + counts.n_refused == 5
