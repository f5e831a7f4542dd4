"""Robustness by perturbed copies, from the study file to the features and the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SmallStudy
from trephine.errors import ImageError
from trephine.facts import Facts
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction import one_image
from trephine.study.extraction.whole_study import extract_all
from trephine.study.inputs import read_study


@pytest.fixture
def few(image_study: SmallStudy) -> SmallStudy:
    """The first 16 hips: copies of 60 take long."""
    image_study.write(image_study.table().head(16))
    return image_study


def asked(study: SmallStudy, copies: int) -> None:
    text = study.toml.read_text()
    start = text.find("\n[radiomics.perturb]")
    section = f"\n[radiomics.perturb]\ncopies = {copies}\n"
    study.toml.write_text((text if start < 0 else text[:start]) + section)


def extracted(study: SmallStudy, place: str = "store") -> tuple[Any, RunLog]:
    log = RunLog(None)
    store = FeatureStore(study.results / place)
    inputs = read_study(study.toml, workers=1)
    return extract_all(inputs, store, workers=1, log=log).features.sets["radiomics"], log


def test_copies_are_measured_kept_and_added_to(few: SmallStudy) -> None:
    assert extracted(few)[0].perturbed == ()
    asked(few, 2)
    found, log = extracted(few)
    assert len(found.perturbed) == 2
    n = len(found.values)
    assert log.summary.measured == n  # the first rater's, for their copies alone
    for copy in found.perturbed:
        assert copy.shape == found.values.shape
        assert np.isfinite(copy).all() == np.isfinite(found.values).all()
        mean = found.names.index("original_firstorder_Mean")
        assert not np.array_equal(copy[:, mean], found.values[:, mean])
        assert np.corrcoef(copy[:, mean], found.values[:, mean])[0, 1] > 0.9
    again, log = extracted(few)
    assert log.summary.measured == 0
    asked(few, 3)
    more, log = extracted(few)
    assert log.summary.measured == n
    for one, two, three in zip(found.perturbed, again.perturbed, more.perturbed, strict=False):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_what_is_drawn_follows_from_the_files_and_the_seed(few: SmallStudy) -> None:
    asked(few, 1)
    found, _ = extracted(few)
    table = few.table()
    few.write(table.iloc[::-1])
    turned, _ = extracted(few, "turned")
    np.testing.assert_array_equal(turned.perturbed[0], found.perturbed[0])
    few.replace("[study]", "[study]\nseed = 7")
    other, _ = extracted(few, "other")
    assert not np.array_equal(other.perturbed[0], turned.perturbed[0])


def test_a_copy_that_cannot_be_measured_is_one_without_values(
    few: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(few, 1)
    perturb, calls = one_image.perturb, []

    def lost(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise ImageError("region: expected voxels in its perturbed copy, found none left")
        return perturb(*given)

    monkeypatch.setattr(one_image, "perturb", lost)
    found, log = extracted(few)
    (copy,) = found.perturbed
    assert np.isnan(copy).all(axis=1).sum() == 1
    assert np.isfinite(found.values).all()
    assert log.summary.failed == {}


@pytest.mark.slow
def test_the_report_says_what_was_done_and_found(
    image_study: SmallStudy, trephine: Command
) -> None:
    asked(image_study, 3)
    said = trephine("run", image_study.toml)
    assert said.code == 0, said.err
    facts = Facts.model_validate_json((image_study.results / "facts.json").read_text())
    assert facts.agreement is not None
    rows = [row for row in facts.agreement.icc if row.perturbed]
    assert [row.form for row in rows] == ["ICC(1,1), one-way"]
    assert "perturbed 3 times" in rows[0].comparison
    page = (image_study.results / "report.html").read_text()
    assert "3 perturbed copies of each region were measured too" in page
    assert "not how another rater would draw" in page
