"""Parquet tables are read where they may take no more than a table of their size."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trephine.cohort.reading import parquet_apart, parquet_file, read_source
from trephine.cohort.reading.limits import TableLimits
from trephine.errors import StudyProblemsError


def test_a_table_is_what_its_reader_makes_of_it_in_this_process(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    day = datetime.date(2020, 1, 31)
    table = pa.table(
        {
            "id": [f"{n:05d}" for n in range(5000)],
            "months": [n / 4 for n in range(4999)] + [None],
            "event": [True, False] * 2500,
            "seen": [day] * 5000,
            "bytes": [b"x"] * 5000,
        }
    )
    pq.write_table(table, path)
    limits = TableLimits()
    grid, extent = parquet_apart.read_parquet(path, limits)
    here, there = parquet_file.read_parquet(path, path.name, limits)
    assert (grid.rows, grid.said, extent) == (here.rows, here.said, there)
    frame = read_source(path).frame
    assert frame.loc[2].tolist() == ["00000", "0", "TRUE", "2020-01-31"]
    assert frame.loc[5001, "months"] == ""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux holds memory")
def test_a_table_that_needs_more_memory_than_its_size_is_ended(tmp_path: Path) -> None:
    texts = pa.array([0.0] * 3000)
    values = pa.ListArray.from_arrays(np.array([0, 3000], np.int32), texts)
    table = pa.table({"image": pa.array(["x" * (1 << 29)]), "mask": values})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 1 << 20
    roomy = TableLimits(inflated_bytes=1 << 34, cell_letters=1 << 34)
    with pytest.raises(StudyProblemsError, match="needs more memory or time"):
        parquet_apart.read_parquet(path, roomy)


@pytest.mark.parametrize("cut", [0, 4, 20, 400])
def test_a_damaged_table_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "v": [1, 2]}), path)
    content = path.read_bytes()
    path.write_bytes(
        content[: len(content) - cut] if cut else content[:-8] + b"\xff\xff\xff\x7fPAR1"
    )
    with pytest.raises(StudyProblemsError, match="cut short, damaged or encrypted"):
        read_source(path)


@pytest.mark.parametrize("kept", [True, False])
def test_a_text_that_no_path_can_be_is_refused_in_words(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": ["a\0b.nii", None], "v": [1, 2]}), path, use_dictionary=kept)
    with pytest.raises(StudyProblemsError, match="that are no text"):
        read_source(path)
