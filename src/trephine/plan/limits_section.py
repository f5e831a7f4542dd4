"""``[limits]``: sizes up to which files are read, and what a network may use up."""

from __future__ import annotations

from pydantic import (
    Field,
)

from trephine.plan.section import PlanSection


class ImageLimitsSection(PlanSection):
    """``[limits.image]``: how large an image may be; none leaves it at what the operator allows."""

    file_bytes: int | None = Field(
        default=None, ge=1, description="bytes of the file; 4294967296 unless the operator says so"
    )
    plane_pixels: int | None = Field(
        default=None, ge=1, description="rows x columns; 62000000 (a 14 x 17 inch film at 50 um)"
    )
    pixels: int | None = Field(
        default=None, ge=1, description="values of a volume; 268435456 (512 x 512 x 1024)"
    )
    inflation: int | None = Field(
        default=None,
        ge=1,
        description="bytes of values for each byte in the file, asked of large images; 100",
    )
    elements: int | None = Field(
        default=None, ge=1, description="elements of a DICOM header, nested ones too; 125000"
    )
    sequence_bytes: int | None = Field(
        default=None, ge=1, description="bytes of all sequences of a DICOM header; 4194304"
    )
    chunks: int | None = Field(default=None, ge=1, description="chunks of a PNG; 50000")
    header_bytes: int | None = Field(
        default=None, ge=1, description="bytes of an NRRD or MetaImage header; 1048576"
    )


class TableLimitsSection(PlanSection):
    """``[limits.table]``: how large a table may be."""

    file_bytes: int | None = Field(
        default=None, ge=1, description="bytes of the file, unpacked; 268435456"
    )
    inflated_bytes: int | None = Field(
        default=None, ge=1, description="bytes of a workbook's parts, unpacked; 536870912"
    )
    rows: int | None = Field(default=None, ge=1, description="rows; 200000")
    columns: int | None = Field(default=None, ge=1, description="columns; 20000")
    cells: int | None = Field(default=None, ge=1, description="cells; 8000000")
    sheets: int | None = Field(default=None, ge=1, description="sheets of a workbook; 256")
    cell_letters: int | None = Field(default=None, ge=1, description="letters of a cell; 32767")
    workbook_cells: int | None = Field(
        default=None,
        ge=1,
        description="cells of all sheets of an xlsx or ods workbook, with empty ones that it spells"
        " out; 4000000",
    )
    depth: int | None = Field(
        default=None, ge=1, le=1000, description="to which a workbook's XML may nest; 64"
    )
    old_file_bytes: int | None = Field(
        default=None, ge=1, description="bytes of an xls workbook; 67108864"
    )
    old_cells: int | None = Field(
        default=None, ge=1, description="cells of all sheets of an xls workbook; 1000000"
    )


class ArchiveLimitsSection(PlanSection):
    """``[limits.archive]``: how long the list of an archive's parts may be."""

    directory_bytes: int | None = Field(
        default=None,
        ge=1,
        description="bytes of the directory of a workbook, bundle or .pth; 4194304",
    )
    tensor_header_bytes: int | None = Field(
        default=None, ge=1, description="bytes of the header of a safetensors file; 8388608"
    )


class NetworkLimitsSection(PlanSection):
    """``[limits.network]``: what an ONNX network may use up."""

    memory_bytes: int | None = Field(
        default=None,
        ge=1,
        description="bytes of the process that runs it, beside four times its file and 16 MiB a"
        " thread; 943718400, and more in proportion above 1024 x 1024 pixels",
    )
    seconds: int | None = Field(
        default=None,
        ge=1,
        description="seconds of a processor to open it, and for each case; 8, and more in"
        " proportion above 512 x 512 pixels",
    )


class StoreLimitsSection(PlanSection):
    """``[limits.store]``: how much one file of stored features may hold."""

    file_bytes: int | None = Field(default=None, ge=1, description="bytes of the file; 268435456")
    values: int | None = Field(
        default=None, ge=1, description="features times regions, unpacked; 16777216"
    )
    text_bytes: int | None = Field(
        default=None,
        ge=1,
        description="bytes of the features' names, the regions' keys and the notes on them;"
        " 16777216",
    )


class LimitsSection(PlanSection):
    """``[limits]``: sizes up to which files are read, and what a network may use up."""

    image: ImageLimitsSection = ImageLimitsSection()
    table: TableLimitsSection = TableLimitsSection()
    archive: ArchiveLimitsSection = ArchiveLimitsSection()
    network: NetworkLimitsSection = NetworkLimitsSection()
    store: StoreLimitsSection = StoreLimitsSection()

    def stated(self) -> dict[str, dict[str, int]]:
        """Return the limits that the file names, by kind."""
        return self.model_dump(exclude_none=True)
