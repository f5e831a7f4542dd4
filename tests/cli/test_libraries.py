"""What libraries warn of does not reach the terminal."""

from __future__ import annotations

import logging
import warnings

import pytest

from cli.command import Command
from trephine.cli.ending.libraries import libraries_quiet, told


@pytest.mark.filterwarnings("default")
def test_warnings_and_records_of_libraries_are_counted_and_not_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    shown = warnings.showwarning
    with libraries_quiet() as counts:
        place = "/lib/site-packages/pydicom/charset.py"
        warnings.warn_explicit("odd charset", UserWarning, place, 12)
        logging.getLogger("matplotlib.font_manager").warning("no font")
        loud = logging.getLogger("nibabel.global")
        handler = logging.StreamHandler()
        loud.addHandler(handler)
        loud.warning("pixdim[0] should be 1")
        loud.removeHandler(handler)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert counts == {"pydicom": 1, "matplotlib": 1, "nibabel": 1}
    assert told(counts) == "Libraries gave 3 warnings: matplotlib 1, nibabel 1, pydicom 1."
    assert warnings.showwarning is shown


def test_where_warnings_are_errors_they_still_are() -> None:
    with libraries_quiet(), pytest.raises(UserWarning):
        warnings.warn("seen by the tests", UserWarning, stacklevel=1)


def test_their_number_is_said_where_it_is_asked_for(
    trephine: Command, tmp_path: pytest.TempPathFactory
) -> None:
    missing = f"{tmp_path}/study.toml"
    assert "Libraries gave" not in trephine("check", missing).err
    assert "Libraries gave no warnings." in trephine("--verbose", "check", missing).err
