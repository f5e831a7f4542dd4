"""Names and numbers of a patient in elements that hold something else by their definition."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from security.seeds import radiograph
from trephine.imaging.deidentify import PseudonymKey, deidentify_folder

KEY = PseudonymKey(bytes(range(32)))
NAME = "DOEJOHNX"


@pytest.fixture(autouse=True)
def lenient() -> Iterator[None]:
    """Writes values that their representation does not allow, as strangers do."""
    settings = pydicom.config.settings
    before = settings.reading_validation_mode, settings.writing_validation_mode
    settings.reading_validation_mode = settings.writing_validation_mode = pydicom.config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    settings.reading_validation_mode, settings.writing_validation_mode = before


def value(keyword: str, text: object) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset, keyword, text)


def element(tag: int, representation: str, text: object) -> Callable[[Dataset], None]:
    return lambda dataset: dataset.add_new(tag, representation, text)


def a_class_of_uids(dataset: Dataset) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.7712.3"
    item.ReferencedSOPInstanceUID = "1.2.840.10008.7712.4"
    dataset.ReferencedImageSequence = [item]


def a_name_as_bytes(dataset: Dataset) -> None:
    del dataset.PatientName
    dataset.add_new(0x00100010, "OB", NAME.encode())


def a_name_in_its_own_letters(dataset: Dataset) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.Manufacturer = "王^小明", "王小明"
    dataset.ManufacturerModelName = "小明"


def a_coded_name(dataset: Dataset) -> None:
    dataset.AnatomicRegionSequence[0].CodeMeaning = f"Hip of {NAME}"


PLANTED: dict[str, tuple[Callable[[Dataset], None], tuple[str, ...]]] = {
    "a class of UIDs": (a_class_of_uids, ("7712.3", "7712.4")),
    "the character set": (value("SpecificCharacterSet", f"ISO_IR 100\\{NAME}"), (NAME,)),
    "a date of old": (value("StudyDate", "1987.03.05"), ("1987.03.05",)),
    "a range of dates": (value("StudyDate", "19870305-19870306"), ("19870305", "19870306")),
    "a part of a date": (value("AcquisitionDate", "198703"), ("198703",)),
    "a date of letters": (value("ContentDate", NAME), (NAME,)),
    "a time of letters": (value("StudyTime", NAME), (NAME,)),
    "a moment with its zone": (
        value("AcquisitionDateTime", "19870305121314.777777+0845"),
        ("19870305", "777777", "+0845"),
    ),
    "a zone": (value("TimezoneOffsetFromUTC", "+0845"), ("+0845",)),
    "a third spacing": (value("PixelSpacing", ["0.2", "0.2", "19870305"]), ("19870305",)),
    "digits of a spacing": (value("PixelSpacing", ["0.20000000077123", "0.2"]), ("77123",)),
    "a name as bytes": (a_name_as_bytes, (NAME,)),
    "a modality of text": (element(0x00080060, "LT", f"CR {NAME}"), (NAME,)),
    "an intercept of text": (element(0x00281052, "LO", f"-10 {NAME}"), (NAME,)),
    "a side": (value("Laterality", NAME), (NAME,)),
    "a part of the body": (value("BodyPartExamined", NAME), (NAME,)),
    "a sex": (value("PatientSex", NAME), (NAME,)),
    "a code's meaning": (a_coded_name, (NAME,)),
    "a kind of grey value": (value("RescaleType", NAME), (NAME,)),
    "letters of another script": (a_name_in_its_own_letters, ("小明",)),
    "an address": (element(0x00081190, "UR", f"http://archive/{NAME}"), (NAME,)),
    "a text of any length": (element(0x00189345, "UC", NAME), (NAME,)),
}


@pytest.mark.parametrize("place", PLANTED)
def test_nothing_planted_in_a_strange_place_is_written(tmp_path: Path, place: str) -> None:
    plant, words = PLANTED[place]
    dataset = radiograph()
    plant(dataset)
    source = tmp_path / "in"
    source.mkdir()
    dataset.save_as(source / "x.dcm", enforce_file_format=False)
    sent = (source / "x.dcm").read_bytes()
    assert all(word.encode() in sent for word in words)
    (row,) = deidentify_folder(source, tmp_path / "out", KEY)
    assert not any(word in row.detail for word in words)
    for path in (tmp_path / "out").rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert not [word for word in words if word.encode() in held or word in str(path)]


def test_a_class_that_only_begins_like_the_standards_is_refused(tmp_path: Path) -> None:
    dataset = radiograph()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.19500101.77123"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    source = tmp_path / "in"
    source.mkdir()
    dataset.save_as(source / "x.dcm", enforce_file_format=False)
    (row,) = deidentify_folder(source, tmp_path / "out", KEY)
    assert row.status == "refused"
    assert "77123" not in row.detail
