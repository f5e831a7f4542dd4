"""A locked model on disk: equal to the last bit when it is whole, refused when it is not."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import BundleError
from trephine.modelling.bundle import VERSION, Bundle, read_bundle, write_bundle
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import PROTOCOLS
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.types import Survival

N = 80
TIMES = (12.0, 36.0)
FILES = {"manifest.json", "predictor.json", "context.json", "MODEL_CARD.md"}


def some_cases() -> Cases:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(N, 6))
    age = rng.uniform(30, 70, N)
    stage = rng.integers(0, 3, N)
    time = rng.exponential(30 * np.exp(-0.8 * values[:, 0] - 0.04 * (age - 50) - 0.4 * stage))
    end = rng.uniform(20, 60, N)
    age[3] = np.nan
    clinical = ClinicalTable(
        {
            "age": ClinicalVariable(unit="years"),
            "stage": ClinicalVariable(levels=("I", "II", "III")),
        },
        {"age": age, "stage": stage},
        N,
    )
    survival = Survival(np.minimum(time, end) + 0.1, time <= end, "months")
    features = {"radiomics": FeatureSet("radiomics", tuple("abcdef"), values)}
    return Cases(survival, np.arange(N) // 2, features, clinical)


def fitted(protocol: str) -> FittedRecipe:
    settings = PROTOCOLS[protocol].recipe(
        (("Clinical", ("clinical",)), ("Both", ("radiomics", "clinical"))),
        {"inner_folds": 3, "missing_clinical": "impute"},
    )
    return fit_recipe(some_cases(), settings, np.random.default_rng(0))


@pytest.fixture(scope="module")
def recipe() -> FittedRecipe:
    return fitted("sound")


@pytest.fixture
def folder(recipe: FittedRecipe, tmp_path: Path) -> Path:
    bundle = Bundle(recipe.predictor, {"title": "Übung", "horizons": [12, 36]}, "# Card\n")
    return write_bundle(bundle, tmp_path / "model")


@pytest.mark.parametrize("protocol", ["published", "sound"])
def test_a_model_read_back_predicts_the_same_to_the_last_bit(protocol: str, tmp_path: Path) -> None:
    recipe, cases = fitted(protocol), some_cases()
    write_bundle(Bundle(recipe.predictor, {"a": 1}, "card"), tmp_path / "model")
    again = read_bundle(tmp_path / "model")
    assert (again.context, again.card) == ({"a": 1}, "card")
    before = recipe.predict(cases, TIMES)
    after = again.predictor.predict(cases.features, cases.clinical, TIMES)
    assert list(after) == ["Clinical", "Both"]
    for model, prediction in before.items():
        assert np.array_equal(after[model].linear_predictor, prediction.linear_predictor)
        for part in ("survival_probability", "low", "high"):
            assert np.array_equal(
                getattr(after[model].survival, part), getattr(prediction.survival, part)
            )
        assert np.array_equal(after[model].high_risk, prediction.high_risk)


def test_a_bundle_is_text_and_holds_no_code(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    for path in folder.iterdir():
        path.read_text(encoding="utf-8")
    for name in FILES - {"MODEL_CARD.md"}:
        json.loads((folder / name).read_text(encoding="utf-8"))


def test_writing_the_same_model_twice_gives_the_same_bytes(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_bundle(read_bundle(folder), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json"}))
def test_one_flipped_byte_is_found_wherever_it_is(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for place in (0, len(content) // 2, len(content) - 1):
        flipped = bytearray(content)
        flipped[place] ^= 1
        (folder / name).write_bytes(flipped)
        with pytest.raises(BundleError, match=f"{name} was altered"):
            read_bundle(folder)
    (folder / name).write_bytes(content)
    read_bundle(folder)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"expected a file {name}, found none"):
        read_bundle(folder)


def test_a_file_too_many_is_refused(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(BundleError, match=r"expected no other file, found \['extra.pkl'\]"):
        read_bundle(folder)


def test_what_a_desktop_leaves_in_a_folder_or_an_archive_is_no_alteration(folder: Path) -> None:
    bundle = read_bundle(folder)
    (folder / ".DS_Store").write_bytes(b"Bud1")
    assert read_bundle(folder).card == bundle.card
    write_bundle(bundle, folder)
    assert {path.name for path in folder.iterdir()} == FILES
    archive = folder.parent / "model.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.iterdir():
            packed.write(path, f"model/{path.name}")
            packed.writestr(f"__MACOSX/model/._{path.name}", b"resource fork")
    assert read_bundle(archive).card == bundle.card


def test_the_bytes_on_disk_are_those_of_the_manifest_where_lines_end_otherwise(
    recipe: FittedRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_on_windows(path: Path, text: str, **_: object) -> int:
        return path.write_bytes(text.replace("\n", "\r\n").encode())

    monkeypatch.setattr(Path, "write_text", as_on_windows)
    written = write_bundle(Bundle(recipe.predictor, {"a": 1}, "card\n"), tmp_path / "model")
    assert read_bundle(written).card == "card\n"
    assert all(b"\r" not in path.read_bytes() for path in written.iterdir())


def test_a_folder_inside_a_bundle_is_refused(folder: Path) -> None:
    (folder / "more").mkdir()
    with pytest.raises(BundleError, match="more"):
        read_bundle(folder)


def changed(folder: Path, change: Callable[[dict[str, object]], object]) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_another_version_another_format_and_a_broken_manifest_are_refused(folder: Path) -> None:
    with pytest.raises(BundleError, match="expected version 5, found 99"):
        read_bundle(changed(folder, lambda m: m.update(version=99)))
    with pytest.raises(BundleError, match="expected format"):
        read_bundle(changed(folder, lambda m: m.update(version=VERSION, format="other")))
    with pytest.raises(BundleError, match="does not list"):
        read_bundle(changed(folder, lambda m: m.update(format="trephine-bundle", sha256={})))
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match=r"manifest\.json is not JSON"):
        read_bundle(folder)


def test_a_predictor_with_right_sums_and_wrong_content_is_refused(folder: Path) -> None:
    for content in ("{}", '{"signatures": 3, "variables": {}, "imputation": null, "models": {}}'):
        (folder / "predictor.json").write_text(content)
        digest = hashlib.sha256(content.encode()).hexdigest()
        changed(folder, lambda m, d=digest: m["sha256"].update({"predictor.json": d}))  # type: ignore[misc]
        with pytest.raises(BundleError, match="does not fit together"):
            read_bundle(folder)


@pytest.mark.parametrize("inside", ["", "model/"])
def test_a_zip_is_read_like_its_folder(folder: Path, tmp_path: Path, inside: str) -> None:
    packed = tmp_path / "model.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, inside + path.name)
    assert read_bundle(packed).card == read_bundle(folder).card


def test_a_zip_with_one_name_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "model.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
        archive.writestr("other/predictor.json", "{}")
    with pytest.raises(BundleError):
        read_bundle(packed)


def test_something_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"expected a folder or a \.zip"):
        read_bundle(tmp_path / "nowhere")
    (tmp_path / "model.zip").write_text("no zip")
    with pytest.raises(BundleError, match=r"expected a folder or a \.zip"):
        read_bundle(tmp_path / "model.zip")


def test_a_folder_with_other_files_is_not_written_over(
    recipe: FittedRecipe, tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("mine")
    with pytest.raises(BundleError, match="is not a bundle; choose another place"):
        write_bundle(Bundle(recipe.predictor, {}, ""), tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
