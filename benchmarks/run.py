"""Run the benchmarks, all or those named, and put results.md together from their sections."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from peers import ONE_THREAD

HERE = Path(__file__).resolve().parent
SECTIONS = HERE / "results"


def machine() -> str:
    """Processor, cores and versions."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":")[1].strip() if names else processor
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return f"{processor}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}"


def stamp(section: Path) -> None:
    """Say under a section where and when it was measured: sections come from several machines."""
    text = section.read_text().rstrip()
    section.write_text(f"{text}\n\nMeasured on {machine()}; {datetime.now(UTC):%Y-%m-%d}.\n")


def put_together() -> None:
    """Write results.md from its sections."""
    head = "# Benchmarks\n\n"
    head += "Both sides of a ratio run in turns in one session; each on one thread.\n\n"
    bodies = [
        section.read_text().replace("\n# ", "\n## ").removeprefix("# ")
        for section in sorted(SECTIONS.glob("*.md"))
    ]
    text = head + "\n".join(f"## {body.lstrip('# ').strip()}\n" for body in bodies)
    (HERE / "results.md").write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="for example coxnet; all where none is given")
    names = parser.parse_args().names
    scripts = sorted(HERE.glob("bench_*.py"))
    known = {script.stem.removeprefix("bench_"): script for script in scripts}
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"expected names among {', '.join(known)}, found {', '.join(unknown)}")
    SECTIONS.mkdir(exist_ok=True)
    failed = []
    for name in names or known:
        print(f"benchmark {name}", flush=True)
        done = subprocess.run([sys.executable, known[name]], env={**os.environ, **ONE_THREAD})
        if done.returncode:
            failed.append(name)
        else:
            stamp(SECTIONS / f"{name}.md")
    put_together()
    if failed:
        print(f"failed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main())
