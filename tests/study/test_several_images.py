"""A study of several images per case, from its file to predictions of a new case."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from imaging.conftest import radiograph
from study.several_images import CASES, WITHOUT_MR, write_several_images
from study.small_study import SmallStudy
from trephine.errors import InputError, PlanError, StudyProblemsError
from trephine.report.figures.image_plates import picture_plates
from trephine.report.tables import make_tables
from trephine.store import FeatureStore
from trephine.study.agreement import has_two_readings
from trephine.study.editing.data_look import look_at_data
from trephine.study.editing.data_save import DataChoices, ImageChoice, save_choices
from trephine.study.editing.study_file import read_text
from trephine.study.extraction.several import extract_every_image
from trephine.study.image_plans import image_plans
from trephine.study.image_views import image_views
from trephine.study.inputs import read_study
from trephine.study.locked import (
    Apart,
    NewCase,
    UploadedCase,
    calculator_content,
    predict_case,
    read_model,
)
from trephine.study.locked.validate import validate_bundle
from trephine.study.run import StudyResult, run_study
from trephine.study.settings import model_parts

KEYS = ["AP", "lateral", "T1.head", "T1.lesion"]
SETS = [f"{key} radiomics" for key in KEYS]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = write_several_images(tmp_path_factory.mktemp("several") / "study")
    study.replace("[outcome]\n", '[models.harm]\n"AP + lateral + T1" = 0.01\n\n[outcome]\n')
    return study.folder


@pytest.fixture
def study(template: Path, tmp_path: Path) -> SmallStudy:
    return SmallStudy(shutil.copytree(template, tmp_path / "study"))


@pytest.fixture(scope="module")
def result(template: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    own = shutil.copytree(template, tmp_path_factory.mktemp("run") / "study")
    return run_study(own / "study.toml", workers=1, formats=())


def refused(study: SmallStudy) -> str:
    with pytest.raises(StudyProblemsError) as error:
        read_study(study.toml, workers=1)
    return str(error.value)


def test_each_image_and_region_is_a_study_of_its_own(template: Path) -> None:
    inputs = read_study(template / "study.toml", workers=1)
    assert list(image_views(inputs)) == KEYS
    assert len(inputs.case_ids) == CASES - 1
    left_out = {one.reason: one.n_cases for one in inputs.flow.exclusions if one.n_cases}
    assert left_out == {"T1: image or mask missing": 1}
    assert f"{WITHOUT_MR:03d}" not in inputs.case_ids
    plans = image_plans(inputs.plan)
    assert plans["T1.lesion"].data.mask_label == 2
    assert [plans[key].radiomics.settings["binWidth"] for key in KEYS] == [10.0, 5.0, 10.0, 10.0]
    assert plans["lateral"].radiomics.settings["normalize"] is False
    assert all(has_two_readings(view) for view in image_views(inputs).values())


def test_models_are_of_each_image_and_of_each_with_those_before_it(template: Path) -> None:
    plan = read_study(template / "study.toml", workers=1).plan
    assert model_parts(plan) == {
        "Clinical": ("clinical",),
        "AP": (SETS[0], "clinical"),
        "lateral": (SETS[1], "clinical"),
        "T1": (*SETS[2:], "clinical"),
        "AP + lateral": (*SETS[:2], "clinical"),
        "AP + lateral + T1": (*SETS, "clinical"),
    }


def test_a_case_without_an_image_is_a_problem_unless_the_plan_drops_it(study: SmallStudy) -> None:
    study.replace('missing = "drop"', 'missing = "stop"')
    said = refused(study)
    assert f"clinical.csv (image T1.head), row {WITHOUT_MR + 1}: expected an image at t1/" in said
    assert "no such file" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[images.AP]\n", '[images.AP]\nwhen = "month 6"\n', "shows what had happened"),
        ("[images.AP]\n", '[images.AP]\nwhen = "soon"\n', 'such as "month 6"'),
        ("[images.AP]\n", '[images.AP]\nchange_from = "T1"\n', "taken earlier by its `when`"),
        ('[data]\n', '[data]\nimage = "ap/{hip}.nii.gz"\nraters = { a = "ap-a/{hip}.nii.gz" }\n',
         "either image of [data] or sections [images.NAME]"),
        ('[data]\n', "[data]\nmask_label = 2\n", "it under each [images.NAME]"),
        ('image = "lateral/', 'image = "ap/', "a file of its own for each of AP and lateral"),
        ("[images.lateral]", '[images."la.teral"]', "letters, digits"),
        ("[images.lateral]", "[images.Clinical]", "names that no model has"),
        ("regions = {", "mask_label = 1\nregions = {", "either mask_label or regions"),
        ("enabled = false\n", "enabled = true\n\n[deep.finetune]\n", "several"),
        ("binWidth = 5.0", "binWidht = 5.0", "images.lateral.radiomics"),
        ("lesion = 2", "lesion = 3", "(image T1.lesion)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(study: SmallStudy, old: str, new: str, told: str) -> None:
    study.replace(old, new)
    assert told in refused(study)


def test_a_radiograph_is_no_mr(study: SmallStudy) -> None:
    pixels = np.random.default_rng(0).integers(0, 4000, (24, 24)).astype(np.uint16)
    for path in sorted((study.folder / "t1").iterdir()):
        radiograph(pixels).save_as(path.with_suffix("").with_suffix(".dcm"))
        path.unlink()
    study.replace("t1/{hip}.nii.gz", "t1/{hip}.dcm")
    assert "expected an image of modality MR, found one of" in refused(study)


@pytest.mark.parametrize("key", KEYS)
def test_features_are_those_of_the_image_alone(
    result: StudyResult, template: Path, tmp_path: Path, key: str
) -> None:
    name, _, region = key.partition(".")
    text = (template / "study.toml").read_text(encoding="utf-8")
    own = next(part for part in text.split("\n[") if part.startswith(f"images.{name}]"))
    kept = [line for line in own.splitlines() if line.startswith(("image =", "raters ="))]
    label = {"lesion": 2}.get(region, 1)
    before, after = text.split("[images.AP]")[0], text[text.index("[outcome]") :]
    alone = before.replace("[data]\n", "\n".join(["[data]", *kept, f"mask_label = {label}", ""]))
    if name == "lateral":
        after = after.replace("binWidth = 10.0", "binWidth = 5.0")
    folder = SmallStudy(shutil.copytree(template, tmp_path / "study"))
    table = folder.table()
    folder.write(table[table["hip"] != f"{WITHOUT_MR:03d}"])
    folder.toml.write_text(alone + after, encoding="utf-8")
    inputs = read_study(folder.toml, workers=1)
    found = extract_every_image(inputs, FeatureStore(tmp_path / "store"), workers=1).features
    beside = result.analysis.cases.features[f"{key} radiomics"]
    assert beside.names == found.sets["radiomics"].names
    np.testing.assert_array_equal(beside.values, found.sets["radiomics"].values)
    np.testing.assert_array_equal(beside.raters["b"], found.sets["radiomics"].raters["b"])


def test_a_run_selects_and_compares_by_image(result: StudyResult) -> None:
    facts = result.facts
    assert list(result.analysis.cases.features) == SETS
    assert {row.feature_set for row in facts.selection} == {
        "AP radiomics", "Lateral radiomics", "T1.head radiomics", "T1.lesion radiomics",
    }  # fmt: skip
    for row in facts.selection:
        assert any(step.name.startswith("ICC") for step in row.steps)
    assert facts.agreement is not None
    assert [one.comparison for one in facts.agreement.overlap] == [f"{k}: a and b" for k in KEYS]
    assert {one.feature_set for one in facts.agreement.icc} == {
        r.feature_set for r in facts.selection
    }
    methods = facts.methods
    assert methods.radiomics is None
    assert [(one.name, one.modality) for one in methods.images] == [
        ("AP", "film"), ("lateral", ""), ("T1.head", "MR"), ("T1.lesion", "MR"),
    ]  # fmt: skip
    roles = [file.role for file in facts.inputs.files]
    assert {"AP images", "T1.lesion masks of rater b"} <= set(roles)


def test_a_picture_of_several_is_not_called_a_radiograph(result: StudyResult) -> None:
    plates = picture_plates(result.facts, result.folder / "pictures")
    assert plates
    assert {plate.title for plate in plates} == {("Image with the regions of interest",)}


def test_an_image_with_signal_adds_and_one_without_does_not(result: StudyResult) -> None:
    gained = {
        (row.old, row.new): row.difference.value
        for row in result.facts.comparisons
        if (row.protocol, row.kind) == ("sound", "nested cross-validated")
        and row.measure == "C-index"
    }
    assert gained["AP", "AP + lateral"] < 0.02 < gained["AP + lateral", "AP + lateral + T1"]
    (table,) = [one for one in make_tables(result.facts) if one.slug == "table-images"]
    told = ["".join(getattr(part, "text", part) for part in row.cells[0]) for row in table.rows]
    assert told == [
        "AP against Clinical", "AP + lateral against AP", "AP + lateral + T1 against AP + lateral",
    ]  # fmt: skip
    held_out = {
        (row.old, row.new): row.p
        for row in result.facts.comparisons
        if (row.protocol, row.measure) == ("sound", "held-out likelihood ratio")
    }
    assert held_out["AP + lateral", "AP + lateral + T1"] < 0.01
    assert held_out["AP", "AP + lateral"] > 0.05
    letters = {one.caption.partition(":")[0]: one.edge_sides for one in result.facts.pictures}
    assert letters["lateral"] == ("", "")


def test_the_report_says_where_an_image_is_worth_what_it_costs(result: StudyResult) -> None:
    gains = [row for row in result.facts.benefit_gains if row.protocol == "sound"]
    assert {(row.old, row.new) for row in gains} == {
        ("Clinical", "AP"), ("AP", "AP + lateral"), ("AP + lateral", "AP + lateral + T1"),
    }  # fmt: skip
    assert {row.kind for row in gains} == {"nested cross-validated"}
    dear = [row for row in gains if row.new == "AP + lateral + T1"]
    assert {row.cost for row in dear} == {0.01}
    curves = {
        (one.horizon, model.model): model
        for one in result.facts.decision_curves
        if (one.protocol, one.kind) == ("sound", "nested cross-validated")
        for model in one.models
    }
    for row in dear:  # the curve of the dear model has its cost taken off already
        new, old = curves[row.horizon, row.new], curves[row.horizon, row.old]
        known = [place for place, gain in enumerate(row.gain) if gain is not None]
        expected = [new.net_benefit[p] - old.net_benefit[p] for p in known]
        assert [row.gain[p] for p in known] == pytest.approx(expected, abs=1e-12)
    (table,) = [one for one in make_tables(result.facts) if one.slug == "table-image-benefit"]
    assert len(table.rows) == len(gains)


def case_of(folder: Path, hip: str, *names: str) -> NewCase:
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    row = table[table["hip"] == hip].iloc[0]
    chosen = names or ("AP", "lateral", "T1")
    return NewCase(
        clinical={"age": row["age"]},
        images={name: folder / name.lower() / f"{hip}.nii.gz" for name in chosen},
        masks={name: folder / f"{name.lower()}-a" / f"{hip}.nii.gz" for name in chosen},
    )


@pytest.mark.parametrize("model", ["AP + lateral + T1", "T1"])
def test_a_case_of_three_files_is_predicted_as_in_training(result: StudyResult, model: str) -> None:
    folder = result.folder.parent
    fitted = result.analysis.protocols["sound"].apparent[model]
    for place in (0, 30, CASES - 2):
        hip = result.analysis.inputs.case_ids[place]
        needed = ("T1",) if model == "T1" else ()
        found = predict_case(read_model(result.bundle), case_of(folder, hip, *needed), model)
        assert found.linear_predictor == pytest.approx(fitted.linear_predictor[place], abs=1e-9)


def test_what_a_case_lacks_or_misnames_is_told(result: StudyResult) -> None:
    folder, model = result.folder.parent, read_model(result.bundle)
    hip = result.analysis.inputs.case_ids[0]
    with pytest.raises(InputError, match=r"an image of T1 and a mask of T1 \(--image T1=FILE"):
        predict_case(model, case_of(folder, hip, "AP", "lateral"))
    image = folder / "ap" / f"{hip}.nii.gz"
    with pytest.raises(InputError, match="for each of AP, lateral, T1"):
        predict_case(model, NewCase(image=image, mask=image, clinical={"age": "50"}))
    with pytest.raises(InputError, match="images among"):
        predict_case(model, NewCase(images={"T2": image}, clinical={"age": "50"}))


def test_the_command_takes_files_by_name(
    result: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    folder, hip = result.folder.parent, result.analysis.inputs.case_ids[0]
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    table[table["hip"] == hip].to_csv(tmp_path / "case.csv", index=False)
    files: list[object] = []
    for name in ("AP", "lateral", "T1"):
        files += ["--image", f"{name}={folder / name.lower() / hip}.nii.gz"]
        files += ["--mask", f"{name}={folder / f'{name.lower()}-a' / hip}.nii.gz"]
    said = trephine("predict", result.bundle, *files, "--clinical", tmp_path / "case.csv")
    assert (said.code, said.err) == (0, "")
    assert "T1.lesion radiomics signature" in said.out
    bare = files[1].partition("=")[2]  # type: ignore[attr-defined]
    said = trephine("predict", result.bundle, "--image", bare)
    assert said.code == 2
    assert "--image AP=FILE" in said.err


def test_a_model_is_validated_on_the_same_images(result: StudyResult, tmp_path: Path) -> None:
    assert result.bundle is not None
    folder = result.folder.parent
    found = validate_bundle(
        result.bundle, folder / "study.toml", tmp_path / "out", workers=1, formats=()
    )
    own = {
        row.model: row.c_index.value
        for row in result.facts.performance
        if (row.protocol, row.kind) == ("sound", "apparent")
    }
    for row in found.facts.performance:
        assert row.c_index.value == pytest.approx(own[row.model], abs=1e-9)


def test_outside_data_must_have_the_model_s_images(result: StudyResult, study: SmallStudy) -> None:
    assert result.bundle is not None
    study.replace("lesion = 2", "tumour = 2")
    with pytest.raises(PlanError, match=r"\[images.T1\] with the regions"):
        validate_bundle(result.bundle, study.toml, study.folder / "out", workers=1, formats=())


def test_the_desk_shows_where_every_image_lies(study: SmallStudy) -> None:
    look = look_at_data(study.toml)
    assert [one.pattern for one in look.patterns if one.kind == "image"] == [
        "ap/{hip}.nii.gz", "lateral/{hip}.nii.gz", "t1/{hip}.nii.gz",
    ]  # fmt: skip
    assert [one.files for one in look.patterns] == [60] * 6 + [59] * 3
    assert look.patterns[-1].without == (WITHOUT_MR + 1,)
    assert [one.name for one in look.patterns] == ["AP"] * 3 + ["lateral"] * 3 + ["T1"] * 3


def test_the_desk_changes_the_paths_of_an_image_and_nothing_else_of_it(study: SmallStudy) -> None:
    before = tomllib.loads(study.toml.read_text("utf-8"))
    shutil.copytree(study.folder / "ap", study.folder / "films")
    chosen = {
        "AP": ImageChoice("films/{hip}.nii.gz", {"a": "ap-a/{hip}.nii.gz", "b": ""}),
        "T2": ImageChoice("t2/{hip}.nii.gz"),  # the file has none such
    }
    save_choices(study.toml, DataChoices(read_text(study.toml).digest, images=chosen))
    after = tomllib.loads(study.toml.read_text("utf-8"))
    assert after["images"]["AP"]["image"] == "films/{hip}.nii.gz"
    assert after["images"]["AP"]["raters"] == {"a": "ap-a/{hip}.nii.gz"}
    before["images"]["AP"] |= {key: after["images"]["AP"][key] for key in ("image", "raters")}
    assert after == before
    assert look_at_data(study.toml).problems == ()


def test_an_upload_of_several_files_is_predicted_as_the_case(
    result: StudyResult, tmp_path: Path
) -> None:
    assert result.bundle is not None
    own = case_of(result.folder.parent, result.analysis.inputs.case_ids[0])
    case = replace(own, clinical={"age": "61"})
    stored: dict[str, dict[str, str]] = {}
    for kind, files in (("image", case.images), ("mask", case.masks)):
        stored[kind] = {name: f"{kind}-{number}" for number, name in enumerate(files)}
        for name, path in files.items():
            shutil.copy(path, tmp_path / stored[kind][name])
    given = {"images": stored["image"], "masks": stored["mask"]}
    apart = Apart(result.bundle)
    apart.prepare()
    found = apart.predict(UploadedCase(tmp_path, None, None, {"age": "61"}, **given))
    expected = predict_case(result.bundle, case)
    assert found.prediction["linear_predictor"] == pytest.approx(
        expected.linear_predictor, abs=1e-9
    )
    content = calculator_content(read_model(result.bundle))
    assert content.images == content.masks == ("AP", "lateral", "T1")


@pytest.mark.slow
def test_raters_are_compared_image_by_image(trephine: Command, study: SmallStudy) -> None:
    said = trephine("agree", study.toml, "--out", study.folder / "agreed", "--worst", "0")
    assert said.code == 0
    for key in KEYS:
        assert f"Image {key}:" in said.out
        assert (study.folder / "agreed" / key / "features.csv").is_file()
