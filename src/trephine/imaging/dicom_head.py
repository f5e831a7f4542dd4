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


def read_head(path: Path) -> DicomHead:
    """Read the header of a DICOM file.

    Raises
    ------
    ImageError
        If it is not a DICOM file, or its header is damaged.
    """
    dataset = read_dicom_tags(path, _KEYWORDS)
    modality = _text(dataset, "Modality").upper()
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
