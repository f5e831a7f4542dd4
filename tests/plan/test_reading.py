"""Study files: what they may say, where their paths lead, and that their reference is not stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from trephine.errors import StudyProblemsError
from trephine.plan import StudyPlan, read_plan
from trephine.plan.reading import parse_plan
from trephine.plan.reference import study_file_reference
from trephine.study.inputs import read_study

ROOT = Path(__file__).parents[2]
DATA = {"table": "cases.csv"}


def refused(content: dict[str, object]) -> str:
    with pytest.raises(StudyProblemsError) as error:
        parse_plan(content)
    return str(error.value)


def test_the_reference_reports_what_the_program_does() -> None:
    written = (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8")
    assert written == study_file_reference(), "run `python -m trephine.plan`"


def test_every_key_of_every_section_has_a_meaning() -> None:
    lines = [line for line in study_file_reference().splitlines() if line.startswith("| `")]
    assert len(lines) > 80
    assert [line for line in lines if line.endswith("|  |")] == []


def test_the_example_passes_the_check() -> None:
    inputs = read_study(ROOT / "examples" / "features-from-a-table" / "study.toml")
    assert list(inputs.features) == ["expression"]
    assert len(inputs.features["expression"].names) == 30


def test_paths_start_from_the_study_file_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "study.toml").write_text(
        '[data]\ntable = "cases.csv"\nimage = "i/{case_id}.dcm"\n'
        'raters = { a = "m/{case_id}.png" }\n'
        '[radiomics]\nfile = "settings.yaml"\n[deep]\nweights = "own.pth"\n'
    )
    monkeypatch.chdir(tmp_path)
    plan = read_plan(Path("here/study.toml"))
    here = tmp_path / "here"
    assert plan.data.table == here / "cases.csv"
    assert plan.data.image == str(here / "i/{case_id}.dcm")
    assert plan.data.raters == {"a": str(here / "m/{case_id}.png")}
    assert plan.radiomics.file == here / "settings.yaml"
    assert plan.deep.weights == str(here / "own.pth")


def test_a_section_that_the_file_lacks_does_not_count_as_asked_for(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('[data]\ntable = "cases.csv"\n')
    assert "deep" not in read_plan(tmp_path / "study.toml").model_fields_set


def test_the_defaults_are_those_of_a_sound_study() -> None:
    plan = StudyPlan.model_validate({"data": DATA})
    assert plan.study.protocol == "sound"
    assert plan.deep.weights == "imagenet"
    assert plan.selection.stated == {}
    assert plan.validation.repeats > 0


def test_a_plan_cannot_be_changed_after_it_was_read() -> None:
    plan = StudyPlan.model_validate({"data": DATA})
    with pytest.raises(ValueError, match="frozen"):
        plan.study.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"image": "{case_id}.dcm"}, "the masks of at least one rater, since there is image"),
        ({"raters": {"a": "{case_id}.nii"}}, "the path of the images, since there are raters"),
        (
            {"image": "i", "raters": {"a": "m"}, "repeats": {"c": "m2"}},
            "expected raters ['a'], found {'c'}",
        ),
        (
            {"image": "i", "raters": {"a": "m"}, "mask_label": {"R": 1}},
            "a column of the side ([data.columns] side or sides) for labels by side, found none",
        ),
    ],
)
def test_keys_of_the_data_that_need_each_other(data: dict[str, object], told: str) -> None:
    assert told in refused({"data": {**DATA, **data}})


@pytest.mark.parametrize("horizons", [[], [60, 36], [0, 12], [12, 12], [1, 2, 3, 4, 5]])
def test_horizons_ascend_and_are_at_most_four(horizons: list[float]) -> None:
    assert "outcome.horizons" in refused({"data": DATA, "outcome": {"horizons": horizons}})


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ({"levels": ["I"]}, "two or more"),
        ({"levels": ["I", "I"]}, "found one twice"),
        ({"levels": ["I", "II"], "reference": "III"}, "found 'III'"),
        ({"levels": ["I", "II"], "unit": "mm"}, "none for a variable with levels"),
        ({"measure": "combined_necrotic_angle"}, "under [data] measures, or arcs"),
    ],
)
def test_clinical_variables_that_contradict_themselves(
    variable: dict[str, object], told: str
) -> None:
    text = refused({"data": DATA, "clinical": {"stage": variable}})
    assert "clinical.stage" in text
    assert told in text


def test_levels_written_as_numbers_or_truth_values_are_text() -> None:
    clinical = {"grade": {"levels": [0, 1], "reference": 1}, "oedema": {"levels": [False, True]}}
    plan = parse_plan({"data": DATA, "clinical": clinical})
    assert plan.clinical["grade"].levels == ("0", "1")
    assert plan.clinical["grade"].reference_level == "1"
    assert plan.clinical["oedema"].levels == ("no", "yes")


def test_a_variable_named_like_a_key_does_not_lead_the_advice_astray() -> None:
    text = refused({"data": DATA, "clinical": {"unit": {"lable": "Unit"}}})
    assert "Did you mean 'label'?" in text


def test_a_key_of_another_section_is_sent_there() -> None:
    text = refused({"data": DATA, "models": {"interactions": [["age", "sex"]]}})
    assert "models.interactions" in text
    assert "It is a key of [selection]: move it there" in text


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    text = refused({"data": DATA, "outcom": {}, "validation": {"folds": 1, "repeat": 3}})
    assert len(text.splitlines()) == 3


def test_text_that_no_document_can_hold_is_reported_before_work_begins(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(
        '[study]\ntitle = "Bell\\u0007"\n[data]\ntable = "cases.csv"\n'
        '[clinical]\nstage = { levels = ["I", "I\\u000bI"] }\n'
    )
    with pytest.raises(StudyProblemsError) as error:
        read_plan(file)
    told = str(error.value)
    assert "[study.title]: expected text without control characters" in told
    assert "[clinical.stage.levels.1]" in told


def test_the_key_that_meant_two_things_is_refused_with_what_to_write_now(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    for value in ("true", "false"):
        path.write_text(f'[data]\ntable = "t.csv"\ncorrect_mask = {value}\n', encoding="utf-8")
        with pytest.raises(StudyProblemsError, match='set mask_geometry = "adopt"'):
            read_plan(path)


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("validation", "decision_range", [0.5, 0.2], "two probabilities, the lower one first"),
        ("validation", "decision_range", [0.1, 1.0], "two probabilities, the lower one first"),
        ("validation", "interval_bootstraps", 20, "expected a number of at least 50, found 20"),
        ("validation", "interval_bootstraps", "many", "expected a whole number, found 'many'"),
        ("validation", "folds", 2.5, "expected a whole number, found 2.5"),
        ("data", "mask_geometry", "adapt", "found 'adapt'. Did you mean 'adopt'?"),
        ("data", "accept", ["side"], "[data.accept.0]: expected 'sides', 'regions'"),
        ("data", "spacing_mm", "fine", "[data.spacing_mm]: expected a number or a list"),
        ("data", "raters", "x", "expected a section of keys and values, found 'x'"),
        ("outcome", "horizons", ["a"], "[outcome.horizons.0]: expected a number, found 'a'"),
        ("deep", "enabled", "maybe", "expected true or false, found 'maybe'"),
    ],
)
def test_values_that_do_not_fit_are_reported_in_plain_words_once(
    section: str, key: str, value: object, told: str
) -> None:
    content: dict[str, dict[str, object]] = {"data": dict(DATA)}
    content.setdefault(section, {})[key] = value
    text = refused(content)
    assert told in text
    assert len(text.splitlines()) == 1
    assert "Input" not in text


def test_keys_that_contradict_each_other_are_named_without_the_whole_section() -> None:
    text = refused({"data": {**DATA, "mask_label": {"R": 1, "L": 2}}})
    assert text == (
        "study.toml [data.mask_label]: expected a column of the side ([data.columns] side or"
        " sides) for labels by side, found none"
    )


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5001])
def test_a_study_file_past_what_python_parses_is_refused_in_words(
    tmp_path: Path, value: str
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f"seed = {value}\n")
    with pytest.raises(StudyProblemsError, match="expected a study file"):
        read_plan(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[study]\nseed = 1\n[data]\n[study]\n", r"section \[study\] a second time, at line 4"),
        ("[deep]\nlayer = 'a'\nlayer = 'b'\n", "one a second time, at line 3"),
        ("[study\n", "one whose form is wrong at line 1"),
    ],
)
def test_what_stands_twice_in_a_study_file_is_no_missing_bracket(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(StudyProblemsError, match=said) as refused_file:
        read_plan(path)
    assert ("bracket" in str(refused_file.value)) == ("form" in said)
