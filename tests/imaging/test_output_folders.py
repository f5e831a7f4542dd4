"""An output folder that somebody else may have filled: nothing leads out of it, nothing hangs."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from security.test_store_strangers import super_journal
from trephine.errors import InputError, StoreError
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.deidentify.target import (
    AUDIT_NAME,
    SETTINGS_NAME,
    DeidentificationRow,
    append_audit,
    open_target,
)
from trephine.imaging.pacs.ledger import LEDGER_NAME, Ledger

KEY = PseudonymKey(bytes(range(32)))
ROW = DeidentificationRow("b", "written", "x.dcm", "", "not found", "", {}, "2026a")


def test_an_audit_that_a_power_cut_tore_is_added_to_and_loses_nothing(tmp_path: Path) -> None:
    torn = ['{"source": "c", "sta', "[]", "5", "[" * 100_000, '{"status": "written"}']
    whole = '{"source": "a"}'
    (tmp_path / AUDIT_NAME).write_text("\n".join([*torn, whole]))
    append_audit(tmp_path, [ROW])
    lines = (tmp_path / AUDIT_NAME).read_text().splitlines()
    assert sorted(lines[:5]) == sorted(torn)
    assert [json.loads(line)["source"] for line in lines[5:]] == ["a", "b"]


@pytest.mark.parametrize("name", [AUDIT_NAME, SETTINGS_NAME])
@pytest.mark.parametrize("what", ["a link", "a pipe", "a link to nothing"])
def test_what_is_no_file_of_the_folder_is_refused(tmp_path: Path, name: str, what: str) -> None:
    mine = tmp_path / "mine.txt"
    if what == "a link":
        mine.write_text("mine")
    target = tmp_path / "out"
    target.mkdir()
    if what == "a pipe":
        os.mkfifo(target / name)
    else:
        (target / name).symlink_to(mine)
    if name == SETTINGS_NAME:
        with pytest.raises(InputError):
            open_target(target, KEY, "remove")
    else:
        with pytest.raises(InputError, match="found a"):
            append_audit(target, [ROW])
    assert not mine.exists() or mine.read_text() == "mine"


def test_a_retrieval_opens_no_ledger_that_leads_elsewhere_or_computes(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("mine")
    for name in ("journal", "link", "trigger"):
        target = tmp_path / name
        target.mkdir()
        place = target / LEDGER_NAME
        if name == "journal":
            super_journal(place, precious)
        elif name == "link":
            place.symlink_to(precious)
        else:
            Ledger(target, None, None).__exit__()
            with closing(sqlite3.connect(place)) as rows:
                rows.execute("CREATE TRIGGER t AFTER INSERT ON image BEGIN DELETE FROM image; END")
        with pytest.raises((StoreError, InputError), match="expected a"):
            Ledger(target, None, None)
    assert precious.read_text() == "mine"
