"""Picture archives: find and fetch over DICOMweb or DIMSE."""

from trephine.imaging.pacs.archive import Archive, ArchiveQuery, StudyFound
from trephine.imaging.pacs.credentials import Credentials, Tls, find_credentials
from trephine.imaging.pacs.dicomweb import DicomWebArchive
from trephine.imaging.pacs.dimse import DimseArchive, DimseNode
from trephine.imaging.pacs.retrieve import RetrievalReport, retrieve

__all__ = [
    "Archive",
    "ArchiveQuery",
    "Credentials",
    "DicomWebArchive",
    "DimseArchive",
    "DimseNode",
    "RetrievalReport",
    "StudyFound",
    "Tls",
    "find_credentials",
    "retrieve",
]
