"""Small studies from their file to their report, their model and a prediction."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.small_study import (
    CASES,
    PATIENTS,
    SmallStudy,
    write_image_study,
    write_table_study,
)
from trephine.facts import Facts, read_facts
from trephine.imaging import read_mask, write_nifti
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import FeatureStore
from trephine.study import Study
from trephine.study.extraction import whole_study as extraction
from trephine.study.extraction.whole_study import extract_all
from trephine.study.locked.model import read_model
from trephine.study.run import StudyResult
from trephine.study.settings import radiomics_settings
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running


@pytest.fixture(scope="module")
def image_run(tmp_path_factory: pytest.TempPathFactory, every_format: None) -> StudyResult:
    """A study with images that ran, in one process, with its page."""
    study = write_image_study(tmp_path_factory.mktemp("images") / "study")
    return Study.from_toml(study.toml).run(workers=1)


@pytest.fixture(scope="module")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """A study of features from a table that ran, without its page."""
    study = write_table_study(tmp_path_factory.mktemp("table") / "study")
    return Study.from_toml(study.toml).run(workers=1, formats=())


def numbers(facts: Facts) -> dict[str, object]:
    """Return the facts without what tells of the run itself: clock, durations, host."""
    content = facts.model_dump(mode="json")
    del content["run"]
    return content


def c_index(result: StudyResult, model: str, kind: str) -> float:
    value = next(
        row.c_index.value
        for row in result.facts.performance
        if (row.model, row.kind) == (model, kind) and row.protocol == "sound"
    )
    assert value is not None
    return value


def test_a_study_with_images_leaves_one_page_facts_and_a_model(image_run: StudyResult) -> None:
    folder = image_run.folder
    assert read_facts(folder / "facts.json") == image_run.facts
    assert image_run.facts.flow.analysed.cases == CASES
    assert {row.protocol for row in image_run.facts.performance} == {"published", "sound"}
    assert read_model(image_run.bundle).context.protocol == "sound"
    assert set(image_run.analysis.cases.features) == {"radiomics"}
    ran = json.loads(image_run.facts.run.plan)["radiomics"]["settings"]
    assert RadiomicsSettings(**ran) == radiomics_settings(image_run.analysis.inputs.plan)
    assert image_run.facts.methods.radiomics is not None
    assert image_run.facts.methods.radiomics.resampling.endswith("not resampled")
    assert "torch" not in {library.name for library in image_run.facts.run.versions}


def test_the_page_needs_nothing_outside_itself(image_run: StudyResult) -> None:
    page = image_run.report.read_text(encoding="utf-8")
    loaded = re.findall(
        r"<(?:script|img|link|iframe|object|source)\b[^>]*?(?:src|href)=\"([^\"]*)", page
    )
    loaded += re.findall(r"url\(\s*['\"]?([^'\")]+)", page)
    loaded += re.findall(r"@import\s+([^;]+)", page)
    assert [target for target in loaded if not target.startswith(("data:", "#"))] == []


def test_figures_tables_and_a_document_lie_beside_the_page(image_run: StudyResult) -> None:
    figures = {path.suffix: path for path in (image_run.folder / "figures").iterdir()}
    assert set(figures) == {".svg", ".pdf", ".png"}
    stems = [{p.stem for p in figures[".svg"].parent.glob(f"*{end}")} for end in figures]
    assert stems[0] == stems[1] == stems[2] != set()
    with ZipFile(image_run.folder / "report.docx") as document:
        pictures = [name for name in document.namelist() if name.startswith("word/media/")]
    assert len(pictures) >= len(stems[0])
    assert (image_run.folder / "tables" / "tables.xlsx").exists()
    assert list((image_run.folder / "tables").glob("*.csv"))


def test_both_protocols_and_all_models_have_their_row(image_run: StudyResult) -> None:
    lines = "\n".join(image_run.summary())
    assert re.search(r"Clinical +\d\.\d{3}.* +\d\.\d{3}", lines)
    assert re.search(r"Radiomics +\d\.\d{3}.* +\d\.\d{3}", lines)


def test_features_that_carry_the_risk_are_found(table_run: StudyResult) -> None:
    signature = table_run.analysis.protocols["sound"].fitted.predictor.signatures["features"]
    strongest = signature.names[int(np.argmax(np.abs(signature.weights)))]
    assert strongest == "gene_0"
    assert c_index(table_run, "Features", "nested cross-validated") > 0.6


@pytest.mark.parametrize("row", [0, CASES - 1])
def test_predict_repeats_the_training_prediction_from_another_folder(
    image_run: StudyResult,
    trephine: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    row: int,
) -> None:
    analysis = image_run.analysis
    inputs = analysis.inputs
    assert inputs.files is not None
    monkeypatch.chdir(tmp_path)
    table = pd.read_csv(inputs.plan.data.table, dtype=str)
    table[table["hip"] == inputs.case_ids[row]].to_csv("case.csv", index=False)
    said = trephine(
        "predict", image_run.bundle, "--image", inputs.files.images[row],
        "--mask", inputs.files.masks["a"][row],
        "--side", inputs.sides[row], "--clinical", "case.csv", "--json", "told.json",
    )  # fmt: skip
    assert said.code == 0, said.err
    told = json.loads(Path("told.json").read_text())
    trained = analysis.protocols["sound"].apparent[told["model"]]
    assert told["linear_predictor"] == pytest.approx(trained.linear_predictor[row], abs=1e-9)
    for j, value in enumerate(told["survival"].values()):
        expected = trained.survival.survival_probability[row, j]
        assert value["value"] == pytest.approx(expected, abs=1e-9)
    assert (told["risk_group"] == "high") == bool(trained.high_risk[row])


def test_predict_repeats_the_training_prediction_from_tables(
    table_run: StudyResult, trephine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan, row = table_run.analysis.inputs.plan, 17
    assert plan.features is not None
    case = table_run.analysis.inputs.case_ids[row]
    for name, path in (("clinical", plan.data.table), ("features", plan.features.table)):
        frame = pd.read_csv(path, dtype=str)
        frame[frame["case"] == case].to_csv(f"{name}.csv", index=False)
    for model, trained in table_run.analysis.protocols["sound"].apparent.items():
        said = trephine(
            "predict", table_run.bundle, "--model", model, "--features", "features.csv",
            "--clinical", "clinical.csv", "--json", "told.json",
        )  # fmt: skip
        assert said.code == 0, said.err
        told = json.loads(Path("told.json").read_text())
        assert told["linear_predictor"] == pytest.approx(trained.linear_predictor[row], abs=1e-9)


def test_a_case_far_outside_training_is_predicted_with_a_warning(
    table_run: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    plan = table_run.analysis.inputs.plan
    assert plan.features is not None
    features = pd.read_csv(plan.features.table, dtype=str).iloc[[0]]
    features["gene_0"] = "50"
    features.to_csv(tmp_path / "features.csv", index=False)
    pd.read_csv(plan.data.table, dtype=str).iloc[[0]].to_csv(tmp_path / "case.csv", index=False)
    said = trephine(
        "predict", table_run.bundle, "--model", "Features", "--features",
        tmp_path / "features.csv", "--clinical", tmp_path / "case.csv",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "Warning: " in said.out
    assert "further than any training case" in said.out


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("1,5", "Write a point"),
        ("1,500", "Leave it out if it parts thousands"),
        ("2.5 mm", "Write the number alone"),
        ("1.5*", "take the mark off"),
        ("<0.5", "Write the number it stands for"),
        ("#VALUE!", "an error is not a missing value"),
        ("high", "If it means missing, leave the cell empty"),
        ("inf", ""),
    ],
)
def test_predict_refuses_features_that_a_study_would_refuse(
    table_run: StudyResult, trephine: Command, tmp_path: Path, cell: str, advice: str
) -> None:
    """The model is locked, so that no key of a study file is named."""
    plan = table_run.analysis.inputs.plan
    assert plan.features is not None
    features = pd.read_csv(plan.features.table, dtype=str).iloc[[0]]
    features["gene_0"] = cell
    features.to_csv(tmp_path / "features.csv", index=False)
    said = trephine(
        "predict", table_run.bundle, "--model", "Features", "--features", tmp_path / "features.csv"
    )
    assert (said.code, said.out) == (2, "")
    assert "gene_0" in said.err
    assert "a number" in said.err
    assert advice in said.err
    assert " under " not in said.err
    assert " = " not in said.err


def test_predict_says_what_it_fills_in_and_refuses_a_case_without_features(
    table_run: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    plan = table_run.analysis.inputs.plan
    assert plan.features is not None
    features = pd.read_csv(plan.features.table, dtype=str).iloc[[0]]
    features["gene_0"] = ""
    features.to_csv(tmp_path / "features.csv", index=False)
    clinical = tmp_path / "case.csv"
    pd.read_csv(plan.data.table, dtype=str).iloc[[0]].to_csv(clinical, index=False)
    words: tuple[str | Path, ...] = ("predict", table_run.bundle, "--clinical", clinical)
    words += ("--model", "Features", "--features")
    said = trephine(*words, tmp_path / "features.csv")
    assert said.code == 0, said.err
    assert "gene_0) have no value; the training mean stands in" in said.out
    features[[name for name in features if name.startswith("gene_")]] = ""
    features.to_csv(tmp_path / "features.csv", index=False)
    said = trephine(*words, tmp_path / "features.csv")
    assert (said.code, "expected a value for every feature" in said.err) == (2, True)


def test_predict_says_what_is_missing(table_run: StudyResult, trephine: Command) -> None:
    said = trephine("predict", table_run.bundle, "--model", "Features")
    assert (said.code, "--features" in said.err) == (2, True)
    said = trephine("predict", table_run.bundle, "--model", "Featurs")
    assert (said.code, "'Features'" in said.err) == (2, True)


def test_a_second_run_extracts_nothing_and_gives_the_same_numbers(image_run: StudyResult) -> None:
    stages: list[str] = []
    again = Study.from_toml(image_run.folder.parent / "study.toml").run(
        workers=1, formats=(), progress=lambda stage, done, total: stages.append(stage)
    )
    assert "Fitting, sound" in stages
    assert "Extracting features" not in stages
    assert numbers(again.facts) == numbers(image_run.facts)


def test_an_interrupted_extraction_goes_on_where_it_stopped(
    image_run: StudyResult, image_study: SmallStudy
) -> None:
    def stops_at_the_20th(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("Extracting features", 20):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Study.from_toml(image_study.toml).run(workers=1, progress=stops_at_the_20th)
    rest: list[int] = []

    def counts(stage: str, done: int, total: int) -> None:
        if stage == "Extracting features":
            rest.append(total)

    result = Study.from_toml(image_study.toml).run(workers=1, formats=(), progress=counts)
    # Shards of so many images are kept; on a slow machine one of fewer images before.
    assert PATIENTS - 20 < rest[0] <= PATIENTS - extraction.SHARD
    assert numbers(result.facts)["performance"] == numbers(image_run.facts)["performance"]


def extracted_again(image_run: StudyResult, image_study: SmallStudy) -> tuple[int, int]:
    """Return how many images and regions a study reads again that has another's features."""
    shutil.copytree(image_run.folder / "features", image_study.results / "features")
    store = FeatureStore(image_study.results / "features")
    images = [0]

    def regions() -> int:
        with store.database.connection() as ledger:
            (count,) = ledger.execute("SELECT count(*) FROM features").fetchone()
        return int(count)

    known = regions()
    inputs = Study.from_toml(image_study.toml).check()
    extract_all(inputs, store, workers=1, progress=lambda done, total: images.append(total))
    return images[-1], regions() - known


def test_a_changed_mask_is_extracted_again_and_nothing_else(
    image_run: StudyResult, image_study: SmallStudy
) -> None:
    path = image_study.folder / "a/003.nii.gz"
    mask = read_mask(path)
    labels = mask.labels.copy()
    hips = np.unique(labels[labels > 0]).size
    labels[tuple(np.argwhere(labels)[0])] = 0  # one pixel less of one region
    write_nifti(replace(mask, labels=labels), path)
    # One image, and rater a's reading of each hip in the file.
    assert extracted_again(image_run, image_study) == (1, hips)


def test_a_drawing_that_is_known_from_another_rater_is_not_extracted_again(
    image_run: StudyResult, image_study: SmallStudy
) -> None:
    shutil.copy(image_study.folder / "b/003.nii.gz", image_study.folder / "a/003.nii.gz")
    assert extracted_again(image_run, image_study) == (0, 0)


@pytest.mark.slow
def test_two_workers_give_the_numbers_of_one(
    image_run: StudyResult, image_study: SmallStudy, tmp_path: Path
) -> None:
    analysis = image_run.analysis
    inputs = Study.from_toml(image_study.toml).check()
    extracted = extract_all(inputs, FeatureStore(tmp_path), workers=2).features
    for name, features in extracted.sets.items():
        assert analysis.extracted is not None
        one = analysis.extracted.sets[name]
        assert np.array_equal(features.values, one.values, equal_nan=True)
        assert np.array_equal(features.raters["b"], one.raters["b"], equal_nan=True)
    plan, sound = inputs.plan, analysis.protocols["sound"]
    nested = nested_cross_validation(
        analysis.cases,
        sound.settings,
        plan.outcome.horizons,
        repeats=plan.validation.repeats,
        folds=plan.validation.folds,
        seed=plan.study.seed,
        running=Running(2),
    )
    assert sound.out_of_fold is not None
    for model, one_process in sound.out_of_fold.linear_predictor.items():
        assert np.array_equal(nested.linear_predictor[model], one_process)


def test_the_order_of_rows_does_not_matter(table_run: StudyResult, table_study: SmallStudy) -> None:
    table_study.write(table_study.table().sample(frac=1, random_state=3))
    result = Study.from_toml(table_study.toml).run(workers=1, formats=())
    for protocol in ("published", "sound"):
        one = table_run.analysis.protocols[protocol]  # type: ignore[index]
        other = result.analysis.protocols[protocol]  # type: ignore[index]
        place = {case: row for row, case in enumerate(result.analysis.inputs.case_ids)}
        rows = [place[case] for case in table_run.analysis.inputs.case_ids]
        for model, prediction in one.apparent.items():
            shuffled = other.apparent[model].linear_predictor[rows]
            assert shuffled == pytest.approx(prediction.linear_predictor, abs=1e-6)


def test_the_report_is_written_again_without_computing(
    image_run: StudyResult, trephine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trephine import report

    whole = report.write_report
    monkeypatch.setattr(
        report,
        "write_report",
        lambda facts, pictures, out: whole(facts, pictures, out, formats=("csv",)),
    )
    said = trephine("report", image_run.folder, "--out", tmp_path / "again")
    assert said.code == 0, said.err
    assert list((tmp_path / "again" / "tables").glob("*.csv"))
    said = trephine("report", tmp_path)
    assert said.code == 2


@pytest.mark.slow
def test_a_cluster_gives_the_numbers_of_one_process(image_run: StudyResult, tmp_path: Path) -> None:
    study = write_image_study(tmp_path / "study")
    run = Study.from_toml(study.toml).run(workers=2, formats=(), executor="dask:local")
    assert numbers(run.facts) == numbers(image_run.facts)
