"""De-identification: nothing that identifies leaves, everything that a study needs stays."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from trephine.errors import InputError
from trephine.imaging import read_image
from trephine.imaging.deidentify import (
    AUDIT_NAME,
    PseudonymKey,
    deidentify_dataset,
    deidentify_folder,
    read_or_make_key,
)
from trephine.imaging.deidentify.burned_in import burned_in_text
from trephine.imaging.deidentify.dates import age_years, shift_date, shift_date_time

KEY = PseudonymKey(b"a secret of some length")
OTHER_KEY = PseudonymKey(b"another secret of length")


def canary_name(number: int) -> str:
    return f"Canary{number:03d}Zq"


# Every kind of place that a name, a number or a date can hide in.
TEXTS = [
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName",
    "PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "MilitaryRank",
    "PatientComments", "AdditionalPatientHistory", "PatientReligiousPreference", "Occupation",
    "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName",
    "ReferringPhysicianName", "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers",
    "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName",
    "PhysiciansOfRecord", "RequestingPhysician", "AccessionNumber", "StudyID", "StudyDescription",
    "SeriesDescription", "ProtocolName", "ImageComments", "DeviceSerialNumber", "DetectorID",
    "PlateID", "CassetteID", "AdmissionID", "CurrentPatientLocation", "PatientState",
    "MedicalAlerts", "IssuerOfPatientID", "RequestedProcedureDescription", "DerivationDescription",
    "ContentCreatorName", "ReviewerName", "ScheduledPerformingPhysicianName",
    "ConfidentialityConstraintOnPatientDataDescription", "AcquisitionComments",
    "RequestingService", "UnformattedTextValue", "PersonAddress", "CountryOfResidence",
    "LUTExplanation", "WindowCenterWidthExplanation", "ImageLaterality", "BodyPartExamined",
    "ContrastBolusAgent", "PerformedProcedureStepDescription", "AdditionalDrugSequence",
]  # fmt: skip


def canary(dataset: Dataset) -> tuple[Dataset, list[str]]:
    """Plant a different secret in every place; return them all."""
    secrets = []
    for number, keyword in enumerate(TEXTS):
        vr = pydicom.datadict.dictionary_VR(keyword)
        if vr == "SQ":
            continue
        secret = canary_name(number)
        value = secret.upper() if vr in ("CS", "AE") else secret
        setattr(dataset, keyword, f"{value}^{value}" if vr == "PN" else value)
        secrets.append(secret)
    for number, keyword in enumerate(("RequestAttributesSequence", "OtherPatientIDsSequence",
                                      "AnatomicRegionSequence", "SourceImageSequence",
                                      "ReferencedStudySequence")):  # fmt: skip
        inner, item = Dataset(), Dataset()
        secret = canary_name(200 + number)
        inner.PatientName, inner.PatientID, inner.ImageComments = secret, secret, secret
        inner.ReferencedSOPInstanceUID = f"1.2.3.{77000 + number}"
        inner.add_new(0x00091010, "LO", secret)
        item.RequestAttributesSequence = Sequence([inner])
        item.PatientName = secret
        setattr(dataset, keyword, Sequence([item]))
        secrets += [secret, f"1.2.3.{77000 + number}"]
    block = dataset.private_block(0x0011, canary_name(300), create=True)
    block.add_new(0x01, "LO", canary_name(301))
    block.add_new(0x02, "UN", canary_name(302).encode())
    dataset.add_new(0x60000010, "US", 2)
    dataset.add_new(0x60003000, "OW", canary_name(303).encode() + b"\0")
    dataset.add_new(0x60004000, "LT", canary_name(304))
    dataset.add_new(0x50003000, "OW", canary_name(305).encode() + b"\0")
    dataset.add_new(0x00204000, "LT", canary_name(306))
    dataset.add_new(0x00184000, "LT", canary_name(307))
    dataset.add_new(0xFFFCFFFC, "OB", canary_name(308).encode() + b"\0")
    dataset.add_new(0x00880200, "SQ", [Dataset()])
    dataset[0x00880200].value[0].PatientName = canary_name(309)
    dataset.add_new(0x00189999, "UN", canary_name(310).encode() + b"\0")
    dataset.add_new(0x00420011, "OB", canary_name(311).encode() + b"\0")
    secrets += [canary_name(number) for number in range(300, 312)]
    dataset.preamble = canary_name(312).encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = canary_name(313).upper()
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3.99998"
    dataset.file_meta.PrivateInformation = canary_name(314).encode()
    secrets += [canary_name(number) for number in range(312, 315)] + ["1.2.3.99998"]
    for number, keyword in enumerate(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
                                      "FrameOfReferenceUID", "IrradiationEventUID")):  # fmt: skip
        setattr(dataset, keyword, f"1.2.840.99999.{number}.4711")
        secrets.append(f"1.2.840.99999.{number}.4711")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    for day, keyword in enumerate(("PatientBirthDate", "StudyDate", "SeriesDate",
                                   "AcquisitionDate", "ContentDate", "AdmittingDate",
                                   "LastMenstrualDate"), start=11):  # fmt: skip
        date = f"19500{1 + day % 9}{day}" if keyword == "PatientBirthDate" else f"202103{day}"
        setattr(dataset, keyword, date)
        secrets.append(date)
    dataset.AcquisitionDateTime = "20210329101112.0000+0100"
    secrets.append("20210329")
    return dataset, secrets


@pytest.fixture
def planted(make_dicom, tmp_path: Path, stored) -> tuple[Path, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        # The canaries break value representations on purpose.
        patch.setattr(pydicom.config.settings, "_writing_validation_mode", pydicom.config.IGNORE)
        dataset, secrets = canary(make_dicom(stored))
        folder = tmp_path / "Canary900Zq"
        folder.mkdir()
        dataset.save_as(folder / "Canary901Zq.dcm", enforce_file_format=True)
    return folder, [*secrets, "Canary900Zq", "Canary901Zq"]


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_none_of_the_canaries_leaves(planted, tmp_path: Path, caplog, capfd) -> None:
    source, secrets = planted
    assert len(secrets) >= 40
    rows = deidentify_folder(source, tmp_path / "out", KEY)
    assert [row.status for row in rows] == ["written"]
    everything = b""
    for path in sorted((tmp_path / "out").rglob("*")):
        everything += str(path.relative_to(tmp_path / "out")).encode()
        everything += path.read_bytes() if path.is_file() else b""
    everything += caplog.text.encode() + "".join(capfd.readouterr()).encode()
    lowered = everything.lower()
    leaked = [secret for secret in secrets if secret.lower().encode() in lowered]
    assert leaked == []


def cleaned(dataset: Dataset, key: PseudonymKey = KEY) -> Dataset:
    return deidentify_dataset(dataset, key, "file 1").dataset


def test_what_a_study_needs_stays(make_dicom, stored) -> None:
    kept = cleaned(
        make_dicom(
            stored,
            PatientSex="F",
            PatientAge="042Y",
            PatientSize="1.70",
            PatientWeight="65",
            ImageLaterality="L",
            ViewPosition="AP",
            BodyPartExamined="HIP",
            KVP="70",
            Manufacturer="Siemens Healthineers",
            ManufacturerModelName="Ward 7",
            PhotometricInterpretation="MONOCHROME1",
            StudyTime="101112",
        )
    )
    assert (kept.PatientSex, kept.PatientAge, kept.PatientSize) == ("F", "042Y", 1.70)
    assert (kept.ImageLaterality, kept.ViewPosition, kept.BodyPartExamined) == ("L", "AP", "HIP")
    assert (kept.KVP, kept.Manufacturer, kept.StudyTime) == ("70", "Siemens Healthineers", "")
    assert kept.ManufacturerModelName == "REMOVED"
    assert kept.PixelSpacing == [0.2, 0.2]
    assert np.array_equal(kept.pixel_array, stored)


def test_the_age_in_years_replaces_the_birth_date(make_dicom, stored) -> None:
    kept = cleaned(make_dicom(stored, PatientBirthDate="19800615", StudyDate="20220614"))
    assert (kept.PatientAge, kept.PatientBirthDate) == ("041Y", "")
    old = cleaned(make_dicom(stored, PatientBirthDate="19200615", StudyDate="20220614"))
    assert old.PatientAge == "090Y"


def test_one_key_gives_one_pseudonym_and_another_key_another(make_dicom, stored) -> None:
    dataset = make_dicom(stored)
    first, again, other = cleaned(dataset), cleaned(dataset), cleaned(dataset, OTHER_KEY)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID"):
        assert first[keyword] == again[keyword]
        assert first[keyword] != other[keyword]
    assert first.SOPInstanceUID.startswith("2.25.")
    assert len(first.SOPInstanceUID) <= 64
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID


def test_references_between_files_stay_whole(make_dicom, stored) -> None:
    one, two = make_dicom(stored), make_dicom(stored)
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    two.SourceImageSequence = Sequence([item])
    reference = cleaned(two).SourceImageSequence[0]
    assert reference.ReferencedSOPInstanceUID == cleaned(one).SOPInstanceUID
    assert reference.ReferencedSOPClassUID == one.SOPClassUID


def test_intervals_between_a_patients_dates_are_kept(make_dicom, stored) -> None:
    def day(text: str) -> datetime.date:
        return datetime.datetime.strptime(text, "%Y%m%d").date()

    before = cleaned(make_dicom(stored, StudyDate="20200115", AcquisitionDateTime="20200116101500"))
    after = cleaned(make_dicom(stored, StudyDate="20230228"))
    assert day(after.StudyDate) - day(before.StudyDate) == day("20230228") - day("20200115")
    assert day(before.AcquisitionDateTime[:8]) - day(before.StudyDate) == datetime.timedelta(1)
    assert before.StudyDate != "20200115"
    stranger = cleaned(make_dicom(stored, StudyDate="20200115", PatientID="P002"))
    assert stranger.StudyDate != before.StudyDate


def test_the_method_is_stated_with_its_codes(make_dicom, stored) -> None:
    kept = cleaned(make_dicom(stored))
    assert kept.PatientIdentityRemoved == "YES"
    assert kept.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in kept.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]


def test_the_result_reads_as_the_same_image(make_dicom, save_dicom, tmp_path, stored) -> None:
    path = save_dicom(make_dicom(stored, PhotometricInterpretation="MONOCHROME1"))
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert np.array_equal(read_image(tmp_path / "out" / row.file).pixels, read_image(path).pixels)


def test_a_maker_that_is_also_the_institution_goes(
    make_dicom, save_dicom, tmp_path, stored
) -> None:
    path = save_dicom(make_dicom(stored, InstitutionName="Acme Clinic", Manufacturer="ACME Clinic"))
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert row.status == "written"
    assert b"acme" not in (tmp_path / "out" / row.file).read_bytes().lower()


def test_old_overlays_above_the_grey_values_are_cleared(make_dicom, stored) -> None:
    dirty = stored | np.uint16(0x8000)
    kept = cleaned(make_dicom(dirty))
    assert np.array_equal(np.frombuffer(kept.PixelData, "<u2").reshape(stored.shape), stored)


def test_a_report_is_not_let_through(make_dicom, save_dicom, tmp_path, stored) -> None:
    path = save_dicom(make_dicom(stored, PixelData=None), "Canary.dcm")
    (row,) = deidentify_folder(path, tmp_path / "out", KEY)
    assert row.status == "refused"
    assert "without pixels" in row.detail
    assert "Canary" not in row.detail
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_a_second_run_brings_the_first_up_to_date(make_dicom, tmp_path, stored) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    make_dicom(stored).save_as(source / "a.dcm", enforce_file_format=True)
    (source / "notes.txt").write_text("Doe, Jane")
    first = deidentify_folder(source, target, KEY)
    assert sorted(row.status for row in first) == ["refused", "written"]
    assert deidentify_folder(source, target, KEY) == first
    make_dicom(stored, PatientID="P002").save_as(source / "b.dcm", enforce_file_format=True)
    assert len(deidentify_folder(source, target, KEY)) == 3
    lines = (target / AUDIT_NAME).read_text().splitlines()
    assert {json.loads(line)["status"] for line in lines} == {"refused", "written"}
    assert "Doe" not in (target / AUDIT_NAME).read_text()


def test_two_files_of_one_instance_with_other_content_are_reported(
    make_dicom, tmp_path, stored
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    uid = generate_uid()
    for name, pixels in (("a", stored), ("b", stored + 1)):
        dataset = make_dicom(pixels, bits=13, SOPInstanceUID=uid)
        dataset.StudyInstanceUID = dataset.SeriesInstanceUID = "1.2.3"
        dataset.save_as(source / f"{name}.dcm", enforce_file_format=True)
    rows = deidentify_folder(source, tmp_path / "out", KEY)
    assert sorted(row.status for row in rows) == ["refused", "written"]
    assert any("SOP Instance UID and other content" in row.detail for row in rows)


@pytest.mark.parametrize("inside", ["in", "in/deeper", "."])
def test_output_and_input_must_be_apart(tmp_path: Path, inside: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match="apart from the input"):
        deidentify_folder(tmp_path / "in", tmp_path / inside, KEY)


def test_an_output_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "identified.dcm").write_bytes(b"x")
    with pytest.raises(InputError, match="must not mix"):
        deidentify_folder(tmp_path / "in", tmp_path / "out", KEY)


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = read_or_make_key(path)
    assert read_or_make_key(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert made.secret.decode() not in repr(made)


WEAK = [
    b"short",
    b"a" * 64,
    b"0123456789abcdef" * 4,
    bytes(range(32)),
    b"correct horse battery staple" * 3,
]


@pytest.mark.parametrize("content", WEAK)
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="32 random bytes"):
        read_or_make_key(path)


def test_a_key_of_random_bytes_or_base64_is_taken(tmp_path: Path) -> None:
    random = hashlib.sha256(b"tests").digest()
    for content in (random, random.hex().encode(), base64.b64encode(random) + b"\n"):
        path = tmp_path / f"key{len(content)}"
        path.write_bytes(content)
        path.chmod(0o600)
        assert read_or_make_key(path).secret == content.strip()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    read_or_make_key(path)
    path.chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        read_or_make_key(path)


def test_a_key_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="cannot be used"):
        read_or_make_key(tmp_path / "key")
    assert not (tmp_path / "elsewhere").exists()


def test_burned_in_text_is_hinted_at(make_dicom, stored) -> None:
    plain = np.random.default_rng(0).normal(500, 50, (400, 300))
    assert burned_in_text(make_dicom(stored), plain).finding == "not found"
    marked = plain.copy()
    for row, column in ((20, 20), (20, 40), (20, 60)):  # an E, three times
        marked[row : row + 15, column : column + 3] = 1023
        for bar in (0, 6, 12):
            marked[row + bar : row + bar + 3, column : column + 9] = 1023
    found = burned_in_text(make_dicom(stored), marked)
    assert found.finding == "flagged"
    assert "3 marks" in found.reason
    annotated = burned_in_text(make_dicom(stored, BurnedInAnnotation="YES"), plain)
    assert annotated.finding == "flagged"
    assert burned_in_text(make_dicom(stored), None).finding == "not checked"


@pytest.mark.parametrize(
    ("age", "birth", "study", "expected"),
    [
        ("042Y", "", "", "042Y"),
        ("018M", "", "", "001Y"),
        ("", "20000229", "20010228", "000Y"),
        ("", "20000229", "20010301", "001Y"),
        ("", "", "20200101", ""),
        ("", "20300101", "20200101", ""),
        ("099Y", "", "", "090Y"),
    ],
)
def test_age_is_reported_in_years(age: str, birth: str, study: str, expected: str) -> None:
    assert age_years(age, birth, study) == expected


def test_dates_move_in_every_notation_and_what_is_no_date_is_emptied() -> None:
    assert shift_date("20200301", 1) == "20200229"
    assert shift_date("1997.04.30", 30) == "19970331"
    assert shift_date("Jane 1997", 30) == ""
    assert shift_date("00010101", 30) == ""
    assert shift_date_time("20200301101112.5+0100", 1, "removed") == "20200229"
    assert shift_date_time("20200301101112.5+0100", 1, "hour") == "2020022910"
    assert shift_date_time("2020", 1, "hour") == ""
