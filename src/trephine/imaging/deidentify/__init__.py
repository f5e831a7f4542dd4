"""De-identification by PS3.15 Annex E: Basic Profile, modified dates, patient characteristics."""

from trephine.imaging.deidentify.dataset import Deidentified, deidentify_dataset
from trephine.imaging.deidentify.folder import AUDIT_NAME, AuditRow, deidentify_folder
from trephine.imaging.deidentify.key import PseudonymKey, read_or_make_key

__all__ = [
    "AUDIT_NAME",
    "AuditRow",
    "Deidentified",
    "PseudonymKey",
    "deidentify_dataset",
    "deidentify_folder",
    "read_or_make_key",
]
