"""Every text of the web application is there in every language."""

from __future__ import annotations

import re
from importlib import resources
from typing import get_args

import pytest

from trephine.serve.words import LANGUAGES, catalogue
from trephine.study.locked.calculator_form import NoInterval

ROOM = resources.files("trephine.serve")
IN_TEMPLATES = re.compile(r"data-word=\"(\w+)\"|\{\{ words\.(\w+)")
IN_MODULES = re.compile(r"say\(\s*\"(\w+)\"|\? \"(\w+)\" : \"(\w+)\"")
PLACE = re.compile(r"\{(\w+)\}")


def sources(folder: str, suffix: str) -> str:
    files = ROOM.joinpath(folder).iterdir() if folder else ROOM.iterdir()
    return "\n".join(file.read_text("utf-8") for file in files if file.name.endswith(suffix))


def asked() -> set[str]:
    found = IN_TEMPLATES.findall(sources("templates", ".j2"))
    found += IN_MODULES.findall(sources("static", ".mjs"))
    return {name for names in found for name in names if name}


def test_every_language_has_the_same_texts_with_the_same_places() -> None:
    english = catalogue()["en"]
    for language in LANGUAGES:
        words = catalogue()[language]
        assert list(words) == list(english), language
        for key, text in words.items():
            if key != "glossary":
                assert text, (language, key)
                assert set(PLACE.findall(str(text))) == set(PLACE.findall(str(english[key]))), key


def test_no_page_asks_for_a_text_that_is_not_there() -> None:
    others = {"above", "below", "number", "end", "categorical", "continuous"}
    assert len(asked()) > 30
    assert asked() - set(catalogue()["en"]) <= others


@pytest.mark.parametrize("code", ["warning", "problem"])
def test_every_warning_and_problem_of_the_arithmetic_has_words(code: str) -> None:
    module = ROOM.joinpath("static", "arithmetic.mjs").read_text("utf-8")
    pattern = r"problems\.push\(\{ code: \"(\w+)\"" if code == "problem" else (
        r"(?:warnings|far)\.push\(\{ code: \"(\w+)\"")  # fmt: skip
    found = set(re.findall(pattern, module))
    assert len(found) >= 5
    assert {f"{code}_{name}" for name in found} <= set(catalogue()["en"])


def test_no_text_is_left_that_no_page_asks_for() -> None:
    whole = sources("static", ".mjs") + sources("templates", ".j2") + sources("", ".py")
    codes = re.compile(r"(?:warning|problem|interval)_(\w+)")
    reasons = {
        code.replace(" ", "_") for code in get_args(NoInterval.model_fields["reason"].annotation)
    }
    for key in catalogue()["en"]:
        code = codes.fullmatch(key)
        forms = [f'"{key}"', f".{key}", f"'{key}'", f'code: "{code[1]}"' if code else f'"{key}"']
        assert (code and code[1] in reasons) or any(form in whole for form in forms), key
