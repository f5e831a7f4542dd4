"""PyRadiomics' test cases, from files that are already here."""

# ruff: noqa: N802, N816 - the names are PyRadiomics'.

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from trephine.errors import InputError

testCases = (
    "brain1",
    "brain2",
    "breast1",
    "lung1",
    "lung2",
    "test_wavelet_64x64x64",
    "test_wavelet_37x37x37",
)


def getTestCase(
    testCase: str, dataDirectory: str | Path | None = None
) -> tuple[str, str] | tuple[None, None]:
    """Return the paths of a test case's image and mask.

    PyRadiomics downloads what is missing. Nothing is downloaded here: the message that is logged
    says which files to put where.

    Parameters
    ----------
    testCase
        One of ``testCases``; with ``_2D`` behind it, the mask of a single slice.
    dataDirectory
        ``pyradiomics/data`` in the folder for temporary files by default, where PyRadiomics keeps
        what it has downloaded.

    Returns
    -------
    tuple
        Two paths, or twice None where a file is missing.

    Raises
    ------
    InputError
        If there is no such test case.
    """
    wanted = testCase.lower()
    flat = wanted.endswith("_2d")
    name = wanted.removesuffix("_2d")
    if name not in testCases:
        raise InputError(f"test case: expected one of {', '.join(testCases)}, found {testCase!r}")
    folder = Path(dataDirectory or Path(tempfile.gettempdir(), "pyradiomics", "data"))
    files = [folder / f"{name}_image.nrrd", folder / f"{name}_label{'_2D' * flat}.nrrd"]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        logging.getLogger("radiomics").error(
            "test case %s: expected %s in %s; download them from PyRadiomics' release v1.0 on"
            " GitHub",
            name,
            " and ".join(missing),
            folder,
        )
        return None, None
    return str(files[0]), str(files[1])
