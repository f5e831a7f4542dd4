"""The calculator's own arithmetic, run by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("node")
needs_node = pytest.mark.skipif(
    PROGRAM is None, reason="Node is not installed: make test-system installs it (Debian)"
)
_SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
const whole = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { [whole.call]: call } = await import(whole.module);
writeFileSync(process.argv[3], JSON.stringify(whole.arguments.map((one) => call(...one))));
"""


def called(call: str, arguments: list[list[Any]], folder: Path) -> list[Any]:
    """Return what an exported function of arithmetic.mjs returns for each list of arguments."""
    module = resources.files("trephine.serve").joinpath("static", "arithmetic.mjs")
    whole = {"module": f"file://{module}", "call": call, "arguments": arguments}
    return _answer(whole, _SCRIPT, folder)


_PREDICT = """
import { readFileSync, writeFileSync } from "node:fs";
const whole = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { predict } = await import(whole.module);
const found = whole.cases.map((one) => {
  const { curve, read, ...said } = predict(whole.content, whole.model, one);
  return said;
});
writeFileSync(process.argv[3], JSON.stringify(found));
"""


def predicted(content: Any, model: str, cases: list[Any], folder: Path) -> list[Any]:
    """Return what the calculator predicts for each case."""
    module = resources.files("trephine.serve").joinpath("static", "arithmetic.mjs")
    whole = {"module": f"file://{module}", "content": content, "model": model, "cases": cases}
    return _answer(whole, _PREDICT, folder)


_NUMBERS = """
import { readFileSync, writeFileSync } from "node:fs";
const whole = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { predict } = await import(whole.module);
const found = whole.features.map((row, i) => {
  const clinical = {};
  for (const [key, column] of Object.entries(whole.clinical)) clinical[key] = column[i];
  const genes = Object.fromEntries(whole.names.map((name, j) => [name, row[j]]));
  const said = predict(whole.content, whole.model, { clinical, features: { [whole.set]: genes } });
  const survival = said.survival.flatMap(({ value, low, high }) => [value, low, high]);
  return [said.linearPredictor, ...survival];
});
writeFileSync(process.argv[3], JSON.stringify(found));
"""


def numbers(asked: dict[str, Any], folder: Path) -> list[list[float | None]]:
    """Return linear predictor, then survival, low and high by horizon, of cases in columns."""
    module = resources.files("trephine.serve").joinpath("static", "arithmetic.mjs")
    return _answer({"module": f"file://{module}", **asked}, _NUMBERS, folder)


_AXES = """
import { readFileSync, writeFileSync } from "node:fs";
const whole = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { axisName, wordsOf } = await import(whole.module);
const speech = wordsOf({ it: whole.words }, "it");
const found = whole.axes.map((axis) => axisName(speech, whole.content, axis));
writeFileSync(process.argv[3], JSON.stringify(found));
"""


def axis_names(words: Any, content: Any, axes: list[Any], folder: Path) -> list[Any]:
    """Return what the calculator calls the axes of a nomogram, in the words of one language."""
    module = resources.files("trephine.serve").joinpath("static", "wording.mjs")
    whole = {"module": f"file://{module}", "words": words, "content": content, "axes": axes}
    return _answer(whole, _AXES, folder)


def _answer(whole: Any, script: str, folder: Path) -> list[Any]:
    assert PROGRAM is not None
    asked, answered = folder / "asked.json", folder / "answered.json"
    asked.write_text(json.dumps(whole), encoding="utf-8")
    subprocess.run(
        [PROGRAM, "--input-type=module", "-", str(asked), str(answered)],
        input=script, text=True, check=True, timeout=60,
    )  # fmt: skip
    answer: list[Any] = json.loads(answered.read_text(encoding="utf-8"))
    return answer
