"""Print the schema of a bundle's context.json: python -m trephine.study.locked."""

from __future__ import annotations

import json
import sys

from trephine.study.locked.context import BundleContext

sys.stdout.write(json.dumps(BundleContext.model_json_schema(), indent=1) + "\n")
