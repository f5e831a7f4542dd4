"""What is stored is what was read, and what was read is what the report vouches for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import Command
from study.small_study import PATIENTS, SmallStudy
from trephine.errors import InputError, StudyProblemsError
from trephine.facts import Facts
from trephine.plan import StudyPlan
from trephine.store import FeatureStore
from trephine.study import Study
from trephine.study.extraction import whole_study as extraction
from trephine.study.extraction.extracted import ExtractedFeatures
from trephine.study.extraction.whole_study import extract_all
from trephine.study.inputs import StudyInputs, read_study


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def exchange(path: Path, other: Path) -> None:
    """Put another file's bytes at a path, under the times of the old one."""
    times = path.stat()
    path.write_bytes(other.read_bytes())
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture
def inputs(image_study: SmallStudy) -> StudyInputs:
    return read_study(image_study.toml, workers=1)


def features_of(inputs: StudyInputs, store: FeatureStore) -> ExtractedFeatures:
    return extract_all(inputs, store, workers=1).features


@pytest.mark.parametrize("folder", ["images", "a"])
def test_a_file_that_changes_between_digest_and_reading_is_refused_and_not_stored(
    image_study: SmallStudy,
    inputs: StudyInputs,
    folder: str,
) -> None:
    first = image_study.folder / folder / "001.nii.gz"
    other = image_study.folder / folder / "002.nii.gz"

    def exchanged_first(done: int, total: int) -> None:
        if done == 0:  # every digest is taken, no image read
            exchange(first, other)

    store = FeatureStore(image_study.results / "features")
    with pytest.raises(InputError, match=r"clinical\.csv, row.*changed meanwhile") as caught:
        extract_all(inputs, store, workers=1, progress=exchanged_first)
    assert "001" not in str(caught.value)
    with store.database.connection() as ledger:
        assert ledger.execute("SELECT count(*) FROM features").fetchone() == (0,)


@pytest.mark.parametrize("lost", ["DELETE FROM notes", "UPDATE notes SET note = note || ' '"])
def test_an_image_known_without_its_note_is_read_again(
    image_study: SmallStudy, inputs: StudyInputs, lost: str
) -> None:
    place = image_study.results / "features"
    whole = features_of(inputs, FeatureStore(place))
    with FeatureStore(place).database.connection() as ledger:
        ledger.execute(f"{lost} WHERE key LIKE 'image:%'")
    again = features_of(inputs, FeatureStore(place))
    assert again.image_notes == whole.image_notes
    assert (again.sets["radiomics"].values == whole.sets["radiomics"].values).all()


def test_a_damaged_shard_is_extracted_again_and_nothing_else(
    image_study: SmallStudy, inputs: StudyInputs
) -> None:
    place = image_study.results / "features"
    whole = features_of(inputs, FeatureStore(place))
    shard = sorted((place / "shards").glob("*.parquet"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 4
    shard.write_bytes(content)
    images: list[int] = []
    again = extract_all(
        inputs, FeatureStore(place), workers=1, progress=lambda done, total: images.append(total)
    ).features
    assert 0 < images[0] <= extraction.SHARD < PATIENTS
    assert (again.sets["radiomics"].values == whole.sets["radiomics"].values).all()
    assert again.image_notes == whole.image_notes
    assert shard.with_name(f"{shard.name}.corrupt").exists()


def edited_while_it_ran(study: SmallStudy, edit: Callable[[], None]) -> Facts:
    """Run a study whose files are edited after they were read."""

    def edited(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("Fitting, published", 0):
            edit()

    return Study.from_toml(study.toml).run(workers=1, progress=edited, formats=()).facts


def test_the_report_vouches_for_the_tables_that_were_read(table_study: SmallStudy) -> None:
    tables = [table_study.folder / name for name in ("clinical.csv", "features.csv")]
    read = [sha256(path) for path in tables]

    def edit() -> None:
        for path in (*tables, table_study.toml):
            path.write_text(path.read_text().rsplit("\n", 3)[0] + "\n")

    facts = edited_while_it_ran(table_study, edit)
    assert [file.sha256 for file in facts.inputs.files] == read
    (warning,) = [one.text for one in facts.run.warnings if one.where == "Inputs"]
    assert warning.startswith("study file and tables: 3 of 3 changed")


def test_a_touched_file_is_not_taken_for_a_changed_one(table_study: SmallStudy) -> None:
    facts = edited_while_it_ran(table_study, (table_study.folder / "clinical.csv").touch)
    assert not [one for one in facts.run.warnings if one.where == "Inputs"]


@pytest.mark.slow
def test_the_report_vouches_for_the_images_and_masks_that_were_read(
    image_study: SmallStudy,
) -> None:
    def group(name: str) -> str:
        digests = sorted(map(sha256, (image_study.folder / name).iterdir()))
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()

    read = {name: group(name) for name in ("images", "a", "b", "a2")}
    image = image_study.folder / "images" / "001.nii.gz"
    mask = image_study.folder / "b" / "002.nii.gz"

    def edit() -> None:
        exchange(image, image.with_name("002.nii.gz"))
        exchange(mask, mask.with_name("003.nii.gz"))

    facts = edited_while_it_ran(image_study, edit)
    assert [file.sha256 for file in facts.inputs.files[1:]] == list(read.values())
    warnings = [one.text for one in facts.run.warnings if one.where == "Inputs"]
    assert [text.split(" changed")[0] for text in warnings] == [
        "images: 1 of 40",
        "masks of rater b: 1 of 40",
    ]


def test_a_table_that_is_written_to_while_it_is_read_is_refused(
    table_study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trephine.study import inputs

    read = inputs.read_study_table

    def grows(plan: StudyPlan) -> object:
        found = read(plan)
        path = plan.data.table
        path.write_text(path.read_text() + "\n")
        return found

    monkeypatch.setattr(inputs, "read_study_table", grows)
    with pytest.raises(StudyProblemsError, match="being written to"):
        read_study(table_study.toml)


def test_a_ledger_that_cannot_be_used_is_no_reason_that_a_protocol_cannot_be_fitted(
    table_study: SmallStudy, trephine: Command
) -> None:
    table_study.replace("bootstraps = 0", "bootstraps = 3")
    table_study.results.mkdir()
    (table_study.results / "resampling.sqlite").mkdir()
    said = trephine("run", table_study.toml)
    assert said.code == 2
    assert "file, found a folder" in said.err.replace("\n", " ")
    assert "cannot be fitted" not in said.err
    assert not (table_study.results / "facts.json").exists()
