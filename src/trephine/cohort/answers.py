"""Yes and no, as people write them in a table's cells; compared in lower case."""

from __future__ import annotations

_YES = """yes y true ja j oui si sí sim da да 是 有 あり はい 有り 예 유 √ ✓ ✔ ☑ + (+)
    wahr vrai vero verdadero verdadeiro истина 真
    positive pos positiv positif positivo положительный 阳性 陽性 양성"""
_NO = """no n false nein non não net нет 否 无 無 没有 なし いいえ 아니오 무 - – × ✗ ☐ (-)
    falsch faux falso ложь 假
    negative neg negativ négatif negativo отрицательный 阴性 陰性 음성"""
YES = frozenset(_YES.split())
NO = frozenset(_NO.split())
# Degrees of a finding; beside them a dash says that there was none, and not that it is unknown.
PLUS = frozenset(("+", "++", "+++", "++++", "±", "+/-"))
