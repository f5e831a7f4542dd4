"""The calculator as one file: complete, small, sealed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from serve.locked_models import locked_model
from trephine.modelling.refits import Refits
from trephine.serve.offline import (
    LARGEST_BYTES,
    calculator_beside,
    calculator_page,
    export_calculator,
)
from trephine.study.locked import calculator_content
from trephine.study.locked.calculator_form import CalculatorContent


@pytest.fixture(scope="module")
def page() -> str:
    return calculator_page(calculator_content(locked_model()))


def block(page: str, kind: str) -> str:
    found = re.search(rf"<{kind}>(.*?)</{kind.split()[0]}>", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_page_lets_its_own_script_and_style_run_and_nothing_else(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    said = policy[1].replace("&#39;", "'")
    for kind, name in (("style", "style-src"), ('script type="module"', "script-src")):
        digest = hashlib.sha256(block(page, kind).encode()).digest()
        assert f"{name} 'sha256-{base64.b64encode(digest).decode()}'" in said
    assert said.startswith("default-src 'none'")
    assert "unsafe" not in said
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", page)


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    script = block(page, 'script type="module"')
    assert not re.search(
        r"\b(?:import|export)\b[^;]*from|\bfetch\(|XMLHttpRequest|WebSocket", script
    )
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert len(page.encode()) < LARGEST_BYTES


def test_what_a_study_calls_its_things_is_no_markup(page: str) -> None:
    assert "Stage <b>" not in page
    data = re.search(r'id="content">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    content = CalculatorContent.model_validate_json(data[1])
    assert [one.label for one in content.variables if one.key == "stage"] == ["Stage <b>"]
    assert content == calculator_content(locked_model())


def test_the_content_holds_no_case_and_stays_small_for_many_cases() -> None:
    content = json.loads(calculator_content(locked_model()).model_dump_json())
    longest = max(len(one["curve"]["times"]) for one in content["models"])
    assert longest <= 102
    assert all(len(one["deciles"]) == 9 for one in content["models"])


def test_a_model_of_very_many_features_goes_out_without_them_and_says_so(tmp_path: Path) -> None:
    model = locked_model()
    wide = np.linspace(0.1, 1, 4000)
    (signature,) = model.predictor.signatures.values()
    many = replace(
        signature, names=tuple(f"a_long_name_of_feature_{j}" for j in range(4000)), weights=wide,
        centre=wide, scale=wide, low=wide, high=wide, floor=wide, ceiling=wide,
    )  # fmt: skip
    predictor = replace(model.predictor, signatures={"expression": many})
    out = tmp_path / "calculator.html"
    (note,) = export_calculator(replace(model, predictor=predictor), out)
    assert "features of the model's signatures would make the calculator too large" in note
    assert out.stat().st_size < LARGEST_BYTES
    assert export_calculator(model, out) == []


def test_refits_too_many_for_a_mail_are_left_out_and_said(tmp_path: Path) -> None:
    out = tmp_path / "calculator.html"
    few = locked_model(refits=60)
    assert export_calculator(few, out) == []
    forms = few.refits.forms * 50 if few.refits else ()
    many = replace(few, refits=Refits((12.0, 24.0, 90.0), forms))
    notes = export_calculator(many, out)
    assert "refits of the model would make the calculator too large" in notes[-1]
    assert out.stat().st_size < LARGEST_BYTES


def test_the_command_writes_the_page_and_refuses_what_is_no_model(
    tmp_path: Path, trephine: Command
) -> None:
    bundle = locked_model().write(tmp_path / "model")
    out = tmp_path / "page.html"
    said = trephine("export-calculator", bundle, "-o", out, "--language", "zh")
    assert (said.code, said.err) == (0, "")
    assert '<html lang="zh-CN">' in out.read_text(encoding="utf-8")
    (bundle / "context.json").write_text("{}")
    said = trephine("export-calculator", bundle, "-o", out)
    assert said.code == 2
    assert "context.json was altered" in " ".join(said.err.split())


def test_a_report_has_its_calculator_beside_it_or_says_why_not(tmp_path: Path) -> None:
    bundle = locked_model().write(tmp_path / "model")
    assert calculator_beside(bundle, tmp_path) == [f"Calculator: {tmp_path / 'calculator.html'}"]
    (bundle / "manifest.json").write_text('{"format": "trephine-bundle", "version": 3}')
    (note,) = calculator_beside(bundle, tmp_path)
    assert note.startswith("Note: no calculator was written: bundle: expected version")
    assert calculator_beside(None, tmp_path) == calculator_beside(tmp_path / "none", tmp_path) == []


def test_predict_prints_the_scores_that_a_calculator_takes(
    tmp_path: Path, trephine: Command
) -> None:
    bundle = locked_model().write(tmp_path / "model")
    row = {"age": 50, "stage": "I", "angle": 200, "arc_a": 90, "arc_b": 90}
    (tmp_path / "case.csv").write_text(f"{','.join(row)}\n{','.join(map(str, row.values()))}\n")
    (tmp_path / "genes.csv").write_text("gene_0,gene_1,gene_2,gene_3,gene_4,gene_5\n1,2,3,4,5,6\n")
    out = tmp_path / "said.json"
    said = trephine(
        "predict", bundle, "--clinical", tmp_path / "case.csv", "--features",
        tmp_path / "genes.csv", "--json", out,
    )  # fmt: skip
    assert said.code == 0, said.err
    score = json.loads(out.read_text())["scores"]["expression"]
    assert f"Expression signature: {score:.6g}" in said.out
