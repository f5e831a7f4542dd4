"""What strangers upload is predicted in a process of its own, as the command line predicts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serve.image_model import write_case, write_image_model
from trephine.errors import InputError, WorkerError
from trephine.study.locked import (
    Apart,
    ApartLimits,
    NewCase,
    UploadedCase,
    predict_case,
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_image_model(tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An upload: picture and region under the server's own names."""
    folder = tmp_path / "upload"
    folder.mkdir()
    for path in write_case(tmp_path):
        path.rename(folder / path.name.partition(".")[0])
    return folder


def test_an_upload_is_predicted_as_the_command_line_predicts_it(bundle: Path, folder: Path) -> None:
    found = Apart(bundle).predict(UploadedCase(folder, "image", "mask", {}))
    said = predict_case(bundle, NewCase(folder / "image", folder / "mask"))
    prediction = found.prediction
    assert prediction["linear_predictor"] == pytest.approx(said.linear_predictor, abs=1e-9)
    assert prediction["scores"] == pytest.approx(said.scores, abs=1e-9)
    (at,) = said.survival.values()
    assert prediction["survival"]["12"]["value"] == pytest.approx(at.value, abs=1e-9)
    assert found.saliency == {}


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
from trephine.study.locked import Apart, UploadedCase

if __name__ == "__main__":
    bundle, upload = Path(sys.argv[1]), Path(sys.argv[2])
    apart = Apart(bundle)
    apart.prepare()
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
