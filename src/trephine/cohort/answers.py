"""Yes and no, as people write them in a table's cells; compared in lower case."""

from __future__ import annotations

_YES = "yes y true ja j oui si sí sim da да 是 有 あり はい 有り 예 유 √ ✓ ✔ ☑ +"
_NO = "no n false nein non não net нет 否 无 無 没有 なし いいえ 아니오 무 - – × ✗ ☐"
YES = frozenset(_YES.split())
NO = frozenset(_NO.split())
