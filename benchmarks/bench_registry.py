"""What each measure costs as cases grow to a registry's million: processor time, memory, slope."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from math import log10
from pathlib import Path

from peers import ONE_THREAD
from run import machine

HERE = Path(__file__).resolve().parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST = {
    "extraction, 40 features of a region": 10_000,
    "selection before the LASSO, 500 features": 100_000,
    "report, 5 clinical variables": 10_000,
    "coxnet path, 500 features": 100_000,
    "coxnet by cross-validation, 500 features": 100_000,
}
"""Of these, the largest number of cases: hours of files, or a table that alone is 0.4 GB."""


def measured(name: str, n: int) -> dict[str, float]:
    """Run one measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, HERE / "registry_worker.py", name, str(n)],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1.0 else f"{1e3 * value:.1f} ms"


def row(name: str) -> str:
    sizes = [n for n in SIZES if n <= MOST.get(name, SIZES[-1])]
    answers = [measured(name, n) for n in sizes]
    times = [seconds(answer["processor"]) for answer in answers]
    times += ["–"] * (len(SIZES) - len(sizes))
    slope = log10(answers[-1]["processor"] / answers[-2]["processor"])
    memory = answers[-1]["added"] / 2**20
    when = f"{machine().split(',')[0]}, {datetime.now(UTC):%Y-%m-%d}"
    return f"| {name} | {' | '.join(times)} | {slope:.2f} | {memory:,.0f} MiB | {when} |"


def main() -> None:
    """Measure all, or those whose names begin as the arguments; the others' rows stay."""
    listed = subprocess.run(
        [sys.executable, HERE / "registry_worker.py"], capture_output=True, text=True, check=True
    )
    page = HERE / "results" / "registry.md"
    written = page.read_text().splitlines() if page.exists() else []
    rows = []
    for name in listed.stdout.splitlines():
        earlier = [line for line in written if line.startswith(f"| {name} |")]
        if sys.argv[1:] and not name.startswith(tuple(sys.argv[1:])):
            rows += earlier
            continue
        rows.append(row(name))
        print(rows[-1], flush=True)
    heads = " | ".join(f"{n:,}" for n in SIZES)
    text = (
        "# A registry's size\n\nProcessor time on one thread for so many cases, whose follow-up is"
        " known to the day. Slope: powers of ten in time for the last power of ten in cases (1 is"
        " proportional). Memory: what the largest added at its peak to the cases themselves; tables"
        " of over 256 MiB lie in files, of which the system keeps in memory what there is room for,"
        " and do not count. Rows are measured on several days; the line below the table is of the"
        " last.\n\n"
        f"| measure | {heads} | slope | memory | measured |\n|---|{'---|' * (len(SIZES) + 3)}\n"
        + "\n".join(rows)
        + "\n"
    )
    page.write_text(text)


if __name__ == "__main__":
    main()
