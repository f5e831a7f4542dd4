"""The code that the documentation shows runs as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trephine.modelling.bundle import VERSION
from trephine.study.locked.context import BundleContext

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_blocks_of_the_python_page_run_one_after_the_other(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    blocks = BLOCK.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert len(blocks) >= 4
    printed = capsys.readouterr().out
    assert "age" in printed
    assert "nan" not in printed.lower()


def test_pages_link_to_files_that_exist():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_schema_of_a_bundle_is_that_of_its_context() -> None:
    """Rewrite with: make docs."""
    written = json.loads((ROOT / "docs" / "bundle-schema.json").read_text(encoding="utf-8"))
    assert written == BundleContext.model_json_schema()
    assert written["properties"]["version"]["const"] == VERSION
