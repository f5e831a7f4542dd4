"""``trephine new``: what it drafts from a folder passes the check that a user makes next."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cli.command import Command
from study.small_study import NO_NETWORK, write_image_study, write_table_study
from trephine.plan import read_plan


def test_the_draft_of_a_folder_with_images_passes_the_check(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_image_study(tmp_path / "study")
    study.toml.unlink()
    said = trephine("new", study.folder)
    assert said.code == 0, said.err
    plan = read_plan(study.toml)
    assert plan.data.columns.model_dump(exclude_none=True) == {
        "case": "hip",
        "patient": "patient",
        "side": "side",
        "time": "months",
        "event": "collapse",
    }
    assert plan.data.image is not None
    assert plan.data.image.endswith("images/{patient}.nii.gz")
    assert list(plan.data.raters) == ["a", "b"]
    assert list(plan.data.repeats) == ["a"]
    assert plan.data.mask_label == {"R": 1, "L": 2}
    assert plan.clinical["stage"].levels == ("I", "II", "IIIA")
    assert not plan.clinical["age"].categorical
    study.toml.write_text(study.toml.read_text().replace("[deep]\n", NO_NETWORK))
    assert trephine("check", study.toml).code == 0


def test_the_draft_of_a_folder_with_two_tables_takes_one_as_features(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_table_study(tmp_path / "study")
    study.toml.unlink()
    assert trephine("new", study.folder).code == 0
    plan = read_plan(study.toml)
    assert plan.features is not None
    assert (plan.data.table.name, plan.features.table.name) == ("clinical.csv", "features.csv")
    assert trephine("check", study.toml).code == 0


def test_one_wide_table_is_both_and_its_unit_follows_from_the_longest_time(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_table_study(tmp_path / "study", features=80)
    whole = study.table().merge(study.table("features.csv"), on="case")
    whole = whole.rename(columns={"months": "time", "died": "event"}).drop(columns=["stage", "age"])
    for name in ("study.toml", "clinical.csv", "features.csv"):
        (study.folder / name).unlink()
    whole["time"] = whole["time"].astype(float) * 30
    study.write(whole, "expression.csv")
    assert trephine("new", study.folder).code == 0
    plan = read_plan(study.toml)
    assert plan.outcome.unit == "days"
    assert plan.features is not None
    assert plan.features.table == plan.data.table
    assert trephine("check", study.toml).code == 0


def test_columns_that_are_no_variable_are_named_with_the_reason(
    trephine: Command, tmp_path: Path
) -> None:
    table = pd.DataFrame({"id": [f"{n:03d}" for n in range(30)]})
    table["time"] = [n + 1 for n in range(30)]
    table["death"] = [n % 2 for n in range(30)]
    table["status"] = [n % 3 for n in range(30)]
    table["remark"] = [f"remark {n}" for n in range(30)]
    table["implant"] = "nail"
    table["weight (kg)"] = [60 + n for n in range(30)]
    table.to_csv(tmp_path / "cases.csv", index=False)
    assert trephine("new", tmp_path).code == 0
    text = (tmp_path / "study.toml").read_text()
    assert "# Not used, it looks like another outcome: status" in text
    assert "# Not used, 30 different texts: remark" in text
    assert "# Not used, one value only: implant" in text
    assert list(read_plan(tmp_path / "study.toml").clinical) == ["weight (kg)"]


def test_a_study_file_is_never_overwritten(trephine: Command, tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study")
    before = study.toml.read_bytes()
    said = trephine("new", study.folder)
    assert (said.code, study.toml.read_bytes()) == (2, before)
    assert trephine("new", study.folder, "--name", "other.toml").code == 0


def test_a_folder_without_a_table_is_refused(trephine: Command, tmp_path: Path) -> None:
    said = trephine("new", tmp_path)
    assert said.code == 2
    assert "expected a table" in said.err
    assert trephine("new", tmp_path / "nowhere").code == 2
