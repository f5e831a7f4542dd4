"""What the evidence of a study cannot bear is said, and nothing is said of a study that can."""

from __future__ import annotations

import numpy as np
import pytest

from study.small_study import SmallStudy, write_clinical_study
from trephine.cohort.flow import Flow, count_flow
from trephine.study import Study
from trephine.study.weak_evidence import fitted_to_little, validated_on_little
from trephine.types import Survival


def flow(enrolled: int = 200, lost: int = 0) -> Flow:
    reasons = [("Clinical value missing", np.arange(enrolled) < lost)]
    return count_flow(range(enrolled), reasons)[0]


def cohort(events: int = 60, n: int = 200, seed: int = 3) -> Survival:
    time = np.random.default_rng(seed).uniform(0.5, 60, n)
    return Survival(time, np.arange(n) < events, "months")


def places(survival: Survival, horizons: tuple[float, ...] = (24.0,), of: Flow | None = None):
    return [where for where, _ in fitted_to_little(survival, horizons, of or flow())]


def test_of_a_study_of_many_events_nothing_is_said() -> None:
    assert places(cohort(50)) == []
    assert places(cohort(49)) == ["Events"]


def test_outside_data_need_a_hundred_events() -> None:
    assert validated_on_little(cohort(100), (24.0,), flow()) == ()
    ((where, text),) = validated_on_little(cohort(99), (24.0,), flow())
    assert where == "Events"
    assert "fewer than 100" in text


def test_a_horizon_with_few_still_followed_is_named_and_one_past_all_is_not() -> None:
    survival = Survival(np.r_[np.linspace(1, 30, 191), np.full(9, 40.0)], np.ones(200, bool), "m")
    (found,) = fitted_to_little(survival, (30.0, 36.0, 50.0), flow())
    assert found[0] == "Horizons"
    assert "9 cases are still followed at 36 m" in found[1]


def test_a_horizon_before_the_first_event_is_said() -> None:
    survival = Survival(np.linspace(10, 60, 200), np.arange(200) % 2 == 1, "months")
    (found,) = fitted_to_little(survival, (6.0, 36.0), flow())
    assert found[0] == "Horizons"
    assert found[1].startswith("No event by 6 months, as the first is at 10.2")
    assert places(survival, (10.5,)) == []


@pytest.mark.parametrize(("lost", "said"), [(10, False), (11, True)])
def test_more_than_a_twentieth_lost_to_missing_values_is_said(lost: int, said: bool) -> None:
    found = fitted_to_little(cohort(), (24.0,), flow(200, lost))
    assert [where for where, _ in found] == (["Missing values"] if said else [])
    assert not said or "11 of 200 cases (6 %)" in found[0][1]


@pytest.mark.parametrize(("visits", "said"), [((6, 12, 24, 36, 48, 60), True), (None, False)])
def test_events_on_a_few_visits_are_said_and_whole_months_are_not(visits, said: bool) -> None:
    exact = cohort(80)
    time = np.ceil(exact.time)
    if visits:
        edges = np.array(visits, dtype=float)
        time = edges[np.searchsorted(edges, exact.time)]
    found = fitted_to_little(Survival(time, exact.event, "months"), (24.0,), flow())
    assert [where for where, _ in found] == (["Times"] if said else [])


def test_check_and_the_report_both_say_it(tmp_path) -> None:
    study: SmallStudy = write_clinical_study(tmp_path / "study")
    table = study.table()
    table.loc[:11, "age"] = ""
    study.write(table)
    said = " ".join(Study(study.toml).check().remarks)
    assert "fewer than 50" in said
    assert "12 of 60 cases (20 %) are left out" in said


def test_regions_drawn_once_are_said_with_what_can_stand_in(image_study) -> None:
    """A second rater, a second reading or perturbed copies: each of them is enough."""
    image_study.replace('raters = { a = "a/{patient}.nii.gz", b = "b/{patient}.nii.gz" }', "")
    image_study.replace(
        'repeats = { a = "a2/{patient}.nii.gz" }', 'raters = { a = "a/{patient}.nii.gz" }'
    )

    def said() -> list[str]:
        remarks = Study(image_study.toml).check().remarks
        return [remark for remark in remarks if "drawn once" in remark]

    (remark,) = said()
    assert remark.startswith("The regions were drawn once")
    assert "[radiomics.perturb]" in remark
    text = image_study.toml.read_text(encoding="utf-8")
    image_study.toml.write_text(f"{text}\n[radiomics.perturb]\n", encoding="utf-8")
    assert said() == []
