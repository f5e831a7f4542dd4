"""Code strings and texts that stay: a code string is short, but long enough for a name.

Every attribute that keeps its value has a closed list here, from PS3.3 and PS3.16; any other value
is emptied, one by one where there are several.
"""

from __future__ import annotations

import re

from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag


def _terms(text: str) -> frozenset[str]:
    return frozenset(term.replace("~", " ") for term in text.split())


_SIDES = _terms("R L U B")
_YES_NO = _terms("YES NO")

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
_IMAGE_TYPE = _terms(
    """ORIGINAL DERIVED PRIMARY SECONDARY MIXED NONE AXIAL LOCALIZER SINGLE~PLANE BIPLANE~A
    BIPLANE~B OTHER REFORMATTED RESAMPLED MPR CURVED_MPR VOLUME PROJECTION~IMAGE MIP MAX_IP MIN_IP
    MEAN M R I P FFE SE IR T1 T2 ADC DIFFUSION RECON CSA AVERAGE ADDITION SUBTRACTION FLUOROSCOPY
    CT_SOM5~SPI POST_PROCESSED RT QUALITY_CONTROL SCANNED DRAWN FROM_MASK NORM DIS2D ND FILTERED
    UNIFORM WATER FAT IN_PHASE OUT_OF_PHASE HELICAL SLICE"""
)
_FILTER_MATERIALS = _terms(
    """MOLYBDENUM ALUMINUM COPPER RHODIUM NIOBIUM EUROPIUM LEAD TANTALUM SILVER TIN TITANIUM
    MIXED"""
)
_CHARACTER_SETS = frozenset(
    {"", "GB18030", "GBK", "ISO_IR 192", "ISO_IR 203", "ISO 2022 IR 203"}
    | {
        f"{prefix} {number}"
        for prefix in ("ISO_IR", "ISO 2022 IR")
        for number in (6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 159, 166)
    }
)
_ORIENTATIONS = frozenset(
    {first + second for first in "LRAPHF" for second in ("", *"LRAPHF")}
    | {"LA", "LE", "RT", "D", "V", "CR", "CD", "M", "PL", "PA"}
)
_DEFINED: dict[str, frozenset[str]] = {
    "SpecificCharacterSet": _CHARACTER_SETS,
    "Modality": _terms(
        """CR CT DX IO MG MR NM OT PT PX RF RG SC SEG US XA BI ES GM OP OPT SM XC RTIMAGE RTDOSE
        BMD PX IVUS OCT"""
    ),
    "PhotometricInterpretation": _terms(
        """MONOCHROME1 MONOCHROME2 PALETTE~COLOR RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT
        YBR_PARTIAL_420"""
    ),
    "ImageLaterality": _SIDES,
    "FrameLaterality": _SIDES,
    "Laterality": _SIDES,
    "PatientSex": _terms("M F O"),
    "SmokingStatus": _terms("YES NO UNKNOWN"),
    "BodyPartExamined": _BODY_PARTS,
    "BurnedInAnnotation": _YES_NO,
    "RecognizableVisualFeatures": _YES_NO,
    "ViewPosition": _terms("AP PA LL RL RLD LLD RLO LLO CC MLO ML LM LMO FB SIO ISO XCC XCCL XCCM"),
    "ImageType": _IMAGE_TYPE,
    "FrameType": _IMAGE_TYPE,
    "ConversionType": _terms("DV DI DF WSD SD SI DRW SYN"),
    "PresentationIntentType": frozenset({"FOR PRESENTATION", "FOR PROCESSING"}),
    "PresentationLUTShape": _terms("IDENTITY INVERSE LIN~OD"),
    "PixelIntensityRelationship": _terms("LIN LOG DISP OTHER"),
    "PixelSpacingCalibrationType": _terms("FIDUCIAL GEOMETRY"),
    "LossyImageCompression": _terms("00 01"),
    "LossyImageCompressionMethod": _terms(
        "ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_15444_15 ISO_13818_2 ISO_14496_10 ISO_23008_2"
    ),
    "PatientPosition": _terms(
        "HFP HFS HFDR HFDL FFDR FFDL FFP FFS LFP LFS RFP RFS AFDR AFDL PFDR PFDL SITTING"
    ),
    "PatientOrientation": _ORIENTATIONS,
    "PositionerType": _terms("CARM COLUMN MAMMOGRAPHIC PANORAMIC CEPHALOSTAT RIGID NONE"),
    "FieldOfViewShape": _terms("RECTANGLE ROUND HEXAGONAL"),
    "FieldOfViewHorizontalFlip": _YES_NO,
    "CollimatorShape": _terms("RECTANGULAR CIRCULAR POLYGONAL"),
    "Grid": _terms("FIXED FOCUSED RECIPROCATING PARALLEL CROSSED NONE IN OUT YES NO"),
    "FilterType": _terms("STRIP WEDGE BUTTERFLY MULTIPLE FLAT SHAPED NONE"),
    "FilterMaterial": _FILTER_MATERIALS,
    "AnodeTargetMaterial": _terms("TUNGSTEN MOLYBDENUM RHODIUM SILVER"),
    "ExposureControlMode": _terms("MANUAL AUTOMATIC"),
    "ExposureStatus": _terms("NORMAL ABORTED"),
    "DetectorType": _terms("DIRECT SCINTILLATOR STORAGE FILM"),
    "DetectorConfiguration": _terms("AREA SLOT"),
    "DetectorActiveShape": _terms("RECTANGLE ROUND HEXAGONAL"),
    "DetectorConditionsNominalFlag": _YES_NO,
    "QualityControlImage": _terms("YES NO BOTH"),
    "TableType": _terms("FIXED TILTING NONE STATIONARY MOBILE"),
    "ScanOptions": _terms(
        """PER RG CG PPG FC PFF PFP SP FS CT AXIAL HELICAL SCOUT CINE CONSTANT_ANGLE SEQUENCE
        SURVIEW TOPOGRAM NONE"""
    ),
    "ScanningSequence": _terms("SE IR GR EP RM"),
    "SequenceVariant": _terms("SK MTC SS TRSS SP MP OSP NONE"),
    "MRAcquisitionType": _terms("2D 3D"),
    "AngioFlag": _terms("Y N"),
    "RotationDirection": _terms("CW CC"),
    "BreastImplantPresent": _YES_NO,
    "PartialView": _YES_NO,
    "VolumetricProperties": _terms("VOLUME SAMPLED DISTORTED MIXED"),
    "PixelPresentation": _terms("MONOCHROME COLOR MIXED TRUE_COLOR COLOR_RANGE"),
    "VolumeBasedCalculationTechnique": _terms(
        "MAX_IP MIN_IP VOLUME_RENDER SURFACE_RENDER MPR CURVED_MPR NONE MIXED"
    ),
    "SegmentationType": _terms("BINARY FRACTIONAL LABELMAP"),
    "SegmentationFractionalType": _terms("PROBABILITY OCCUPANCY"),
    "SegmentAlgorithmType": _terms("AUTOMATIC SEMIAUTOMATIC MANUAL"),
    "SegmentsOverlap": _terms("YES NO UNDEFINED"),
    "ContentQualification": _terms("PRODUCT RESEARCH SERVICE"),
    "SpatialLocationsPreserved": _terms("YES NO REORIENTED_ONLY"),
    "DimensionOrganizationType": _terms("3D 3D_TEMPORAL TILED_FULL TILED_SPARSE"),
    "VOILUTFunction": _terms("LINEAR LINEAR_EXACT SIGMOID"),
    "RescaleType": _terms("HU US OD MGML Z_EFF ED EDW HU_MOD PCT"),
    "ModalityLUTType": _terms("HU US OD MGML Z_EFF ED EDW HU_MOD PCT"),
}
_MAKERS = _terms(
    """ACUTEUS AGFA AGFA-GEVAERT AGFA~HEALTHCARE ARSPECTRA BRUKER CANON CANON~INC. CANON_MEC
    CANON~MEDICAL~SYSTEMS CARESTREAM CARESTREAM~HEALTH CURVEBEAM DEL~MEDICAL DEPUY DETECTION
    DRGEM EASTMAN~KODAK EASTMAN~KODAK~COMPANY EOS~IMAGING FUJIFILM FUJI FUJI~PHOTO~FILM
    FUJIFILM~CORPORATION FUJI~PHOTO~FILM~CO.,~LTD. GE GE~HEALTHCARE GE~MEDICAL~SYSTEMS HITACHI
    HITACHI~MEDICAL~CORPORATION HOLOGIC HOLOGIC,~INC. ICRCO KODAK KONICA KONICA~MINOLTA LODOX
    LUMENIS MINDRAY NEUROLOGICA NEUSOFT~MEDICAL~SYSTEMS ORTHOSCAN PHILIPS PHILIPS~HEALTHCARE
    PHILIPS~MEDICAL~SYSTEMS PLANMECA PLANMED RAYENCE SAMSUNG SAMSUNG~ELECTRONICS SEDECAL SHIMADZU
    SHIMADZU~CORPORATION SIEMENS SIEMENS~HEALTHCARE SIEMENS~HEALTHINEERS SIEMENS~HEALTHCARE~GMBH
    STEPHANIX SWISSRAY TOSHIBA TOSHIBA_MEC TOSHIBA~MEDICAL~SYSTEMS UIH UNITED~IMAGING~HEALTHCARE
    VAREX VARIAN VATECH VIEWORKS VILLA~SISTEMI~MEDICALI XORAN ZIEHM"""
)
_BY_TAG = {tag_for_keyword(word): terms for word, terms in _DEFINED.items()}
_MAKER = tag_for_keyword("Manufacturer")
_SPACES = re.compile(r"\s+")


def is_defined(tag: BaseTag, text: str) -> bool:
    """Tell whether one value of a code string or listed text may stay; "" always may."""
    if text == "":
        return True
    if tag == _MAKER:
        return _SPACES.sub(" ", text).upper() in _MAKERS
    return text in _BY_TAG.get(int(tag), frozenset())
