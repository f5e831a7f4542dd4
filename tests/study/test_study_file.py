"""An edit of a study file changes the keys that it is about, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from trephine.errors import InputError, StudyProblemsError
from trephine.study.editing.study_file import (
    DataEdit,
    FileChangedError,
    VariableEdit,
    edited,
    read_text,
    save_text,
    without_question,
)

TEXT = """# by hand
[study]
title = "Hips"  # heads the report

[data]
table = "cases.csv"
# TO DECIDE: in 'side', which of 1 and 2 is right?
columns = { case = "hip", time = "months", event = "died", sides = { R = "R ", L = "L " } }
read = { died = { yes = "1" } }

[outcome]
horizons = [12, 24]

[clinical]
age = { unit = "years", strip = ["y"] }
stage = { levels = [1, 2], reference = 2 }  # as the radiologist says
index = { measure = "necrosis_degree_index", arcs = ["A", "B"] }

[clinical.weight]
unit = "kg"  # measured
column = "Weight (kg)"

[validation]
repeats = 3
"""


def content(edit: DataEdit) -> dict[str, object]:
    return tomllib.loads(edited(TEXT, edit))


def test_an_empty_edit_leaves_every_letter() -> None:
    assert edited(TEXT, DataEdit()) == TEXT
    same = DataEdit(
        sections={"study": {"title": "Hips"}, "outcome": {"horizons": [12, 24]}},
        asked=("hip", "months", "died", "age", "stage", "Weight (kg)"),
        roles={"case": "hip", "time": "months", "event": "died"},
        variables={
            "age": VariableEdit(unit="years"),
            "stage": VariableEdit(levels=("1", "2"), reference="2"),
            "Weight (kg)": VariableEdit(unit="kg"),
        },
    )
    assert edited(TEXT, same) == TEXT


def test_one_change_is_one_line() -> None:
    changes = [
        (DataEdit(sections={"study": {"title": "Knees"}}), 'title = "Knees"  # heads the report'),
        (
            DataEdit(variables={"age": VariableEdit(unit="months")}),
            ('age = { unit = "months", strip = ["y"] }'),
        ),
        (
            DataEdit(variables={"stage": VariableEdit(levels=("2", "1"))}),
            ('stage = { levels = ["2", "1"] }  # as the radiologist says'),
        ),
        (DataEdit(variables={"Weight (kg)": VariableEdit(unit="g")}), 'unit = "g"  # measured'),
        (
            DataEdit(asked=("hip", "months", "t"), roles={"case": "hip", "time": "t"}),
            (
                'columns = { case = "hip", time = "t", event = "died",'
                ' sides = { R = "R ", L = "L " } }'
            ),
        ),
        (
            DataEdit(read={"side": {"1": "R"}}),
            ('read = { side = { 1 = "R" }, died = { yes = "1" } }'),
        ),
    ]
    for edit, line in changes:
        before, after = TEXT.splitlines(), edited(TEXT, edit).splitlines()
        assert len(before) == len(after)
        assert [new for old, new in zip(before, after, strict=True) if old != new] == [line]


def test_columns_come_and_go() -> None:
    edit = DataEdit(
        variables={"sex": None, "B-M-I": None, "age": None},
        declared={"sex": {"levels": ["F", "M"], "read": {"男": "M"}}},
        left_out=("stage", "Weight (kg)", "never"),
    )
    assert content(edit)["clinical"] == {
        "age": {"unit": "years", "strip": ["y"]},
        "index": {"measure": "necrosis_degree_index", "arcs": ["A", "B"]},
        "sex": {"levels": ["F", "M"], "read": {"男": "M"}},
        "B-M-I": {},
    }


def test_what_a_page_did_not_ask_about_stays() -> None:
    edit = DataEdit(asked=("months",), roles={})
    assert content(edit)["data"] == {
        "table": "cases.csv",
        "columns": {"case": "hip", "event": "died", "sides": {"R": "R ", "L": "L "}},
        "read": {"died": {"yes": "1"}},
    }


def test_sections_are_made_where_there_are_none_and_empty_values_remove_their_key() -> None:
    edit = DataEdit(
        sections={"data": {"image": "images/{hip}.png", "raters": {"a b": "m/{hip}.png"}},
                  "study": {"title": ""}, "models": {"parts": {}}, "deep": {"enabled": False}},
    )  # fmt: skip
    found = content(edit)
    assert found["data"] == {
        **tomllib.loads(TEXT)["data"],
        "image": "images/{hip}.png",
        "raters": {"a b": "m/{hip}.png"},
    }
    assert found["study"] == {}
    assert found["deep"] == {"enabled": False}
    with pytest.raises(InputError, match="expected a section"):
        edited("data = 1", DataEdit(sections={"data": {"table": "x"}}))
    with pytest.raises(InputError, match="expected TOML"):
        edited("[data", DataEdit())


@pytest.mark.parametrize("name", ['a"b', "a.b", "# no", "年龄\n", "\\", "'", ""])
def test_any_name_of_a_column_is_a_key(name: str) -> None:
    found = content(DataEdit(variables={name: VariableEdit(unit=name, label=name)}))
    clinical = found["clinical"]
    assert isinstance(clinical, dict)
    assert clinical[name] == ({"unit": name, "label": name} if name else {})


def test_a_question_goes_when_it_is_decided() -> None:
    (question,) = read_text_of(TEXT)
    assert without_question(TEXT, question) == "".join(
        line for line in TEXT.splitlines(keepends=True) if "TO DECIDE" not in line
    )
    assert without_question(TEXT, "another") == TEXT


def read_text_of(text: str) -> tuple[str, ...]:
    from trephine.study.editing.study_file import StudyText

    return StudyText(text, "").asked


def test_a_file_is_written_whole_and_only_over_what_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    shown = read_text(path)
    save_text(path, "[study]\r\n", shown.digest)
    assert path.read_bytes() == b"[study]\n"
    with pytest.raises(FileChangedError):
        save_text(path, "[late]", shown.digest)
    with pytest.raises(StudyProblemsError, match="end of document"):
        save_text(path, "[study", read_text(path).digest)
    assert path.read_bytes() == b"[study]\n"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_text(path)
