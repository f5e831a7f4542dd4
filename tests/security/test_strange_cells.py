"""Cells that nobody writes by hand: they end in a sentence or a study, never in a traceback."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from study.small_study import write_table_study
from trephine.deep.settings import DeepSettings
from trephine.errors import StudyProblemsError
from trephine.study.batch.manifest import read_manifest
from trephine.study.editing.new_study import write_draft
from trephine.study.inputs import _by_name, read_study

# Python makes no whole number of so many digits.
ENDLESS = "9" * 5000


def test_names_in_numbers_of_any_length_are_ordered_as_people_do(tmp_path: Path) -> None:
    names = ["hip 10", f"hip {ENDLESS}", "hip 2", "hip 007", "hip", "7", "07", ""]
    assert sorted(names, key=_by_name) == [
        "", "07", "7", "hip", "hip 2", "hip 007", "hip 10", f"hip {ENDLESS}",
    ]  # fmt: skip
    study = write_table_study(tmp_path)
    first = study.table()["case"].iloc[0]
    for name in ("clinical.csv", "features.csv"):
        table = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False)
        table["case"] = table["case"].replace(first, ENDLESS)
        table.to_csv(tmp_path / name, index=False)
    assert ENDLESS in read_study(study.toml).case_ids


@pytest.mark.parametrize("label", [ENDLESS, "9" * 19, "0", "-1", "²", "1e3", "0x1"])
def test_a_label_that_no_mask_holds_is_refused_by_its_row(tmp_path: Path, label: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(f"image,mask,label\na.nii,b.nii,{label}\na.nii,b.nii,2.0\n")
    with pytest.raises(StudyProblemsError, match="row 2, column label: expected a label"):
        read_manifest(path, None)


def test_a_seed_without_end_is_refused() -> None:
    with pytest.raises(ValidationError, match="random:SEED"):
        DeepSettings(weights=f"random:{ENDLESS}")


def test_a_time_beyond_all_numbers_is_asked_about_in_a_draft(tmp_path: Path) -> None:
    study = write_table_study(tmp_path)
    table = study.table()
    table["months"] = table["months"].astype(str)
    table.loc[3, "months"] = "5e5000"
    table.to_csv(tmp_path / "clinical.csv", index=False)
    study.toml.unlink()
    target, _ = write_draft(tmp_path, "study.toml")
    assert "1 of its cells are no numbers, such as '5e5000'" in target.read_text()
