"""The Word document as a word processor sets it: no number is broken over two lines."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from trephine.facts import Facts
from trephine.report import write_report

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from make_facts import make_facts

pytestmark = pytest.mark.system

OFFICE, READER = shutil.which("soffice"), shutil.which("pdftotext")
CHINESE = "股骨头坏死分期和联合坏死角"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Return the lines of every block of text on the document's pages, as they stand there."""
    if OFFICE is None or READER is None:
        pytest.skip("LibreOffice is not installed: make test-system installs it (Debian)")
    folder = tmp_path_factory.mktemp("word")
    path, _ = write_report(_in_chinese(folder), folder / "pictures", folder, formats=["docx"])
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    convert = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*convert, str(path)], check=True, capture_output=True, timeout=300)
    page = folder / "text.html"
    subprocess.run(
        [READER, "-bbox-layout", str(folder / "report.pdf"), str(page)], check=True, timeout=120
    )
    text = re.sub(r"[\x00-\x08\x0b-\x1f]", "", page.read_text(encoding="utf-8"))
    name = "{http://www.w3.org/1999/xhtml}"
    return [
        ["".join(word.text or "" for word in line.iter(f"{name}word"))
         for line in block.iter(f"{name}line")]
        for block in ElementTree.fromstring(text).iter(f"{name}block")
    ]  # fmt: skip


# Model, sets, variables, levels and event of a study that is written in Chinese.
_WORDS = {
    "DL": "深度学习", "Sex": "性别", "Female": "女", "Male": "男", "Age": "年龄",
    "Body mass index": "体重指数", "Aetiology": "病因", "Idiopathic": "特发性",
    "ARCO stage": "分期", "II": "II期", "IIIA": "IIIA期", "Bone marrow oedema": "骨髓水肿",
    "collapse": "塌陷", "no-collapse survival": "无塌陷生存",
}  # fmt: skip


def _in_chinese(folder: Path) -> Facts:
    facts = make_facts(folder / "pictures")
    assert facts.table1 is not None
    first, *rest = facts.table1.variables
    named = first.model_copy(update={"label": CHINESE})
    table = facts.table1.model_copy(update={"variables": (named, *rest)})
    mixed = facts.model_copy(update={"table1": table})
    return Facts.model_validate_json(json.dumps(_translated(mixed.model_dump(mode="json"))))


def _translated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _translated(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_translated(one) for one in value]
    return _WORDS.get(value, value) if isinstance(value, str) else value


def test_no_number_is_broken_over_two_lines(lines: list[list[str]]) -> None:
    """A line that begins or ends within a number: "0.00" and "0", "(0.60–" and "0.76)"."""
    assert len(lines) > 300
    broken = [
        (first, second)
        for block in lines
        for first, second in pairwise(block)
        if re.search(r"\d–$|[(+−]$", first)
        or (re.search(r"\d[.,]$", first) and re.match(r"\d", second))
        or (re.search(r"\.\d+$", first) and re.fullmatch(r"\d{1,3}\)?", second))
        or re.match(r"[–.]\d", second)
    ]
    assert broken == []


def test_no_word_is_broken_inside(lines: list[list[str]]) -> None:
    """ "Radiomic" and "s", "Event" and "s" were what a narrow column made of a word."""
    alone = [
        second
        for block in lines
        for _, second in pairwise(block)
        if re.fullmatch(r"[a-z]{1,2}", second) and second not in {"p", "n", "a", "b", "in", "of"}
    ]
    assert alone == []


def test_chinese_stands_in_the_document(lines: list[list[str]]) -> None:
    text = "".join(line for block in lines for line in block)
    for word in (CHINESE, "深度学习", "分期", "II期", "骨髓水肿", "无塌陷生存"):
        assert word in text
