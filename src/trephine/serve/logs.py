"""What the server logs: one JSON object a line, with no value that a client sent."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

LOG = logging.getLogger("trephine.serve")


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a record's event and fields; a library's message is left out."""
        fields: dict[str, Any] = getattr(record, "fields", {})
        event = record.getMessage() if record.name == LOG.name else "library"
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        whole = {"time": at, "level": record.levelname.lower(), "event": event, **fields}
        return json.dumps(whole, ensure_ascii=False)


def log_as_json(level: int = logging.INFO) -> None:
    """Send what the server logs, from a level on, to the standard error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AsJson())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(level)


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields."""
    LOG.log(level, event, extra={"fields": fields})
