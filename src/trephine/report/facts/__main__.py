"""Print the schema of facts.json: python -m trephine.report.facts > docs/facts-schema.json."""

from __future__ import annotations

import json
import sys

from trephine.report.facts import Facts

sys.stdout.write(json.dumps(Facts.model_json_schema(), indent=1) + "\n")
