"""Tables of other programs: Parquet is read within bounds, the rest is named with a way out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trephine.cohort.reading import TableLimits, read_source
from trephine.errors import InputError, StudyProblemsError
from trephine.study.draft.drafting import draft_study

N = 30


def refused(path: Path, **limits: int) -> str:
    with pytest.raises(StudyProblemsError) as found:
        read_source(path, limits=TableLimits(**limits))
    return str(found.value)


@pytest.mark.parametrize(
    ("name", "content", "kind", "way"),
    [
        ("t.sav", b"$FL2@(#) SPSS DATA FILE", "an SPSS data file", "Save As"),
        ("t.csv", b"$FL3@(#) SPSS DATA FILE", "an SPSS data file", "Save As"),
        ("t.dta", b"<stata_dta><header>", "a Stata data file", "export excel"),
        ("old.dta", b"r\x02\x01\x00", "a Stata data file", "export excel"),
        ("t.sas7bdat", b"\0" * 12 + b"\xc2\xea\x81\x60\xb3", "a SAS data set", "proc export"),
        ("t.xpt", b"HEADER RECORD*******LIBRARY", "a SAS transport file", "proc export"),
        ("t.rds", b"\x1f\x8b\x08\x00", "an R object", "write.csv"),
        ("t.RData", b"RDX3\nX\n", "R objects", "write.csv"),
        ("t.feather", b"ARROW1\0\0", "an Arrow table", "to_csv"),
        ("t.pkl", b"\x80\x04", "a Python pickle", "to_csv"),
        ("t.accdb", b"\0\1\0\0Standard ACE DB", "an Access database", "Export"),
        ("t.csv", b"%PDF-1.7", "a PDF document", "Ask for the sheet"),
        ("t.json", b'[{"id": 1}]', "a JSON file", "xlsx or CSV"),
    ],
)
def test_a_file_of_another_program_is_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, kind: str, way: str
) -> None:
    (tmp_path / name).write_bytes(content + bytes(40))
    told = refused(tmp_path / name)
    assert kind in told
    assert way in told


@pytest.mark.parametrize(
    ("part", "kind"),
    [("word/document.xml", "a Word document"), ("Index/Document.iwa", "a Numbers document")],
)
def test_a_document_that_is_a_zip_file_is_named(tmp_path: Path, part: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as file:
        file.writestr(part, "<a/>")
    assert kind in refused(tmp_path / "t.xlsx")


def test_new_names_the_file_that_holds_the_table(tmp_path: Path) -> None:
    (tmp_path / "patients.sav").write_bytes(b"$FL2@(#) SPSS DATA FILE")
    (tmp_path / "protocol.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(StudyProblemsError, match=r"patients.sav.*an SPSS data file.*Save As"):
        draft_study(tmp_path)
    (tmp_path / "patients.sav").unlink()
    with pytest.raises(InputError, match="found none"):
        draft_study(tmp_path)


def parquet(path: Path, **columns: object) -> Path:
    names = [f"H{k:02d}" for k in range(N)]
    pd.DataFrame({"hip": names, **columns}).to_parquet(path)
    return path


def test_a_parquet_table_is_the_csv_table(tmp_path: Path) -> None:
    whole = np.where(np.arange(N) % 4 == 0, np.nan, np.arange(N))
    columns = {
        "age": np.arange(N) + 40,
        "area": np.linspace(0.1, 3, N),
        "single": np.linspace(0.1, 3, N).astype(np.float32),
        "score": whole,
        "seen": pd.to_datetime("2020-02-29") + pd.to_timedelta(np.arange(N), unit="D"),
        "read": pd.Timestamp("2020-02-29 10:15:00"),
        "smoker": [True, False] * (N // 2),
        "stage": pd.Categorical(["I", "II", "IIIA"] * (N // 3)),
        "text": ["a", None, " b "] * (N // 3),
        "huge": 1e22,
    }
    found = read_source(parquet(tmp_path / "t.parquet", **columns))
    pd.read_parquet(tmp_path / "t.parquet").to_csv(tmp_path / "t.csv", index=False)
    same = read_source(tmp_path / "t.csv")
    numbers = ["age", "area", "single", "score", "huge"]
    assert list(found.frame.columns) == list(same.frame.columns)
    assert list(found.frame.index) == list(same.frame.index) == list(range(2, N + 2))
    for name in numbers:
        own, other = (pd.to_numeric(frame.frame[name]) for frame in (found, same))
        assert np.allclose(own, other, rtol=1e-6, equal_nan=True), name
    assert list(found.frame["score"][:6]) == ["", "1", "2", "3", "", "5"]
    assert list(found.frame["seen"][:2]) == ["2020-02-29", "2020-03-01"]
    assert set(found.frame["read"]) == {"2020-02-29 10:15:00"}
    assert list(found.frame["smoker"][:2]) == ["TRUE", "FALSE"]
    assert list(found.frame["stage"]) == list(same.frame["stage"])
    assert list(found.frame["text"]) == list(same.frame["text"])


def test_the_row_numbers_of_pandas_are_no_column_and_lists_are_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"hip": list("abc"), "boxes": [[1], [2], [3]], "age": [41, 42, 43]})
    frame.iloc[[2, 0, 1]].to_parquet(tmp_path / "t.parquet")
    source = read_source(tmp_path / "t.parquet")
    assert list(source.frame.columns) == ["hip", "age"]
    assert any("'boxes' holds lists" in sentence for sentence in source.assumed)
    assert any("no name" in sentence for sentence in source.assumed)


def test_parquet_beyond_the_bounds_is_refused_by_its_footer(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", age=np.arange(N))
    assert "at most 10 rows" in refused(path, rows=10)
    assert "at most 1 columns" in refused(path, columns=1)
    assert "at most 20 cells" in refused(path, cells=20)
    assert "inflated bytes" in refused(path, inflated_bytes=50)


def test_a_long_text_in_a_dictionary_is_met_once_and_refused(tmp_path: Path) -> None:
    """Decoded for each row, this file of 10 kB would take 80 GB."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 4000), pa.array(["x" * 20_000_000]))
    names = pa.array([f"H{k}" for k in range(4000)])
    pq.write_table(
        pa.table({"hip": names, "note": texts}), tmp_path / "t.parquet", compression="zstd"
    )
    assert (tmp_path / "t.parquet").stat().st_size < 50_000
    assert "cell letters" in refused(tmp_path / "t.parquet")


def test_damaged_parquet_ends_in_a_sentence(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "t.parquet", age=np.arange(N), area=np.linspace(0, 1, N))
    content = whole.read_bytes()
    rng = np.random.default_rng(1)
    refusals = 0
    for number in range(15):  # the fuzzer tries thousands
        damaged = bytearray(content)
        if number % 3 == 0:
            damaged = damaged[: int(rng.integers(4, len(content)))]
        for place in rng.integers(4, len(damaged), 5):
            damaged[place] = int(rng.integers(256))
        whole.write_bytes(bytes(damaged))
        try:
            read_source(whole)
        except StudyProblemsError as error:
            refusals += "cut short, damaged or encrypted" in str(error)
    assert refusals > 7
    whole.write_bytes(b"hip,age\nH1,41\n")
    assert "not a Parquet table" in refused(whole)
