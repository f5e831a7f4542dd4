"""``trephine new``: what it drafts from a folder passes the check that a user makes next."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.command import Command
from cli.hospital_sheet import hospital, long_table, translated, write_wide
from study.small_study import NO_NETWORK, write_image_study, write_table_study
from trephine.plan import StudyPlan, read_plan
from trephine.study.draft.drafting import draft_study
from trephine.study.draft.export import Export
from trephine.study.draft.files import find_patterns
from trephine.study.draft.folder_scan import scan_folder
from trephine.study.inputs import read_study
from trephine.study.toml_text import key, quoted


def test_the_draft_of_a_folder_with_images_passes_the_check(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_image_study(tmp_path / "study")
    study.toml.unlink()
    said = trephine("new", study.folder)
    assert said.code == 0, said.err
    plan = read_plan(study.toml)
    assert plan.data.columns.model_dump(exclude_none=True) == {
        "case": "hip",
        "patient": "patient",
        "side": "side",
        "time": "months",
        "event": "collapse",
    }
    assert plan.data.image is not None
    assert plan.data.image.endswith("images/{patient}.nii.gz")
    assert list(plan.data.raters) == ["a", "b"]
    assert list(plan.data.repeats) == ["a"]
    assert plan.data.mask_label == {"R": 1, "L": 2}
    assert plan.clinical["stage"].levels == ("I", "II", "IIIA")
    assert not plan.clinical["age"].categorical
    study.toml.write_text(study.toml.read_text().replace("[deep]\n", NO_NETWORK))
    assert trephine("check", study.toml).code == 0


def test_the_draft_of_a_folder_with_two_tables_takes_one_as_features(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_table_study(tmp_path / "study")
    study.toml.unlink()
    assert trephine("new", study.folder).code == 0
    plan = read_plan(study.toml)
    assert plan.features is not None
    assert (plan.data.table.name, plan.features.table.name) == ("clinical.csv", "features.csv")
    assert trephine("check", study.toml).code == 0


def test_a_table_of_features_with_some_bad_cells_is_the_features_and_check_lists_them(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_table_study(tmp_path / "study", features=12)
    study.toml.unlink()
    features = study.table("features.csv")
    bad = [column for column in features.columns if column != "case"][:4]
    features.loc[3, bad] = ["inf", "1,5", "True", "1e999"]
    study.write(features, "features.csv")
    said = trephine("new", study.folder)
    assert "Features: features.csv" in said.out
    told = trephine("check", study.toml).err
    assert all(column in told for column in bad), told


def test_one_wide_table_is_both_and_its_unit_follows_from_the_longest_time(
    trephine: Command, tmp_path: Path
) -> None:
    study = write_table_study(tmp_path / "study", features=80)
    whole = study.table().merge(study.table("features.csv"), on="case")
    whole = whole.rename(columns={"months": "time", "died": "event"}).drop(columns=["stage", "age"])
    for name in ("study.toml", "clinical.csv", "features.csv"):
        (study.folder / name).unlink()
    whole["time"] = whole["time"].astype(float) * 30
    study.write(whole, "expression.csv")
    assert trephine("new", study.folder).code == 0
    plan = read_plan(study.toml)
    assert plan.outcome.unit == "days"
    assert plan.features is not None
    assert plan.features.table == plan.data.table
    assert trephine("check", study.toml).code == 0


def test_columns_that_are_no_variable_are_named_with_the_reason(
    trephine: Command, tmp_path: Path
) -> None:
    table = pd.DataFrame({"id": [f"{n:03d}" for n in range(30)]})
    table["time"] = [n + 1 for n in range(30)]
    table["death"] = [n % 2 for n in range(30)]
    table["status"] = [n % 3 for n in range(30)]
    table["remark"] = [f"remark {n}" for n in range(30)]
    table["implant"] = "nail"
    table["weight (kg)"] = [60 + n * 7 % 30 for n in range(30)]
    table.to_csv(tmp_path / "cases.csv", index=False)
    assert trephine("new", tmp_path).code == 0
    text = (tmp_path / "study.toml").read_text()
    assert "# Not used, it looks like another outcome: status" in text
    assert "# Not used, remarks: remark" in text
    assert "# Not used, one value only: implant" in text
    assert list(read_plan(tmp_path / "study.toml").clinical) == ["weight (kg)"]


def test_a_study_file_is_never_overwritten(trephine: Command, tmp_path: Path) -> None:
    study = write_table_study(tmp_path / "study")
    before = study.toml.read_bytes()
    said = trephine("new", study.folder)
    assert (said.code, study.toml.read_bytes()) == (2, before)
    assert trephine("new", study.folder, "--name", "other.toml").code == 0


def test_a_folder_without_a_table_is_refused(trephine: Command, tmp_path: Path) -> None:
    said = trephine("new", tmp_path)
    assert said.code == 2
    assert "expected a table" in said.err
    assert trephine("new", tmp_path / "nowhere").code == 2


def cohort(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "case": [f"c{k:03d}" for k in range(n)],
            "months": rng.exponential(40, n).round(1) + 0.1,
            "died": (rng.random(n) < 0.6).astype(int),
            "age": rng.integers(20, 70, n),
            "stage": rng.choice(["I", "II", "III"], n),
        }
    )


def drafted(trephine: Command, folder: Path, table: pd.DataFrame) -> StudyPlan:
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "t.csv", index=False, encoding="utf-8-sig")
    said = trephine("new", folder)
    assert said.code == 0, said.err
    return read_plan(folder / "study.toml")


def test_a_hospital_s_sheet_untouched_is_drafted_and_read_as_it_means(
    trephine: Command, tmp_path: Path
) -> None:
    rows, hips = hospital()
    truth = {hip.case: hip for hip in hips}
    for form in ("wide", "long"):
        folder = tmp_path / form
        folder.mkdir()
        if form == "wide":
            write_wide(folder / "sheet.xlsx", rows)
        else:
            long_table(rows).to_excel(folder / "sheet.xlsx", index=False)
        assert trephine("new", folder).code == 0
        inputs = read_study(folder / "study.toml")
        assert set(inputs.case_ids) == set(truth)
        stages, sexes = inputs.clinical.texts("分期"), inputs.clinical.texts("性别")
        ages = inputs.clinical.values("年龄")
        for place, case in enumerate(inputs.case_ids):
            hip = truth[case]
            assert abs(inputs.survival.time[place] * 30.4375 - hip.days) < 1e-9
            assert inputs.survival.event[place] == hip.event
            assert (stages[place], sexes[place], ages[place]) == (hip.stage, hip.sex, hip.age)
        assert set(inputs.plan.clinical) == {"分期", "性别", "年龄"}


@pytest.mark.parametrize(
    ("names", "write"),
    [
        (
            "Pat.-Nr.|Name|Geschlecht|Alter (Jahre)|OP-Datum|letzte Kontrolle"
            "|ARCO re|Kollaps re|ARCO li|Kollaps li|Bemerkung",
            lambda d: f"{d:%d.%m.%y}",
        ),
        (
            "Patient ID|Last name|Sex|Age|Date of surgery|Last visit|Stage (right)"
            "|Collapse (right)|Stage (left)|Collapse (left)|Comments",
            lambda d: f"{d.month}/{d.day}/{d.year}",
        ),
        (
            "N° patient|Nom|Sexe|Âge|Date d'opération|Dernière visite|Stade droit"
            "|Effondrement droit|Stade gauche|Effondrement gauche|Remarques",
            lambda d: f"{d:%d-%m-%Y}",
        ),
        (
            "患者番号|氏名|性別|年齢|手術日|最終来院日|右病期|右圧潰日|左病期|左圧潰日|備考",
            lambda d: f"平成{d.year - 1988}年{d.month}月{d.day}日",
        ),
        (
            "환자번호|이름|성별|나이|수술일|최종방문일"
            "|우측 병기|우측 붕괴일|좌측 병기|좌측 붕괴일|비고",
            lambda d: f"{d.year}. {d.month}. {d.day}.",
        ),
        (
            "Пациент №|ФИО|Пол|Возраст|Дата операции|Последний визит|Стадия правая"
            "|Дата коллапса правая|Стадия левая|Дата коллапса левая|Примечание",
            lambda d: f"{d:%d.%m.%Y}",
        ),
        (
            "Número|Apellido|Sexo|Edad|Fecha de cirugía|Última visita|Estadio derecho"
            "|Fecha de colapso derecho|Estadio izquierdo|Fecha de colapso izquierdo|Observaciones",
            lambda d: f"{d:%d/%m/%Y}",
        ),
    ],
)
def test_a_wide_sheet_in_another_language_needs_no_edit(
    tmp_path: Path, names: str, write: Callable[[date], str]
) -> None:
    rows, hips = hospital()
    translated(rows, names, write).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "study.toml").write_text(draft_study(tmp_path).text, encoding="utf-8")
    inputs = read_study(tmp_path / "study.toml")
    truth = {hip.case: (hip.event, hip.days) for hip in hips}
    days = np.round(inputs.survival.time * 30.4375).tolist()
    read = zip(inputs.survival.event.tolist(), days, strict=True)
    assert dict(zip(inputs.case_ids, read, strict=True)) == truth
    assert len(inputs.plan.clinical) == 3


def test_what_was_guessed_is_said_with_the_reason(trephine: Command, tmp_path: Path) -> None:
    write_wide(tmp_path / "sheet.xlsx", hospital()[0])
    said = trephine("new", tmp_path)
    assert "one row per patient, with columns for R and L: 分期, 塌陷日期" in said.out
    assert "start: 手术日期 (dates that come first)" in said.out
    assert "not used: 住院号 (it looks like an identifier)" in said.out
    assert "not used: 备注 (remarks)" in said.out


@pytest.mark.parametrize(
    ("case", "time", "event", "age", "stage"),
    [
        ("编号", "随访时间", "死亡", "年龄", "分期"),
        ("Fallnummer", "Nachbeobachtungszeit (Monate)", "verstorben", "Alter", "Stadium"),
        ("numéro", "durée de suivi (mois)", "décès", "âge", "stade"),
        ("症例番号", "観察期間", "死亡", "年齢", "病期"),
        ("번호", "추적기간", "사망", "나이", "병기"),
        ("номер", "срок наблюдения", "смерть", "возраст", "стадия"),
        ("número", "tiempo de seguimiento", "muerte", "edad", "estadio"),
        ("age\n(id)", 'months "total"', "death\tseen", "edad.", "'stage'"),
    ],
)
def test_headers_in_any_language_and_with_any_letters_make_a_draft_that_passes(
    trephine: Command, tmp_path: Path, case: str, time: str, event: str, age: str, stage: str
) -> None:
    names = {"case": case, "months": time, "died": event, "age": age, "stage": stage}
    plan = drafted(trephine, tmp_path, cohort().rename(columns=names))
    shown = [" ".join(name.split()) for name in (case, time, event)]
    columns = plan.data.columns
    assert [columns.case, columns.time, columns.event] == shown
    assert set(plan.clinical) == {" ".join(age.split()), stage}
    checked = trephine("check", tmp_path / "study.toml")
    assert checked.code == 0, checked.err


def test_a_second_outcome_is_no_predictor(trephine: Command, tmp_path: Path) -> None:
    table = cohort().rename(columns={"months": "OS_months", "died": "OS_event"})
    table["PFS_months"] = (table["OS_months"] * 0.8).round(1) + 0.1
    table["PFS_event"] = 1
    table["OS_days"] = (table["OS_months"] * 30.4).round()
    table["visit"] = "2020-01-02"
    assert set(drafted(trephine, tmp_path, table).clinical) == {"age", "stage"}


def test_a_flag_of_censoring_is_turned_round_and_said(trephine: Command, tmp_path: Path) -> None:
    table = cohort()
    n_events = int(table["died"].sum())
    table["censored"] = 1 - table.pop("died")
    drafted(trephine, tmp_path, table)
    assert "# event: 1 seems to mean censored" in (tmp_path / "study.toml").read_text()
    assert f"{n_events} events" in trephine("check", tmp_path / "study.toml").out


def test_words_for_the_event_are_recoded(trephine: Command, tmp_path: Path) -> None:
    table = cohort()
    n_events = int(table["died"].sum())
    table["died"] = table["died"].map({0: "否", 1: "是"})
    drafted(trephine, tmp_path, table)
    assert f"{n_events} events" in trephine("check", tmp_path / "study.toml").out


def test_an_event_of_one_and_two_or_of_one_and_blank_is_asked(
    trephine: Command, tmp_path: Path
) -> None:
    for number, codes in enumerate(({0: "1", 1: "2"}, {0: "", 1: "1"})):
        table = cohort()
        table["died"] = table["died"].map(codes)
        folder = tmp_path / str(number)
        drafted(trephine, folder, table)
        assert "# TO DECIDE: in 'died'" in (folder / "study.toml").read_text()
        assert trephine("check", folder / "study.toml").code == 2


def test_names_row_numbers_remarks_and_phones_are_never_predictors(
    trephine: Command, tmp_path: Path
) -> None:
    table = cohort()
    n = len(table)
    table.insert(0, "index", range(n))
    table["hospital no"] = [12037 + 37 * k for k in range(n)]
    table["mobile"] = [13800000000 + 977 * k for k in range(n)]
    table["Name"] = [f"Person {k % 40}" for k in range(n)]
    table["remark"] = ["", "lost", "phone"] * 20
    table["birthday"] = "1970-05-06"
    table["file"] = [5000 + 3 * k for k in range(n)]
    assert set(drafted(trephine, tmp_path, table).clinical) == {"age", "stage"}


def test_units_and_spellings_are_drafted_as_they_are_read(
    trephine: Command, tmp_path: Path
) -> None:
    table = cohort()
    table["age"] = [f"{a}岁" if k % 8 == 0 else str(a) for k, a in enumerate(table["age"])]
    bmi = [20 + k / 10 for k in range(60)]
    forms = ("{:.1f}", "{:.1f} kg/m2")
    table["BMI"] = [
        f"{b:.1f}".replace(".", ",") if k % 3 == 0 else forms[k % 2].format(b)
        for k, b in enumerate(bmi)
    ]
    spelt = {"I": ["I", "Ⅰ", "1期"], "II": ["II", "ii", "2期"], "III": ["III", "iii ", "3"]}
    truth = list(table["stage"])
    table["stage"] = [spelt[s][k % 3] for k, s in enumerate(truth)]
    table["smoking"] = [("Y", "是", "N", "否")[k % 4] for k in range(60)]
    drafted(trephine, tmp_path, table)
    inputs = read_study(tmp_path / "study.toml")
    order = np.argsort(list(table["case"]))
    assert [inputs.clinical.texts("stage")[k] for k in range(60)] == [truth[k] for k in order]
    assert np.allclose(inputs.clinical.values("BMI"), [bmi[k] for k in order])
    assert inputs.plan.clinical["smoking"].levels == ("no", "yes")
    assert not np.isnan(inputs.clinical.values("age")).any()


def test_codes_for_sex_beside_words_are_asked(trephine: Command, tmp_path: Path) -> None:
    table = cohort()
    table["sex"] = [("F", "女", "M", "男", "1", "2")[k % 6] for k in range(60)]
    drafted(trephine, tmp_path, table)
    assert "what do 1 and 2 mean?" in (tmp_path / "study.toml").read_text()
    err = trephine("check", tmp_path / "study.toml").err
    assert "expected 'F' or 'M', found" in err


def test_the_reason_why_a_table_cannot_be_read_is_shown(trephine: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,a\n1,2\n")
    said = trephine("new", tmp_path)
    assert said.code == 2
    assert "column names once" in said.err


def test_the_rater_of_more_masks_goes_first(tmp_path: Path) -> None:
    study = write_image_study(tmp_path / "study")
    masks = sorted((study.folder / "a").glob("*"))
    for path in masks[: len(masks) // 2]:
        path.unlink()
    frame = study.table().astype(str)
    found = find_patterns(scan_folder(study.folder), Export(), frame, ["patient", "hip"])
    assert next(iter(found.raters)) == "b"
    assert found.rows_share_images


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_written_as_toml_that_reads_back(name: str, text: str) -> None:
    written = f"{key(name)} = {quoted(text)}"
    assert tomllib.loads(written) == {name: text}


def test_the_rater_who_drew_most_cases_comes_first(trephine: Command, tmp_path: Path) -> None:
    study = write_image_study(tmp_path / "study")
    study.toml.unlink()
    for path in sorted((study.folder / "a").iterdir())[10:]:
        path.unlink()
    assert trephine("new", study.folder).code == 0
    assert list(read_plan(study.toml).data.raters) == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("分期", ["I期", "II期", "IIIA期", "IIIB期", "IV期"]),
        ("ARCO", ["Stage I", "Stage II", "Stage IV"]),
        ("病期", ["一期", "二期", "三期", "四期"]),
        ("疼痛", ["无", "轻度", "中度", "重度"]),
        ("oedema", ["absent", "mild", "moderate", "severe"]),
        ("Dosis", ["gering", "mittel", "hoch"]),
        ("load", ["low", "medium", "high"]),
    ],
)
def test_levels_stand_in_the_order_that_their_words_have(
    trephine: Command, tmp_path: Path, name: str, levels: list[str]
) -> None:
    """The first is the reference: stage I, not the stage that comes first by letter."""
    table = cohort()
    table[name] = [levels[k % len(levels)] for k in range(len(table))]
    assert drafted(trephine, tmp_path, table).clinical[name].levels == tuple(levels)


@pytest.mark.parametrize("name", ["体重指数", "BMI", "body mass index", "ИМТ"])
def test_the_body_mass_index_has_its_unit(trephine: Command, tmp_path: Path, name: str) -> None:
    table = cohort()
    table[name] = np.linspace(18, 34, len(table)).round(1)
    assert drafted(trephine, tmp_path, table).clinical[name].unit == "kg/m2"


def test_none_beside_mild_and_severe_is_a_level_and_asked(
    trephine: Command, tmp_path: Path
) -> None:
    """It was read as a missing value, and its cases were left out of the study."""
    table = cohort()
    words = ["none", "mild", "moderate", "severe"]
    table["oedema"] = [words[k % 4] for k in range(len(table))]
    plan = drafted(trephine, tmp_path / "a", table)
    assert plan.clinical["oedema"].levels == tuple(words)
    assert 'does "none" mean' in (tmp_path / "a" / "study.toml").read_text()
    table["oedema"] = [["yes", "no", "None"][k % 3] for k in range(len(table))]
    assert drafted(trephine, tmp_path / "b", table).clinical["oedema"].levels == ("no", "yes")
