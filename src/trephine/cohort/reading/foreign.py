"""Files of other programs that hold a table and cannot be read here, each with the way out."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

_R = 'In R: write.csv(TABLE, "table.csv", row.names = FALSE)'
_PYTHON = 'In Python: TABLE.to_csv("table.csv", index=False)'
_SPSS = "In SPSS: File, Save As, and there Excel (xlsx) or CSV"
_EXPORT = "Export it from its program as xlsx or CSV"

# By the end of a file's name: what it is, and how a table is made of it.
_BY_SUFFIX = {
    ".sav": ("an SPSS data file", _SPSS),
    ".zsav": ("an SPSS data file", _SPSS),
    ".por": ("an SPSS portable file", _SPSS),
    ".dta": ("a Stata data file", 'In Stata: export excel using "table.xlsx", firstrow(variables)'),
    ".sas7bdat": ("a SAS data set", 'In SAS: proc export data=TABLE outfile="table.csv" replace'),
    ".xpt": ("a SAS transport file", 'In SAS: proc export data=TABLE outfile="table.csv" replace'),
    ".rds": ("an R object", _R),
    ".rda": ("R objects", _R),
    ".rdata": ("R objects", _R),
    ".feather": ("an Arrow (Feather) table", _PYTHON),
    ".arrow": ("an Arrow table", _PYTHON),
    ".pkl": ("a Python pickle, which can run code when it is opened", _PYTHON),
    ".pickle": ("a Python pickle, which can run code when it is opened", _PYTHON),
    ".mat": ("a MATLAB file", 'In MATLAB: writetable(TABLE, "table.xlsx")'),
    ".h5": ("an HDF5 file", _EXPORT),
    ".dbf": ("a dBase table", _EXPORT),
    ".mdb": ("an Access database", "In Access: External Data, Export, Excel"),
    ".accdb": ("an Access database", "In Access: External Data, Export, Excel"),
    ".sqlite": ("an SQLite database", _EXPORT),
    ".jmp": ("a JMP table", _EXPORT),
    ".omv": ("a jamovi file", _EXPORT),
    ".jasp": ("a JASP file", _EXPORT),
    ".numbers": ("a Numbers document", "In Numbers: File, Export To, Excel"),
    ".json": ("a JSON file", _EXPORT),
    ".zip": ("an archive of files", "Unpack it, and name the table in it"),
    ".7z": ("an archive of files", "Unpack it, and name the table in it"),
    ".rar": ("an archive of files", "Unpack it, and name the table in it"),
    ".docx": ("a Word document", "Copy its table into a spreadsheet, and save that as xlsx"),
    ".pdf": ("a PDF document", "Ask for the sheet that it was printed from, as xlsx or CSV"),
}
# By the first bytes: the end of a name that stands for the same.
_BY_START = {
    b"$FL2": ".sav",
    b"$FL3": ".zsav",
    b"<stata_dta>": ".dta",
    b"HEADER RECORD*******": ".xpt",
    b"\0" * 12 + b"\xc2\xea\x81\x60": ".sas7bdat",
    b"ARROW1": ".arrow",
    b"FEA1": ".feather",
    b"%PDF": ".pdf",
    b"\0\1\0\0Standard Jet": ".mdb",
    b"\0\1\0\0Standard ACE": ".accdb",
    b"SQLite format 3": ".sqlite",
    b"\x89HDF": ".h5",
    b"MATLAB 5.0": ".mat",
    b"RDX": ".rda",
    b"RDA": ".rda",
}
# Of a zip file, by a folder in it.
_BY_PART = {"word/document.xml": ".docx", "Index/Document.iwa": ".numbers"}

FIRST_BYTES = max(map(len, _BY_START))
# Documents lie in a study's folder for other reasons: they are no tables that someone expects.
FOREIGN_SUFFIXES = tuple(
    set(_BY_SUFFIX) - {".zip", ".7z", ".rar", ".docx", ".pdf", ".json", ".pkl", ".pickle", ".h5"}
)


def foreign(path: Path, first: bytes, parts: Container[str] = ()) -> tuple[str, str] | None:
    """Return what a file of another program is, and what to do; None for any other.

    Parameters
    ----------
    path
        Of the file; its name decides where its content does not.
    first
        Its first bytes.
    parts
        Names of the files in it, if it is a zip file.
    """
    named = next((end for start, end in _BY_START.items() if first.startswith(start)), None)
    if named is None:
        named = next((end for part, end in _BY_PART.items() if part in parts), None)
    return _BY_SUFFIX.get(named or path.suffix.lower())
