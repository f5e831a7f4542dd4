"""Schemathesis against a live ``trephine serve``: what its own description allows, and what not.

``make api`` installs it beside the project, since it is for this alone, and runs this file. It ends
with 1 where an answer is a fault (5xx) or not as described, or fewer requests were sent than asked
for. 503 is described: too many uploads at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from serve.image_model import write_image_model
from serve.locked_models import locked_model
from system.live import Live, free_port, started

CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"


def counted(live: Live) -> dict[str, float]:
    """Return how many requests the server has answered, by state."""
    found: dict[str, float] = {}
    text = live.ask("GET", "/metrics")[1].decode()
    for labels, number in re.findall(r"^trephine_requests_total\{(.*)\} (\S+)$", text, re.M):
        state = dict(re.findall(r'(\w+)="([^"]*)"', labels)).get("status", "")
        found[state] = found.get(state, 0) + float(number)
    return found


def attack(live: Live, program: str, examples: int, seed: int, folder: Path) -> int:
    """Send what schemathesis makes up, and return its exit status."""
    address = f"http://127.0.0.1:{live.port}"
    command = [
        program, "run", f"{address}/api/v1/openapi.json", "--url", address,
        "--max-examples", str(examples), "--seed", str(seed), "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing", "--workers", "2", "--generation-database", "none",
        "--request-timeout", "300", "--continue-on-failure", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, check=False).returncode


def main() -> int:
    asking = argparse.ArgumentParser(description=__doc__)
    asking.add_argument("--program", default="schemathesis")
    asking.add_argument("--requests", type=int, default=2000)
    asking.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "20261129")))
    told = asking.parse_args()
    program = shutil.which(told.program)
    if program is None:
        asking.error(f"--program: expected schemathesis, found none at {told.program}: make api")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        locked_model().write(folder / "values")
        write_image_model(folder / "images")
        models = [str(folder / "values"), str(folder / "images")]
        with started("serve", *models, "--port", str(free_port())) as live:
            # Of four operations two take nothing but a name, and are soon exhausted.
            code = attack(
                live, str(Path(program).absolute()), told.requests // 2, told.seed, folder
            )
            states = counted(live)
            sent = round(sum(states.values()))
            alive = live.ask("GET", "/health")[0] == 200
    print(json.dumps({"requests": sent, "states": states, "alive": alive, "schemathesis": code}))
    faults = sum(number for state, number in states.items() if state in ("500", "502", "504"))
    return int(bool(code or faults or not alive or sent < told.requests))


if __name__ == "__main__":
    raise SystemExit(main())
