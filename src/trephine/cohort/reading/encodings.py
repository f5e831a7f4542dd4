"""The encoding of a text that does not state it, by which bytes stand beside which.

A table has few words. Of 60 drawn tables with four clinical words each, charset-normalizer 3.5,
held to these encodings, got 14 of Chinese and 11 of French words wrong or named none (25 of French
with eight); this got none of 300 wrong. Tables of one or two words either may name wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable

CALLED = {
    "gb18030": "GB18030 (Chinese)",
    "cp950": "Big5 (traditional Chinese)",
    "cp932": "Shift JIS (Japanese)",
    "cp949": "CP949 (Korean)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1252": "Windows-1252 (Western European)",
    "latin-1": "Latin-1, as its bytes fit no other encoding",
}
"""Encodings that are guessed, as people call them."""

_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_RUN = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe]){2,}")
# Letters of Cyrillic and Greek pages, and the dashes, quotes and signs that may stand among them.
_LETTERS = re.compile(rb"[\xa8\xb8\xc0-\xff]+")
_SIGNS = re.compile(rb"[\x85\x91-\x94\x96\x97\xa0\xab\xb0\xb2\xb3\xb9\xbb]")
# An accented small letter of Greek, where Cyrillic has capitals: behind a small letter.
_GREEK = re.compile(rb"[\xe0-\xfe][\xdc-\xdf]|[\xdc-\xdf][\xe0-\xfe]")
# A capital behind a small letter, which words of neither have; double bytes of Chinese have many.
_BROKEN = re.compile(rb"[\xdc-\xff](?=[\xc0-\xdb])")
# Fewer letters than these may be anything.
_FEWEST_LETTERS, _FEWEST_PAIRS, _FEWEST_KOREAN = 4, 3, 8


def guess_encoding(content: bytes) -> str:
    """Return the name of an encoding that every byte fits.

    UTF-8; UTF-16 where every other byte is zero; Windows-1251 or 1253 where letters above ASCII
    follow each other as in words; Shift JIS and Big5 by the bytes that only they use for common
    characters, standing side by side; CP949 where all characters are Korean syllables; GB18030
    where most are common Chinese ones (the 3,755 of the first level of GB 2312); Windows-1252.
    """
    sample = content[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) > 3 and max(even, odd) > 0.3 * len(sample) / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    tests: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("utf-8", lambda: True),
        ("cp1253", lambda: _in_words(content) and len(_GREEK.findall(content)) > 1),
        ("cp1251", lambda: _in_words(content)),
        ("cp932", lambda: _is_japanese(content)),
        ("cp950", lambda: _is_traditional(content)),
        ("cp949", lambda: _is_korean(content)),
        ("gb18030", lambda: _is_chinese(content)),
        ("cp1252", lambda: True),
    )
    fits = (name for name, test in tests if test() and _decodes(content, name))
    return next(fits, "latin-1")


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _in_words(content: bytes) -> bool:
    """Say whether all that is beyond ASCII are letters, and these mostly follow each other.

    In a Western text accented letters stand alone among others. A few Chinese characters are
    letters by their bytes too, but of one or two in a word, or with capitals within it.
    """
    letters: list[bytes] = _LETTERS.findall(content)
    runs = [len(run) for run in letters]
    beyond = len(re.findall(rb"[\x80-\xff]", content))
    if sum(runs) < _FEWEST_LETTERS or sum(runs) + len(_SIGNS.findall(content)) < beyond:
        return False
    if 20 * sum(len(_BROKEN.findall(run)) for run in letters) > sum(runs):
        return False
    if all(run % 2 == 0 for run in runs) and _is_chinese(content):
        return False  # small letters, of which words are made, are rarer characters than these
    longer = sum(run for run in runs if run > 2)
    return sum(run for run in runs if run > 1) >= 0.8 * sum(runs) and 2 * longer >= sum(runs)


def _side_by_side(content: bytes) -> list[bytes]:
    """Return the double bytes of a text of which a third stand beside another, else nothing.

    A Western quotation mark or accent with the letter behind it looks like one, and stands alone.
    """
    pairs: list[bytes] = _PAIR.findall(content)
    beside = sum(len(run) // 2 for run in _RUN.findall(content))
    return pairs if len(pairs) >= _FEWEST_PAIRS and 3 * beside >= len(pairs) else []


def _is_japanese(content: bytes) -> bool:
    pairs = _side_by_side(content)
    return bool(pairs) and 2 * sum(pair[0] <= 0x9F for pair in pairs) >= len(pairs)


def _is_traditional(content: bytes) -> bool:
    pairs = _side_by_side(content)
    common = sum(0xA4 <= pair[0] <= 0xC6 for pair in pairs)
    low = sum(pair[1] < 0x80 for pair in pairs)
    return bool(pairs) and 0.1 * len(pairs) <= low <= 0.8 * len(pairs) and 2 * common >= len(pairs)


def _is_korean(content: bytes) -> bool:
    """Say whether all characters are syllables; Chinese ones lie beyond these too."""
    pairs: set[bytes] = set(_PAIR.findall(content))
    syllables = all(0xB0 <= pair[0] <= 0xC8 and pair[1] >= 0xA1 for pair in pairs)
    return len(pairs) >= _FEWEST_KOREAN and syllables


def _is_chinese(content: bytes) -> bool:
    pairs: list[bytes] = _PAIR.findall(content)
    common = sum(0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1 for pair in pairs)
    return 2 * common >= len(pairs)
