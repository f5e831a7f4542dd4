"""What handing a case to a worker costs: processes of this machine, and a dask cluster of two.

``python benchmarks/run.py executors``.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np

from trephine.cluster import work_done_by
from trephine.executors import executor

HERE = Path(__file__).resolve().parent
FEW, MANY = 1_000, 5_000
FEATURES = 1_000
# What a region's features and their item are like, without the work.
SHARED = np.arange(50_000.0)


def case(shared: np.ndarray, item: tuple[str, str, int]) -> np.ndarray:
    return shared[item[2] : item[2] + FEATURES]


def used() -> float:
    """Processor seconds of this process and of its children that ended."""
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in each)


def cost(name: str, n: int) -> tuple[float, float]:
    """Return processor and wall seconds of n cases, start and end of the workers included."""
    items = [("images/0123456789.nii.gz", "masks/0123456789.nii.gz", i % 1_000) for i in range(n)]
    processor, wall = used(), time.perf_counter()
    with work_done_by(name, 2), executor(1 if name == "serial" else 2, (SHARED,)) as run:
        total = sum(float(values[0]) for values in run.map(case, items))
    assert total == sum(i % 1_000 for i in range(n))
    return used() - processor, time.perf_counter() - wall


def main() -> None:
    rows = []
    for name in ("serial", "local", "dask:local"):
        few, many = cost(name, FEW), cost(name, MANY)
        processor, wall = ((b - a) / (MANY - FEW) * 1e3 for a, b in zip(few, many, strict=True))
        start = few[1] - FEW * wall / 1e3
        rows.append(f"| `{name}` | {processor:.2f} ms | {wall:.2f} ms | {max(start, 0.0):.1f} s |")
        print(rows[-1], flush=True)
    (HERE / "results" / "executors.md").write_text(
        "# Handing out cases\n\n"
        f"What one case costs beside its own work, two workers, {FEATURES:,} features that come"
        f" back: the difference between {MANY:,} and {FEW:,} cases. Processor time is that of all"
        " processes, the scheduler's included. Start: workers and cluster, the same for any number"
        " of cases.\n\n"
        "| executor | processor a case | clock a case | start |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    main()
