"""Through which door each kind of file comes in: the program's own readers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from security.seeds import summed
from trephine.errors import TrephineError

NAMES = {
    "dicom": "x.dcm",
    "nifti": "x.nii",
    "nrrd": "x.nrrd",
    "png": "x.png",
    "xlsx": "x.xlsx",
    "csv": "x.csv",
    "toml": "study.toml",
    "bundle": "x.zip",
    "safetensors": "x.safetensors",
    "onnx": "x.onnx",
}


def image(path: Path) -> None:
    """Read it as an image and as a mask."""
    from trephine.imaging import read_image, read_mask

    _each(lambda: read_image(path, spacing_mm=1.0), lambda: read_mask(path))


def dicom(path: Path) -> None:
    """Read it, and de-identify it; nothing of the patient may be in what comes out."""
    from trephine.imaging.deidentify.dataset import deidentify_dataset
    from trephine.imaging.deidentify.key import PseudonymKey
    from trephine.imaging.dicom import read_dicom_dataset

    def cleaned() -> None:
        dataset = read_dicom_dataset(path, name="image 1")
        clean = deidentify_dataset(dataset, PseudonymKey(bytes(range(32))), "image 1").dataset
        buffer = io.BytesIO()
        clean.save_as(buffer, enforce_file_format=True)
        assert b"Doe^Jane" not in buffer.getvalue()

    _each(lambda: image(path), cleaned)


def nifti(path: Path) -> None:
    """Read plain and gzipped under the name that fits."""
    if path.read_bytes()[:2] == b"\x1f\x8b":
        packed = path.with_suffix(".nii.gz")
        path.replace(packed)
        path = packed
    image(path)


def table(path: Path) -> None:
    """Read it as the program reads a clinical table."""
    from trephine.cohort.reading import read_source

    read_source(path)


def plan(path: Path) -> None:
    """Read it as a study file."""
    from trephine.plan.reading import read_plan, read_plan_so_far

    _each(lambda: read_plan(path), lambda: read_plan_so_far(path))


def bundle(path: Path) -> None:
    """Read it as it is, and once more with sums that fit what they guard."""
    from trephine.modelling.bundle import read_bundle

    def again() -> None:
        mended = path.with_name("mended.zip")
        mended.write_bytes(summed(path.read_bytes()))
        read_bundle(mended)

    _each(lambda: read_bundle(path), again)


def weights(path: Path) -> None:
    """Read it as weights of a ResNet."""
    from trephine.deep.checkpoint import read_network_file, read_state

    read_state(read_network_file(path, None))


def network(path: Path) -> None:
    """Open it as a network and run it, here and not in a process of its own, which takes longer."""
    from trephine.deep.checkpoint import read_network_file
    from trephine.deep.external import ExternalNetwork
    from trephine.deep.onnx_check import check_onnx
    from trephine.deep.onnx_file import OnnxReader
    from trephine.deep.settings import DeepSettings
    from trephine.deep.weights import WeightsRecord

    stated = {"input_size": 32, "mean": (0.5,) * 3, "std": (0.2,) * 3, "threads": 1}
    settings = DeepSettings(backbone=str(path), device="cpu", **stated)
    file = read_network_file(path, None)
    check_onnx(file.content, file.name)
    record = WeightsRecord(file.name, "file", file.name, file.sha256)
    ExternalNetwork(OnnxReader(settings, file), record, (3, 32, 32)).features(
        np.zeros((1, 3, 32, 32), np.float32)
    )


def _each(*readers: Callable[[], object]) -> None:
    """Call every reader, whatever those before it refused; refuse what none of them took."""
    refusals = []
    for read in readers:
        try:
            read()
        except TrephineError as refusal:
            refusals.append(refusal)
    for refusal in refusals:
        # One paragraph, no dump of what the file held; and nothing of the patient.
        assert len(str(refusal)) < 4000, f"a message of {len(str(refusal))} letters"
        assert "Doe" not in str(refusal)
    if len(refusals) == len(readers):
        raise refusals[0]


DOORS: dict[str, Callable[[Path], None]] = {
    "dicom": dicom,
    "nifti": nifti,
    "nrrd": image,
    "png": image,
    "xlsx": table,
    "csv": table,
    "toml": plan,
    "bundle": bundle,
    "safetensors": weights,
    "onnx": network,
}
