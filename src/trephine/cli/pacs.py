"""``trephine pacs find`` and ``trephine pacs get``: studies from a picture archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.choices import Incoming, Times
from trephine.cli.deidentify import open_key
from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError
from trephine.paths import open_regular

if TYPE_CHECKING:  # the archive's libraries are loaded when they are used
    from trephine.imaging.pacs import Archive, RetrievalReport

pacs = typer.Typer(
    name="pacs",
    help="Find and fetch images in a picture archive (DICOMweb or DIMSE). User and password come"
    " from TREPHINE_PACS_USER and TREPHINE_PACS_PASSWORD, or from the keyring.",
    no_args_is_help=True,
)

IncomingFrom = Annotated[
    Incoming,
    typer.Option(
        help="With --tls, who may send to us: holders of the authority's certificate, or all."
    ),
]
Out = Annotated[Path, typer.Argument(help="New folder, or that of an earlier run.")]
Key = Annotated[
    Path | None, typer.Option(help="Secret for de-identification; made if it does not exist.")
]
KeepIdentifiers = Annotated[bool, typer.Option("--keep-identifiers", help="Do not de-identify.")]
TimesKept = Annotated[Times, typer.Option(help="What stays of times of day: nothing, or the hour.")]
Web = Annotated[str, typer.Option(help="DICOMweb address, https://host/dicom-web.")]
Dimse = Annotated[str, typer.Option(help="DIMSE address, host:port.")]
Called = Annotated[str, typer.Option(help="The archive's application entity title.")]
Calling = Annotated[
    str, typer.Option(help="Our application entity title, as the archive knows it.")
]
Move = Annotated[
    int | None, typer.Option("--move-port", help="Fetch by C-MOVE to this port; else by C-GET.")
]
TlsOn = Annotated[bool, typer.Option("--tls", help="DIMSE over TLS.")]
ReceiveHost = Annotated[
    str,
    typer.Option(help="Our address for C-MOVE; if absent, that of our side of the connection."),
]
WriteUnchecked = Annotated[
    bool,
    typer.Option("--write-unchecked", help="Also keep images that cannot be checked for text."),
]
Authority = Annotated[Path | None, typer.Option(help="The hospital's certificate authority (PEM).")]
Certificate = Annotated[Path | None, typer.Option(help="Our certificate and key (PEM).")]
Accessions = Annotated[
    Path | None, typer.Option("--accessions", help="Text file, one accession number per line.")
]
Accession = Annotated[list[str] | None, typer.Option(help="An accession number; may be repeated.")]
PatientId = Annotated[str, typer.Option(help="Patient ID.")]
Date = Annotated[str, typer.Option(help="Study date or range, 20200101-20201231.")]
Modality = Annotated[str, typer.Option(help="Modality, for example CR or DX.")]
Description = Annotated[str, typer.Option(help="Study description; * and ? match.")]


@pacs.command()
def find(
    web: Web = "",
    dimse: Dimse = "",
    called: Called = "",
    calling: Calling = "TREPHINE",
    tls: TlsOn = False,
    authority: Authority = None,
    certificate: Certificate = None,
    accessions: Accessions = None,
    accession: Accession = None,
    patient_id: PatientId = "",
    study_date: Date = "",
    modality: Modality = "",
    description: Description = "",
) -> None:
    """List the studies that match. The list names patients: keep it where it belongs."""
    from trephine.imaging.pacs import ArchiveQuery
    from trephine.imaging.pacs.archive import with_retries

    wanted = ArchiveQuery(
        _numbers(accessions, accession), patient_id, study_date, modality, description
    )
    connection = _Connection(web, dimse, called, calling, tls, authority, certificate)
    with connection.opened() as archive:
        studies = with_retries(lambda: archive.find(wanted))
    console.print("accession\tdate\tmodalities\tdescription", markup=False)
    for study in studies:
        line = (study.accession, study.date, study.modalities, study.description)
        console.print("\t".join(line), soft_wrap=True, markup=False)
    errors.print(f"{len(studies)} studies.")


@pacs.command()
def get(
    out: Out,
    key: Key = None,
    keep_identifiers: KeepIdentifiers = False,
    web: Web = "",
    dimse: Dimse = "",
    called: Called = "",
    calling: Calling = "TREPHINE",
    move_port: Move = None,
    receive_host: ReceiveHost = "",
    incoming: IncomingFrom = "certified",
    tls: TlsOn = False,
    authority: Authority = None,
    certificate: Certificate = None,
    times: TimesKept = "removed",
    write_unchecked: WriteUnchecked = False,
    accessions: Accessions = None,
    accession: Accession = None,
    patient_id: PatientId = "",
    study_date: Date = "",
    modality: Modality = "",
    description: Description = "",
) -> None:
    """Fetch what matches, de-identified before it touches the disk. Goes on where it stopped."""
    from trephine.imaging.deidentify import Choices
    from trephine.imaging.pacs import ArchiveQuery, retrieve

    if (key is None) == (not keep_identifiers):
        raise InputError("pacs get: expected either --key FILE or --keep-identifiers")
    wanted = ArchiveQuery(
        _numbers(accessions, accession), patient_id, study_date, modality, description
    )
    secret = open_key(key, out) if key is not None else None
    connection = _Connection(
        web, dimse, called, calling, tls, authority, certificate, move_port, receive_host, incoming
    )
    with connection.opened() as archive, stages("goes on") as show:
        choices = Choices(times, "write" if write_unchecked else "refuse")
        progress = partial(show, "Fetching")
        report = retrieve(archive, wanted, out, secret, choices, progress=progress)
    _show(report)
    if report.accessions_missing:
        raise typer.Exit(1)


def _show(report: RetrievalReport) -> None:
    from trephine.imaging.deidentify import AUDIT_NAME

    console.print(
        f"{report.studies} studies, {report.images} images: {report.fetched} fetched,"
        f" {report.already_here} already here, {report.refused} refused by de-identification."
    )
    if report.to_look_at:
        console.print(
            f"{report.to_look_at} images to be looked at for burned-in text, or not checked for it:"
            f" {AUDIT_NAME} names them.",
            soft_wrap=True,
        )
    if report.accessions_missing:
        places = ", ".join(map(str, report.missing_positions))
        console.print(f"Without a study, by position in the list: {places}", soft_wrap=True)


def _numbers(path: Path | None, given: list[str] | None) -> tuple[str, ...]:
    """Return the accession numbers of a file and of the command line, in order."""
    lines = []
    if path is not None:
        try:
            with open_regular(path) as file:
                lines = file.read().decode("utf-8-sig").splitlines()
        except (InputError, OSError, UnicodeDecodeError):
            raise InputError(f"{path.name}: expected a text file that can be read") from None
    numbers = [line.strip() for line in [*lines, *(given or [])]]
    return tuple(dict.fromkeys(number for number in numbers if number))


@dataclass(frozen=True)
class _Connection:
    """What the command line says about the archive."""

    web: str
    dimse: str
    called: str
    calling: str
    over_tls: bool
    authority: Path | None
    certificate: Path | None
    move_port: int | None = None
    receive_host: str = ""
    incoming: Incoming = "certified"

    @contextmanager
    def opened(self) -> Iterator[Archive]:
        """Give the archive while a ``with`` block runs."""
        archive = self._archive()
        try:
            yield archive
        finally:
            archive.close()

    def _archive(self) -> Archive:
        from trephine.imaging.pacs import (
            DicomWebArchive,
            DimseArchive,
            DimseNode,
            Tls,
            find_credentials,
        )

        if bool(self.web) == bool(self.dimse):
            raise InputError("pacs: expected either --web or --dimse")
        material = Tls(self.authority, self.certificate, incoming=self.incoming)
        if self.web:
            return DicomWebArchive(self.web, find_credentials(self.web), material)
        host, _, port = self.dimse.rpartition(":")
        if not host or not port.isdecimal() or not self.called:
            raise InputError("pacs: expected --dimse host:port and --called TITLE")
        node = DimseNode(
            host,
            int(port),
            self.called,
            self.calling,
            method="get" if self.move_port is None else "move",
            receive_host=self.receive_host,
            receive_port=self.move_port or 11112,
        )
        return DimseArchive(node, material if self.over_tls else None)
