"""De-identification by PS3.15 Annex E: Basic Profile, modified dates, patient characteristics."""

from trephine.imaging.deidentify.dataset import Deidentified, deidentify_dataset
from trephine.imaging.deidentify.folder import Choices, deidentify_folder
from trephine.imaging.deidentify.key import PseudonymKey, read_or_make_key
from trephine.imaging.deidentify.target import AUDIT_NAME, DeidentificationRow

__all__ = [
    "AUDIT_NAME",
    "Choices",
    "DeidentificationRow",
    "Deidentified",
    "PseudonymKey",
    "deidentify_dataset",
    "deidentify_folder",
    "read_or_make_key",
]
