"""Tables of many countries in the encodings that their spreadsheets write, none of them stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from trephine.cohort.reading import read_source
from trephine.errors import StudyProblemsError

TABLES = {
    "cp932": ("症例番号,観察期間(月),圧潰,性別", "1,12.3,0,男性", "2,8.1,1,女性"),
    "cp949": ("환자번호,추적기간(개월),붕괴,성별", "1,12.3,0,남", "2,8.1,1,여"),
    "cp950": ("病歷號,追蹤時間(月),死亡,分期", "1,12.3,0,第一期", "2,8.1,1,第二期"),
    "gb18030": ("病案号,随访时间(月),死亡,性别", "1,12.3,0,男", "2,8.1,1,女"),
    "cp1251": ("номер,срок (мес),событие,пол", "1,12.3,0,муж", "2,8.1,1,жен"),
    "cp1253": ("αριθμός,μήνες,γεγονός,φύλο", "1,12.3,0,άνδρας", "2,8.1,1,γυναίκα"),
}
NAMED = {
    "cp932": "Shift JIS (Japanese)",
    "cp949": "CP949 (Korean)",
    "cp950": "Big5 (traditional Chinese)",
    "gb18030": "GB18030 (Chinese)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
}


def read(path: Path, content: bytes) -> tuple[list[str], list[list[str]], str]:
    path.write_bytes(content)
    source = read_source(path)
    names = [str(name) for name in source.frame.columns]
    return names, source.frame.to_numpy().tolist(), " ".join(source.assumed)


@pytest.mark.parametrize("encoding", sorted(TABLES))
def test_the_encoding_of_a_country_is_found_and_said(tmp_path: Path, encoding: str) -> None:
    lines = TABLES[encoding]
    names, rows, said = read(tmp_path / "t.csv", "\r\n".join(lines).encode(encoding))
    assert names == lines[0].split(",")
    assert rows == [line.split(",") for line in lines[1:]]
    assert f"Read as {NAMED[encoding]}; save it as UTF-8 if letters look wrong." in said


@pytest.mark.parametrize(
    "words", [("左髋", "右髋"), ("男", "女"), ("病因", "酒精"), ("住院号", "激素"), ("左", "右")]
)
def test_a_few_chinese_words_are_not_cyrillic(tmp_path: Path, words: tuple[str, str]) -> None:
    lines = ["name,side", *(f"{number},{word}" for number, word in enumerate(words))]
    _, rows, said = read(tmp_path / "t.csv", "\n".join(lines).encode("gbk"))
    assert [row[1] for row in rows] == list(words)
    assert "GB18030" in said


@pytest.mark.parametrize(
    "lines",
    [
        ("Âge,années,décès", "44,féminin,é", "45,créée,ô"),
        ("patient’s age,months,note", "44,3,it’s “fine” – ok"),
        ("Größe,Überleben,Stürze", "180,12,häufig"),
        ("temp °C,µg/l,m²,±", "1,2,3,4"),
        ("næste,år,køn", "1,2,mænd"),
        ("señal,año,niño", "1,2,¿sí?"),
    ],
)
def test_accents_and_signs_of_western_tables_are_no_other_alphabet(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    names, rows, said = read(tmp_path / "t.csv", "\n".join(lines).encode("cp1252"))
    assert [names, *rows] == [line.split(",") for line in lines]
    assert "Read as Windows-1252 (Western European)" in said


def test_bytes_of_no_known_encoding_are_never_read_unsaid(tmp_path: Path) -> None:
    _, _, said = read(tmp_path / "t.csv", b"hip,months\nA\x81,3\nB\x90,4\n")
    assert "Read as Latin-1, as its bytes fit no other encoding" in said


def test_json_under_a_table_s_name_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(StudyProblemsError, match="found JSON, whatever its name says"):
        read(tmp_path / "t.csv", b'[{"hip": "A", "months": 3}, {"hip": "B", "months": 4}]')
