"""Where a study file and its table may lead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import StudyProblemsError
from trephine.plan.reading import read_plan
from trephine.study.batch.manifest import read_manifest
from trephine.study.images.files import find_files

PLAN = """
[data]
table = "clinical.csv"
image = "{image}"
raters = {{ a = "masks/{{case}}.nii.gz" }}
{more}
"""


def study(folder: Path, image: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "study.toml"
    path.write_text(PLAN.format(image=image, more=more))
    (folder / "masks").mkdir(exist_ok=True)
    return path


def found(path: Path, cells: list[str]) -> list[str]:
    data = read_plan(path).data
    for cell in cells:
        mask = path.parent / "masks" / f"{Path(cell).name}.nii.gz"
        mask.touch()
    frame = pd.DataFrame({"case": cells}, index=range(2, 2 + len(cells)))
    _, problems = find_files(frame, data, [None] * len(cells), np.ones(len(cells), np.bool_))
    return [str(problem) for problem in problems]


def test_a_cell_cannot_lead_out_of_the_study(tmp_path: Path) -> None:
    (tmp_path / "secret.dcm").touch()
    path = study(tmp_path / "study", "images/{case}.dcm")
    images = tmp_path / "study" / "images"
    images.mkdir()
    (images / "ok.dcm").touch()
    (images / "link.dcm").symlink_to(tmp_path / "secret.dcm")
    problems = found(path, ["ok", "../../secret", "link"])
    told = [text for text in problems if "an image" in text]
    assert len(told) == 1
    assert "rows 3, 4, column case" in told[0]
    assert "leads out of it" in told[0]
    assert "outside" in told[0]
    assert "secret" not in told[0]
    listed = study(tmp_path / "study", "images/{case}.dcm", 'outside = [".."]')
    assert not [text for text in found(listed, ["ok", "link"]) if "image" in text]


def test_the_author_may_name_another_disk_and_link_to_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "1.dcm").touch()
    folder = tmp_path / "study"
    assert found(study(folder, f"{disk}/{{case}}.dcm"), ["1"]) == []
    assert found(study(folder, "../disk/{case}.dcm"), ["1"]) == []
    (folder / "images").symlink_to(disk)
    assert found(study(folder, "images/{case}.dcm"), ["1"]) == []
    # The table's cells may not: the pattern spells out no folder but the study's.
    assert "leads out" in found(study(folder, "{case}"), ["../disk/1.dcm"])[0]
    assert "no such file" in found(study(folder, "{case}"), [f"{disk}/1.dcm"])[0]


def test_a_confined_study_file_names_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    more = 'outside = ["/"]\nrepeats = { a = "~/x/{case}.nii" }\n[features]\ntable = "../f.csv"'
    with pytest.raises(StudyProblemsError) as caught:
        read_plan(study(tmp_path / "study", "/etc/{case}.dcm", more))
    where = {problem.where for problem in caught.value.problems}
    assert where == {
        f"study.toml [{key}]"
        for key in ("data.image", "data.outside", "data.repeats.a", "features.table")
    }
    assert read_plan(study(tmp_path / "study", "images/{case}.dcm")).data.image is not None


def test_a_home_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(StudyProblemsError, match="a home that is there"):
        read_plan(study(tmp_path / "study", "~nobody-at-all-7/{case}.dcm"))


def test_the_folder_of_a_series_is_an_image(tmp_path: Path) -> None:
    path = study(tmp_path / "study", "ct/{case}")
    (tmp_path / "study" / "ct" / "1").mkdir(parents=True)
    (tmp_path / "study" / "ct" / "1" / "a.dcm").touch()
    (tmp_path / "study" / "ct" / "2").mkdir()
    assert len(found(path, ["1"])) == 0
    assert "an empty folder" in found(path, ["2"])[0]


@pytest.mark.parametrize("cell", ["../x.png", "/etc/passwd", "~/x.png", "link/x.png"])
@pytest.mark.parametrize("column", ["image", "mask"])
def test_a_confined_table_of_pairs_names_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, column: str
) -> None:
    table = tmp_path / "pairs" / "regions.csv"
    table.parent.mkdir()
    (table.parent / "link").symlink_to(tmp_path)
    cells = {"image": "a.png", "mask": "b.png", column: cell}
    table.write_text(f"image,mask\n{cells['image']},{cells['mask']}\n")
    assert len(read_manifest(table, None)) == 1  # on his own computer its author may
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    with pytest.raises(StudyProblemsError, match=f"{column}.*found one that leads out of it"):
        read_manifest(table, None)
