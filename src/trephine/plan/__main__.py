"""``python -m trephine.plan [FILE]``: write the reference of the study file."""

from __future__ import annotations

import sys
from pathlib import Path

from trephine.plan.reference import write_reference

write_reference(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/study-file.md"))
