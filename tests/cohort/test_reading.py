"""A hospital's table as it is: what it says is read, what is assumed is said."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import tempfile
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cohort.table_files import refused, text, workbook
from trephine.cohort.reading import UNCALCULATED, cause_of, read_source
from trephine.cohort.reading.grid import column_letters, runs
from trephine.errors import StudyProblemsError

# A title over four columns; hip shown as 007, a date, a hidden row, and an area merged over two
# rows; written once by a program that writes Excel 97's format.
XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)O-NKx6#nk}(V4-YnMnf;hC#^6G^{plbowD(C1#7Ff*PAgi8>==5w<AHTn16AqK#lti>x+Q^h51J"
        "0;Lu~5R65uRzXDzo!2>M-lOp+aG-?beUE$YJ?Gx<-t+GNdsCC4%*cc4Y0N`2bYyKmit=oVg5OnwpnTir"
        "q#OGv*dG2X_<b~xMJAq<zAol5<nf+{hWo}#lE6m_htY?&RMLtrBX)`pam79~kyN-rmNHa{S7DLIM6MEf"
        "Pf9)&xm_%mL^e^`j5>(PSX<pTXBHpOY9y}=T<=5Sycf%6RN@uS;&Yc(uB?e2>8^OsO38>AB^U*bbgPxL"
        "(yaS%la@Lf8yh1=Ic^~U3=kT6dm9po3@T_wjN-c;1-`jU|3%cZFRxvJ>_6w)i~nHf0bR`Qr@@_Xzp5F)"
        "Anc>E!iG_beFo>4*cI=$`e(3-l8`_fe@m*TCw02vR3FWk6J0Fh$1N(~Z&^u-;%O@$;F7YX1m|oirLxpY"
        "NG4D&>5weAAh|np=j)q2o$awBVi}ZUBzM@XW%pp?JTr(~2Dd(dbLxb#QRD@wb&aH}MOKjC6xX&_I*FDc"
        "DRWVBYpI>Bg151CdFl0(9{#fTQDpd2Yy+joTBpxcjJ=DEpoaP&L41COP_OFM^=pjBF*jDu#`HmC)q+jR"
        "rv)9~ZRbQS$1JZnLP+Fu>LW<+@S_VuEy7U3V42h0{>*8ba9vF&&2U=R=GFBK5obe<NR2<l*DJTVhC`H*"
        "^FUvOr3<S@SmVN)xXY|9a9PFzR#<Fd>U(BQ$eW(k0%T<$I~*U)JYJM|T*4Gyo%E28G+o~Cv-Gziy6#MB"
        "9nD%8<NQ)|5d1~}9z1yP;K73j4<4LrwkFr6+?CpNF4)D+f1OzhS?@Q=ibV%f^qi#c!re$xoW?*w^Jg_o"
        "<<_N^$Z`J{GWJvJX>_Ag{OB%t{?Z44%733F6N7(m2^HFYwh%x6ar?gjB+c+q"
    )
)


LETTERS = {
    "utf-8": "aZé漢字Ж,;|\"'\n #x",
    "utf-8-sig": 'aZé漢Ж,;|"\n x',
    "utf-16": 'aZé漢Ж,;|"\n x',
    "gb18030": "患者性别年龄病因手术 ax,;",
    # Accents of a Western text stand alone; where they make words, it is another alphabet.
    "cp1252": ["a", "né", "üb", "öl", "ßt", "ñ ", "xyz,;"],
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    encoding = draw(st.sampled_from(sorted(LETTERS)))
    width, length = draw(st.integers(2, 5)), draw(st.integers(2, 8))
    cell = st.lists(st.sampled_from(LETTERS[encoding]), max_size=6).map("".join)
    rows = [["hip", *(f"value {k}" for k in range(1, width))]]
    rows += [[f"P{k:03d}", *(draw(cell) for _ in range(1, width))] for k in range(length)]
    # Where every filled cell of a column begins with an apostrophe, a spreadsheet put it there.
    for k in range(1, width):
        if all(row[k].strip().startswith("'") for row in rows[1:] if row[k].strip()):
            rows[1][k] = f"x{rows[1][k]}"
    rows[-1][-1] = rows[1][-1] = "患者" if encoding == "gb18030" else "end"
    return encoding, rows


@settings(max_examples=80, deadline=None)
@given(table=tables(), separator=st.sampled_from([",", ";", "\t", "|"]), packed=st.booleans())
def test_any_table_of_text_in_any_encoding_reads_back(
    table: tuple[str, list[list[str]]], separator: str, packed: bool
) -> None:
    encoding, rows = table
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator).writerows(rows)
    content = buffer.getvalue().encode(encoding)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("t.csv.gz" if packed else "t.csv")
        path.write_bytes(gzip.compress(content) if packed else content)
        frame = read_source(path).frame
    assert list(frame.columns) == rows[0]
    assert frame.index.tolist() == list(range(2, len(rows) + 1))
    assert frame.to_numpy().tolist() == [[cell.strip() for cell in row] for row in rows[1:]]


@settings(max_examples=25, deadline=None)
@given(table=tables(), numbers=st.lists(st.floats(-1e9, 1e9), min_size=8, max_size=8))
def test_any_workbook_reads_back_numbers_in_all_their_digits(
    table: tuple[str, list[list[str]]], numbers: list[float]
) -> None:
    _, rows = table
    cells = [[*row, number] for row, number in zip(rows[1:], numbers, strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        frame = read_source(workbook(Path(folder) / "t.xlsx", [[*rows[0], "number"], *cells])).frame
    # The program that wrote the workbook keeps 16 digits.
    assert [float(cell) for cell in frame["number"]] == [float(f"{row[-1]:.16g}") for row in cells]
    expected = [[cell.strip() for cell in row[:-1]] for row in cells]
    assert frame.drop(columns="number").to_numpy().tolist() == expected


def test_whole_numbers_have_no_point_and_lost_zeros_come_back(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["hip", "age"], [7, 12.0], [10, 0.3]])
    book = openpyxl.load_workbook(path)
    assert book.active is not None
    book.active["A2"].number_format = book.active["A3"].number_format = "000"
    book.save(path)
    frame = read_source(path).frame
    assert frame["hip"].tolist() == ["007", "010"]
    assert frame["age"].tolist() == ["12", "0.3"]


@pytest.mark.parametrize("epoch", ["1900", "1904"])
def test_dates_of_a_workbook_are_iso_text_whatever_they_are_counted_from(
    tmp_path: Path, epoch: str
) -> None:
    from datetime import date, datetime

    book = openpyxl.Workbook()
    if epoch == "1904":
        book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    for row in [["hip", "seen"], ["a", date(2019, 4, 1)], ["b", datetime(2020, 2, 29, 8, 30)]]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    frame = read_source(tmp_path / "t.xlsx").frame
    assert frame["seen"].tolist() == ["2019-04-01", "2020-02-29 08:30:00"]


def test_errors_formulas_without_values_and_merged_cells_are_marks_with_a_cause(
    tmp_path: Path,
) -> None:
    rows = [
        ["hip", "months", "age", "cause"],
        ["a", "#DIV/0!", 61, "fall"],
        ["b", "=A1+1", 40, None],
        ["c", 12, "#N/A", "gout"],
    ]
    frame = read_source(workbook(tmp_path / "t.xlsx", rows, ["D2:D3"])).frame
    assert frame["months"].tolist() == ["#DIV/0!", UNCALCULATED, "12"]
    causes = [cause_of(cell) for cell in (*frame["months"], frame["age"][4], frame["cause"][3])]
    told = [cause.found if cause else None for cause in causes]
    assert told == [
        "the spreadsheet error #DIV/0!",
        "a formula that was never calculated",
        None,
        "the spreadsheet error #N/A",
        "a cell merged with another",
    ]
    assert cause_of("#12") is None
    assert cause_of("hash # within") is None


def test_titles_groups_and_notes_around_a_table_are_left_out_and_said(tmp_path: Path) -> None:
    rows = [
        ["Core decompression 2016-2020"],
        [None, None, "Right hip", None, "Left hip", None],
        ["id", "age", "stage", "area", "stage", "area"],
        ["p1", 40, "I", 3, "II", 4],
        ["p2", 50, "I", 5, "II", 6],
        [],
        ["Total", 2, None, None, None, None],
        ["Stages are those of the ARCO committee"],
    ]
    merged = ["A1:F1", "C2:D2", "E2:F2"]
    source = read_source(workbook(tmp_path / "t.xlsx", rows, merged))
    assert list(source.frame.columns) == [
        "id",
        "age",
        "Right hip stage",
        "Right hip area",
        "Left hip stage",
        "Left hip area",
    ]
    assert source.frame.index.tolist() == [4, 5]
    assert source.header_row == 3
    assert source.assumed == (
        "Row 3 holds the column names; rows 1 to 2 above it are a title or hold names of groups,"
        " put before the columns that are named twice.",
        "Rows 7 to 8 below the table are notes or totals, and were left out.",
    )


def test_names_over_two_rows_are_joined_and_said(tmp_path: Path) -> None:
    content = "id,age,Right hip,,Left hip,\n,,stage,area,stage,area\np1,4,I,3,II,4\np2,5,I,5,II,6\n"
    source = read_source(text(tmp_path / "t.csv", content))
    assert list(source.frame.columns)[2:4] == ["Right hip stage", "Right hip area"]
    assert source.frame.index.tolist() == [3, 4]
    assert "Rows 1 and 2 hold the column names" in source.assumed[0]


def test_a_last_case_of_which_only_the_name_is_known_is_no_note(tmp_path: Path) -> None:
    content = "id,age,stage\np1,4,I\np2,5,II\np3,,\n"
    assert read_source(text(tmp_path / "t.csv", content)).frame["id"].tolist() == ["p1", "p2", "p3"]


@pytest.mark.parametrize("name", ["SD-12", "Max Miller", "Note-taker", "Mean 3"])
def test_a_last_case_that_is_called_like_a_total_is_no_note(tmp_path: Path, name: str) -> None:
    content = f"id,age,stage,side\np1,4,I,R\np2,5,II,L\n{name},6,I,R\n"
    assert len(read_source(text(tmp_path / "t.csv", content)).frame) == 3
    total = read_source(text(tmp_path / "u.csv", content + "Total:,3,2,1\n"))
    assert len(total.frame) == 3


@pytest.mark.parametrize("header", ["case,0,1,2", "case,2016,2017,2018"])
def test_columns_named_by_numbers_stay_the_header(tmp_path: Path, header: str) -> None:
    source = read_source(text(tmp_path / "t.csv", header + "\na,1,2,3\nb,4,5,6\n"))
    assert source.header_row == 1
    assert len(source.frame) == 2


def test_columns_without_a_name_are_never_data(tmp_path: Path) -> None:
    source = read_source(text(tmp_path / "t.csv", ",hip,age,,\n0,a,61,,\n1,b,62,,\n"))
    assert list(source.frame.columns) == ["hip", "age"]
    assert source.assumed == ("Column A has no name, though values: left out.",)


def test_line_breaks_in_names_become_blanks_and_a_name_twice_is_refused(tmp_path: Path) -> None:
    source = read_source(text(tmp_path / "t.csv", 'hip,"age\n(years)"\na,61\n'))
    assert list(source.frame.columns) == ["hip", "age (years)"]
    assert "'age (years)'" in source.assumed[0]
    told = refused(text(tmp_path / "u.csv", 'hip,age x,"age\nx"\na,1,2\n'))
    assert "u.csv, row 1: expected column names once, found ['age x']" in told


def test_decimal_commas_between_semicolons_are_read_where_nothing_else_is_possible(
    tmp_path: Path,
) -> None:
    source = read_source(text(tmp_path / "t.csv", "hip;age;dose\na;61,5;1,234\nb;7;12.345\n"))
    assert source.frame["age"].tolist() == ["61.5", "7"]
    # 12.345 beside 1,234: thousands or decimals, nobody knows.
    assert source.frame["dose"].tolist() == ["1,234", "12.345"]
    assert "decimal commas: column 'age'" in source.assumed[-1]
    unsure = read_source(text(tmp_path / "u.csv", "hip;dose\na;1,234\nb;2,345\n"))
    assert unsure.frame["dose"].tolist() == ["1,234", "2,345"]


def test_row_names_for_which_the_header_has_no_place_are_refused(tmp_path: Path) -> None:
    told = refused(text(tmp_path / "t.csv", "hip,age\n1,a,61\n2,b,62\n"))
    assert "rows 2, 3: expected 2 cells, as row 1 has, found 3 cells" in told
    assert "a first column without a name" in told


def test_rows_longer_than_the_header_are_refused_by_row_and_short_ones_said(tmp_path: Path) -> None:
    told = refused(text(tmp_path / "t.csv", "hip,age\na,61\nb,6,2\nc,63\n"))
    assert "t.csv, row 3: expected 2 cells, as row 1 has, found 3 cells" in told
    source = read_source(text(tmp_path / "u.csv", "hip,age,stage\na,61,I\nb,62\nc,63,I\n"))
    assert source.assumed == (
        "Row 3 ends before the last column; the missing cells were read as empty.",
    )


def test_the_first_sheet_with_a_table_is_read_and_hidden_rows_are_said(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Read me"
    book.active["A1"] = "1 = man"
    sheet = book.create_sheet("Hips")
    for row in [["hip", "age"], ["a", 1], ["b", 2]]:
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    book.save(tmp_path / "t.xlsx")
    source = read_source(tmp_path / "t.xlsx")
    assert (source.sheet, source.sheets, len(source.frame)) == ("Hips", ("Read me", "Hips"), 2)
    assert any("Sheet 'Hips', number 2 of 2" in said for said in source.assumed)
    assert any("Row 3 is hidden or filtered out" in said for said in source.assumed)
    assert "Hidden columns were read: 'age'." in source.assumed
    with pytest.raises(StudyProblemsError, match="a sheet 'Knees', found sheets 'Read me', 'Hips'"):
        read_source(tmp_path / "t.xlsx", "Knees")


@pytest.mark.parametrize("name", ["t.xls", "t.xlsx"])
def test_an_xls_workbook_is_read_whatever_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(XLS)
    source = read_source(tmp_path / name)
    assert source.frame["hip"].tolist() == ["007", "008", "009", "010"]
    assert source.frame["seen"][3] == "2019-04-01"
    cause = cause_of(source.frame["area"][6])
    assert cause is not None
    assert cause.found == "a cell merged with another"
    assert any("Row 6 is hidden" in said for said in source.assumed)


_ODS = (
    '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body>'
    '<office:spreadsheet><table:table table:name="Hips">{rows}</table:table></office:spreadsheet>'
    "</office:body></office:document-content>"
)


def ods(path: Path, rows: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", _ODS.format(rows=rows))
    return path


def test_an_ods_spreadsheet_is_read_with_its_errors_and_repeats(tmp_path: Path) -> None:
    def cell(shown: str, kind: str = "string", value: str = "", more: str = "") -> str:
        attribute = {"float": "value", "date": "date-value"}.get(kind)
        stated = f' office:{attribute}="{value}"' if attribute else ""
        return (
            f'<table:table-cell office:value-type="{kind}"{stated} {more}><text:p>{shown}</text:p>'
            "</table:table-cell>"
        )

    rows = "".join(
        f"<table:table-row>{cells}</table:table-row>"
        for cells in (
            cell("hip") + cell("age") + cell("seen") + cell("cause"),
            cell("a")
            + cell("61,5", "float", "61.5")
            + cell("1.4.19", "date", "2019-04-01")
            + cell("fall", more='table:number-rows-spanned="2"'),
            cell("b") + cell("#DIV/0!") + cell("7", "float", "7") + "<table:covered-table-cell/>",
        )
    )
    far = (
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/>'
        "</table:table-row>"
    )
    frame = read_source(ods(tmp_path / "t.ods", rows + far)).frame
    assert frame.to_numpy().tolist() == [
        ["a", "61.5", "2019-04-01", "fall"],
        ["b", "#DIV/0!", "7", "#MERGED:fall"],
    ]
    many = far.replace("<table:table-cell/>", cell("x"))
    assert "at most 200,000 rows" in refused(ods(tmp_path / "u.ods", rows + many))


def test_columns_and_runs_are_named_as_a_spreadsheet_names_them() -> None:
    assert [column_letters(k) for k in (1, 26, 27, 16384)] == ["A", "Z", "AA", "XFD"]
    assert runs([4]) == "row 4"
    assert runs([4, 5, 6, 9]) == "rows 4 to 6 and 9"
    assert runs([1, 3, 5, 7, 9, 11]) == "rows 1, 3, 5, 7 and 2 more places"
