"""Ask pip-audit for known weaknesses of what is pinned: findings fail, silence is told."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PIP_AUDIT = "pip-audit==2.10.1"
REQUIREMENTS = Path(__file__).resolve().parents[2] / "constraints.txt"
SILENT = (
    "make audit: NOT CHECKED. No list of advisories could be reached from here ({reason}).\n"
    "make audit: whether a dependency has a known weakness is UNKNOWN; run it where there is a"
    " network."
)


def main() -> int:
    """Return 1 if pip-audit names a weakness, 0 if it names none or cannot ask."""
    with tempfile.TemporaryDirectory() as folder:
        answer, place = Path(folder) / "answer.json", Path(folder) / "venv"
        python = str(place / "bin" / "python")
        # In an environment of its own: what it needs would change what the tests run with.
        venv.create(place, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", PIP_AUDIT]
        if subprocess.run(install, capture_output=True, check=False).returncode:
            return _silent("pip-audit could not be installed")
        command = [python, "-m", "pip_audit", "--requirement", str(REQUIREMENTS)]
        command += ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(answer)]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            return _silent("it did not answer in 300 seconds")
        if not answer.exists():
            lines = ran.stderr.strip().splitlines()
            return _silent(lines[-1][:200] if lines else f"pip-audit ended with {ran.returncode}")
        return judged(json.loads(answer.read_text()))


def judged(answer: dict[str, list[dict[str, object]]]) -> int:
    """Print what was found; return 1 if that is anything."""
    weak = [package for package in answer["dependencies"] if package.get("vulns")]
    unknown = [package for package in answer["dependencies"] if "skip_reason" in package]
    for package in weak:
        for weakness in package["vulns"]:
            print(f"{package['name']} {package['version']}: {weakness['id']},"
                  f" mended in {', '.join(weakness['fix_versions']) or 'no version'}")  # fmt: skip
    if unknown:
        names = ", ".join(str(package["name"]) for package in unknown)
        _silent(f"{len(unknown)} packages are not on the list: {names}")
    print(f"make audit: {len(answer['dependencies'])} packages, {len(weak)} with a known weakness,"
          f" {len(unknown)} not checked")  # fmt: skip
    return 1 if weak else 0


def _silent(reason: str) -> int:
    print(SILENT.format(reason=reason), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
