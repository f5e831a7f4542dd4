"""Every text of the web application, one file for each language, ready for more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

# A text by its key; under "glossary", the words of studies that are known in a language.
Words: TypeAlias = Mapping[str, str | Mapping[str, str]]


def own_words(language: Language) -> Mapping[str, str]:
    """Return the words of studies that are known in a language, by what studies call them."""
    glossary = words_of(language)["glossary"]
    assert isinstance(glossary, Mapping)
    return glossary


@cache
def words_of(language: Language) -> Words:
    """Return the texts of one language."""
    file = resources.files(__name__).joinpath(f"{language}.json")
    words: Words = json.loads(file.read_text("utf-8"))
    return words


@cache
def desk_words(language: Language) -> Words:
    """Return the texts of the desk's pages in one language; no calculator carries them."""
    file = resources.files(__name__).joinpath(f"desk.{language}.json")
    words: Words = json.loads(file.read_text("utf-8"))
    return words


@cache
def annotate_words(language: Language) -> Words:
    """Return the texts of the page on which raters draw, in one language."""
    file = resources.files(__name__).joinpath(f"annotate.{language}.json")
    words: Words = json.loads(file.read_text("utf-8"))
    return words


@cache
def catalogue() -> Mapping[str, Words]:
    """Return the texts of every language by its code."""
    return {language: words_of(language) for language in LANGUAGES}
