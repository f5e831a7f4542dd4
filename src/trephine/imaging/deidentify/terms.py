"""Code strings that stay: a code string is short, but long enough for a name.

Only attributes that describe acquisition, encoding or anatomy keep theirs; where the standard
defines the terms, only those.
"""

from __future__ import annotations

import re

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue


def _terms(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SIDES = frozenset({"R", "L", "U", "B"})

# PS3.16 annex L, parts of the body that projection radiography, CT and MR examine.
_BODY_PARTS = _terms(
    """ABDOMEN ABDOMENPELVIS ACJOINT ANKLE ANUS ARM BACK BLADDER BRAIN BREAST BUTTOCK CALCANEUS
    CALF CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX COLON CSPINE CSKULL CTSPINE
    DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE FACE FEMUR FINGER FOOT FOREARM GALLBLADDER GENITALS
    HAND HEAD HEADNECK HEART HIP HUMERUS IAC JAW JOINT KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE
    LUMBAR LUNG MANDIBLE MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN
    NECKCHESTABDPELV NOSE ORBIT OVARY PANCREAS PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM
    RIB RIBS SACRUM SCALP SCAPULA SCLERA SCROTUM SHOULDER SIJOINT SKULL SPINE SPLEEN STERNUM STOMACH
    TESTIS THIGH THUMB THYMUS THYROID TIBIA TIBIAFIBULA TLSPINE TMJ TOE TONGUE TRACHEA TSPINE ULNA
    URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY WRIST ZYGOMA"""
)
_DEFINED = {
    "ImageLaterality": _SIDES,
    "FrameLaterality": _SIDES,
    "Laterality": _SIDES,
    "PatientSex": frozenset({"M", "F", "O"}),
    "SmokingStatus": frozenset({"YES", "NO", "UNKNOWN"}),
    "BodyPartExamined": _BODY_PARTS,
    "BurnedInAnnotation": frozenset({"YES", "NO"}),
    "ViewPosition": _terms("AP PA LL RL RLD LLD RLO LLO CC MLO ML LM LMO FB SIO ISO XCC XCCL XCCM"),
}
_TECHNICAL = (
    "SpecificCharacterSet", "ImageType", "FrameType", "Modality", "ConversionType",
    "PresentationIntentType", "PhotometricInterpretation", "PresentationLUTShape",
    "PixelIntensityRelationship", "PixelSpacingCalibrationType", "LossyImageCompression",
    "LossyImageCompressionMethod", "PatientPosition", "PatientOrientation", "PositionerType",
    "FieldOfViewShape", "FieldOfViewHorizontalFlip", "CollimatorShape", "Grid", "FilterType",
    "FilterMaterial", "AnodeTargetMaterial", "ExposureControlMode", "ExposureStatus",
    "DetectorType", "DetectorConfiguration", "DetectorActiveShape",
    "DetectorConditionsNominalFlag", "QualityControlImage", "TableType", "ScanOptions",
    "ScanningSequence", "SequenceVariant", "MRAcquisitionType", "AngioFlag", "RotationDirection",
    "BreastImplantPresent", "PartialView", "VolumetricProperties", "PixelPresentation",
    "VolumeBasedCalculationTechnique", "SegmentationType", "SegmentAlgorithmType",
    "SegmentsOverlap", "ContentQualification",
    "SpatialLocationsPreserved", "DimensionOrganizationType", "VOILUTFunction",
)  # fmt: skip

_SHAPE = re.compile(r"^[A-Z0-9 _\\]{0,16}$")
_BY_TAG = {tag_for_keyword(word): terms for word, terms in _DEFINED.items()}
_KEPT = frozenset(tag_for_keyword(word) for word in _TECHNICAL)


def is_code(element: DataElement) -> bool:
    """Tell whether every value of a CS element may stay."""
    values = element.value if isinstance(element.value, MultiValue | list) else [element.value]
    texts = [str(value or "").strip() for value in values]
    terms = _BY_TAG.get(element.tag)
    if terms is not None:
        return all(text in terms or text == "" for text in texts)
    return element.tag in _KEPT and all(_SHAPE.match(text) for text in texts)
