"""A live ``trephine serve``: twenty clients on the calculator, page weight, four uploads at once.

``python benchmarks/run.py serve``. Other work on the machine is said by its load.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from serve.image_model import write_case, write_image_model  # noqa: E402
from serve.locked_models import locked_model  # noqa: E402
from serve.served import CASE, GENES  # noqa: E402
from system.live import Live, family_mib, form, free_port, started  # noqa: E402

CLIENTS, ASKED = 20, 30
UPLOADS, SIDE = 4, 3000


def load(live: Live, model: str, every_s: float) -> tuple[list[float], int]:
    """Return milliseconds of each answer to a case's values, and how many were none.

    A client asks every so many seconds; with 0 as soon as it has its answer.
    """
    body = json.dumps({"clinical": CASE, "features": GENES}).encode()
    path, kind = f"/api/v1/models/{model}/predict", {"Content-Type": "application/json"}
    live.ask("POST", path, body, kind)

    def client(number: int) -> list[tuple[float, int]]:
        found = []
        start = time.monotonic() + every_s * number / CLIENTS
        for turn in range(ASKED):
            time.sleep(max(0.0, start + turn * every_s - time.monotonic()))
            began = time.perf_counter()
            state, _, _ = live.ask("POST", path, body, kind)
            found.append((1000 * (time.perf_counter() - began), state))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [one for many in pool.map(client, range(CLIENTS)) for one in many]
    return [ms for ms, _ in answers], sum(state != 200 for _, state in answers)


def weight(live: Live, path: str) -> int:
    """Return the bytes of a page with all that it loads."""
    page = live.ask("GET", path)[1]
    total, left, seen = (
        len(page),
        re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()),
        set(),
    )
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        content = live.ask("GET", one)[1]
        total += len(content)
        left += [f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', content.decode())]
    return total


def memory(live: Live, model: str, folder: Path) -> tuple[float, float, float, list[int]]:
    """Return MiB of the server alone, at most with uploads, seconds, and the states."""
    image, mask = (path.read_bytes() for path in write_case(folder, SIDE))
    body, kind = form({"image": ("image", image), "mask": ("mask", mask)})
    path = f"/api/v1/models/{model}/predict-image"
    alone, most, ended = family_mib(live.process.pid), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.05):
            most = max(most, family_mib(live.process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    with ThreadPoolExecutor(UPLOADS) as pool:
        states = list(pool.map(lambda _: live.ask("POST", path, body, kind)[0], range(UPLOADS)))
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    return alone, most, seconds, states


def measured(folder: Path) -> tuple[float, list[str]]:
    """Return the machine's load before, and a line for each thing measured."""
    values = locked_model().write(folder / "values")
    images = write_image_model(folder / "images")
    port = str(free_port())
    with started("serve", str(values), str(images), "--port", port, "--at-once", "4") as live:
        first, second = (one["id"] for one in json.loads(live.ask("GET", "/api/v1/models")[1]))
        others = os.getloadavg()[0]
        loads = [
            (said, *load(live, first, every_s))
            for said, every_s in (("each asks once a second", 1.0), ("none ever waits", 0.0))
        ]
        page, models = weight(live, f"/models/{first}"), weight(live, "/")
        alone, most, seconds, states = memory(live, second, folder)
    return others, [
        *(
            f"| values, {CLIENTS} clients, {said}, {len(times)} requests |"
            f" {statistics.median(times):.1f} ms median,"
            f" {sorted(times)[int(0.95 * len(times))]:.1f} ms at the 95th percentile |"
            f" {failed} failed |"
            for said, times, failed in loads
        ),
        f"| the calculator's page with all that it loads | {page / 1000:.0f} kB (list of models"
        f" {models / 1000:.0f} kB) | not compressed |",
        f"| {UPLOADS} radiographs of {SIDE} x {SIDE} pixels at once | {most:.0f} MiB at most, the"
        f" server alone {alone:.0f} | {seconds:.1f} s for all, states {states} |",
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        others, lines = measured(Path(place))
    print("\n".join(lines))
    (HERE / "results" / "serve.md").write_text(
        "# A live server\n\n"
        f"One process of `trephine serve` on this machine, whose load before was {others:.1f}."
        " Memory is what the server and all processes that it started held together; pages that"
        " they share count once for each.\n\n"
        "| what | measured | |\n|---|---|---|\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
