"""A study of patients with known names: none is in what a run leaves, shows or is called."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from study.small_study import write_image_study

PATIENT, HIP, FOLDER = "PATCANARY", "HIPCANARY", "DOE_JOHN_FOLDER"


def contents(path: Path) -> list[bytes]:
    """Return a file's bytes, and what is packed in it."""
    raw = path.read_bytes()
    found = [raw]
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            found += [archive.read(name) for name in archive.namelist()]
    if raw.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(path)) as rows:
            tables = rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in tables:
                found.append(repr(rows.execute(f'SELECT * FROM "{name}"').fetchall()).encode())
    if path.suffix == ".parquet":
        found.append(pd.read_parquet(path).to_csv().encode())
    return found


@pytest.mark.slow
def test_no_result_of_a_run_holds_a_patient_a_case_or_a_folder(tmp_path: Path) -> None:
    study = write_image_study(tmp_path / FOLDER)
    table = pd.read_csv(study.folder / "clinical.csv", dtype=str, keep_default_na=False)
    table["patient"] = PATIENT + table["patient"]
    table["hip"] = HIP + table["hip"]
    table.to_csv(study.folder / "clinical.csv", index=False)
    for name in ("images", "a", "b", "a2"):
        for path in (study.folder / name).iterdir():
            path.rename(path.with_name(PATIENT + path.name))
    (tmp_path / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "trephine", "run", str(study.toml), "--workers", "1"],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The terminal names the folder that its user typed; no file does.
    assert not [word for word in (PATIENT, HIP) if word.encode() in done.stdout + done.stderr]
    results = [path for path in (study.folder / "results").rglob("*") if path.is_file()]
    assert len(results) > 50
    for path in results:
        for word in (PATIENT, HIP, FOLDER):
            held = [one for one in contents(path) if word.encode() in one]
            assert not held, (path.relative_to(study.folder), word)
            assert word not in str(path.relative_to(study.folder))
    assert not list((tmp_path / "temporary").iterdir())
