"""Print the schema of facts.json: python -m trephine.facts > docs/facts-schema.json."""

from __future__ import annotations

import json
import sys

from trephine.facts import Facts

sys.stdout.write(json.dumps(Facts.model_json_schema(), indent=1) + "\n")
