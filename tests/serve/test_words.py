"""Every text of the web application is there in every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

import trephine
from trephine.choices import ProtocolName
from trephine.serve.desk.pages import ROOMS
from trephine.serve.desk.render import stage_name
from trephine.serve.words import LANGUAGES, Language, Words, catalogue, desk_words
from trephine.study.editing.study_file import ROLES
from trephine.study.jobs.process import Verb
from trephine.study.locked.calculator_form import NoInterval
from trephine.study.shelf.finished import Section
from trephine.study.shelf.studies import Stand
from trephine.types import TimeUnit

ROOM = resources.files("trephine.serve")
STUDY = Path(trephine.__file__).parent / "study"
CHECK = STUDY.parent / "cli" / "check.py"
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


@pytest.mark.parametrize("texts", [catalogue().__getitem__, desk_words])
def test_every_language_has_the_same_texts_with_the_same_places(
    texts: Callable[[Language], Words],
) -> None:
    english = texts("en")
    for language in LANGUAGES:
        words = texts(language)
        assert list(words) == list(english), language
        for key, text in words.items():
            if key == "stage_names":
                assert list(text) == list(english[key]), language
            elif key != "glossary":
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
        r"(?:warnings|far|found)\.push\(\{ code: \"(\w+)\"")  # fmt: skip
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


# Texts whose key ends in a word that the program chooses.
OF_THE_DESK = {
    "room": ROOMS,
    "stand": get_args(Stand),
    "role": (*ROLES, "clinical", "part", "out"),
    "unit": get_args(TimeUnit),
    # A new protocol goes by its own name until somebody translates it.
    "protocol": [p for p in get_args(ProtocolName) if f"protocol_{p}" in desk_words("en")],
    "files": get_args(Section),
    "kind": ("image", "mask", "repeat"),
    "goes_on": get_args(Verb),
}


def test_the_desk_s_pages_ask_for_every_text_that_there_is_and_for_no_other() -> None:
    whole = sources("templates/desk", ".j2") + sources("desk", ".py")
    asked = set(re.findall(r"(?:desk_words|words|said)\.(\w+)|words\[\"(\w+)\"\]", whole))
    named = {name for names in asked for name in names if name}
    chosen = {f"{stem}_{end}" for stem, ends in OF_THE_DESK.items() for end in ends}
    for stem in OF_THE_DESK:
        assert f'["{stem}_" ~' in whole, stem
    english = set(desk_words("en"))
    assert named - {"get", "format"} <= english
    assert english == (named & english) | chosen


def test_every_stage_of_a_run_has_a_name_in_chinese() -> None:
    """As the code names them: in quotes, where a stage is shown, timed or resampled."""
    named = re.compile(
        r"(?:show\(|show, |stage = |once\(|resample\()\s*f?\"([A-Z][a-z -]+)(?:, \{|\")"
    )
    files = [*STUDY.glob("*.py"), CHECK]
    stages = {name for file in files for name in named.findall(file.read_text("utf-8"))}
    assert {"Fitting", "Nested cross-validation", "Writing the report"} <= stages
    chinese, english = desk_words("zh"), desk_words("en")
    assert stages == set(english["stage_names"])
    assert stage_name("Bootstrap, sound", chinese) == "自助法，稳健方案（sound）"
    assert stage_name("Bootstrap, sound", english) == f"Bootstrap, {english['protocol_sound']}"
    assert stage_name("Training 3 networks: about 2 h", chinese) == "Training 3 networks: about 2 h"
