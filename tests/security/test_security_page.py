"""What SECURITY.md says is held is held by a test that exists; the audit fails where it should."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from security import audit

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())


def test_every_file_and_test_that_the_page_names_exists() -> None:
    files = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert len(set(files)) >= 8
    assert all((ROOT / file).is_file() for file in files)
    for file, named in re.findall(r"`(tests/[\w/]+\.py)`: ((?:\*[^*]+\*,? ?)+)", PAGE):
        source = (ROOT / file).read_text(encoding="utf-8")
        for sentence in re.findall(r"\*([^*]+)\*", named):
            name = re.sub(r"\W", "_", sentence)
            assert f"def test_{name}" in source, sentence


def test_every_function_that_the_page_names_exists() -> None:
    for module, name in re.findall(r"`((?:deep|paths|plan)[\w.]*)\.(\w+)`", PAGE):
        if module == "deep" and name in ("backbone", "weights"):
            continue  # keys of the study file
        holder = importlib.import_module(f"trephine.{module}")
        found = hasattr(holder, name) or importlib.util.find_spec(f"trephine.{module}.{name}")
        assert found, f"{module}.{name}"


def test_the_readme_leads_to_the_page() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_known_weakness_fails_and_what_was_not_checked_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    well = {"name": "a", "version": "1", "vulns": []}
    weak = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    unknown = {"name": "c", "skip_reason": "no answer"}
    assert audit.judged({"dependencies": [well]}) == 0
    assert audit.judged({"dependencies": [well, weak]}) == 1
    assert "b 1: CVE-1, mended in 2" in capsys.readouterr().out
    assert audit.judged({"dependencies": [well, unknown]}) == 0
    assert "NOT CHECKED" in capsys.readouterr().err
