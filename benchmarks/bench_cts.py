"""A hundred CTs of 512 x 512 x 200 through `trephine extract` on both cores: time and memory.

Each CT is a folder of 200 DICOM files, with a region of some 50,000 voxels. They are made ten at a
time, measured into one store and removed: a hundred of them take ten gigabytes. Making them is not
counted. ``python benchmarks/run.py cts``; ``--cts 20`` for fewer.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from bench_volumes import SHAPE, ellipsoid, volume

HERE = Path(__file__).resolve().parent
AT_ONCE = 10
SPACING = (1.0, 0.8, 0.8)
SETTINGS = """binWidth = 25
[imageType]
Original = {}
Wavelet = {}
LoG = { sigma = [1.0, 2.0, 3.0, 4.0, 5.0] }
Square = {}
SquareRoot = {}
Logarithm = {}
Exponential = {}
Gradient = {}
"""


def write_ct(folder: Path, pixels: Any, number: int) -> None:
    """Write a series of slices; numbers alone tell the cases apart."""
    folder.mkdir()
    series, study, frame = (generate_uid(entropy_srcs=[what, str(number)]) for what in "abc")
    for z in range(SHAPE[0]):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = CTImageStorage
        one.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(z)])
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        one.Modality, one.PatientID = "CT", f"{number}"
        one.StudyInstanceUID, one.SeriesInstanceUID = study, series
        one.FrameOfReferenceUID, one.InstanceNumber = frame, z + 1
        one.ImagePositionPatient = [0.0, 0.0, z * SPACING[0]]
        one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        one.PixelSpacing, one.SliceThickness = [SPACING[1], SPACING[2]], SPACING[0]
        one.Rows, one.Columns = SHAPE[1:]
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation = 15, 1
        one.RescaleSlope, one.RescaleIntercept, one.RescaleType = 1, 0, "HU"
        one.PixelData = pixels[z].astype(np.int16).tobytes()
        pydicom.dcmwrite(folder / f"{z:03d}.dcm", one, enforce_file_format=True)


def write_batch(folder: Path, numbers: range, pixels: Any) -> None:
    """Write CTs that differ: the same tissue, shifted, with another constant."""
    rows = ["id,image,mask"]
    mask = SimpleITK.GetImageFromArray(ellipsoid((18, 26, 25.5), (100, 200, 300)))
    mask.SetSpacing(SPACING[::-1])
    SimpleITK.WriteImage(mask, str(folder / "mask.nii.gz"))
    for number in numbers:
        shifted = np.roll(pixels, (number, 3 * number), (1, 2)) + number % 7
        write_ct(folder / f"ct{number}", shifted, number)
        rows.append(f"{number},ct{number},mask.nii.gz")
    (folder / "regions.csv").write_text("\n".join(rows) + "\n")


def extract(folder: Path, store: Path, workers: int) -> tuple[float, float]:
    """Measure a batch into the store; return seconds on the clock and of the processor."""
    settings = folder / "settings.toml"
    settings.write_text(SETTINGS)
    command = [sys.executable, "-m", "trephine", "extract", folder / "regions.csv"]
    command += ["--settings", settings, "--store", store, "--workers", str(workers)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended - began, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cts", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    pixels = volume()
    clock = processor = 0.0
    with tempfile.TemporaryDirectory() as room:
        for first in range(0, given.cts, AT_ONCE):
            batch = Path(room) / "batch"
            batch.mkdir()
            write_batch(batch, range(first, min(first + AT_ONCE, given.cts)), pixels)
            seconds = extract(batch, Path(room) / f"store{first}", given.workers)
            clock, processor = clock + seconds[0], processor + seconds[1]
            shutil.rmtree(batch)
            print(f"{first + AT_ONCE}: {clock:.0f} s, processor {processor:.0f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    row = (
        f"{given.cts}",
        f"{clock:.0f}",
        f"{clock / given.cts:.1f}",
        f"{3600 * given.cts / clock:.0f}",
        f"{processor / given.cts:.1f}",
        f"{peak:.0f} MB",
        f"{os.getloadavg()[0]:.0f}",
    )
    columns = ("CTs", "seconds", "a CT", "CTs an hour", "processor seconds a CT")
    columns += ("most memory of a process", "load")
    page = [
        "# CTs",
        "",
        f"{given.cts} simulated CTs of {SHAPE[1]} x {SHAPE[2]} x {SHAPE[0]} voxels, each a folder"
        f" of {SHAPE[0]} DICOM files, a region of 50,000 voxels in each, original image and 18"
        f" filtered ones with every class of features: `trephine extract` with {given.workers}"
        f" workers on {os.cpu_count()} cores, from the files to the store, its start for every"
        f" {AT_ONCE} counted. Making the CTs is not counted.",
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        f"| {' | '.join(row)} |",
        "",
    ]
    (HERE / "results" / "cts.md").write_text("\n".join(page))


if __name__ == "__main__":
    main()
