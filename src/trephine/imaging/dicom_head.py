"""What the few attributes of a DICOM header say that tell an export's files apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from trephine.imaging.dicom import read_dicom_tags
from trephine.imaging.sides import LATERAL_VIEWS

Content = Literal["image", "slice", "mask", "lateral", "localizer", "other"]

_KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID",
    "Modality", "ImageType", "ViewPosition", "SeriesDescription", "StudyDescription",
    "PatientOrientation", "ImageLaterality", "Laterality", "Rows", "Columns", "NumberOfFrames",
)  # fmt: skip
SLICES = ("CT", "MR", "PT", "NM")
_RADIOGRAPHS = ("CR", "DX", "RG", "RF", "XA", "SC", "OT", "MG", "US", "PX", "IO")
_LATERAL = re.compile(
    r"frog|lauenstein|\blat(eral|eralis)?\b|seitlich|axial hip|dunn"
    r"|蛙|侧位|側位|ラウエン|측면|боков",
    re.IGNORECASE,
)
# A word may be glued to what follows: t1_tse, T2fs, PDw.
_WEIGHTINGS = {
    name: re.compile(rf"(?<![A-Za-z0-9])(?:{word})", re.IGNORECASE)
    for name, word in {
        "STIR": "stir|tirm",
        "FLAIR": "flair",
        "ADC": "adc(?![a-z])",
        "DWI": "dwi|ep2d_diff",
        "T1": "t1(?![0-9])",
        "T2": "t2(?![0-9])",
        "PD": "pd(?![a-eg-vx-z])|proton",
    }.items()
}
_FAT_SATURATED = re.compile(
    r"(?<![A-Za-z])fs(?![A-Za-z])|(?<=t[12]|pd)fs|fat ?sat|fatsuppr|spair|spir(?![A-Za-z])",
    re.IGNORECASE,
)
_PLANES = {
    "cor": re.compile(r"(?<![A-Za-z])cor", re.IGNORECASE),
    "sag": re.compile(r"(?<![A-Za-z])sag", re.IGNORECASE),
    "ax": re.compile(r"(?<![A-Za-z])(ax|tra)", re.IGNORECASE),
}
_LOCALIZER = re.compile(
    r"scout|locali[sz]er|topogram|surview|scanogram|\blocs?\b|定位|スカウト", re.IGNORECASE
)


@dataclass(frozen=True)
class DicomHead:
    """One DICOM file by its header.

    Attributes
    ----------
    content
        ``image`` is a radiograph or any single picture, ``slice`` one of a CT, MR, PET or NM
        series, ``mask`` a DICOM SEG; ``other`` holds no image (reports, key objects, plans).
    patient_id, instance, series, study
        As the file has them: compared, never shown.
    modality
        As the standard abbreviates it.
    laterality
        R or L where the file is of one side.
    shape
        Rows and columns.
    weighting, plane
        Of a series of MR, by its description: T1, T2, PD, STIR, FLAIR, ADC or DWI, with ``-FS``
        where fat was suppressed; cor, sag or ax. Empty where it does not say.
    """

    path: Path = field(repr=False)
    content: Content
    patient_id: str = field(repr=False)
    instance: str = field(repr=False)
    series: str = field(repr=False)
    study: str = field(repr=False)
    modality: str
    laterality: str
    shape: tuple[int, int]
    weighting: str = ""
    plane: str = ""


def read_head(path: Path) -> DicomHead:
    """Read the header of a DICOM file.

    Raises
    ------
    ImageError
        If it is not a DICOM file, or its header is damaged.
    """
    dataset = read_dicom_tags(path, _KEYWORDS)
    modality = _text(dataset, "Modality").upper()
    description = _text(dataset, "SeriesDescription") if modality == "MR" else ""
    side = (_text(dataset, "ImageLaterality") or _text(dataset, "Laterality")).upper()
    return DicomHead(
        path=path,
        content=_content(dataset, modality),
        patient_id=_text(dataset, "PatientID"),
        instance=_text(dataset, "SOPInstanceUID"),
        series=_text(dataset, "SeriesInstanceUID"),
        study=_text(dataset, "StudyInstanceUID"),
        modality=modality if re.fullmatch(r"[A-Z]{2,8}", modality) else "",
        laterality=side if side in ("R", "L") else "",
        shape=(_count(dataset, "Rows"), _count(dataset, "Columns")),
        weighting=_weighting(description),
        plane=next((name for name, word in _PLANES.items() if word.search(description)), ""),
    )


def _content(dataset: Dataset, modality: str) -> Content:
    if modality == "SEG":
        return "mask"
    if not (_count(dataset, "Rows") and _count(dataset, "Columns")):
        return "other"
    described = " ".join(_text(dataset, key) for key in ("SeriesDescription", "StudyDescription"))
    series = _text(dataset, "SeriesDescription")
    kinds = _text(dataset, "ImageType").upper()
    if modality in SLICES:
        scout = "LOCALIZER" in kinds or _LOCALIZER.search(series)
        return "localizer" if scout else "slice"
    if modality not in _RADIOGRAPHS and modality:
        return "other"
    if _LOCALIZER.search(series):
        return "localizer"
    view = _text(dataset, "ViewPosition").upper()
    # A stated frontal view goes before words: "AP and lateral" describes the whole study.
    lateral = view in LATERAL_VIEWS or (
        view not in ("AP", "PA") and (_LATERAL.search(series) or _runs_front_to_back(dataset))
    )
    return "lateral" if lateral or (not view and _only_lateral(described)) else "image"


def _weighting(description: str) -> str:
    """Return the weighting that a description names, if it names one."""
    name = next((name for name, word in _WEIGHTINGS.items() if word.search(description)), "")
    return f"{name}-FS" if name and _FAT_SATURATED.search(description) else name


def _only_lateral(described: str) -> bool:
    return bool(_LATERAL.search(described)) and not re.search(r"\b(ap|pa)\b|正位", described, re.I)


def _runs_front_to_back(dataset: Dataset) -> bool:
    """Say whether the rows of a radiograph run from front to back: it is a lateral view."""
    value = dataset.get("PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2:
        return False
    return str(value[0]).strip()[:1] in ("A", "P")


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return ""
    parts = value if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
    return " ".join(str(part).strip() for part in parts).strip()


def _count(dataset: Dataset, keyword: str) -> int:
    try:
        return int(dataset.get(keyword) or 0)
    except (TypeError, ValueError):
        return 0
