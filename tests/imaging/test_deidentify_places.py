"""A secret in every place that an image has: none is found in what is written.

The places are built from the standard's own table and dictionary; each file holds many, and each
secret is one that occurs nowhere else.
"""

from __future__ import annotations

import importlib.resources
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from trephine.errors import ImageError, InputError
from trephine.imaging.deidentify import (
    AUDIT_NAME,
    Choices,
    PseudonymKey,
    deidentify_dataset,
    deidentify_folder,
)
from trephine.imaging.deidentify.table import profile_rows
from trephine.imaging.deidentify.target import SETTINGS_NAME

KEY = PseudonymKey(b"a secret of some length")
OTHER_KEY = PseudonymKey(b"another secret of length")

TEXT_VRS = ("PN", "LO", "SH", "ST", "LT", "UT", "UC", "CS", "AE")
# What describes the pixels: a secret there makes the file unreadable, and it is refused.
STRUCTURE = {
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "SpecificCharacterSet",
    "PlanarConfiguration", "SOPClassUID",
}  # fmt: skip


class Secrets:
    """Makes secrets, each once, and remembers them."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def text(self, place: str) -> str:
        return self._note(place, f"QZSEC{len(self.made):04d}X")

    def digits(self, place: str) -> str:
        return self._note(place, f"8{len(self.made):04d}1{len(self.made):04d}")

    def uid(self, place: str) -> str:
        return self._note(place, f"1.2.826.0.1.77777.{len(self.made):04d}.313")

    def date(self, place: str) -> str:
        number = len(self.made)
        return self._note(place, f"{1800 + number % 200}{1 + number % 12:02d}{1 + number % 28:02d}")

    def time(self, place: str) -> str:
        return self._note(place, f"{len(self.made) % 24:02d}1317.{len(self.made) + 880000}")

    def _note(self, place: str, secret: str) -> str:
        self.made[place] = secret
        return secret

    def value(self, place: str, vr: str) -> object:
        """Return a secret in the notation of a value representation."""
        if vr in TEXT_VRS:
            return self.text(place)
        if vr in ("OB", "OW", "UN"):
            return self.text(place).encode()
        makers: dict[str, Callable[[str], str]] = {
            "UI": self.uid, "DA": self.date, "TM": self.time, "IS": self.digits, "DS": self.digits,
            "DT": lambda place: self.date(place) + "101112.987654",
        }  # fmt: skip
        if vr not in makers:
            return None
        return makers[vr](place)

    def survivors(self, folder: Path) -> list[str]:
        names = b"\n".join(str(path.relative_to(folder)).encode() for path in folder.rglob("*"))
        content = names + b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
        return [place for place, secret in self.made.items() if secret.encode() in content]


def keywords_of_the_profile() -> Iterator[tuple[str, str]]:
    """Every attribute of the standard's table that can hold a text, a number or a UID."""
    for tag in profile_rows():
        if (
            "x" in tag
            or int(tag, 16) < 0x00080000
            or not pydicom.datadict.dictionary_has_tag(int(tag, 16))
        ):
            continue
        keyword = pydicom.datadict.keyword_for_tag(int(tag, 16))
        if keyword and keyword not in STRUCTURE and keyword != "PatientAge":
            yield keyword, dictionary_VR(int(tag, 16))


UNLISTED = (
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "RescaleType", "ImageType",
    "FilterType", "FilterMaterial", "ScanOptions", "Grid", "ConversionType", "DetectorType",
    "DetectorConfiguration", "PresentationIntentType", "PixelIntensityRelationship",
    "PatientPosition", "PatientOrientation", "BodyPartExamined", "ViewPosition", "ImageLaterality",
    "SmokingStatus", "TypeOfPatientID", "ExecutionStatus", "QualityControlImage", "TableType",
    "AngioFlag", "ScanningSequence", "SequenceVariant", "MRAcquisitionType", "VolumetricProperties",
    "SegmentationType", "ContentQualification", "VOILUTFunction", "SeriesNumber", "InstanceNumber",
    "AcquisitionNumber", "PatientSize", "PatientWeight", "KVP", "ExposureTime", "Exposure",
    "DistanceSourceToDetector", "RelativeXRayExposure", "WindowCenter", "WindowWidth",
    "SensitivityValue", "StationAETitle", "LensMake", "CodeValue", "CodeMeaning", "LongCodeValue",
    "CodingSchemeDesignator", "MappingResource", "ContextIdentifier", "LUTExplanation",
    "ModalityLUTType", "PersonName", "TextValue", "SelectorLOValue", "InstanceOriginStatus",
)  # fmt: skip


def plant(dataset: Dataset, secrets: Secrets, where: str, places: list[tuple[str, str]]) -> None:
    for keyword, vr in places:
        value = secrets.value(f"{where} {keyword}", vr)
        if value is not None:
            dataset.add_new(tag_for_keyword(keyword), vr, value)


def concept(secrets: Secrets, where: str) -> Dataset:
    item = Dataset()
    for word in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning", "CodingSchemeVersion"):
        item.add_new(tag_for_keyword(word), dictionary_VR(word), secrets.text(f"{where} {word}"))
    return item


def everything(dataset: FileDataset, secrets: Secrets) -> FileDataset:
    """Plant a secret in every place, at the top and three levels down."""
    identity = {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"}
    listed = list(keywords_of_the_profile())
    unlisted = [(word, dictionary_VR(word)) for word in UNLISTED]
    plant(dataset, secrets, "top", listed + unlisted)
    for word in identity:
        setattr(dataset, word, secrets.uid(f"identity {word}"))
    deep = dataset
    for level, keyword in enumerate(("SourceImageSequence", "ReferencedImageSequence",
                                     "DerivationImageSequence")):  # fmt: skip
        item = Dataset()
        plant(item, secrets, f"level {level + 1}", listed + unlisted)
        item.PatientAge = "098Y"
        item.PurposeOfReferenceCodeSequence = Sequence([concept(secrets, f"concept {level}")])
        block = item.private_block(0x0013, secrets.text(f"private creator {level}"), create=True)
        block.add_new(1, "LO", secrets.text(f"private text {level}"))
        deep.add_new(tag_for_keyword(keyword), "SQ", Sequence([item]))
        deep = item
    block = dataset.private_block(0x0011, secrets.text("private creator"), create=True)
    block.add_new(1, "UN", secrets.text("private bytes").encode())
    dataset.add_new(0x60000022, "LO", secrets.text("overlay description"))
    dataset.add_new(0x60023000, "OW", secrets.text("overlay bits").encode())
    dataset.add_new(0x50003000, "OW", secrets.text("curve").encode())
    dataset.add_new(0xFFFCFFFC, "OB", secrets.text("trailing padding").encode())
    dataset.add_new(0x00189999, "UN", secrets.text("unknown attribute").encode())
    dataset.add_new(0x00204000, "UN", secrets.text("comments as UN").encode())
    dataset.add_new(0x00080020, "LO", secrets.text("study date as LO"))
    dataset.add_new(0x00180060, "LO", secrets.text("kVp as LO"))
    dataset.PatientAge = "097Y"
    dataset.preamble = secrets.text("preamble").encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = secrets.text("meta title")
    dataset.file_meta.PrivateInformationCreatorUID = secrets.uid("meta creator")
    dataset.file_meta.PrivateInformation = secrets.text("meta private").encode()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


@pytest.fixture
def any_value(monkeypatch) -> None:
    """Secrets break value representations on purpose."""
    monkeypatch.setattr(pydicom.config.settings, "_writing_validation_mode", pydicom.config.IGNORE)
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)


def radiograph(make_dicom, stored: np.ndarray) -> FileDataset:
    return make_dicom(stored)


def colour_capture(make_dicom, stored: np.ndarray) -> FileDataset:
    colours = np.stack([stored.astype(np.uint8)] * 3, axis=-1)
    return make_dicom(
        colours, bits=8, PhotometricInterpretation="RGB", PlanarConfiguration=0,
        SOPClassUID=SecondaryCaptureImageStorage,
    )  # fmt: skip


def enhanced(make_dicom, stored: np.ndarray) -> FileDataset:
    dataset = make_dicom(stored, SOPClassUID=EnhancedCTImageStorage, NumberOfFrames=2)
    dataset.PixelData = dataset.PixelData * 2
    return dataset


def segmentation(make_dicom, stored: np.ndarray) -> FileDataset:
    dataset = make_dicom((stored & 1).astype(np.uint8), bits=1, SOPClassUID=SegmentationStorage)
    dataset.BitsAllocated, dataset.NumberOfFrames = 1, 1
    dataset.PixelData = np.packbits(stored & 1, bitorder="little").tobytes()
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentAlgorithmType = 1, "MANUAL"
    dataset.SegmentSequence = Sequence([segment])
    return dataset


def write(dataset: FileDataset, path: Path, syntax: UID) -> None:
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=False)
        dataset["PixelData"].value = (
            np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
            if dataset.BitsAllocated == 16
            else dataset.PixelData
        )
    dataset.save_as(path, enforce_file_format=True)


OBJECTS = [radiograph, colour_capture, enhanced, segmentation]
ENCODINGS = [None, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("make", OBJECTS, ids=lambda make: make.__name__)
def test_no_secret_leaves_whatever_the_object(
    any_value, make_dicom, stored, tmp_path: Path, make
) -> None:
    secrets = Secrets()
    folder = tmp_path / secrets.text("folder")
    folder.mkdir()
    dataset = everything(make(make_dicom, stored), secrets)
    write(dataset, folder / secrets.text("file name"), dataset.file_meta.TransferSyntaxUID)
    assert len(secrets.made) > 2000
    choices = Choices(unchecked="write")
    (row,) = deidentify_folder(folder, tmp_path / "out", KEY, choices)
    assert row.status == "written", row.detail
    assert secrets.survivors(tmp_path / "out") == []
    assert b"097Y" not in (tmp_path / "out" / row.file).read_bytes()
    assert b"098Y" not in (tmp_path / "out" / row.file).read_bytes()


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("syntax", ENCODINGS[1:], ids=lambda syntax: syntax.name)
def test_no_secret_leaves_whatever_the_encoding(
    any_value, make_dicom, stored, tmp_path: Path, syntax: UID
) -> None:
    secrets = Secrets()
    folder = tmp_path / "in"
    folder.mkdir()
    write(everything(make_dicom(stored), secrets), folder / "a", syntax)
    (row,) = deidentify_folder(folder, tmp_path / "out", KEY)
    assert row.status == "written", row.detail
    assert secrets.survivors(tmp_path / "out") == []
    kept = pydicom.dcmread(tmp_path / "out" / row.file)
    assert np.array_equal(kept.pixel_array, stored)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("keyword", sorted(STRUCTURE - {"SpecificCharacterSet"}))
def test_a_secret_in_the_pixels_description_is_refused_or_goes(
    any_value, make_dicom, save_dicom, stored, tmp_path: Path, keyword: str
) -> None:
    dataset = make_dicom(stored)
    dataset.add_new(tag_for_keyword(keyword), "LO", "QZSEC0001X")
    deidentify_folder(save_dicom(dataset), tmp_path / "out", KEY)
    content = b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert b"QZSEC0001X" not in content


def cleaned(dataset: Dataset, **options) -> Dataset:
    return deidentify_dataset(dataset, KEY, "file 1", **options).dataset


def test_the_table_agrees_with_dicom_anonymizers_for_the_basic_profile() -> None:
    simple = pytest.importorskip("dicomanonymizer.simpledicomanonymizer")
    theirs = {
        f"{tag[0]:04X}{tag[1]:04X}": function.__name__
        for tag, function in simple.initialize_actions("dicomfields_2026c").items()
        if len(tag) == 2
    }
    names = {
        "replace": "D", "empty": "Z", "delete": "X", "replace_UID": "U", "empty_or_replace": "Z/D",
        "delete_or_empty": "X/Z", "delete_or_replace": "X/D",
        "delete_or_empty_or_replace": "X/Z/D", "delete_or_empty_or_replace_UID": "X/Z/U*",
    }  # fmt: skip
    ours = {tag: row.basic for tag, row in profile_rows().items()}
    both = set(theirs) & set(ours)
    assert len(both) > 600
    assert {tag for tag in both if names[theirs[tag]] != ours[tag]} == set()


def test_the_table_is_part_of_the_package() -> None:
    folder = importlib.resources.files("trephine.imaging.deidentify")
    assert folder.joinpath("ps315_2026d.csv").read_text(encoding="utf-8").count("\n") > 650


def test_values_of_an_open_representation_stay(make_dicom, save_dicom, stored, tmp_path) -> None:
    dataset = make_dicom(stored, PixelPaddingValue=7, SmallestImagePixelValue=3)
    dataset["PixelData"].VR = "OB or OW"
    assert cleaned(dataset).PixelPaddingValue == 7
    path = tmp_path / "implicit"
    write(make_dicom(stored, PixelPaddingValue=7), path, ImplicitVRLittleEndian)
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert pydicom.dcmread(tmp_path / "out" / row.file).PixelPaddingValue == 7


def test_birth_date_and_time_go_at_every_level_and_ages_stop_at_ninety(make_dicom, stored) -> None:
    item = Dataset()
    item.PatientBirthDate, item.PatientBirthTime, item.PatientAge = "19220304", "101112", "098Y"
    dataset = make_dicom(
        stored, PatientBirthDate="19220304", PatientBirthTime="101112", StudyDate="20200115",
        SourceImageSequence=Sequence([item]),
    )  # fmt: skip
    kept = cleaned(dataset)
    inner = kept.SourceImageSequence[0]
    assert (kept.PatientBirthDate, kept.PatientAge) == ("", "090Y")
    assert (inner.PatientBirthDate or "", inner.PatientAge) == ("", "090Y")
    assert "PatientBirthTime" not in kept
    assert "PatientBirthTime" not in inner


@pytest.mark.parametrize(("times", "expected"), [("removed", ""), ("hour", "10")])
def test_times_of_day_are_removed_or_kept_to_the_hour(
    make_dicom, stored, times: str, expected: str
) -> None:
    dataset = make_dicom(
        stored, StudyTime="101112.345", AcquisitionDateTime="20200115101112.3+0100"
    )
    kept = cleaned(dataset, times=times)
    assert kept.StudyTime == expected
    assert kept.AcquisitionDateTime[8:] == expected


@pytest.mark.parametrize("name", ["Wu^Li", "Ng^A", "Hand^Peter"])
def test_short_names_are_sought_as_whole_values(make_dicom, stored, name: str) -> None:
    family = name.split("^")[0].upper()
    item = Dataset()
    item.PatientName = name
    dataset = make_dicom(
        stored, PatientName="Other", SourceImageSequence=Sequence([item]), BodyPartExamined=family,
        ImageType=["ORIGINAL", "PRIMARY", family], Manufacturer=family, ScanOptions=family,
    )  # fmt: skip
    kept = cleaned(dataset)
    assert not kept.BodyPartExamined
    assert (kept.ImageType[2], kept.Manufacturer, kept.ScanOptions) == ("", None, None)


def test_a_number_that_is_the_patients_goes_and_measures_stay(make_dicom, stored) -> None:
    dataset = make_dicom(
        stored, PatientID="4711", SeriesNumber="4711", InstanceNumber="4", KVP="70",
        AccessionNumber="00815", AcquisitionNumber="815",
    )  # fmt: skip
    kept = cleaned(dataset)
    assert (kept.SeriesNumber, kept.AcquisitionNumber) == (None, None)
    assert (kept.InstanceNumber, kept.KVP, kept.PixelSpacing) == (4, 70, [0.2, 0.2])


def test_codes_of_the_standard_stay_in_the_standards_words(make_dicom, stored) -> None:
    known, older, own = Dataset(), Dataset(), Dataset()
    known.CodeValue, known.CodingSchemeDesignator, known.CodeMeaning = "29836001", "SCT", "J. Doe"
    older.CodeValue, older.CodingSchemeDesignator, older.CodeMeaning = "T-15710", "SRT", "Hip"
    own.CodeValue, own.CodingSchemeDesignator, own.CodeMeaning = "29836001", "99WARD7", "Hip"
    dataset = make_dicom(stored, AnatomicRegionSequence=Sequence([known, older, own]))
    kept = cleaned(dataset).AnatomicRegionSequence
    assert [item.CodingSchemeDesignator for item in kept] == ["SCT", "SRT"]
    assert "Doe" not in str(kept)
    assert "hip" in kept[0].CodeMeaning.lower()


def test_a_class_outside_the_standard_is_refused(make_dicom, stored) -> None:
    with pytest.raises(ImageError, match="SOP class of the standard"):
        cleaned(make_dicom(stored, SOPClassUID="1.2.3.4711"))


def test_a_standards_uid_in_an_instances_place_is_replaced(make_dicom, stored) -> None:
    kept = cleaned(make_dicom(stored, StudyInstanceUID="1.2.840.10008.1.1"))
    assert kept.StudyInstanceUID.startswith("2.25.")


def test_another_key_into_the_same_folder_is_refused(make_dicom, save_dicom, tmp_path, stored):
    path = save_dicom(make_dicom(stored))
    deidentify_folder(path, tmp_path / "out", KEY)
    before = sorted((tmp_path / "out").rglob("*"))
    with pytest.raises(InputError, match="same key"):
        deidentify_folder(path, tmp_path / "out", OTHER_KEY)
    with pytest.raises(InputError, match="times of day"):
        deidentify_folder(path, tmp_path / "out", KEY, Choices(times="hour"))
    assert sorted((tmp_path / "out").rglob("*")) == before


def test_a_folder_that_does_not_note_its_key_is_refused(make_dicom, save_dicom, tmp_path, stored):
    path = save_dicom(make_dicom(stored))
    deidentify_folder(path, tmp_path / "out", KEY)
    (tmp_path / "out" / SETTINGS_NAME).unlink()
    with pytest.raises(InputError, match="earlier version"):
        deidentify_folder(path, tmp_path / "out", KEY)


def test_the_audit_only_grows(make_dicom, tmp_path, stored) -> None:
    for number in (1, 2):
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        make_dicom(stored, PatientID=f"P{number}").save_as(
            folder / "a.dcm", enforce_file_format=True
        )
        deidentify_folder(folder, tmp_path / "out", KEY)
    lines = (tmp_path / "out" / AUDIT_NAME).read_text().splitlines()
    assert len(lines) == 2
    assert lines == sorted(lines, key=lambda line: line.split('"source": ')[1])


def test_copies_are_counted_as_such(make_dicom, tmp_path, stored) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    dataset = make_dicom(stored)
    for name in ("a", "b", "c"):
        dataset.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    rows = deidentify_folder(folder, tmp_path / "out", KEY)
    assert sorted(row.status for row in rows) == ["duplicate", "duplicate", "written"]
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1


def test_only_the_owner_can_read_what_is_written(make_dicom, save_dicom, tmp_path, stored) -> None:
    deidentify_folder(save_dicom(make_dicom(stored)), tmp_path / "deep" / "out", KEY)
    for path in [tmp_path / "deep", *(tmp_path / "deep").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
