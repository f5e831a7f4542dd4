"""What a report can be written as."""

from __future__ import annotations

from typing import Literal, get_args

ReportFormat = Literal["html", "docx", "csv", "xlsx", "svg", "pdf", "png"]
ALL_FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
