"""What strangers upload is predicted in a process of its own, as the command line predicts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from study.bundle_contexts import context_of
from trephine.errors import InputError, WorkerError
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.modelling.terms import Term
from trephine.radiomics import ENGINE_VERSION
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.locked import (
    Apart,
    ApartLimits,
    LockedModel,
    NewCase,
    UploadedCase,
    predict_case,
)
from trephine.types import Survival

NAMES = ("original_firstorder_Mean", "original_firstorder_Variance")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A model of two features that are measured on images."""
    rng = np.random.default_rng(3)
    score = rng.normal(0, 1, 80)
    time = rng.exponential(30 / np.exp(score))
    survival = Survival(np.minimum(time, 50), time < 50, "months")
    term = Term("radiomics", "radiomics", "signature", "Radiomics signature")
    fitted = fit_model("Radiomics", ("radiomics",), [term], score[:, None], survival)
    one, centre = np.ones(2), np.array([100.0, 800.0])
    signature = Signature("radiomics", NAMES, 0.3 * one, centre, 50 * one, 0 * one, one, 4.0)
    settings = RadiomicsSettings(featureClass={"firstorder": ()}, imageType={"Original": {}})
    context = context_of("Radiomics", radiomics=settings, engine_version=ENGINE_VERSION)
    predictor = Predictor({"radiomics": signature}, {}, None, {"Radiomics": fitted})
    return LockedModel(predictor, context, "# Card\n").write(tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An upload: picture and region under the server's own names."""
    folder = tmp_path / "upload"
    folder.mkdir()
    values = np.random.default_rng(1).integers(0, 250, (32, 32)).astype(np.int16)
    region = np.zeros((32, 32), np.uint8)
    region[8:20, 9:24] = 1
    for name, pixels in (("image", values), ("mask", region)):
        written = folder / f"{name}.nii.gz"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels), str(written))
        written.rename(folder / name)
    return folder


def test_an_upload_is_predicted_as_the_command_line_predicts_it(bundle: Path, folder: Path) -> None:
    found = Apart(bundle).predict(UploadedCase(folder, "image", "mask", {}))
    said = predict_case(bundle, NewCase(folder / "image", folder / "mask"))
    prediction = found.prediction
    assert prediction["linear_predictor"] == pytest.approx(said.linear_predictor, abs=1e-9)
    assert prediction["scores"] == pytest.approx(said.scores, abs=1e-9)
    (at,) = said.survival.values()
    assert prediction["survival"]["12"]["value"] == pytest.approx(at.value, abs=1e-9)
    assert found.saliency is None


def test_a_process_that_takes_too_long_is_ended(bundle: Path, folder: Path) -> None:
    apart = Apart(bundle, limits=ApartLimits(seconds=0.05))
    with pytest.raises(WorkerError, match=r"within 0\.05 seconds"):
        apart.predict(UploadedCase(folder, "image", "mask", {}))


def test_a_process_that_dies_is_distinguished_from_a_case_that_is_refused(
    bundle: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trephine.study.locked.apart._START", "import os; os.abort()")
    with pytest.raises(WorkerError, match="the process that read the files ended"):
        Apart(bundle).predict(UploadedCase(folder, "image", "mask", {}))
    refusing = 'import sys; sys.stdin.readline(); print(\'{"refused": "mask: no"}\')'
    monkeypatch.setattr("trephine.study.locked.apart._START", refusing)
    with pytest.raises(InputError, match="mask: no"):
        Apart(bundle).predict(UploadedCase(folder, "image", "mask", {}))


_ELSEWHERE = """
import sys
from pathlib import Path
from trephine.radiomics.compilation import kept_in
from trephine.study.locked import Apart, UploadedCase, read_model

if __name__ == "__main__":
    bundle, upload = Path(sys.argv[1]), Path(sys.argv[2])
    apart = Apart(bundle)
    apart.prepare(read_model(bundle).context.features.radiomics)
    kept = sorted(one.name for one in kept_in().rglob("*.nbc"))
    found = apart.predict(UploadedCase(upload, "image", "mask", {}))
    assert sorted(one.name for one in kept_in().rglob("*.nbc")) == kept
    print(kept_in(), len(kept), found.prediction["model"])
"""


@pytest.mark.slow
def test_kernels_are_compiled_before_and_read_where_the_user_s_are_kept(
    bundle: Path, folder: Path, tmp_path: Path
) -> None:
    """An installation that only its owner may write to keeps kernels in another folder."""
    script, kernels = tmp_path / "serving.py", tmp_path / "kernels"
    script.write_text(_ELSEWHERE)
    ran = subprocess.run(
        [sys.executable, str(script), str(bundle), str(folder)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(kernels)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    where, number, model = ran.stdout.split()
    assert (Path(where), model) == (kernels, "Radiomics")
    assert int(number) > 0
