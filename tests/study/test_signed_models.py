"""Who signed a model, as ``sign``, ``predict`` and ``validate`` say it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.bundle_contexts import context_of
from trephine.errors import BundleError
from trephine.facts import ExternalFacts, Facts
from trephine.modelling.bundle import read_bundle
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.study.locked.model import LockedModel
from trephine.study.locked.validate import ValidationResult, validate_bundle
from trephine.survival.baseline import BaselineHazard

NOT_SIGNED = "Not signed: its checksums show damage, not forgery."


@pytest.fixture
def unsigned(tmp_path: Path) -> Path:
    """A model without terms, which predicts the same for everyone."""
    none, times = np.empty(0), np.array([6.0, 12.0])
    baseline = BaselineHazard(times, times / 100, times / 1e4, np.empty((2, 0)))
    model = FittedModel(
        "Null", (), (), none, np.empty((0, 0)), none, none, none, none, baseline,
        (0.0, 0.0), 0.0, 40, 20, (),
    )  # fmt: skip
    predictor = Predictor({}, {}, None, {"Null": model})
    return LockedModel(predictor, context_of("Null"), "# Card\n").write(tmp_path / "unsigned")


@pytest.fixture
def signed(unsigned: Path, tmp_path: Path, trephine: Command) -> Path:
    model = shutil.copytree(unsigned, tmp_path / "signed")
    said = trephine("sign", model, "--key", tmp_path / "key.pem", "--new-key")
    assert (said.code, said.err) == (0, "")
    assert f"Signed by {read_bundle(model).signed_by}.\n" in said.out
    return model


def test_predict_says_who_signed_a_model_and_holds_to_a_demanded_signer(
    unsigned: Path, signed: Path, tmp_path: Path, trephine: Command
) -> None:
    found, out = str(read_bundle(signed).signed_by), tmp_path / "out.json"
    demands: list[tuple[object, ...]] = [
        (),
        ("--signer", found),
        ("--signer", tmp_path / "key.pem.pub"),
    ]
    for demand in demands:
        said = trephine("predict", signed, "--json", out, *demand)
        assert (said.code, said.err) == (0, "")
        assert f"Signed by {found}.\n" in said.out
        assert json.loads(out.read_text())["signed_by"] == found
    said = trephine("predict", unsigned, "--json", out)
    assert f"{NOT_SIGNED}\n" in said.out
    assert json.loads(out.read_text())["signed_by"] is None
    for model, signer, told in (
        (unsigned, found, "found none"),
        (signed, "0" * 64, f"found that of {found}"),
        (signed, "0" * 16, "64 hexadecimal digits"),
    ):
        said = trephine("predict", model, "--signer", signer)
        assert (said.code, said.out) == (2, "")
        assert told in said.err
        assert "Traceback" not in said.err
    (signed / "signature.json").write_text("{}")
    assert trephine("predict", signed).code == 2


def test_validate_says_who_signed_a_model_and_holds_to_a_demanded_signer(
    unsigned: Path, signed: Path, tmp_path: Path, trephine: Command
) -> None:
    page, found = tmp_path / "report.html", str(read_bundle(signed).signed_by)
    for signer, told in ((None, NOT_SIGNED), (found, f"Signed by {found}.")):
        external = ExternalFacts.model_construct(signed_by=signer)
        facts = Facts.model_construct(performance=(), external=external)
        assert told in ValidationResult(tmp_path, page, facts).summary()
    plan = tmp_path / "external.toml"
    said = trephine("validate", signed, plan, "--signer", "0" * 64)
    assert (said.code, f"found that of {found}" in said.err) == (2, True)
    with pytest.raises(BundleError, match="found none"):
        validate_bundle(unsigned, plan, signer=found)
    assert not (tmp_path / "validation").exists()
