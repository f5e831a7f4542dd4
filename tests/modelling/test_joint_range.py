"""Values that are odd together are found, where each of them is within its range."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from trephine.modelling.joint_range import (
    JointRange,
    joint_from_json,
    joint_range,
    joint_to_json,
    judges_jointly,
)
from trephine.modelling.terms import Term
from trephine.types import FloatArray

REFERENCE = Path(__file__).parent.parent / "reference" / "joint_range" / "expected.csv"
AGE, ANGLE = (Term(name, name, "linear", name) for name in ("age", "angle"))
SCORE = Term("score", "score", "signature", "score")
STAGES = tuple(
    Term(f"stage={level}", "stage", "level", level, level=level, reference="I")
    for level in ("II", "III")
)
FEMALE = Term("sex=f", "sex", "level", "f", level="f", reference="m")
TERMS = (AGE, ANGLE, *STAGES, FEMALE)
# Numbers are kept to six digits, and the distance of a case to about as many.
DIGITS = 1e-4


def reference() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the design, and R's distances given the groups and without them."""
    with REFERENCE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    design = [
        [float(row["age"]), float(row["angle"]), row["stage"].strip() == "II",
         row["stage"].strip() == "III", float(row["female"])]
        for row in rows
    ]  # fmt: skip
    given, plain = (np.array([float(row[name]) for row in rows]) for name in ("given", "plain"))
    return np.array(design, dtype=np.float64), given, plain


def of(terms: tuple[Term, ...], design: FloatArray) -> JointRange:
    found = joint_range(terms, design[None], {})
    assert found is not None
    return found


def test_distances_are_those_of_r_given_the_groups_and_without_any() -> None:
    design, given, plain = reference()
    whole = of(TERMS, design)
    np.testing.assert_allclose(whole.distance(design), given, rtol=DIGITS)
    assert whole.reach == pytest.approx(given.max(), rel=DIGITS)
    alone = of((AGE, ANGLE), design[:, :2])
    np.testing.assert_allclose(alone.distance(design[:, :2]), plain, rtol=DIGITS)


def test_no_training_case_is_further_than_training_reached() -> None:
    design, _, _ = reference()
    joint = of(TERMS, design)
    assert (joint.distance(design) <= joint.reach).all()
    assert not any(joint.pairs_of(TERMS, row) for row in design)


def test_the_unit_of_a_value_and_the_order_of_cases_change_no_distance() -> None:
    design, _, _ = reference()
    units = np.array([12.0, 0.001, 1, 1, 1])
    before, after = of(TERMS, design), of(TERMS, (design * units)[::-1])
    new = design[:7] + np.array([3.0, -40.0, 0, 0, 0])
    np.testing.assert_allclose(before.distance(new), after.distance(new * units), rtol=DIGITS)


def test_a_young_case_of_a_wide_angle_is_odd_though_each_value_is_within_its_range() -> None:
    design, _, _ = reference()
    odd = np.array([[design[:, 0].min(), design[:, 1].max(), 0, 0, 0]])
    joint = of(TERMS, design)
    assert joint.distance(odd)[0] > 1.5 * joint.reach


def test_a_rare_group_hides_no_odd_number() -> None:
    rng = np.random.default_rng(3)
    rare = np.zeros(300)
    rare[0] = 1
    design = np.column_stack([*rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 300).T, rare])
    joint = of((AGE, ANGLE, FEMALE), design)
    odd = np.array([[2.0, -2.0, 0.0], [2.0, -2.0, 1.0]])
    assert (joint.distance(odd) > joint.reach).all()
    # By the distance from the mean of all, the one case of the group lies further than that.
    centred = design - design.mean(axis=0)
    plain = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(np.cov(design.T)), centred)
    assert plain.max() > 250


def test_pairs_of_groups_are_those_that_a_plain_count_does_not_find() -> None:
    design, _, _ = reference()
    design = design[~((design[:, 3] == 1) & (design[:, 4] == 1))]
    design = design[~((design[:, 2] == 0) & (design[:, 3] == 0) & (design[:, 4] == 0))]
    joint = of(TERMS, design)
    stage = np.where(design[:, 2] == 1, "II", np.where(design[:, 3] == 1, "III", "I"))
    seen = set(zip(stage.tolist(), design[:, 4].tolist(), strict=True))
    rows = {("I", 0.0): [0, 0, 0], ("II", 0.0): [1, 0, 0], ("III", 0.0): [0, 1, 0],
            ("I", 1.0): [0, 0, 1], ("II", 1.0): [1, 0, 1], ("III", 1.0): [0, 1, 1]}  # fmt: skip
    assert {("I", 0.0), ("III", 1.0)} <= set(rows) - seen
    for pair in itertools.product(("I", "II", "III"), (0.0, 1.0)):
        row = np.array([50.0, 200.0, *rows[pair]])
        assert len(joint.pairs_of(TERMS, row)) == (pair not in seen), pair


def test_scores_of_the_training_cases_by_the_whole_signature_widen_the_reach() -> None:
    rng = np.random.default_rng(5)
    design = rng.normal(size=(2, 50, 2))
    out_of_fold = joint_range((AGE, SCORE), design, {})
    own = joint_range((AGE, SCORE), design, {"score": 4 * design[0, :, 1]})
    assert out_of_fold is not None
    assert own is not None
    assert own.reach > 2 * out_of_fold.reach
    np.testing.assert_array_equal(own.directions, out_of_fold.directions)


def test_a_column_that_follows_from_others_or_does_not_vary_is_not_judged() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(50, 2))
    twice = of((AGE, ANGLE, SCORE), np.column_stack([x, x @ [1.0, 2.0]]))
    assert twice.directions.shape == (2, 3)
    still = of((AGE, ANGLE, SCORE), np.column_stack([x, np.full(50, 3.0)]))
    assert np.isfinite(still.distance(np.array([[0.0, 0.0, 9.0]]))).all()


def test_one_variable_has_nothing_to_be_odd_with() -> None:
    curve = (AGE, Term("age'", "age", "spline", "age", knots=(1.0, 2.0, 3.0), bend=1))
    assert not judges_jointly(curve)
    assert joint_range(curve, np.zeros((1, 9, 2)), {}) is None
    assert joint_range((), np.zeros((1, 9, 0)), {}) is None


def test_a_bundle_gives_it_back_to_the_last_bit_and_refuses_a_group_that_is_none() -> None:
    design, _, _ = reference()
    joint = of(TERMS, design)
    content = json.loads(json.dumps(joint_to_json(joint)))
    again = joint_from_json(content, TERMS)
    np.testing.assert_array_equal(again.directions, joint.directions)
    np.testing.assert_array_equal(again.centre, joint.centre)
    assert (again.reach, again.unseen) == (joint.reach, joint.unseen)
    for wrong in ([["stage", 0], ["sex", 4]], [["age", None], ["sex", 4]], [["stage", 2]]):
        with pytest.raises(ValueError, match=r"group of|unpack"):
            joint_from_json({**content, "unseen": [wrong]}, TERMS)
    with pytest.raises(ValueError, match="finite"):
        joint_from_json({**content, "reach": "inf"}, TERMS)
